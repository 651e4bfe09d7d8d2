/** Which lines a handler fails on: about one in a hundred, by its text alone, so that both sides know. */
export function isPoison(line: string): boolean {
  let hash = 7;
  for (let i = 0; i < line.length; i++) {
    hash = (hash * 31 + line.charCodeAt(i)) >>> 0;
  }
  return hash % 100 === 0;
}

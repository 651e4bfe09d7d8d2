/**
 * Bytes that are text, and text that is bytes: keys, numbers, and lines as people type them. Pure functions.
 *
 * @module
 */

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
const BYTE_PER_CHAR = new TextDecoder("latin1");
/** Below this a loop is faster than a decoder. */
const SHORT_BYTES = 48;

/** UTF-8 of `text`. */
export function bytesOf(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** `bytes` as UTF-8, for messages. */
export function textOf(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}

/** A string that is different for different bytes: what is a key in a `Map`. Not meant to be read. */
export function keyOf(bytes: Uint8Array): string {
  if (bytes.length >= SHORT_BYTES) return BYTE_PER_CHAR.decode(bytes);
  let key = "";
  for (let i = 0; i < bytes.length; i++) key += String.fromCharCode(bytes[i]);
  return key;
}

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

/** Whether a number fits into 64 bits. */
export function isInt64(value: bigint): boolean {
  return value >= LEAST && value <= MOST;
}

/** A decimal number of 64 bits as Redis takes it: no sign but `-`, no leading zero, no space. */
export function int64Of(bytes: Uint8Array): bigint | undefined {
  if (bytes.length === 0 || bytes.length > 20) return undefined;
  const text = keyOf(bytes);
  if (!/^(0|-?[1-9]\d*)$/.test(text)) return undefined;
  const value = BigInt(text);
  return isInt64(value) ? value : undefined;
}

const ESCAPES: Record<string, number> = { n: 10, r: 13, t: 9, b: 8, a: 7 };
/** What C calls a space, and NUL. A char here is a byte, so `\s` would find spaces within UTF-8, such as in "à". */
const SPACE = /[ \t\n\v\f\r\0]/;

/**
 * The words of a line. `"…"` may hold `\n`, `\x41` and such, `'…'` only `\'`; a quote ends at a space or at the end.
 * `undefined` = the quotes do not match.
 */
export function splitLine(line: Uint8Array): Uint8Array[] | undefined {
  // One char a byte, and not `keyOf`, whose chars stand for other bytes.
  const chars = Array.from(line, (byte) => String.fromCharCode(byte));
  const words: Uint8Array[] = [];
  let at = 0;
  const isSpace = () => at >= chars.length || SPACE.test(chars[at]);
  for (;;) {
    while (at < chars.length && isSpace()) at++;
    if (at >= chars.length) return words;
    const word: number[] = [];
    while (!isSpace()) {
      const quote = chars[at];
      if (quote !== '"' && quote !== "'") {
        word.push(line[at++]);
        continue;
      }
      at++;
      while (chars[at] !== quote) {
        if (at >= chars.length) return undefined;
        if (chars[at] === "\\" && at + 1 < chars.length) {
          at += escaped(chars, at, quote, word);
        } else word.push(line[at++]);
      }
      at++;
      if (!isSpace()) return undefined;
    }
    words.push(Uint8Array.from(word));
  }
}

/** Appends what the backslash at `at` stands for, and says how many chars that took. */
function escaped(
  chars: string[],
  at: number,
  quote: string,
  word: number[],
): number {
  const next = chars[at + 1];
  if (quote === "'") {
    if (next === "'") return word.push(0x27), 2;
    return word.push(0x5c), 1;
  }
  const hex = chars.slice(at + 2, at + 4).join("");
  if (next === "x" && /^[\da-f]{2}$/i.test(hex)) {
    word.push(parseInt(hex, 16));
    return 4;
  }
  word.push(ESCAPES[next] ?? next.charCodeAt(0));
  return 2;
}

/**
 * Decides how a value is written for people, in the message of an error that refuses it: so that `"8800"` does not
 * look like 8800, nor 5n like 5, and that a message stays one short line whatever it is about. Frames are not shown by
 * this: what a peer sent is the peer's.
 *
 * @module
 */

/** More of a text than this says nothing more about what is wrong with it. */
const MOST_CHARS = 80;

/** What completes "current value is …". Nothing of an object but its kind is looked at. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quoted(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return `of type ${kindOf(value)}`;
    case "object":
      return value === null ? "null" : `of type ${kindOf(value)}`;
    default:
      return String(value);
  }
}

/** `"ArrayBuffer"`, `"Null"`: the language's own word for what it is. */
export function kindOf(value: unknown): string {
  // "[object ArrayBuffer]"
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** The first `most` characters of `text`, without half of a pair at their end. */
export function headOf(text: string, most: number): string {
  return text.slice(0, most).replace(/\p{Cs}$/u, "");
}

function quoted(text: string): string {
  if (text.length <= MOST_CHARS) return JSON.stringify(text);
  const head = JSON.stringify(headOf(text, MOST_CHARS));
  return `${head}… (${text.length} characters)`;
}

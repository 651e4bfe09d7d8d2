/**
 * What a contract kit needs besides the contract: equality and display of plain data, numbers from a seed,
 * and a sink of no special kind.
 *
 * @module
 */

import { type ByteSink, ByteWriter } from "../framing/mod.ts";
import { kindOf } from "../shown.ts";

/** A value as one line of a failure, with byte arrays as hex. */
export function show(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_, v) =>
      v instanceof Uint8Array
        ? `<${v.subarray(0, 32).toHex()}${v.length > 32 ? "…" : ""}>`
        : typeof v === "bigint"
        ? `${v}n`
        : v instanceof Map || v instanceof Set
        ? [...v]
        : v,
  ) ?? String(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

/**
 * Structural equality of plain data: what frames are made of. Of instances of a class what shows is compared.
 *
 * @throws {TypeError} For two values of a built-in kind that shows nothing, such as `URL`: to call them equal would be
 * a guess.
 */
export function sameData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (
    typeof a !== "object" || typeof b !== "object" || a === null || b === null
  ) return false;
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return false;
  if (a instanceof Date) return Object.is(+a, +(b as Date));
  if (a instanceof Map) return sameMembers(a, b as Map<unknown, unknown>);
  if (a instanceof Set) return sameMembers(a, b as Set<unknown>);
  if (a instanceof RegExp) return String(a) === String(b);
  if (a instanceof Error) return String(a) === String(b) && sameKeys(a, b);
  if (a instanceof ArrayBuffer) {
    return sameBytes(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
  }
  if (ArrayBuffer.isView(a)) return sameBytes(seen(a), seen(b as DataView));
  if (!PLAIN.has(kind) && Object.keys(a).length === 0) {
    throw new TypeError(
      `Cannot compare frames: what a value of type ${kind} holds is not to be seen; give 'equal' among the options`,
    );
  }
  return sameKeys(a, b);
}

const PLAIN: ReadonlySet<string> = new Set(["Object", "Array"]);

function sameKeys(a: object, b: object): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) =>
      Object.hasOwn(b, key) &&
      sameData(a[key as keyof typeof a], b[key as keyof typeof b])
    );
}

/** In any order; each has one of its own on the other side. */
function sameMembers(a: Iterable<unknown>, b: Iterable<unknown>): boolean {
  const rest = [...b];
  for (const member of a) {
    const at = rest.findIndex((other) => sameData(member, other));
    if (at < 0) return false;
    rest.splice(at, 1);
  }
  return rest.length === 0;
}

function seen({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Numbers in [0, 1) that are the same for the same seed (Marsaglia, "Xorshift RNGs", 2003). */
export function randomNumbers(seed: number): () => number {
  let state = (seed | 0) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

/** A sink that is not a `ByteWriter`, as a user may bring one. */
export class PlainSink implements ByteSink {
  readonly #writer = new ByteWriter();

  get length(): number {
    return this.#writer.length;
  }

  get written(): number[] {
    return [...this.#writer.view()];
  }

  bytes(source: Uint8Array): void {
    this.#writer.bytes(source);
  }

  text(source: string): void {
    this.#writer.text(source);
  }

  uint(
    value: number | bigint,
    byteLength: 1 | 2 | 3 | 4 | 8,
    littleEndian?: boolean,
  ): void {
    this.#writer.uint(value, byteLength, littleEndian);
  }
}

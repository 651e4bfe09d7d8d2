/**
 * What a contract kit needs besides the contract: equality and display of plain data, numbers from a seed,
 * and a sink of no special kind.
 *
 * @module
 */

import { type ByteSink, ByteWriter } from "../framing/mod.ts";

/** A value as one line of a failure, with byte arrays as hex. */
export function show(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_, v) =>
      v instanceof Uint8Array
        ? `<${v.subarray(0, 32).toHex()}${v.length > 32 ? "…" : ""}>`
        : typeof v === "bigint"
        ? `${v}n`
        : v,
  ) ?? String(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

/** Structural equality of plain data: what frames are made of. */
export function sameData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (
    typeof a !== "object" || typeof b !== "object" || a === null || b === null
  ) return false;
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return false;
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) =>
      Object.hasOwn(b, key) &&
      sameData(a[key as keyof typeof a], b[key as keyof typeof b])
    );
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

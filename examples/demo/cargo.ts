/**
 * What the demo sends: the lines of a file, again and again, and among them a few records that no handler can
 * stomach. The same every time that it is asked, so that sender and receiver each can go through it.
 *
 * @module
 */

import { startsWith } from "@std/bytes";
import { decodeAll, delimited } from "@packetboat/net";

const MOST_POISONED = 5;
/** Stands at the front of a poisoned record. A line of the file may begin with it, too. */
const POISON = new TextEncoder().encode("☠");

/** Whether the handler chokes on it. */
export function isPoisoned(record: Uint8Array): boolean {
  return startsWith(record, POISON);
}

/** So many records, made of a file. */
export class Cargo {
  readonly #lines: Uint8Array[];
  readonly #everyNth: number;
  /** Bytes of the longest record. */
  readonly longest: number;

  /** Throws on a file without any line. */
  constructor(readonly name: string, file: Uint8Array, readonly count: number) {
    if (file.length === 0) {
      throw new Error(`Cannot use ${name}: the file is empty`);
    }
    // The last line may lack its end, and any bytes are welcome, text or not.
    const maxFrameBytes = file.length + 1;
    this.#lines = decodeAll(
      delimited("\n", { atEnd: "emit", maxFrameBytes }),
      file,
    );
    this.longest = this.#lines.reduce(
      (most, { length }) => Math.max(most, length),
      POISON.length,
    );
    this.#everyNth = Math.max(10, Math.ceil((count + 1) / (MOST_POISONED + 1)));
  }

  /** Lines of the file. */
  get lineCount(): number {
    return this.#lines.length;
  }

  /** Any record that is not poisoned on purpose. */
  get first(): Uint8Array {
    return this.#lines[0];
  }

  /** All records, in order. */
  *records(): Generator<Uint8Array, undefined> {
    for (let i = 1; i <= this.count; i++) {
      yield i % this.#everyNth === 0
        ? POISON
        : this.#lines[(i - 1) % this.#lines.length];
    }
  }
}

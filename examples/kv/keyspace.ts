/**
 * The data: keys, their values, when they expire. Decides how values lie in memory and what an expired key is:
 * one that is not there. Speaks no protocol, and owns every byte that it keeps.
 *
 * @module
 */

/** A string of bytes. */
export interface Text {
  bytes: Uint8Array;
  /** Memory that begins with `bytes` and has room for more; only after an append. */
  room?: Uint8Array;
}

/** A list that grows at both ends without moving what it has. */
export class List {
  /** From the middle to the left end. */
  readonly #left: Uint8Array[] = [];
  /** From the middle to the right end. */
  readonly #right: Uint8Array[] = [];

  get length(): number {
    return this.#left.length + this.#right.length;
  }

  pushLeft(item: Uint8Array): void {
    this.#left.push(item);
  }

  pushRight(item: Uint8Array): void {
    this.#right.push(item);
  }

  /** Items from `start` to `end`, both included and within the list. */
  range(start: number, end: number): Uint8Array[] {
    const items: Uint8Array[] = [];
    for (let i = start; i <= end; i++) {
      const right = i - this.#left.length;
      items.push(right < 0 ? this.#left[-1 - right] : this.#right[right]);
    }
    return items;
  }
}

/** What a key has. */
export type Value = Text | List;

/** All keys. */
export class Keyspace {
  readonly #values = new Map<string, Value>();
  /** Milliseconds since 1970; only of keys that expire. */
  readonly #expiries = new Map<string, number>();
  readonly #now: () => number;

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** How many keys there are, those included whose expiry nobody has noticed yet. */
  get size(): number {
    return this.#values.size;
  }

  /** How many of them expire. */
  get expiring(): number {
    return this.#expiries.size;
  }

  get(key: string): Value | undefined {
    if (this.#expiries.size > 0) this.#expire(key);
    return this.#values.get(key);
  }

  /** Also forgets when the key was to expire. */
  set(key: string, value: Value): void {
    this.#values.set(key, value);
    if (this.#expiries.size > 0) this.#expiries.delete(key);
  }

  delete(key: string): boolean {
    if (this.get(key) === undefined) return false;
    this.#expiries.delete(key);
    return this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
    this.#expiries.clear();
  }

  /** Lets a key that exists expire in `ms`; it is gone at once where that is not above 0. */
  expireIn(key: string, ms: number): void {
    if (ms <= 0) this.delete(key);
    else this.#expiries.set(key, this.#now() + ms);
  }

  /** Milliseconds that a key has left; `undefined` = for ever. */
  expiresIn(key: string): number | undefined {
    const at = this.#expiries.get(key);
    return at === undefined ? undefined : at - this.#now();
  }

  /** Frees what has expired, whether or not anybody asks for it. */
  sweep(): void {
    for (const key of this.#expiries.keys()) this.#expire(key);
  }

  #expire(key: string): void {
    const at = this.#expiries.get(key);
    if (at === undefined || at > this.#now()) return;
    this.#expiries.delete(key);
    this.#values.delete(key);
  }
}

/**
 * `bytes` for keeping. What came in a small frame is a view on a read buffer of up to 64 KiB, which a kept value
 * would keep alive; a large one mostly has its memory for itself.
 */
export function kept(bytes: Uint8Array): Uint8Array {
  return bytes.length * 2 < bytes.buffer.byteLength ? bytes.slice() : bytes;
}

/** Appends; what was handed out of `text` before stays as it is. */
export function append(text: Text, more: Uint8Array): void {
  const { bytes, room } = text;
  const length = bytes.length + more.length;
  let memory = room;
  if (memory === undefined || memory.length < length) {
    // Twice as much as is needed, so that a value made of many small pieces is not copied for each of them.
    memory = new Uint8Array(length * 2);
    memory.set(bytes);
    text.room = memory;
  }
  memory.set(more, bytes.length);
  text.bytes = memory.subarray(0, length);
}

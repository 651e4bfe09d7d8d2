/**
 * A byte stream that a test plays by hand: it says when bytes come and when writes are taken, and it sees
 * every read and write. No socket, no timer.
 */

import type { ByteStream } from "../../src/transport/mod.ts";

const ADDR: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };

export class ScriptedStream implements ByteStream {
  readonly localAddr = ADDR;
  readonly remoteAddr = { ...ADDR, port: 2 };
  /** Every write, as it was taken. */
  readonly writes: Uint8Array[] = [];
  /** With `false`, writes wait for `takeWrites`. */
  takesWrites = true;
  /** At most this many bytes are taken by one write. */
  mostPerWrite = Infinity;
  finSent = false;
  isClosed = false;
  #incoming: (Uint8Array | null | Error)[] = [];
  #reader: {
    into: Uint8Array;
    done(result: number | null): void;
    fail(e: Error): void;
  } | undefined;
  #writers: (() => void)[] = [];

  get reading(): boolean {
    return this.#reader !== undefined;
  }

  /** The peer sends bytes, ends its direction (`null`), or breaks the connection. */
  peer(event: Uint8Array | string | null | Error): void {
    this.#incoming.push(
      typeof event === "string" ? new TextEncoder().encode(event) : event,
    );
    this.#serve();
  }

  takeWrites(): void {
    this.takesWrites = true;
    for (const write of this.#writers.splice(0)) write();
  }

  written(): string {
    return this.writes.map((bytes) => new TextDecoder().decode(bytes)).join("");
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#reader !== undefined) throw new Error("two reads at once");
    if (this.isClosed) return Promise.reject(new Deno.errors.BadResource());
    return new Promise((done, fail) => {
      this.#reader = { into, done, fail };
      this.#serve();
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.isClosed) return Promise.reject(new Deno.errors.BadResource());
    return new Promise((resolve, reject) => {
      const write = () => {
        if (this.isClosed) return reject(new Deno.errors.Interrupted());
        const taken = bytes.slice(0, this.mostPerWrite);
        this.writes.push(taken);
        resolve(taken.length);
      };
      if (this.takesWrites) write();
      else this.#writers.push(write);
    });
  }

  closeWrite(): Promise<void> {
    this.finSent = true;
    return Promise.resolve();
  }

  close(): void {
    if (this.isClosed) throw new Deno.errors.BadResource();
    this.isClosed = true;
    this.#reader?.fail(new Deno.errors.Interrupted());
    this.#reader = undefined;
    for (const write of this.#writers.splice(0)) write();
  }

  #serve(): void {
    if (this.#reader === undefined || this.#incoming.length === 0) return;
    const { into, done, fail } = this.#reader;
    this.#reader = undefined;
    const next = this.#incoming.shift()!;
    if (next === null) {
      this.#incoming.unshift(null);
      return done(null);
    }
    if (next instanceof Error) return fail(next);
    const count = Math.min(next.length, into.length);
    into.set(next.subarray(0, count));
    if (count < next.length) this.#incoming.unshift(next.subarray(count));
    done(count);
  }
}

/** Lets everything that is ready run: several rounds of microtasks, no time. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

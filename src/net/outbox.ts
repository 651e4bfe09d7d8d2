/**
 * What a connection has to send. Frames gather in one buffer while the other is being written, so all that
 * was sent in one turn leaves in one write, and a write is never larger than what piled up during the last.
 * Never decides what is too much: its size is there to be looked at.
 *
 * @module
 */

import { type ByteSink, ByteWriter } from "../framing/mod.ts";
import type { ByteStream } from "../transport/mod.ts";
import type { Writers } from "./writers.ts";

const NOTHING = new Uint8Array(0);

/** Whose outbox it is. An interface and not two functions: a server has thousands of connections that are idle. */
export interface OutboxOwner {
  /** Less waits than before. */
  onWritten(): void;
  /** A write failed; nothing more will be written. */
  onLost(error: unknown): void;
}

/** Somebody waits until no more than so many bytes wait. */
interface Wait {
  readonly most: number;
  /** What is held does not count: it waits for him. */
  readonly isBody: boolean;
  readonly resolve: () => void;
}

/** The corked output of one connection. */
export class Outbox {
  readonly #stream: ByteStream;
  readonly #owner: OutboxOwner;
  readonly #writers: Writers;
  #gathering: ByteWriter | undefined;
  /** What is being written. */
  #full: ByteWriter | undefined;
  /** Frames that wait for the end of a body. */
  #held: ByteWriter | undefined;
  /** The part of the spare's bytes that the system has not taken yet. */
  #unsent: Uint8Array = NOTHING;
  #failed = false;
  #waits: Wait[] | undefined;
  /** The writing side has ended, by us or by a loss: nothing more is to be sent. Set by the owner. */
  ended = false;
  /** Bytes that wait, those of a write under way included. A field, because it is looked at for every frame. */
  size = 0;
  /** Bytes that the system took. */
  bytesOut = 0;

  #writing: Promise<number> | undefined;
  // Made with the first write: a connection that only listens does without.
  #onTaken: ((byteLength: number) => void) | undefined;
  #onFailed: ((error: unknown) => void) | undefined;

  constructor(stream: ByteStream, writers: Writers, owner: OutboxOwner) {
    this.#stream = stream;
    this.#writers = writers;
    this.#owner = owner;
  }

  /** Appends one frame; if `encode` throws, nothing is appended. */
  add<Out>(
    codec: { encode(frame: Out, sink: ByteSink): void },
    frame: Out,
  ): void {
    const sink = this.#held ??
      (this.#gathering ??= this.#writers.take());
    const before = sink.length;
    const size = this.size;
    try {
      codec.encode(frame, sink);
    } catch (error) {
      sink.truncate(before);
      this.size = size;
      throw error;
    }
    this.size = size + sink.length - before;
  }

  /** From now on frames wait, and `addBytes` goes in front of them. */
  hold(): void {
    this.#held = new ByteWriter();
  }

  /** Appends bytes that are no frame. */
  addBytes(bytes: Uint8Array): void {
    if (this.#failed) return;
    (this.#gathering ??= this.#writers.take()).bytes(bytes);
    this.size += bytes.length;
  }

  /** The frames that waited follow. */
  release(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined || this.#failed) return;
    this.size -= held.length;
    this.addBytes(held.view());
  }

  /** Whether frames wait for the end of a body. */
  get holds(): boolean {
    return this.#held !== undefined;
  }

  /** Starts to write what has gathered, unless a write is under way: then its end does it. */
  flush(): void {
    const full = this.#gathering;
    if (
      full === undefined || full.length === 0 || this.#unsent.length > 0 ||
      this.#failed
    ) return;
    this.#gathering = undefined;
    this.#full = full;
    this.#unsent = full.view();
    this.#write();
  }

  /** Resolves when at most `most` bytes wait, or nothing will leave any more; never rejects. */
  sinks(most: number): Promise<void> {
    return this.#wait(most, false);
  }

  /** The same for the body that frames wait for: those do not count. */
  bodySinks(most: number): Promise<void> {
    return this.#wait(most, true);
  }

  /** Whoever waits need not any more. */
  endWaits(): void {
    this.#wake(Infinity);
  }

  /** Gives spare memory back, when there has been nothing to do for a while. */
  relax(): void {
    this.#writers.clear();
  }

  /** Forgets everything; used when the connection is gone. */
  discard(): void {
    this.#failed = true;
    this.#unsent = NOTHING;
    this.#held = undefined;
    this.#gathering = undefined;
    this.#full = undefined;
    this.size = 0;
    this.endWaits();
  }

  /** Resolves when no write is under way; never rejects. */
  async idle(): Promise<void> {
    await this.#writing?.catch(() => {/* #lost has it */});
  }

  #write(): void {
    this.#writing = this.#stream.write(this.#unsent);
    this.#writing.then(
      this.#onTaken ??= (byteLength) => this.#taken(byteLength),
      this.#onFailed ??= (error) => this.#lost(error),
    );
  }

  #taken(byteLength: number): void {
    this.bytesOut += byteLength;
    if (this.#failed) return;
    this.size -= byteLength;
    if (byteLength < this.#unsent.length) {
      this.#unsent = this.#unsent.subarray(byteLength);
      this.#write();
      return;
    }
    this.#unsent = NOTHING;
    this.#writers.give(this.#full!);
    this.#full = undefined;
    this.flush();
    this.#wake(0);
    this.#owner.onWritten();
  }

  #wait(most: number, isBody: boolean): Promise<void> {
    if (this.#waiting(isBody) <= most) return Promise.resolve();
    return new Promise((resolve) =>
      (this.#waits ??= []).push({ most, isBody, resolve })
    );
  }

  #waiting(isBody: boolean): number {
    return isBody && this.#held !== undefined
      ? this.size - this.#held.length
      : this.size;
  }

  #wake(lenience: number): void {
    const waits = this.#waits;
    if (waits === undefined) return;
    this.#waits = undefined;
    for (const wait of waits) {
      if (this.#waiting(wait.isBody) <= wait.most + lenience) wait.resolve();
      else (this.#waits ??= []).push(wait);
    }
  }

  #lost(error: unknown): void {
    if (this.#failed) return;
    this.discard();
    this.#owner.onLost(error);
  }
}

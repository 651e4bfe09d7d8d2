/**
 * Takes connections in, one after the other, and outlives every failure but the listener's own end.
 * `for await` over a listener is not used: it ends at the first failure, such as EMFILE.
 *
 * | `accept` fails with | it means | what follows |
 * |---|---|---|
 * | "it is closed", after `stop` | our own doing | the loop ends |
 * | EMFILE, ENFILE, ENOBUFS, ENOMEM | out of something for now | a wait, doubled each time |
 * | anything else, such as ECONNABORTED | a newcomer that left again | the same wait |
 *
 * Source: accept(2).
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Acceptor, ByteStream } from "../transport/mod.ts";
import { Pause } from "./pause.ts";

/** Long enough for a descriptor to come free, short enough that nobody notices. */
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 1_600;

/** What an accept loop tells its server. */
export interface AcceptLoopOwner {
  /** A promise = the next one is not accepted before it resolves. */
  onStream(stream: ByteStream): Promise<void> | undefined;
  onFailed(error: unknown, retryInMs: number): void;
}

/** The accept loop of one listener. */
export class AcceptLoop {
  readonly #acceptor: Acceptor;
  readonly #owner: AcceptLoopOwner;
  readonly #pause: Pause;
  readonly #done: Promise<void>;
  #stopped = false;

  constructor(acceptor: Acceptor, owner: AcceptLoopOwner, clock: Clock) {
    this.#acceptor = acceptor;
    this.#owner = owner;
    this.#pause = new Pause(clock);
    this.#done = this.#run();
  }

  /** Closes the listener. Resolves when the port is free: not before the pending accept has ended. */
  stop(): Promise<void> {
    if (!this.#stopped) {
      this.#stopped = true;
      this.#acceptor.close();
      this.#pause.cut();
    }
    return this.#done;
  }

  async #run(): Promise<void> {
    let retryInMs = FIRST_RETRY_MS;
    while (!this.#stopped) {
      try {
        const stream = await this.#acceptor.accept();
        retryInMs = FIRST_RETRY_MS;
        if (this.#stopped) stream.close();
        else {
          const crowded = this.#owner.onStream(stream);
          if (crowded !== undefined) await crowded;
        }
      } catch (error) {
        if (this.#stopped) return;
        this.#owner.onFailed(error, retryInMs);
        // Whoever was told may have stopped it, when there was no wait to cut yet.
        if (this.#stopped) return;
        await this.#pause.wait(retryInMs);
        retryInMs = Math.min(LAST_RETRY_MS, retryInMs * 2);
      }
    }
  }
}

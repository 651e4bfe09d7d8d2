/**
 * The end of one connection, step by step. Decides what is still sent, in which order the socket is shut, and
 * what the end waits for. It is made when a connection begins to end: an idle one does without.
 *
 *     flushing ──> closing ──> waiting ──> over
 *        │            │           │
 *     outbox       FIN, close,  the turn under way,
 *     empties      read and     unless it is killed
 *                  write end
 *
 * @module
 */

import type { ExitReason } from "../actor/mod.ts";
import type { CloseReason } from "../observe/mod.ts";
import { type ByteStream, isClosed } from "../transport/mod.ts";
import type { Input } from "./input.ts";
import type { Outbox } from "./outbox.ts";

/** How a connection is ended: `polite` flushes first, `rude` does not, `kill` does not wait for the turn either. */
export type Manner = "polite" | "rude" | "kill";

/** What ends, and what its end needs to know of it. */
export interface EndingParts {
  readonly stream: ByteStream;
  readonly input: Input<unknown>;
  readonly outbox: Outbox;
  /** Whether a turn or a script goes on. */
  isBusy(): boolean;
  /** Called when the end waits for others: somebody must see that it does not wait for ever. */
  onWait(): void;
  /** Called once, when nothing is left to wait for. */
  onOver(): void;
}

/** The end of one connection. */
export class Ending {
  readonly reason: CloseReason;
  readonly exit: ExitReason;
  readonly #parts: EndingParts;
  #manner: Manner = "polite";
  #stage: "flushing" | "closing" | "waiting" | "over" = "flushing";
  #isClosed = false;

  constructor(reason: CloseReason, exit: ExitReason, parts: EndingParts) {
    this.reason = reason;
    this.exit = exit;
    this.#parts = parts;
  }

  /** From now on in this manner; never a more polite one than before. */
  hurry(manner: Manner): void {
    if (manner === "polite") return;
    this.#parts.outbox.discard();
    if (this.#manner !== "kill") this.#manner = manner;
    if (this.#stage === "closing") this.#close();
  }

  /** Takes the next step, when what it waits for is there. */
  step(): void {
    const { outbox, isBusy, onWait, onOver } = this.#parts;
    if (this.#stage === "flushing") {
      outbox.flush();
      if (outbox.size > 0) return onWait();
      this.#stage = "closing";
      outbox.endWaits();
      void this.#shut();
    }
    if (this.#stage === "waiting") {
      if (isBusy() && this.#manner !== "kill") return onWait();
      this.#stage = "over";
      onOver();
    }
  }

  /** The socket's end: FIN first, since closing while a read is pending may send none. */
  async #shut(): Promise<void> {
    const { stream, input, outbox, onWait } = this.#parts;
    if (this.#manner === "polite" && !outbox.ended) {
      onWait();
      try {
        await stream.closeWrite();
      } catch { /* The peer was faster: there is nobody left to tell. */ }
    }
    this.#close();
    await input.idle();
    await outbox.idle();
    this.#stage = "waiting";
    this.step();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#parts.stream.close();
    } catch (error) {
      // Whoever gave us the stream may have closed it. Whatever else it is, the end goes on.
      if (!isClosed(error)) reportError(error);
    }
  }
}

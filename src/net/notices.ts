/**
 * How others learn that a connection or a UDP peer ends: by a signal when it begins to, by promises when it has. Each
 * is made when somebody first asks for it, be that after the end: most lives are watched by nobody.
 *
 * @module
 */

import type { ExitReason } from "../actor/mod.ts";
import type { CloseReason } from "../observe/mod.ts";

/** How it ended. */
export interface Outcome {
  readonly reason: CloseReason;
  readonly exit: ExitReason;
}

/** Whose end it is. */
export interface Watched {
  /** It ends, or will as soon as what is at hand has been served. */
  readonly isEnding: boolean;
  /** Once it is all over. */
  readonly outcome: Outcome | undefined;
}

/** What others hold of the end of one life. */
export class Notices {
  readonly #life: Watched;
  #aborter: AbortController | undefined;
  #closed: PromiseWithResolvers<CloseReason> | undefined;
  #exited: PromiseWithResolvers<ExitReason> | undefined;

  constructor(life: Watched) {
    this.#life = life;
  }

  get signal(): AbortSignal {
    this.#aborter ??= new AbortController();
    if (this.#life.isEnding) this.#aborter.abort();
    return this.#aborter.signal;
  }

  get closed(): Promise<CloseReason> {
    this.#closed ??= Promise.withResolvers();
    if (this.#life.outcome !== undefined) this.ended(this.#life.outcome);
    return this.#closed.promise;
  }

  get exited(): Promise<ExitReason> {
    this.#exited ??= Promise.withResolvers();
    if (this.#life.outcome !== undefined) this.ended(this.#life.outcome);
    return this.#exited.promise;
  }

  /** It begins to end. */
  ending(): void {
    this.#aborter?.abort();
  }

  /** It is all over. */
  ended({ reason, exit }: Outcome): void {
    this.#closed?.resolve(reason);
    this.#exited?.resolve(exit);
  }
}

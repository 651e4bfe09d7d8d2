/**
 * Those who wait for a frame, with `for await` or by the stream of frames, in the order in which they came. Knows
 * nothing of frames at hand; the connection fills the waits.
 *
 * @module
 */

/** One who waits. */
export interface Wait<In> {
  resolve(result: IteratorResult<In>): void;
  reject(error: unknown): void;
}

/** `name` as somebody who cannot be looped over, because its frames go to a callback. */
export function notIterable(name: string): TypeError {
  return new TypeError(
    `Cannot iterate over ${name}: its frames go to the handler's 'frame' callback`,
  );
}

/** A loop over what `pull` gives. Leaving it leaves the owner as it is: what is unread waits for the next loop. */
export function frameIterator<In>(
  pull: () => Promise<IteratorResult<In>>,
  onLeave?: () => void,
): AsyncIterableIterator<In> {
  return {
    next: pull,
    return: () => {
      onLeave?.();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The waiting pulls of one connection. */
export class Pulls<In> {
  // Made with the first wait: a connection with callbacks has none.
  #waits: Wait<In>[] | undefined;
  /** How often somebody has pulled, or said that he will no more. */
  count = 0;
  #marked = 0;
  /** The frames as a stream, once somebody has asked for that. */
  readable: ReadableStream<In> | undefined;

  /** How many wait. */
  get size(): number {
    return this.#waits === undefined ? 0 : this.#waits.length;
  }

  /** Whether `count` has changed since the last mark; marks it anew. */
  mark(): boolean {
    const isNew = this.count !== this.#marked;
    this.#marked = this.count;
    return isNew;
  }

  /** One more waits. */
  wait(): Promise<IteratorResult<In>> {
    return new Promise((resolve, reject) =>
      (this.#waits ??= []).push({ resolve, reject })
    );
  }

  /** Whoever began to wait last, if he still does. */
  get newest(): Wait<In> | undefined {
    return this.#waits?.at(-1);
  }

  /** He waits no longer: the frame that he would have got is for the next. */
  leave(wait: Wait<In>): void {
    const at = this.#waits?.indexOf(wait) ?? -1;
    if (at >= 0) this.#waits!.splice(at, 1);
  }

  /** Gives `frame` to the one that waits longest. */
  give(frame: In): void {
    this.#waits?.shift()?.resolve({ done: false, value: frame });
  }

  /** Ends all waits: with an error, or as the end of the iteration. */
  end(failure?: { error: unknown }): void {
    for (const { resolve, reject } of this.#waits?.splice(0) ?? []) {
      if (failure === undefined) resolve({ done: true, value: undefined });
      else reject(failure.error);
    }
  }
}

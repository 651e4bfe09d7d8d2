/**
 * The work that every contestant does. Each method returns a checksum that the bench compares before it prints
 * anything; `undefined` in place of a method means that the contestant has no such thing.
 */

/** One library, or the floor. */
export interface Contestant {
  readonly name: string;
  /** One actor is told 0 … n-1 in one go and adds them up. Returns the sum. */
  tell(n: number): Promise<number>;
  /** A token goes round `size` actors `laps` times. Returns the hops. */
  ring(size: number, laps: number): Promise<number>;
  /** `n` questions, each asked when the one before is answered, each with a deadline of 5 s. Returns the sum of the answers. */
  ask(n: number): Promise<number>;
  /** Starts `n` actors, tells each one message, stops all and waits until they have ended. Returns the messages served. */
  spawnStop?(n: number): Promise<number>;
  /** One actor fails on a message and goes on with clean state, whose making sends the next, `n` times. Returns the number of starts. */
  crash?(n: number): Promise<number>;
  /** Makes `n` actors that have served one message and wait for more. Returns what keeps them alive. */
  idle?(n: number): Promise<unknown[]>;
}

/** A promise and the function that resolves it, for counters that reach their end. */
export function finish(): { done: Promise<void>; finished: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { done: promise, finished: resolve };
}

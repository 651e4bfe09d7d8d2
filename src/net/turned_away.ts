/**
 * Newcomers that were refused before their TLS handshake and have not left. Deno keeps the socket of a TLS stream
 * that is closed before its handshake has ended: it is free when the peer leaves. So a refusal alone frees
 * nothing, and silent newcomers would eat the descriptors without end. Decides how many of them there may be.
 *
 * @module
 */

import { type ByteStream, handshake } from "../transport/mod.ts";

/** Those of one server. */
export class TurnedAway {
  readonly #most: number;
  readonly #streams = new Set<ByteStream>();
  #room: PromiseWithResolvers<void> | undefined;

  /** At `most` of them nobody else should be let to the door. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Closes `stream` once its handshake is over. A promise = they are too many: it resolves when one has left. */
  add(stream: ByteStream): Promise<void> | undefined {
    this.#streams.add(stream);
    void this.#seeOut(stream);
    if (this.#streams.size < this.#most) return undefined;
    return (this.#room ??= Promise.withResolvers()).promise;
  }

  /** Nobody waits any longer: one of them has left, or there is room inside. */
  letOn(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Lets go of all of them, and of who waits for room. */
  closeAll(): void {
    for (const stream of this.#streams) stream.close();
    this.#streams.clear();
    this.letOn();
  }

  async #seeOut(stream: ByteStream): Promise<void> {
    try {
      await handshake(stream);
    } catch { /* Whatever it was, the newcomer is refused already. */ }
    if (!this.#streams.delete(stream)) return;
    stream.close();
    this.letOn();
  }
}

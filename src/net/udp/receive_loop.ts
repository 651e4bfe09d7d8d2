/**
 * Takes datagrams in, one after the other, and outlives every failure but the socket's own end. Decides who
 * owns their bytes: where frames alias them, a datagram that is handed out has memory that nobody writes to
 * again; where they do not, all datagrams lie in the same buffer.
 *
 * `for await` over the socket is not used: it ends at the first failure, cuts off what is larger than its
 * buffer, and allocates for each datagram.
 *
 * | `receive` fails with | it means | what follows |
 * |---|---|---|
 * | "it is closed", after `stop` | our own doing | the loop ends |
 * | "it is closed" | somebody closed it under us | the loop ends, and the owner is told |
 * | ECONNRESET and its like | an earlier datagram of ours reached nobody | the next try at once |
 * | the same, again and again, or ENOBUFS, ENOMEM | out of something for now | a wait, doubled each time |
 *
 * Source: recv(2), udp(7); for ECONNRESET the manual of WSARecvFrom.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import { type DatagramSocket, isClosed } from "../../transport/mod.ts";
import { Pause } from "../pause.ts";
import { Slab } from "./slab.ts";

/** No datagram is larger: the length field of UDP has 16 bits. */
const BUFFER_BYTES = 65_536;
/** From this size on a datagram is handed out with the buffer it lies in, which costs less than a copy of it. */
const GIVE_AWAY_BYTES = 32_768;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 1_600;

/** What a receive loop tells its server. */
export interface ReceiveLoopOwner {
  /** `bytes` belong to whoever gets them, or, where frames do not alias, to the loop again after the call. */
  onDatagram(bytes: Uint8Array, from: Deno.Addr): void;
  /** Trouble; the loop goes on after `retryInMs`. */
  onFailed(error: unknown, retryInMs: number): void;
  /** The socket is gone, and not by `stop`. */
  onGone(error: unknown): void;
}

/** Whether what was received may be the beginning of something larger: only a Unix socket can carry that. */
export function isCutOff(bytes: Uint8Array): boolean {
  return bytes.length >= BUFFER_BYTES;
}

/** The receive loop of one socket. */
export class ReceiveLoop {
  readonly #socket: DatagramSocket;
  readonly #owner: ReceiveLoopOwner;
  readonly #aliases: boolean;
  readonly #pause: Pause;
  readonly #done: Promise<void>;
  readonly #slab = new Slab();
  #buffer = new Uint8Array(BUFFER_BYTES);
  #stopped = false;

  constructor(
    socket: DatagramSocket,
    owner: ReceiveLoopOwner,
    { aliases, clock }: { aliases: boolean; clock: Clock },
  ) {
    this.#socket = socket;
    this.#owner = owner;
    this.#aliases = aliases;
    this.#pause = new Pause(clock);
    this.#done = this.#run();
  }

  /** Closes the socket. Resolves when nothing is pending on it. */
  stop(): Promise<void> {
    if (!this.#stopped) {
      this.#stopped = true;
      this.#socket.close();
      this.#pause.cut();
    }
    return this.#done;
  }

  async #run(): Promise<void> {
    // Nobody is called from inside the constructor.
    await undefined;
    let retryInMs = 0;
    while (!this.#stopped) {
      let received: [Uint8Array, Deno.Addr];
      try {
        received = await this.#socket.receive(this.#buffer);
      } catch (error) {
        if (this.#stopped) return;
        if (isClosed(error)) return this.#owner.onGone(error);
        this.#owner.onFailed(error, retryInMs);
        if (retryInMs > 0) await this.#pause.wait(retryInMs);
        retryInMs = Math.min(
          LAST_RETRY_MS,
          Math.max(FIRST_RETRY_MS, retryInMs * 2),
        );
        continue;
      }
      retryInMs = 0;
      if (this.#stopped) return;
      const [bytes, from] = received;
      this.#owner.onDatagram(this.#aliases ? this.#own(bytes) : bytes, from);
    }
  }

  #own(bytes: Uint8Array): Uint8Array {
    if (bytes.length < GIVE_AWAY_BYTES) return this.#slab.copy(bytes);
    this.#buffer = new Uint8Array(BUFFER_BYTES);
    return bytes;
  }
}

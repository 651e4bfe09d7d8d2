/**
 * Takes datagrams in, one after the other, and outlives every failure but the socket's own end. Decides who
 * owns their bytes, and for how long:
 *
 * | frames | a datagram lies in | which |
 * |---|---|---|
 * | do not alias it | the one buffer | is received into again after the call |
 * | alias it, `"kept"` | memory of its own | nobody writes to again |
 * | alias it, `"borrowed"` | a lent buffer | is received into again when it is given back |
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
import { Slab } from "../../framing/mod.ts";
import { type DatagramSocket, isClosed } from "../../transport/mod.ts";
import { Pause } from "../pause.ts";

/** No datagram is larger: the length field of UDP has 16 bits. */
const BUFFER_BYTES = 65_536;
/** From this size on a datagram is handed out with the buffer it lies in, which costs less than a copy of it. */
const GIVE_AWAY_BYTES = 32_768;
/** Smaller ones are copied together: one that is kept keeps so much alive. A quarter of it pays for memory of its own. */
const SLAB_BYTES = 16_384;
/** Buffers that handlers may hold at a time, 1 MiB; a datagram above that is copied. */
const MOST_LENT = 16;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 1_600;

/** How long the bytes of a datagram stay as they are: for good, until they are given back, or during the call. */
export type Lease = "kept" | "lent" | "call";

/** What a receive loop tells its server. */
export interface ReceiveLoopOwner {
  /** A datagram. `true` = the lent `bytes` are still looked at, and `giveBack` will be called. */
  onDatagram(bytes: Uint8Array, from: Deno.Addr, lease: Lease): boolean;
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
  readonly #lease: Lease;
  readonly #pause: Pause;
  readonly #done: Promise<void>;
  readonly #slab = new Slab(SLAB_BYTES, SLAB_BYTES / 4);
  /** Absent while whoever got the last one has not been answered: making one takes a while. */
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  /** Buffers that were given back. */
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  /** Buffers that handlers hold. */
  #lent = 0;
  #stopped = false;

  constructor(
    socket: DatagramSocket,
    owner: ReceiveLoopOwner,
    { lease, clock }: { lease: Lease; clock: Clock },
  ) {
    this.#socket = socket;
    this.#owner = owner;
    this.#lease = lease;
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

  /** A lent datagram is not taken from any more. Unless it is `free`, somebody may still look at it. */
  giveBack({ buffer }: Uint8Array, free: boolean): void {
    if (buffer === this.#buffer?.buffer) {
      // While it was being handed out: it has not been counted as lent.
      if (!free) this.#buffer = undefined;
      return;
    }
    this.#lent--;
    if (free) this.#spare.push(new Uint8Array(buffer as ArrayBuffer));
  }

  async #run(): Promise<void> {
    // Nobody is called from inside the constructor.
    await undefined;
    let retryInMs = 0;
    while (!this.#stopped) {
      let received: [Uint8Array, Deno.Addr];
      try {
        this.#buffer ??= this.#spare.pop() ?? new Uint8Array(BUFFER_BYTES);
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
      this.#hand(bytes, from);
    }
  }

  #hand(bytes: Uint8Array, from: Deno.Addr): void {
    if (
      this.#lease === "kept" ||
      (this.#lease === "lent" && this.#lent === MOST_LENT)
    ) {
      this.#owner.onDatagram(this.#own(bytes), from, "kept");
    } else if (this.#owner.onDatagram(bytes, from, this.#lease)) {
      this.#lent++;
      this.#buffer = undefined;
    }
  }

  #own(bytes: Uint8Array): Uint8Array {
    if (bytes.length < GIVE_AWAY_BYTES) return this.#slab.copy(bytes);
    this.#buffer = undefined;
    return bytes;
  }
}

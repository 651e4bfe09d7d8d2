/**
 * A Unix datagram socket that sends while it receives. Deno's cannot: it takes one operation at a time, refuses
 * the second as "busy", and ends a pending `receive` for nothing but a datagram. So what is to be sent waits, and
 * a second socket wakes the receive with an empty datagram. That one has a file beside the first, from which
 * nobody else is heard.
 *
 * The queue of such a socket is short (10 datagrams on Linux), and sending into a full one waits. The waking
 * datagram stands in our own queue behind all that came before, so sends begin when that has been read, and only a
 * few of them: two that talk to each other, both with much to say, cannot both wait for the other to read.
 *
 * Source: unix(7), `net.unix.max_dgram_qlen`; the rest was tried with Deno 2.9. If `send` beside a pending
 * `receive` works, this file is needed no longer.
 *
 * @module
 */

import type {
  DatagramSocket,
  Membership,
  UnixpacketEndpoint,
} from "./datagram_types.ts";
import { isClosed } from "./deno_errors.ts";

const EMPTY = new Uint8Array(0);
/** Sends in a row. Twice as many have to fit into the queue of whoever is on the other side. */
const SENDS_PER_WAKE = 4;

interface Waiting {
  bytes: Uint8Array;
  to: Deno.Addr;
  resolve(byteLength: number | Promise<number>): void;
}

/** Where the waker of a socket is bound. */
export function wakerPath(path: string): string {
  return `${path}.wake`;
}

/** What `join` answers. */
export function noMulticast(): Promise<never> {
  return Promise.reject(
    new TypeError("Cannot join multicast: a Unix socket has none"),
  );
}

/** Binds a Unix datagram socket and its waker. */
export function bindUnixpacket(endpoint: UnixpacketEndpoint): DatagramSocket {
  const bind = (path: string) =>
    Deno.listenDatagram({ transport: "unixpacket", path });
  const conn = bind(endpoint.path);
  try {
    const waker = bind(wakerPath(endpoint.path));
    return new UnixpacketSocket(conn, waker);
  } catch (error) {
    closeAndRemove(conn);
    throw error;
  }
}

class UnixpacketSocket implements DatagramSocket {
  readonly #conn: Deno.DatagramConn;
  readonly #waker: Deno.DatagramConn;
  readonly addr: Deno.UnixAddr;
  /** A receive is pending, or what was woken is being sent. */
  #receiving = false;
  /** The send that needed no waking. */
  #direct: Promise<unknown> | undefined;
  #woken = false;
  #isClosed = false;
  #waiting: Waiting[] = [];

  constructor(conn: Deno.DatagramConn, waker: Deno.DatagramConn) {
    this.#conn = conn;
    this.#waker = waker;
    this.addr = conn.addr as Deno.UnixAddr;
  }

  async receive(into: Uint8Array): Promise<[Uint8Array, Deno.Addr]> {
    this.#receiving = true;
    try {
      await this.#direct;
      for (;;) {
        const received = await this.#conn.receive(into);
        if (!this.#isWaker(received[1])) return received;
        this.#woken = false;
        for (let i = 0; i < SENDS_PER_WAKE && this.#waiting.length > 0; i++) {
          await this.#sendNext();
        }
        if (this.#waiting.length > 0) this.#wake();
      }
    } finally {
      this.#receiving = false;
    }
  }

  send(bytes: Uint8Array, to: Deno.Addr): Promise<number> {
    // Nothing would wake it any more; Deno says that it is closed.
    if (this.#isClosed) return this.#conn.send(bytes, to);
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, to, resolve });
      const isFree = !this.#receiving && this.#direct === undefined;
      if (isFree && this.#waiting.length === 1) {
        // Between two receives, as an answer is: nothing has to be woken.
        this.#direct = this.#sendNext().then(() => this.#direct = undefined);
      } else this.#wake();
    });
  }

  join(): Promise<Membership> {
    return noMulticast();
  }

  close(): void {
    this.#isClosed = true;
    closeAndRemove(this.#conn);
    closeAndRemove(this.#waker);
    while (this.#waiting.length > 0) void this.#sendNext();
  }

  #isWaker(from: Deno.Addr): boolean {
    return (from as Deno.UnixAddr).path ===
      (this.#waker.addr as Deno.UnixAddr).path;
  }

  #wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    this.#waker.send(EMPTY, this.addr).catch(() => {
      // Full, so that `receive` is about to return by itself; or closed.
      this.#woken = false;
    });
  }

  /** Sends what has waited longest; never rejects. */
  async #sendNext(): Promise<void> {
    const { bytes, to, resolve } = this.#waiting.shift()!;
    const sent = this.#conn.send(bytes, to);
    resolve(sent);
    await sent.catch(() => {/* whoever sent it is told */});
  }
}

/** Deno leaves the file of a datagram socket behind. */
function closeAndRemove(conn: Deno.DatagramConn): void {
  try {
    conn.close();
  } catch (error) {
    if (!isClosed(error)) throw error;
  }
  try {
    Deno.removeSync((conn.addr as Deno.UnixAddr).path);
  } catch {
    /* Somebody was faster, or may not: the socket is closed all the same. */
  }
}

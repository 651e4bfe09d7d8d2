/**
 * A Unix datagram socket that sends while it receives. Deno's cannot: it takes one operation at a time, refuses
 * the second as "busy", and ends a pending `receive` for nothing but a datagram. So operations take turns here,
 * and a send that finds `receive` pending has a second socket wake it with an empty datagram. That one has a
 * file beside the first, from which nobody else is heard.
 *
 * Source: tried with Deno 2.9. If `send` beside a pending `receive` works, this file is needed no longer.
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

interface Waiting {
  bytes: Uint8Array;
  to: Deno.Addr;
  resolve(byteLength: number | Promise<number>): void;
}

/** Binds a Unix datagram socket and its waker. */
export function bindUnixpacket(endpoint: UnixpacketEndpoint): DatagramSocket {
  const bind = (path: string) =>
    Deno.listenDatagram({ transport: "unixpacket", path });
  const conn = bind(endpoint.path);
  try {
    const waker = bind(`${endpoint.path}.wake`);
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
  /** What has the socket now. */
  #turn: "nobody" | "receive" | "send" = "nobody";
  #woken = false;
  #waiting: Waiting[] = [];
  /** The sends under way and waiting, all of them. */
  #sends: Promise<void> | undefined;

  constructor(conn: Deno.DatagramConn, waker: Deno.DatagramConn) {
    this.#conn = conn;
    this.#waker = waker;
    this.addr = conn.addr as Deno.UnixAddr;
  }

  async receive(into: Uint8Array): Promise<[Uint8Array, Deno.Addr]> {
    for (;;) {
      while (this.#sends !== undefined) await this.#sends;
      this.#turn = "receive";
      try {
        const received = await this.#conn.receive(into);
        if (!this.#isWaker(received[1])) return received;
        this.#woken = false;
      } finally {
        this.#turn = "nobody";
        this.#sendWaiting();
      }
    }
  }

  send(bytes: Uint8Array, to: Deno.Addr): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, to, resolve });
      if (this.#turn === "nobody") this.#sendWaiting();
      else if (this.#turn === "receive") this.#wake();
    });
  }

  join(): Promise<Membership> {
    return Promise.reject(
      new TypeError("Cannot join multicast: a Unix socket has none"),
    );
  }

  close(): void {
    closeAndRemove(this.#conn);
    closeAndRemove(this.#waker);
    this.#turn = "nobody";
    this.#sendWaiting();
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

  #sendWaiting(): void {
    if (this.#waiting.length === 0 || this.#sends !== undefined) return;
    this.#sends = this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#turn = "send";
    for (
      let next = this.#waiting.shift();
      next !== undefined;
      next = this.#waiting.shift()
    ) {
      const { bytes, to, resolve } = next;
      const sent = this.#conn.send(bytes, to);
      resolve(sent);
      await sent.catch(() => {/* whoever sent it is told */});
    }
    this.#turn = "nobody";
    this.#sends = undefined;
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

/**
 * A Unix datagram socket whose file is there already, or that of its waker. Decides as for listeners: a file that a
 * dead process left behind is removed; one that somebody answers on, or that is no socket, is respected. To find that
 * out takes a moment. Until then what is to be sent and received waits; after a close, too, nothing settles before it.
 *
 * The knock is that of a stream, because it sends nothing: a datagram would be heard.
 *
 * Source: connect(2): ECONNREFUSED where no socket is bound to the file, EPROTOTYPE where one of another kind is.
 *
 * @module
 */

import type {
  DatagramSocket,
  Membership,
  UnixpacketEndpoint,
} from "./datagram_types.ts";
import type { ListenError } from "../errors.ts";
import {
  interrupted,
  isAddrInUse,
  listenError,
  occupiedError,
} from "./deno_errors.ts";
import { removeStaleSocket } from "./listen.ts";
import { occupantOf } from "./occupant.ts";
import { bindUnixpacket, noMulticast, wakerPath } from "./unixpacket.ts";

/** Binds a Unix datagram socket, at once where no file is in the way. */
export function openUnixpacket(endpoint: UnixpacketEndpoint): DatagramSocket {
  try {
    return bindUnixpacket(endpoint);
  } catch (error) {
    if (!isAddrInUse(error)) throw error;
    return new Takeover(endpoint);
  }
}

class Takeover implements DatagramSocket {
  readonly addr: Deno.UnixAddr;
  readonly bound: Promise<void>;
  readonly #opened = Promise.withResolvers<DatagramSocket>();
  #socket: DatagramSocket | undefined;
  #isClosed = false;
  #hasFailed = false;

  constructor(endpoint: UnixpacketEndpoint) {
    this.addr = { transport: "unixpacket", path: endpoint.path };
    // Perhaps nobody ever sends or receives; the failure itself is told by `bound`.
    this.#opened.promise.catch(() => {});
    this.bound = this.#take(endpoint);
  }

  async receive(into: Uint8Array): Promise<[Uint8Array, Deno.Addr]> {
    return await (await this.#opened.promise).receive(into);
  }

  async send(bytes: Uint8Array, to: Deno.Addr): Promise<number> {
    return await (await this.#opened.promise).send(bytes, to);
  }

  join(): Promise<Membership> {
    return noMulticast();
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.close();
    if (this.#hasFailed) this.#opened.reject(interrupted());
  }

  async #take(endpoint: UnixpacketEndpoint): Promise<void> {
    const { path } = endpoint;
    try {
      await removeIfStale(path);
      await removeIfStale(wakerPath(path));
      this.#socket = bindUnixpacket(endpoint);
    } catch (error) {
      const failure = await failureOf(path, error);
      this.#hasFailed = true;
      if (this.#isClosed) this.#opened.reject(interrupted());
      throw failure;
    }
    if (!this.#isClosed) return this.#opened.resolve(this.#socket);
    this.#socket.close();
    this.#opened.reject(interrupted());
  }
}

/** The error for a `bind` that failed: it says what is in the way, if that is no socket. */
async function failureOf(path: string, error: unknown): Promise<ListenError> {
  if (isAddrInUse(error)) {
    for (const taken of [path, wakerPath(path)]) {
      const what = await occupantOf(taken);
      if (what !== undefined) return occupiedError(taken, what, error);
    }
  }
  return listenError(path, error);
}

/** Removes a file that nobody answers on. If something else is in the way, the bind that follows says so. */
async function removeIfStale(path: string): Promise<void> {
  try {
    await removeStaleSocket({ transport: "unix", path });
  } catch {
    // Not refused, so nothing says that it is dead: a living datagram socket gives EPROTOTYPE, for which Deno has no
    // class.
  }
}

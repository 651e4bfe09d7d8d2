/**
 * What a datagram socket sends: one frame, one datagram, handed to the system at once and in order. Decides
 * what is too large and what is too much. Its memory belongs to the system until the send settles.
 *
 * @module
 */

import { EncodeError } from "../../errors.ts";
import { ByteWriter, type Codec } from "../../framing/mod.ts";
import {
  addrText,
  type DatagramSocket,
  maxDatagramBytes,
} from "../../transport/mod.ts";
import { Slab } from "./slab.ts";

/** From this size on the writer's own memory is sent, and not a copy. */
const LARGE_BYTES = 4_096;
/** Writers that are kept for the next large datagrams: 1 MiB at most. */
const KEPT_WRITERS = 16;

/** The sending half of one socket. */
export class Outgoing<Out> {
  readonly #socket: DatagramSocket;
  readonly #codec: Pick<Codec<never, Out>, "encode">;
  readonly #maxWaitingBytes: number;
  readonly #maxBytes: number;
  readonly #onFailed: (error: unknown, to: Deno.Addr) => void;
  #writer = new ByteWriter();
  readonly #spare: ByteWriter[] = [];
  readonly #slab = new Slab();
  /**
   * What waits for the socket's first send. Deno takes sends in order once it knows that the socket can be
   * written to; those under way before it does come out in reverse.
   */
  #early: (() => Promise<void>)[] | undefined = [];
  #waitingBytes = 0;
  #waiting = 0;
  #onIdle: (() => void)[] = [];

  /** `onFailed`: the system did not take a datagram. */
  constructor(
    socket: DatagramSocket,
    codec: Pick<Codec<never, Out>, "encode">,
    maxWaitingBytes: number,
    onFailed: (error: unknown, to: Deno.Addr) => void,
  ) {
    this.#socket = socket;
    this.#codec = codec;
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#maxBytes = maxDatagramBytes(socket.addr);
    this.#onFailed = onFailed;
  }

  /**
   * Sends `frame`, and says how many bytes that are; `undefined` = so much waits already that it was dropped.
   *
   * @throws {EncodeError} The codec cannot carry it, or it is too large for a datagram.
   */
  send(frame: Out, to: Deno.Addr): number | undefined {
    const writer = this.#writer;
    writer.clear();
    this.#codec.encode(frame, writer);
    const { length } = writer;
    if (length > this.#maxBytes) {
      throw new EncodeError(
        `Cannot send to ${
          addrText(to)
        }: the datagram has ${length} bytes, limit is ${this.#maxBytes}`,
      );
    }
    if (this.#waitingBytes + length > this.#maxWaitingBytes) return undefined;
    this.#waitingBytes += length;
    this.#waiting++;
    const isLarge = length >= LARGE_BYTES;
    const bytes = isLarge ? writer.view() : this.#slab.copy(writer.view());
    const lent = isLarge ? writer : undefined;
    if (isLarge) this.#writer = this.#spare.pop() ?? new ByteWriter();
    if (this.#early === undefined) this.#hand(bytes, to, lent);
    else {
      this.#early.push(() => this.#hand(bytes, to, lent));
      if (this.#early.length === 1) this.#handFirst();
    }
    return length;
  }

  #hand(bytes: Uint8Array, to: Deno.Addr, lent?: ByteWriter): Promise<void> {
    const { length } = bytes;
    return this.#socket.send(bytes, to).then(
      lent === undefined ? this.#onSent : () => this.#settled(length, lent),
      (error) => {
        this.#settled(length, lent);
        this.#onFailed(error, to);
      },
    );
  }

  /** The others follow, all at once, when the first is through. */
  async #handFirst(): Promise<void> {
    await this.#early![0]();
    const rest = this.#early!.slice(1);
    this.#early = undefined;
    for (const hand of rest) void hand();
  }

  /** Resolves when the system has taken or refused everything; never rejects. */
  idle(): Promise<void> {
    if (this.#waiting === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** A datagram is sent whole, so this is how large it was: no function of its own for each. */
  readonly #onSent = (byteLength: number): void => this.#settled(byteLength);

  #settled(byteLength: number, lent?: ByteWriter): void {
    if (lent !== undefined && this.#spare.length < KEPT_WRITERS) {
      this.#spare.push(lent);
    }
    this.#waitingBytes -= byteLength;
    if (--this.#waiting > 0) return;
    this.#slab.reset();
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}

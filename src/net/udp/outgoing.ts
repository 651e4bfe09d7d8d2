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

/** A writer with this much in it takes no more: the next datagram goes into another. */
const FULL_BYTES = 16_384;
/** What a writer may hold and still be kept: the largest datagram, twice, since its memory doubles when it grows. */
const KEPT_BYTES = 131_072;
/** Writers that are kept for the next datagrams: 2 MiB at most. */
const KEPT_WRITERS = 16;

/** The sending half of one socket. */
export class Outgoing<Out> {
  readonly #socket: DatagramSocket;
  readonly #codec: Pick<Codec<never, Out>, "encode">;
  readonly #maxWaitingBytes: number;
  readonly #maxBytes: number;
  readonly #onFailed: (error: unknown, to: Deno.Addr) => void;
  /** Datagrams one behind the other: what was sent stays where it was encoded until the system has it. */
  #writer = new ByteWriter();
  /** Full ones that the system may still look at. */
  readonly #full: ByteWriter[] = [];
  readonly #spare: ByteWriter[] = [];
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

  /** Bytes of memory that it holds on to, whatever the system still looks at besides. */
  get heldBytes(): number {
    return [this.#writer, ...this.#full, ...this.#spare]
      .reduce((sum, { capacity }) => sum + capacity, 0);
  }

  /**
   * Sends `frame`, and says how many bytes that are; `undefined` = so much waits already that it was dropped.
   *
   * @throws {EncodeError} The codec cannot carry it, or it is too large for a datagram.
   */
  send(frame: Out, to: Deno.Addr): number | undefined {
    const writer = this.#writerWithRoom();
    const start = writer.length;
    this.#encode(frame, to, writer);
    const byteLength = writer.length - start;
    if (this.#waitingBytes + byteLength > this.#maxWaitingBytes) {
      writer.truncate(start);
      return undefined;
    }
    this.#waitingBytes += byteLength;
    this.#waiting++;
    const whole = writer.view();
    const bytes = start === 0 ? whole : whole.subarray(start);
    if (this.#early === undefined) this.#hand(bytes, to);
    else {
      this.#early.push(() => this.#hand(bytes, to));
      if (this.#early.length === 1) this.#handFirst();
    }
    return byteLength;
  }

  #writerWithRoom(): ByteWriter {
    if (this.#writer.length < FULL_BYTES) return this.#writer;
    // Above that the system alone knows them, and they are gone when it has sent what is in them.
    if (this.#full.length < KEPT_WRITERS) this.#full.push(this.#writer);
    return this.#writer = this.#spare.pop() ?? new ByteWriter();
  }

  /** Appends one frame; if it cannot be sent, nothing is appended. */
  #encode(frame: Out, to: Deno.Addr, writer: ByteWriter): void {
    const start = writer.length;
    try {
      this.#codec.encode(frame, writer);
      const byteLength = writer.length - start;
      if (byteLength <= this.#maxBytes) return;
      throw new EncodeError(
        `Cannot send to ${
          addrText(to)
        }: the datagram has ${byteLength} bytes, limit is ${this.#maxBytes}`,
      );
    } catch (error) {
      writer.truncate(start);
      if (this.#waiting === 0) this.#reuse();
      throw error;
    }
  }

  #hand(bytes: Uint8Array, to: Deno.Addr): Promise<void> {
    return this.#socket.send(bytes, to).then(
      this.#onSent,
      (error) => {
        this.#settled(bytes.length);
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

  #settled(byteLength: number): void {
    this.#waitingBytes -= byteLength;
    if (--this.#waiting > 0) return;
    this.#reuse();
    if (this.#onIdle.length === 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** The system looks at nothing any more, so all memory may be written to again. */
  #reuse(): void {
    if (this.#writer.capacity <= KEPT_BYTES) this.#writer.truncate(0);
    else this.#writer = new ByteWriter();
    if (this.#full.length === 0) return;
    for (const writer of this.#full.splice(0)) {
      if (writer.capacity > KEPT_BYTES) continue;
      if (this.#spare.length === KEPT_WRITERS) return;
      writer.truncate(0);
      this.#spare.push(writer);
    }
  }
}

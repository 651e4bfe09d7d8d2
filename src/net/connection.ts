/**
 * One connection as an actor: what everybody sees of it, and what its server tells it. Decides when what is sent is
 * too much, and what its deadlines cost; the order of its turns is in `connection_turns.ts`, what ends it in
 * `connection_life.ts`.
 *
 * @module
 */

import type {
  AskOptions,
  ExitReason,
  Phase,
  ReplyTo,
  TellVerdict,
} from "../actor/mod.ts";
import { SlowConsumerError, TimeoutError } from "../errors.ts";
import type { Codec } from "../framing/mod.ts";
import type { CloseReason, ConnectionStats } from "../observe/mod.ts";
import type { ByteStream } from "../transport/mod.ts";
import { receiveBody, sendBody } from "./bodies.ts";
import { ConnectionLife, type LifeOwner } from "./connection_life.ts";
import type { ConnectionTurns } from "./connection_turns.ts";
import { Cork } from "./cork.ts";
import { Deadlines } from "./deadlines.ts";
import type { ConnectionSettings } from "./options.ts";
import { frameIterator, notIterable, type Pulls } from "./pulls.ts";
import { frameReadable } from "./streams.ts";
import type {
  Connection,
  ConnectionHandler,
  ConnectionHandlers,
} from "./types.ts";

/** What all connections of one server, or a client's only one, have in common. */
export interface ConnectionHost<In, Out, M> {
  /** Name of the server, for events and for the names of its connections. */
  readonly server?: string;
  /** Name of a client's connection. */
  readonly name?: string;
  readonly codec: Codec<In, Out>;
  readonly settings: ConnectionSettings;
  /** Without one, frames wait for `for await`. */
  readonly handler?: ConnectionHandler<In, Out, M>;
  /** Given the messages that wait when it ends, so that another connection can serve them. */
  readonly onUnserved?: (messages: M[]) => void;
  /** Called once at the very end, after the `closed` event. */
  readonly onEnd?: (connection: ConnectionActor<In, Out, M>) => void;
}

/** The implementation of {@linkcode Connection}. */
export class ConnectionActor<In, Out, M>
  implements Connection<In, Out, M>, LifeOwner<In, M> {
  readonly id: number;
  readonly #host: ConnectionHost<In, Out, M>;
  #codec: Codec<In, Out>;
  readonly #life: ConnectionLife<In, M>;
  readonly #turns: ConnectionTurns<In, M>;
  readonly #deadlines: Deadlines;
  readonly #openedAtMs = Date.now();
  #framesOut = 0;
  // Made when first needed: a server has thousands of connections that are idle and pay for every field.
  #cork: Cork | undefined;
  #writable: WritableStream<Out> | undefined;

  /** `id` is unique on its server; a client's is 0. The stream is its own from now on. */
  constructor(
    id: number,
    stream: ByteStream,
    host: ConnectionHost<In, Out, M>,
  ) {
    const { codec, settings } = host;
    this.id = id;
    this.#host = host;
    this.#codec = codec;
    this.#life = new ConnectionLife<In, M>(this, host, stream);
    this.#turns = this.#life.turns;
    this.#deadlines = new Deadlines(settings.clock.now());
  }

  // ── what everybody sees ──

  get name(): string {
    const { name, server } = this.#host;
    return name ?? `${server}#${this.id}`;
  }

  get localAddr(): Deno.Addr {
    return this.#life.stream.localAddr;
  }

  get remoteAddr(): Deno.Addr {
    return this.#life.stream.remoteAddr;
  }

  get closed(): Promise<CloseReason> {
    return this.#life.notices.closed;
  }

  get exited(): Promise<ExitReason> {
    return this.#life.notices.exited;
  }

  get phase(): Phase {
    return this.#life.phase;
  }

  get mailboxSize(): number {
    return this.#turns.mailboxSize;
  }

  get signal(): AbortSignal {
    return this.#life.notices.signal;
  }

  get stats(): ConnectionStats {
    const { input, outbox, framesIn } = this.#turns;
    return {
      framesIn,
      framesOut: this.#framesOut,
      bytesIn: input.bytesIn,
      bytesOut: outbox.bytesOut,
      restarts: this.#life.restarts,
      bufferedBytes: input.bufferedBytes + outbox.size,
      openedAtMs: this.#openedAtMs,
    };
  }

  // ── sending on the wire ──

  send(frame: Out): boolean {
    const { outbox, settings } = this.#turns;
    if (this.#life.isOver || outbox.ended) return false;
    outbox.add(this.#codec, frame);
    this.#framesOut++;
    const { size } = outbox;
    const { maxOutboxBytes, highWaterBytes } = settings;
    if (size > maxOutboxBytes) {
      const error = new SlowConsumerError(
        `Cannot send to ${this.#life.peer}: ${size} bytes wait, limit is ${maxOutboxBytes}`,
        size,
      );
      this.#life.end({ by: "failure", error }, "rude");
      return false;
    }
    this.#flushLater();
    return size <= highWaterBytes;
  }

  drained(): Promise<void> {
    if (this.#life.isOver) return Promise.resolve();
    const { outbox, settings } = this.#turns;
    return outbox.sinks(settings.highWaterBytes / 2);
  }

  async endWrite(): Promise<void> {
    const { outbox } = this.#turns;
    if (outbox.ended || this.#life.isOver) return;
    outbox.ended = true;
    outbox.flush();
    await outbox.sinks(0);
    if (this.#life.isOver) return;
    try {
      await this.#life.stream.closeWrite();
    } catch (error) {
      this.#life.lost(error);
    }
  }

  async sendBody(
    source: AsyncIterable<Uint8Array> | Uint8Array,
  ): Promise<void> {
    this.#life.checkOpen();
    const { outbox, settings } = this.#turns;
    if (outbox.holds) {
      throw new TypeError(
        `Cannot send a body to ${this.#life.peer}: another one is under way`,
      );
    }
    outbox.hold();
    try {
      await sendBody(source, {
        outbox,
        stepBytes: settings.highWaterBytes,
        roomBytes: settings.highWaterBytes / 2,
        signal: this.signal,
        checkOpen: () => this.#life.checkOpen(),
      });
    } catch (error) {
      this.abort(error);
      throw error;
    }
    outbox.release();
    this.#flushLater();
  }

  get writable(): WritableStream<Out> {
    return this.#writable ??= new WritableStream<Out>({
      write: async (frame) => {
        this.#life.checkOpen();
        if (!this.send(frame)) await this.drained();
      },
      close: () => this.endWrite(),
      abort: (reason) => this.abort(reason),
    });
  }

  /** What is sent in a turn leaves with what else the turns at hand send. */
  #flushLater(): void {
    const turns = this.#turns;
    if (turns.isServing) return;
    this.#cork ??= new Cork(turns.outbox, () => turns.hasPulled());
    this.#cork.flushLater();
  }

  // ── receiving, where it is not the handler that is called ──

  [Symbol.asyncIterator](): AsyncIterableIterator<In> {
    const pulls = this.#pulls();
    return frameIterator(() => this.#turns.pull(), () => pulls.count++);
  }

  get readable(): ReadableStream<In> {
    const pulls = this.#pulls();
    return pulls.readable ??= frameReadable(pulls, () => this.#turns.pull());
  }

  body(byteLength: number): ReadableStream<Uint8Array<ArrayBuffer>> {
    return receiveBody(this.#turns.input, byteLength, this.#life);
  }

  switchCodec<I, O>(codec: Codec<I, O>): Connection<I, O, M> {
    const other = this as unknown as ConnectionActor<I, O, M>;
    other.#turns.input.switchCodec(codec);
    other.#codec = codec;
    return other;
  }

  /** @throws {TypeError} The frames go to a callback. */
  #pulls(): Pulls<In> {
    if (this.#life.handlers !== undefined) throw notIterable(this.name);
    return this.#turns.pulls;
  }

  // ── messages ──

  tell(message: M): TellVerdict {
    if (this.#life.isOver) return "stopped";
    return this.#turns.mail.tell(message);
  }

  deliver(message: M, options?: { signal?: AbortSignal }): Promise<void> {
    return this.#turns.mail.deliver(message, options);
  }

  ask<R>(make: (reply: ReplyTo<R>) => M, options?: AskOptions): Promise<R> {
    return this.#turns.mail.ask(make, options);
  }

  // ── ending ──

  close(): Promise<CloseReason> {
    this.#life.end({ by: "local" }, "polite");
    return this.closed;
  }

  abort(error?: unknown): void {
    const reason: CloseReason = error === undefined
      ? { by: "local" }
      : { by: "failure", error };
    this.#life.end(reason, "rude");
  }

  stop(options?: { graceMs?: number }): Promise<ExitReason> {
    this.#life.drain(options?.graceMs);
    return this.exited;
  }

  kill(): void {
    this.#life.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // ── what its server tells ──

  /** Starts the handler and the first read. Called once, by whoever made the connection. */
  open(): void {
    const { server, handler, settings } = this.#host;
    settings.emit({
      kind: "opened",
      ...(server === undefined ? {} : { server }),
      connection: this.id,
      remoteAddr: this.remoteAddr,
    });
    this.#life.begin(handler !== undefined);
  }

  /** Looks whether the peer is too slow; called by a sweep every now and then, never per frame. */
  checkDeadlines(nowMs: number): void {
    if (this.#life.isOver) return;
    const { input, outbox, framesIn, settings } = this.#turns;
    const { bytesIn, midFrame, midBody } = input;
    const progress = { bytesIn, framesIn, midFrame, midBody };
    const passed = this.#deadlines.check(nowMs, progress, settings);
    if (this.#deadlines.silent) {
      outbox.relax();
      input.relax();
    }
    if (passed === "idle") this.#turns.ask("idle");
    else if (passed === "frame") {
      const { frameTimeoutMs } = settings;
      const what = midBody
        ? "the next byte of a body did not come"
        : `${input.bufferedBytes} bytes of a frame came, its end did not`;
      const error = new TimeoutError(
        `Cannot wait longer for ${this.#life.peer}: ${what} within ${frameTimeoutMs} ms`,
        frameTimeoutMs,
      );
      this.#life.end({ by: "failure", error }, "polite");
    }
  }

  // ── what its life asks for ──

  get onUnserved(): ((messages: M[]) => void) | undefined {
    return this.#host.onUnserved;
  }

  makeHandler(): ConnectionHandlers<In, M> | Promise<void> {
    return this.#host.handler!(this);
  }

  onEnded(): void {
    this.#host.onEnd?.(this);
  }
}

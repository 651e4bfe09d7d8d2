/**
 * One connection as an actor. Decides the order of turns: what control asks for, then a message and a frame
 * by turns, one at a time, never re-entered; what is sent in a turn leaves when the turns at hand are over.
 * Decides what a crash costs (the frame or message it happened on, nothing else) and how a connection ends.
 *
 *     starting ──> running <──> restarting        a turn = one callback, until what it returned settles
 *                     │              │
 *                     └──> stopping <┘ ──> stopped    stopping: last turn, last flush, close, `closed`
 *
 * @module
 */

import {
  type AskOptions,
  type ExitReason,
  type LifecycleEvent,
  type Phase,
  phaseAfter,
  type ReplyTo,
  type TellVerdict,
} from "../actor/mod.ts";
import { nextTask, systemClock, type Timer } from "../clock.ts";
import {
  ConnectionLostError,
  type FrameError,
  SlowConsumerError,
  TimeoutError,
} from "../errors.ts";
import type { Codec } from "../framing/mod.ts";
import type { CloseReason, ConnectionStats } from "../observe/mod.ts";
import type { RestartHistory } from "../supervision/mod.ts";
import { addrText, type ByteStream, lostError } from "../transport/mod.ts";
import {
  badHandler,
  callbacksOf,
  exitOf,
  isThenable,
  planCrash,
} from "./crash.ts";
import { Deadlines } from "./deadlines.ts";
import { Ending, type Manner } from "./ending.ts";
import { Input, type InputOwner } from "./input.ts";
import { Mail } from "./mail.ts";
import { type ConnectionSettings, QUIET_MS } from "./options.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";
import { frameIterator, notIterable, Pulls } from "./pulls.ts";
import { bodyReadable, frameReadable } from "./streams.ts";
import type {
  Connection,
  ConnectionHandler,
  ConnectionHandlers,
} from "./types.ts";

/** Turns before others get a chance: a handler that feeds its own mailbox must not stop the process. */
const TURNS_PER_PUMP = 1_024;

/** What poisoned frames are overwritten with: no ASCII, no zero, easy to see in a dump. */
const POISON = 0xdb;

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

/** What its handlers have lived through. */
interface Restarts {
  count: number;
  history: RestartHistory;
  timer: Timer;
}

/** What goes on when what a callback returned has settled. */
interface AfterTurn {
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** It serves what is at hand, and then ends. */
interface Drain {
  /** Nothing has come for `QUIET_MS`. */
  quiet: boolean;
  timer: Timer | undefined;
}

/** The implementation of {@linkcode Connection}. */
export class ConnectionActor<In, Out, M>
  implements Connection<In, Out, M>, InputOwner, OutboxOwner {
  readonly id: number;
  readonly #stream: ByteStream;
  readonly #host: ConnectionHost<In, Out, M>;
  readonly #settings: ConnectionSettings;
  #codec: Codec<In, Out>;
  #phase: Phase = "starting";
  readonly #input: Input<In>;
  readonly #outbox: Outbox;
  readonly #deadlines: Deadlines;
  readonly #openedAtMs = Date.now();
  // Made when first needed: a server has thousands of connections that are idle and pay for every field.
  #closed: PromiseWithResolvers<CloseReason> | undefined;
  #exited: PromiseWithResolvers<ExitReason> | undefined;
  #afterTurn: AfterTurn | undefined;
  #onFlush: (() => void) | undefined;
  #mail: Mail<M> | undefined;
  #pulls: Pulls<In> | undefined;
  #aborter: AbortController | undefined;
  #writable: WritableStream<Out> | undefined;
  #drain: Drain | undefined;
  #ending: Ending | undefined;

  /** What the current incarnation handed out; `undefined` for a script and for `for await`. */
  #handlers: ConnectionHandlers<In, M> | undefined;
  /** Handlers that are scripts and have not come to their end. */
  #scripts = 0;
  #restarts: Restarts | undefined;

  /** A callback is running, or what it returned has not settled. */
  #turning = false;
  /** The synchronous part of the turns is running: what is sent now leaves at its end. */
  #corked = false;
  /** The turns make way for everything else. */
  #paused = false;
  /** The turns wait for the outbox. */
  #throttled = false;
  /** The frame of the turn under way, or the last one pulled. */
  #frame: In | undefined;
  /** The message of the turn under way. */
  #message: M | undefined;
  /** Of a message and a frame that both wait, the frame comes next. */
  #wireIsNext = true;
  /** Turns until others get a chance. */
  #turnsLeft = 0;
  /** Frames since the last `caughtUp`; counted only where there is one. */
  #behind = 0;
  /** The peer broke the format, and the handler is not through with what came before. */
  #broken: { error: FrameError; told: boolean } | undefined;
  /** Control asks for a turn; the end of the service is more urgent than silence. */
  #asked: "shutdown" | "idle" | undefined;
  #lost: CloseReason | undefined;
  #flushQueued = false;
  #framesIn = 0;
  #framesOut = 0;
  #graceTimer: Timer | undefined;

  /** `id` is unique on its server; a client's is 0. The stream is its own from now on. */
  constructor(
    id: number,
    stream: ByteStream,
    host: ConnectionHost<In, Out, M>,
  ) {
    const { codec, settings } = host;
    this.id = id;
    this.#stream = stream;
    this.#host = host;
    this.#settings = settings;
    this.#codec = codec;
    this.#deadlines = new Deadlines(settings.clock.now());
    const isLent = settings.frames !== "kept";
    this.#input = new Input(stream, codec, isLent, settings.slots, this);
    this.#outbox = new Outbox(stream, settings.writers, this);
  }

  /** Starts the handler and the first read. Called once, by whoever made the connection. */
  open(): void {
    const { server } = this.#host;
    this.#settings.emit({
      kind: "opened",
      ...(server === undefined ? {} : { server }),
      connection: this.id,
      remoteAddr: this.remoteAddr,
    });
    this.#start();
    this.#pump();
  }

  // ── what everybody sees ──

  get name(): string {
    const { name, server } = this.#host;
    return name ?? `${server}#${this.id}`;
  }

  get localAddr(): Deno.Addr {
    return this.#stream.localAddr;
  }

  get remoteAddr(): Deno.Addr {
    return this.#stream.remoteAddr;
  }

  get closed(): Promise<CloseReason> {
    if (this.#closed === undefined) {
      this.#closed = Promise.withResolvers();
      if (this.#phase === "stopped") this.#closed.resolve(this.#ending!.reason);
    }
    return this.#closed.promise;
  }

  get exited(): Promise<ExitReason> {
    if (this.#exited === undefined) {
      this.#exited = Promise.withResolvers();
      if (this.#phase === "stopped") this.#exited.resolve(this.#ending!.exit);
    }
    return this.#exited.promise;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get mailboxSize(): number {
    return this.#mail?.size ?? 0;
  }

  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.#lost !== undefined || this.#ending !== undefined) {
        this.#aborter.abort();
      }
    }
    return this.#aborter.signal;
  }

  get stats(): ConnectionStats {
    return {
      framesIn: this.#framesIn,
      framesOut: this.#framesOut,
      bytesIn: this.#input.bytesIn,
      bytesOut: this.#outbox.bytesOut,
      restarts: this.#incarnation,
      bufferedBytes: this.#input.bufferedBytes + this.#outbox.size,
      openedAtMs: this.#openedAtMs,
    };
  }

  // ── sending on the wire ──

  send(frame: Out): boolean {
    if (this.#ending !== undefined || this.#outbox.ended) return false;
    this.#outbox.add(this.#codec, frame);
    this.#framesOut++;
    const size = this.#outbox.size;
    if (size > this.#settings.maxOutboxBytes) {
      this.#endSlowConsumer(size);
      return false;
    }
    this.#flushLater();
    return size <= this.#settings.highWaterBytes;
  }

  drained(): Promise<void> {
    if (this.#ending !== undefined) return Promise.resolve();
    return this.#outbox.sinks(this.#settings.highWaterBytes / 2);
  }

  async endWrite(): Promise<void> {
    if (this.#outbox.ended || this.#ending !== undefined) return;
    this.#outbox.ended = true;
    this.#outbox.flush();
    await this.#outbox.sinks(0);
    if (this.#ending !== undefined) return;
    try {
      await this.#stream.closeWrite();
    } catch (error) {
      this.onLost(error);
    }
  }

  async sendBody(
    source: AsyncIterable<Uint8Array> | Uint8Array,
  ): Promise<void> {
    this.#checkOpen();
    if (this.#outbox.holds) {
      throw new TypeError(
        `Cannot send a body to ${this.#peer()}: another one is under way`,
      );
    }
    this.#outbox.hold();
    try {
      if (source instanceof Uint8Array) await this.#sendBytes(source);
      else for await (const chunk of source) await this.#sendBytes(chunk);
    } catch (error) {
      this.abort(error);
      throw error;
    }
    this.#outbox.release();
    this.#flushLater();
  }

  body(byteLength: number): ReadableStream<Uint8Array> {
    if (!(Number.isSafeInteger(byteLength) && byteLength >= 0)) {
      throw new RangeError(
        `Cannot read a body: 'byteLength' must be a whole number from 0: current value is ${byteLength}`,
      );
    }
    if (this.#input.inBody) {
      throw new TypeError(
        `Cannot read a body from ${this.#peer()}: another one is under way`,
      );
    }
    this.#input.beginBody(byteLength);
    return bodyReadable(this.#input, (cause) => {
      const error = this.#failure?.error;
      return error instanceof Error ? error : cutBody(this.#peer(), cause);
    });
  }

  switchCodec<I, O>(codec: Codec<I, O>): Connection<I, O, M> {
    const other = this as unknown as ConnectionActor<I, O, M>;
    other.#codec = codec;
    other.#input.switchCodec(codec);
    return other;
  }

  get readable(): ReadableStream<In> {
    const pulls = this.#pullsFor();
    return pulls.readable ??= frameReadable(() => this.#pull());
  }

  get writable(): WritableStream<Out> {
    return this.#writable ??= new WritableStream<Out>({
      write: async (frame) => {
        this.#checkOpen();
        if (!this.send(frame)) await this.drained();
      },
      close: () => this.endWrite(),
      abort: (reason) => this.abort(reason),
    });
  }

  // ── messages ──

  tell(message: M): TellVerdict {
    if (this.#ending !== undefined) return "stopped";
    return this.#mailFor().tell(message);
  }

  deliver(message: M, options?: { signal?: AbortSignal }): Promise<void> {
    return this.#mailFor().deliver(message, options);
  }

  ask<R>(make: (reply: ReplyTo<R>) => M, options?: AskOptions): Promise<R> {
    return this.#mailFor().ask(make, options);
  }

  // ── pulling frames: a script, or a client without handler ──

  [Symbol.asyncIterator](): AsyncIterableIterator<In> {
    const pulls = this.#pullsFor();
    return frameIterator(() => this.#pull(), () => pulls.count++);
  }

  // ── ending ──

  close(): Promise<CloseReason> {
    this.#end({ by: "local" }, "polite");
    return this.closed;
  }

  abort(error?: unknown): void {
    const reason: CloseReason = error === undefined
      ? { by: "local" }
      : { by: "failure", error };
    this.#end(reason, "rude");
  }

  stop(options?: { graceMs?: number }): Promise<ExitReason> {
    if (this.#ending === undefined && this.#drain === undefined) {
      this.#drain = { quiet: false, timer: undefined };
      this.#asked = "shutdown";
      this.#armGrace(options?.graceMs ?? this.#settings.graceMs);
      this.#pump();
    }
    return this.exited;
  }

  kill(): void {
    this.#end({ by: "local" }, "kill", { kind: "killed" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Looks whether the peer is too slow; called by a sweep every now and then, never per frame. */
  checkDeadlines(nowMs: number): void {
    if (this.#ending !== undefined) return;
    const passed = this.#deadlines.check(nowMs, {
      bytesIn: this.#input.bytesIn,
      framesIn: this.#framesIn,
      midFrame: this.#input.midFrame,
    }, this.#settings);
    if (this.#deadlines.silent) {
      this.#outbox.relax();
      this.#input.relax();
    }
    if (passed === "idle") {
      this.#asked ??= "idle";
      this.#pump();
    } else if (passed === "frame") {
      const { frameTimeoutMs } = this.#settings;
      const error = new TimeoutError(
        `Cannot wait longer for ${this.#peer()}: ${this.#input.bufferedBytes} bytes of a frame came, its end did not within ${frameTimeoutMs} ms`,
        frameTimeoutMs,
      );
      this.#end({ by: "failure", error }, "polite");
    }
  }

  /** @throws {TypeError} The frames go to a callback. */
  #pullsFor(): Pulls<In> {
    if (this.#handlers !== undefined) throw notIterable(this.name);
    return this.#pulls ??= new Pulls();
  }

  /** For the input: there may be something new. */
  onInput(): void {
    this.#pump();
  }

  // ── turns ──

  /** Serves what is at hand, sends what that gave, and waits for more. Safe to call at any time. */
  #pump(): void {
    if (this.#corked) return;
    if (!this.#turning && !this.#paused) {
      this.#corked = true;
      this.#turning = this.#turns();
      this.#corked = false;
    }
    if (this.#ending !== undefined) return this.#ending.step();
    this.#outbox.flush();
    this.#input.want();
  }

  /** One turn after the other; `true` = the last one goes on, and its end pumps again. */
  #turns(): boolean {
    this.#turnsLeft = TURNS_PER_PUMP;
    while (this.#turnsLeft-- > 0) {
      if (this.#phase !== "running") return false;
      if (this.#outbox.size > this.#settings.highWaterBytes) {
        this.#throttled = true;
        return false;
      }
      const handlers = this.#handlers;
      let result: unknown;
      try {
        if (this.#asked !== undefined) {
          result = this.#controlTurn(handlers);
        } else if (handlers === undefined) {
          this.#servePulls();
          return false;
        } else if (!this.#wireIsNext && this.mailboxSize > 0) {
          result = this.#messageTurn(handlers);
        } else if (this.#behind < TURNS_PER_PUMP && this.#take()) {
          result = this.#frameTurns(handlers);
        } else if (this.#behind > 0) {
          this.#behind = 0;
          this.#frame = undefined;
          result = handlers.caughtUp?.();
        } else if (this.#broken !== undefined) {
          result = this.#brokenTurn(handlers, this.#broken);
        } else if (this.mailboxSize > 0) {
          result = this.#messageTurn(handlers);
        } else {
          this.#endOfInput();
          return false;
        }
      } catch (error) {
        this.#crashed(error);
        continue;
      }
      if (isThenable(result)) {
        const { done, failed } = this.#afterTurn ??= {
          done: () => this.#turnDone(),
          failed: (error) => this.#turnFailed(error),
        };
        Promise.resolve(result).then(done, failed);
        return true;
      }
      if (this.#poisons) this.#poison();
    }
    // So much at once: timers and other connections come first.
    this.#paused = true;
    nextTask(() => {
      this.#paused = false;
      this.#pump();
    });
    return false;
  }

  /** The turn of the frame at hand, and of those behind it as long as nothing else can be due. */
  #frameTurns(handlers: ConnectionHandlers<In, M>): unknown {
    this.#wireIsNext = false;
    if (handlers.caughtUp !== undefined) this.#behind++;
    const alone = handlers.caughtUp === undefined && !this.#poisons;
    for (;;) {
      const result = handlers.frame(this.#frame as In);
      if (!alone || isThenable(result)) return result;
      if (
        this.#isDue() || this.#turnsLeft-- <= 0 || !this.#take()
      ) return undefined;
    }
  }

  /** Whether the next turn may be another than a frame's. */
  #isDue(): boolean {
    return this.#ending !== undefined || this.#asked !== undefined ||
      this.#mail !== undefined && this.#mail.size > 0 ||
      this.#outbox.size > this.#settings.highWaterBytes;
  }

  #controlTurn(handlers: ConnectionHandlers<In, M> | undefined): unknown {
    this.#frame = undefined;
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked === "shutdown") return handlers?.shutdown?.();
    if (handlers?.idle !== undefined) return handlers.idle();
    this.#end({ by: "idle" }, "polite");
  }

  /** Nothing but the bytes that broke the format is left: last words, then the end. */
  #brokenTurn(
    handlers: ConnectionHandlers<In, M>,
    broken: { error: FrameError; told: boolean },
  ): unknown {
    this.#frame = undefined;
    const { error, told } = broken;
    broken.told = true;
    if (!told && handlers.malformed !== undefined) {
      return handlers.malformed(error);
    }
    this.#end({ by: "failure", error }, "polite");
  }

  #messageTurn(handlers: ConnectionHandlers<In, M>): unknown {
    this.#frame = undefined;
    this.#wireIsNext = true;
    const message = this.#message = this.#mail!.shift();
    return handlers.message!(message);
  }

  /** Takes the next frame from the wire; `false` = none at hand, or the peer broke the format and it ends. */
  #take(): boolean {
    if (this.#broken !== undefined) return false;
    try {
      this.#frame = this.#input.take();
    } catch (error) {
      this.#settings.emit({
        kind: "malformed",
        connection: this.id,
        remoteAddr: this.remoteAddr,
        error,
      });
      const { malformed, caughtUp } = this.#handlers ?? {};
      if (malformed === undefined && caughtUp === undefined) {
        this.#end({ by: "failure", error }, "polite");
      } else {
        this.#broken = { error: error as FrameError, told: false };
        this.#input.stop();
      }
      return false;
    }
    if (this.#frame === undefined) return false;
    this.#message = undefined;
    this.#framesIn++;
    return true;
  }

  /** Nothing is at hand: is that the end? */
  #endOfInput(): void {
    if (this.#lost !== undefined) this.#end(this.#lost, "rude");
    else if (this.#input.finished) this.#end({ by: "peer" }, "polite");
    else if (this.#isQuiet()) this.#end({ by: "shutdown" }, "polite");
  }

  /** Draining, and nothing more comes: what is not known to be quiet yet is listened to for a moment. */
  #isQuiet(): boolean {
    const drain = this.#drain;
    if (drain === undefined || drain.quiet) return drain !== undefined;
    const { bytesIn } = this.#input;
    drain.timer ??= systemClock.after(QUIET_MS, () => {
      drain.timer = undefined;
      drain.quiet = this.#input.bytesIn === bytesIn;
      this.#pump();
    });
    return false;
  }

  #turnDone(): void {
    this.#turning = false;
    if (this.#poisons) this.#poison();
    this.#pump();
  }

  #turnFailed(error: unknown): void {
    this.#turning = false;
    this.#crashed(error);
    this.#pump();
  }

  get #poisons(): boolean {
    return this.#settings.frames === "poisoned";
  }

  /** Overwrites the frame whose turn is over, so that whoever kept it finds out. */
  #poison(): void {
    if (this.#frame instanceof Uint8Array) this.#frame.fill(POISON);
    this.#frame = undefined;
  }

  // ── frames by pull ──

  #pull(): Promise<IteratorResult<In>> {
    const pulls = this.#pulls!;
    pulls.count++;
    if (this.#poisons) this.#poison();
    if (
      this.#phase === "running" && pulls.size === 0 &&
      this.#outbox.size <= this.#settings.highWaterBytes && this.#take()
    ) return Promise.resolve({ done: false, value: this.#frame as In });
    const waiting = pulls.wait();
    if (this.#ending === undefined) this.#pump();
    else this.#endPulls();
    return waiting;
  }

  #servePulls(): void {
    const { highWaterBytes } = this.#settings;
    const pulls = this.#pulls;
    while (
      pulls !== undefined && pulls.size > 0 &&
      this.#outbox.size <= highWaterBytes
    ) {
      if (!this.#take()) break;
      pulls.give(this.#frame as In);
    }
    const isWanted = pulls !== undefined && pulls.size > 0;
    // Nobody pulls, and there is nothing to pull: what is left is the end, and it is seen by taking.
    if (!isWanted && this.#input.exhausted) {
      // The frame that is lent is still to be overwritten.
      const lent = this.#frame;
      this.#take();
      this.#frame = lent;
    }
    if (this.#outbox.size > highWaterBytes) this.#throttled = true;
    if (this.#ending !== undefined || this.#throttled) return;
    const isOver = this.#input.finished || this.#lost !== undefined ||
      this.#isQuiet();
    if (!isOver || (!isWanted && this.#input.bufferedBytes > 0)) return;
    // A script sees the end of its loop and ends in its own time; without one there is nobody to wait for.
    if (this.#scripts > 0) this.#endPulls();
    else this.#endOfInput();
  }

  #endPulls(): void {
    this.#pulls?.end(this.#failure);
  }

  // ── crash and restart ──

  #to(event: LifecycleEvent): void {
    this.#phase = phaseAfter(this.#phase, event);
  }

  #start(): void {
    const { handler } = this.#host;
    if (handler === undefined) {
      this.#to("started");
      return;
    }
    const incarnation = this.#incarnation;
    try {
      this.#handlers = callbacksOf<ConnectionHandlers<In, M>>(
        handler(this),
        (value) => this.#scriptEnded(incarnation, value),
        (error) => this.#scriptFailed(incarnation, error),
      );
      if (this.#handlers === undefined) this.#scripts++;
    } catch (error) {
      return this.#crashed(error);
    }
    // The factory itself may have closed the connection.
    if (this.#ending !== undefined) return;
    this.#to("started");
    if (incarnation > 0) {
      this.#settings.emit({
        kind: "restarted",
        actor: this.name,
        incarnation,
      });
    }
  }

  #crashed(error: unknown): void {
    const over = this.#ending !== undefined;
    const plan = planCrash({
      actor: this.name,
      error,
      frame: this.#frame,
      over,
      history: this.#restarts?.history,
    }, this.#settings);
    if (this.#message !== undefined) this.#mail?.fail(this.#message, error);
    this.#message = undefined;
    if (over) return;
    if (!plan.restart) {
      return this.#end({ by: "failure", error: plan.failure }, "polite");
    }
    this.#to("crashed");
    this.#restarts = {
      count: this.#incarnation + 1,
      history: plan.history,
      timer: this.#settings.clock.after(plan.inMs, () => {
        this.#to("restart");
        this.#start();
        this.#pump();
      }),
    };
  }

  get #incarnation(): number {
    return this.#restarts?.count ?? 0;
  }

  #scriptEnded(incarnation: number, value: unknown): void {
    this.#scripts--;
    if (this.#ending !== undefined || incarnation !== this.#incarnation) {
      return this.#pump();
    }
    if (value !== undefined) {
      this.#crashed(badHandler(value));
      return this.#pump();
    }
    if (this.#lost !== undefined || this.#input.finished) this.#endOfInput();
    else this.#end(this.#ownReason, "polite");
  }

  #scriptFailed(incarnation: number, error: unknown): void {
    this.#scripts--;
    const failure = this.#failure;
    if (failure !== undefined && failure.error === error) {
      // What its loop was told of the wire, passed on: not the script's own failure.
      if (this.#ending === undefined) this.#end(this.#lost!, "rude");
    } else if (incarnation === this.#incarnation) this.#crashed(error);
    this.#pump();
  }

  // ── sending, inside ──

  /** @throws {ConnectionLostError} Nothing can be sent any more: the loss itself, or what ended it as the cause. */
  #checkOpen(): void {
    if (this.#ending === undefined && !this.#outbox.ended) return;
    const cause = this.#failure?.error;
    if (cause instanceof ConnectionLostError) throw cause;
    throw new ConnectionLostError(
      `Cannot send to ${this.#peer()}: the connection is closed, or its writing end is`,
      "CLOSED",
      { cause },
    );
  }

  async #sendBytes(bytes: Uint8Array): Promise<void> {
    const step = this.#settings.highWaterBytes;
    for (let at = 0; at < bytes.length; at += step) {
      this.#checkOpen();
      this.#outbox.addBytes(bytes.subarray(at, at + step));
      this.#outbox.flush();
      await this.drained();
    }
    this.#checkOpen();
  }

  #flushLater(): void {
    if (this.#corked || this.#flushQueued) return;
    this.#flushQueued = true;
    this.#pulls?.mark();
    queueMicrotask(this.#onFlush ??= () => this.#flushSoon());
  }

  /**
   * What is sent outside the callbacks is corked until the code that sends comes to its next `await`, and,
   * in a `for await` loop, as long as its next frame is already at hand.
   */
  #flushSoon(): void {
    if (this.#pulls?.mark()) {
      queueMicrotask(this.#onFlush!);
      return;
    }
    this.#flushQueued = false;
    this.#outbox.flush();
  }

  /** For the outbox: less waits than before. */
  onWritten(): void {
    // Without this test the end of every write would look for turns that are not there.
    if (this.#throttled || this.#ending !== undefined) {
      this.#throttled = false;
      this.#pump();
    }
  }

  /** For input and outbox: nothing more will come or go. */
  onLost(error: unknown): void {
    if (this.#lost !== undefined || this.#ending !== undefined) return;
    this.#lost = { by: "failure", error: lostError(this.#peer(), error) };
    this.#aborter?.abort();
    // What had come whole before the loss is still handed out.
    this.#input.stop();
    // A turn that waits for the wire comes to its end by this; else so would nothing here.
    this.#outbox.discard();
    this.#outbox.ended = true;
    this.#pump();
  }

  #endSlowConsumer(size: number): void {
    const { maxOutboxBytes } = this.#settings;
    const error = new SlowConsumerError(
      `Cannot send to ${this.#peer()}: ${size} bytes wait, limit is ${maxOutboxBytes}`,
      size,
    );
    this.#end({ by: "failure", error }, "rude");
  }

  // ── messages, inside ──

  #mailFor(): Mail<M> {
    if (this.#mail === undefined) {
      this.#mail = new Mail<M>({
        name: this.name,
        takesMessages: () =>
          // While a handler is being made nobody knows yet, so mail waits.
          this.#phase !== "running" || this.#handlers?.message !== undefined,
        onMail: () => {
          if (this.#turning || this.#corked) return;
          queueMicrotask(() => this.#pump());
        },
      }, this.#settings);
      if (this.#ending !== undefined) this.#mail.close();
    }
    return this.#mail;
  }

  #giveBack(): void {
    const { onUnserved } = this.#host;
    if (onUnserved === undefined || this.#mail === undefined) return;
    const messages: M[] = [];
    while (this.#mail.size > 0) messages.push(this.#mail.shift());
    onUnserved(messages);
  }

  // ── the end ──

  /** What broke it, if something did: the reason of its end, or a loss that has not led to it yet. */
  get #failure(): { error: unknown } | undefined {
    const reason = this.#ending?.reason ?? this.#lost;
    return reason?.by === "failure" ? reason : undefined;
  }

  /** Why it ends when nothing but our own side ends it. */
  get #ownReason(): CloseReason {
    return { by: this.#drain === undefined ? "local" : "shutdown" };
  }

  #end(
    reason: CloseReason,
    manner: Manner,
    exit: ExitReason = exitOf(reason),
  ): void {
    if (this.#ending === undefined) {
      this.#ending = new Ending(reason, exit, {
        stream: this.#stream,
        input: this.#input,
        outbox: this.#outbox,
        isBusy: () => this.#turning || this.#scripts > 0,
        onWait: () => this.#armGrace(this.#settings.graceMs),
        onOver: () => void this.#farewell(),
      });
      this.#to("stop");
      this.#restarts?.timer.cancel();
      this.#drain?.timer?.cancel();
      this.#giveBack();
      this.#mail?.close();
      this.#input.discard();
      this.#outbox.endWaits();
      this.#aborter?.abort();
      this.#endPulls();
    }
    this.#ending.hurry(manner);
    this.#pump();
  }

  async #farewell(): Promise<void> {
    const { reason, exit } = this.#ending!;
    try {
      await this.#handlers?.closed?.(reason);
    } catch (error) {
      this.#frame = undefined;
      this.#crashed(error);
    }
    this.#graceTimer?.cancel();
    this.#to("ended");
    this.#settings.emit({
      kind: "closed",
      connection: this.id,
      reason,
      stats: this.stats,
    });
    this.#host.onEnd?.(this);
    this.#closed?.resolve(reason);
    this.#exited?.resolve(exit);
  }

  #armGrace(graceMs: number): void {
    this.#graceTimer ??= this.#settings.clock.after(graceMs, () => {
      this.#end(this.#ownReason, "kill");
    });
  }

  #peer(): string {
    return addrText(this.remoteAddr);
  }
}

function cutBody(peer: string, cause: unknown): ConnectionLostError {
  const missing = (cause as Error).message;
  return new ConnectionLostError(
    `Lost the connection to ${peer} in the middle of a body: ${missing}`,
    "UNEXPECTED_EOF",
    { cause },
  );
}

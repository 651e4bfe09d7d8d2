/**
 * Every error that Packetboat throws or reports, sorted by who is to blame: the peer's bytes
 * (`FrameError` and its kinds), our caller (`EncodeError`), an actor that is gone or full, the network.
 * `code` is for programs and stays stable; `message` is for people and may change. Option mistakes are
 * not here: they are the language's own `RangeError` and `TypeError`.
 *
 * @module
 */

/**
 * Base of all errors of this package.
 *
 * @example
 * ```ts
 * import { decodeAll, NetError, netstring } from "@packetboat/net";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const bytes = new TextEncoder().encode("5:hello!");
 * const error = assertThrows(() => decodeAll(netstring(), bytes), NetError);
 * assertEquals(error.code, "FRAME_MALFORMED");
 * ```
 */
export abstract class NetError extends Error {
  /** Stable, upper-case, for programs: `"FRAME_TOO_LARGE"`. */
  abstract readonly code: string;
  /** Made by the package; user code only catches it. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * What every {@linkcode FrameError} knows about the place where decoding stopped.
 *
 * @example A codec of one's own says where it stopped
 * ```ts
 * import { type FrameErrorDetails, MalformedFrameError } from "@packetboat/net";
 * import { assertEquals } from "@std/assert";
 *
 * const details: FrameErrorDetails = {
 *   codec: "dotted",
 *   offset: 12,
 *   window: "2e 2e",
 * };
 * assertEquals(
 *   new MalformedFrameError("two dots in a row", details).message,
 *   "Cannot decode dotted frame at byte 12: two dots in a row [2e 2e]",
 * );
 * ```
 */
export interface FrameErrorDetails {
  /** Name of the codec, such as `"lengthPrefixed"`. */
  codec: string;
  /** Bytes from the start of the stream to the start of the frame that is at fault. */
  offset: number;
  /** Hex of the frame's first bytes, at most 16 and not past the one that showed the fault: `"47 45 54 20"`. */
  window: string;
  /** A guess at the cause, where one can be made. */
  hint?: string;
  /** What was thrown by the callback that refused the bytes, where there was one. */
  cause?: unknown;
}

/**
 * The peer broke the format. Also thrown again by every later call of the same decoder.
 *
 * @example Somebody speaks HTTP to a port that expects frames
 * ```ts
 * import { decodeAll, FrameError, lengthPrefixed } from "@packetboat/net";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const bytes = new TextEncoder().encode("GET / HTTP/1.1\r\n");
 * const error = assertThrows(() => decodeAll(lengthPrefixed(), bytes), FrameError);
 * assertEquals(error.codec, "lengthPrefixed");
 * assertEquals(error.offset, 0);
 * assertEquals(error.window, "47 45 54 20");
 * ```
 */
export class FrameError extends NetError {
  /** `"FRAME"` here; each kind of frame error has its own. */
  readonly code: string = "FRAME";
  /** Name of the codec that refused the bytes. */
  readonly codec: string;
  /** Bytes from the start of the stream to the start of the frame that is at fault. */
  readonly offset: number;
  /** Hex of the frame's first bytes, at most 16 and not past the one that showed the fault. */
  readonly window: string;
  /** A guess at the cause, where one can be made. */
  readonly hint?: string;
  /** `what` completes the sentence "Cannot decode CODEC frame at byte N: …". */
  constructor(what: string, details: FrameErrorDetails) {
    const { codec, offset, window, hint, cause } = details;
    super(
      `Cannot decode ${codec} frame at byte ${offset}: ${what}` +
        (window ? ` [${window}]` : "") + (hint ? ` (hint: ${hint})` : ""),
      cause === undefined ? undefined : { cause },
    );
    this.codec = codec;
    this.offset = offset;
    this.window = window;
    if (hint !== undefined) this.hint = hint;
  }
}

/**
 * A frame declares, or has already reached, more bytes than the codec allows. Thrown before memory is taken for it.
 *
 * @example
 * ```ts
 * import { FrameTooLargeError, netstring } from "@packetboat/net";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const decoder = netstring({ maxFrameBytes: 1_024 }).decoder();
 * decoder.feed(new TextEncoder().encode("5000:"));
 * const error = assertThrows(() => decoder.next(), FrameTooLargeError);
 * assertEquals(error.declaredBytes, 5_006);
 * assertEquals(error.maxFrameBytes, 1_024);
 * ```
 */
export class FrameTooLargeError extends FrameError {
  /** `"FRAME_TOO_LARGE"`. */
  override readonly code: string = "FRAME_TOO_LARGE";
  /** The whole frame's size as declared; where no size is declared, the limit plus one, which the frame has reached. */
  readonly declaredBytes: number;
  /** The limit that it is over. */
  readonly maxFrameBytes: number;
  /** Made by the package; user code only catches it. */
  constructor(
    details: FrameErrorDetails & {
      declaredBytes: number;
      maxFrameBytes: number;
    },
  ) {
    super(
      `declared ${details.declaredBytes} bytes, limit is ${details.maxFrameBytes}`,
      details,
    );
    this.declaredBytes = details.declaredBytes;
    this.maxFrameBytes = details.maxFrameBytes;
  }
}

/**
 * The stream ended inside a frame.
 *
 * @example
 * ```ts
 * import { decodeAll, netstring, TruncatedFrameError } from "@packetboat/net";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const bytes = new TextEncoder().encode("2:ok,5:hel");
 * const error = assertThrows(
 *   () => decodeAll(netstring(), bytes),
 *   TruncatedFrameError,
 * );
 * assertEquals(error.offset, 5);
 * assertEquals(error.bufferedBytes, 5);
 * ```
 */
export class TruncatedFrameError extends FrameError {
  /** `"FRAME_TRUNCATED"`. */
  override readonly code: string = "FRAME_TRUNCATED";
  /** Bytes of the unfinished frame that had come, header included. */
  readonly bufferedBytes: number;
  /** Made by the package; user code only catches it. */
  constructor(details: FrameErrorDetails & { bufferedBytes: number }) {
    super(
      `the stream ended after ${details.bufferedBytes} bytes of an unfinished frame`,
      details,
    );
    this.bufferedBytes = details.bufferedBytes;
  }
}

/**
 * Bytes that no valid stream of this format can hold.
 *
 * @example
 * ```ts
 * import { decodeAll, MalformedFrameError, netstring } from "@packetboat/net";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const bytes = new TextEncoder().encode("2:ok,five:hello,");
 * const error = assertThrows(
 *   () => decodeAll(netstring(), bytes),
 *   MalformedFrameError,
 * );
 * assertEquals(error.offset, 5);
 * assertEquals(error.window, "66");
 * ```
 */
export class MalformedFrameError extends FrameError {
  /** `"FRAME_MALFORMED"`. */
  override readonly code: string = "FRAME_MALFORMED";
}

/**
 * Our own caller asked for a frame that the format cannot carry. Nothing was written.
 *
 * @example
 * ```ts
 * import { encodeFrame, EncodeError, lines } from "@packetboat/net";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(
 *   () => encodeFrame(lines(), "two\nlines"),
 *   EncodeError,
 * );
 * assertEquals(error.code, "ENCODE");
 * ```
 */
export class EncodeError extends NetError {
  /** `"ENCODE"`. */
  readonly code: string = "ENCODE";
}

/**
 * The actor has ended, or ended before it answered.
 *
 * @example
 * ```ts
 * import { ActorStoppedError, type ReplyTo, spawn } from "@packetboat/net/actor";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const echo = spawn<ReplyTo<string>>(() => ({ receive: (reply) => reply("hi") }));
 * await echo.stop();
 * const error = await assertRejects(
 *   () => echo.ask<string>((reply) => reply),
 *   ActorStoppedError,
 * );
 * assertEquals(error.code, "ACTOR_STOPPED");
 * ```
 */
export class ActorStoppedError extends NetError {
  /** `"ACTOR_STOPPED"`. */
  readonly code: string = "ACTOR_STOPPED";
}

/**
 * The mailbox had no room for a message that cannot be dropped in silence, such as an `ask`.
 *
 * @example
 * ```ts
 * import { MailboxFullError, type ReplyTo, spawn } from "@packetboat/net/actor";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * await using clerk = spawn<ReplyTo<string>>(
 *   () => ({ receive: (reply) => reply("done") }),
 *   { mailbox: { capacity: 1 } },
 * );
 * const first = clerk.ask<string>((reply) => reply);
 * await assertRejects(() => clerk.ask<string>((reply) => reply), MailboxFullError);
 * assertEquals(await first, "done");
 * ```
 */
export class MailboxFullError extends NetError {
  /** `"MAILBOX_FULL"`. */
  readonly code: string = "MAILBOX_FULL";
}

/**
 * No answer to an `ask` within its deadline.
 *
 * @example
 * ```ts
 * import { AskTimeoutError, type ReplyTo, spawn } from "@packetboat/net/actor";
 * import { manualClock } from "@packetboat/net/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const clock = manualClock();
 * await using mute = spawn<ReplyTo<string>>(() => ({ receive() {} }), { clock });
 * const refused = assertRejects(
 *   () => mute.ask<string>((reply) => reply, { timeoutMs: 100 }),
 *   AskTimeoutError,
 * );
 * await clock.advance(100);
 * assertEquals((await refused).afterMs, 100);
 * ```
 */
export class AskTimeoutError extends NetError {
  /** `"ASK_TIMEOUT"`. */
  readonly code: string = "ASK_TIMEOUT";
  /** The deadline that passed, in milliseconds. */
  readonly afterMs: number;
  /** Made by the package; user code only catches it. */
  constructor(message: string, afterMs: number, options?: ErrorOptions) {
    super(message, options);
    this.afterMs = afterMs;
  }
}

/**
 * Too many restarts within the time allowed: supervision gave up. `cause` is the last failure.
 *
 * @example
 * ```ts
 * import { RestartLimitError, spawn } from "@packetboat/net/actor";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const parser = spawn<string>(
 *   () => ({ receive: (text) => JSON.parse(text) }),
 *   { restart: { maxRestarts: 1 } },
 * );
 * parser.tell("{");
 * parser.tell("}");
 * const reason = await parser.exited;
 * assert(reason.kind === "failed" && reason.error instanceof RestartLimitError);
 * assertEquals(reason.error.history.length, 2);
 * assert(reason.error.cause instanceof SyntaxError);
 * ```
 */
export class RestartLimitError extends NetError {
  /** `"RESTART_LIMIT"`. */
  readonly code: string = "RESTART_LIMIT";
  /** The failures that were counted, oldest first; `atMs` is on the clock in use. */
  readonly history: readonly { atMs: number; error: unknown }[];
  /** Made by the package; user code only catches it. */
  constructor(
    message: string,
    history: readonly { atMs: number; error: unknown }[],
  ) {
    super(message, { cause: history.at(-1)?.error });
    this.history = history;
  }
}

/**
 * A server could not listen; `code` says why, `cause` is the runtime's own error.
 *
 * @example Two servers cannot listen in one place
 * ```ts
 * import { lines, ListenError, serve } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const network = memoryNetwork();
 * const listen = () =>
 *   serve(
 *     { transport: "custom", network, codec: lines() },
 *     (connection) => ({ frame: (line) => connection.send(line) }),
 *   );
 * await using _first = listen();
 * assertEquals(assertThrows(listen, ListenError).code, "ADDR_IN_USE");
 * ```
 */
export class ListenError extends NetError {
  /** Which failure it was: `"ADDR_IN_USE"`, `"NOT_CAPABLE"`, `"UNSTABLE_NET"` and others. */
  readonly code: string;
  /** Made by the package; user code only catches it. */
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * A connection could not be made; `code` says why, `cause` is the runtime's own error.
 *
 * @example Nobody listens there
 * ```ts
 * import { connect, ConnectError, lines } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const error = await assertRejects(
 *   () =>
 *     connect({
 *       transport: "custom",
 *       network: memoryNetwork(),
 *       codec: lines(),
 *     }),
 *   ConnectError,
 * );
 * assertEquals(error.code, "CONNECTION_REFUSED");
 * ```
 */
export class ConnectError extends NetError {
  /** Which failure it was: `"CONNECTION_REFUSED"`, `"TIMED_OUT"`, `"TLS"`, `"NOT_CAPABLE"` and others. */
  readonly code: string;
  /** Made by the package; user code only catches it. */
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * A connection that was open broke; `code` says how, `cause` is the runtime's own error.
 *
 * @example A peer that breaks off
 * ```ts
 * import { type CloseReason, ConnectionLostError } from "@packetboat/net";
 * import { lines, serve } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const network = memoryNetwork();
 * const closed = Promise.withResolvers<CloseReason>();
 * await using _server = serve(
 *   { transport: "custom", network, codec: lines() },
 *   () => ({ frame() {}, closed: closed.resolve }),
 * );
 * (await network.connect()).reset();
 * const reason = await closed.promise;
 * assert(reason.by === "failure");
 * assert(reason.error instanceof ConnectionLostError);
 * assertEquals(reason.error.code, "CONNECTION_RESET");
 * ```
 */
export class ConnectionLostError extends NetError {
  /** Which failure it was: `"CONNECTION_RESET"`, `"BROKEN_PIPE"`, `"UNEXPECTED_EOF"` and others. */
  readonly code: string;
  /** Made by the package; user code only catches it. */
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * A peer reads too slowly for what it is sent, and the outbox is over its limit.
 *
 * @example A peer that does not read
 * ```ts
 * import { connect, lines, SlowConsumerError } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assert } from "@std/assert";
 *
 * const network = memoryNetwork({ bufferBytes: 1_024 });
 * network.listen();
 * const client = await connect({
 *   transport: "custom",
 *   network,
 *   codec: lines({ maxFrameBytes: 65_536 }),
 *   maxOutboxBytes: 100_000,
 * });
 * for (let i = 0; i < 3; i++) client.send("x".repeat(50_000));
 * const reason = await client.closed;
 * assert(reason.by === "failure" && reason.error instanceof SlowConsumerError);
 * assert(reason.error.outboxBytes > 100_000);
 * ```
 */
export class SlowConsumerError extends NetError {
  /** `"SLOW_CONSUMER"`. */
  readonly code: string = "SLOW_CONSUMER";
  /** Bytes that were waiting to be written. */
  readonly outboxBytes: number;
  /** Made by the package; user code only catches it. */
  constructor(message: string, outboxBytes: number) {
    super(message);
    this.outboxBytes = outboxBytes;
  }
}

/**
 * Something with a time limit took longer.
 *
 * @example A frame that begins and does not end
 * ```ts
 * import { connect, lines, TimeoutError } from "@packetboat/net";
 * import { manualClock, memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const clock = manualClock();
 * const network = memoryNetwork();
 * const acceptor = network.listen();
 * const options = { codec: lines(), frameTimeoutMs: 1_000, clock };
 * const client = await connect({ transport: "custom", network, ...options });
 * const refused = assertRejects(() => Array.fromAsync(client), TimeoutError);
 * const peer = await acceptor.accept();
 * await peer.write(new TextEncoder().encode("half a li"));
 * await clock.advance(2_000);
 * assertEquals((await refused).afterMs, 1_000);
 * ```
 */
export class TimeoutError extends NetError {
  /** `"TIMEOUT"`. */
  readonly code: string = "TIMEOUT";
  /** The limit that passed, in milliseconds. */
  readonly afterMs: number;
  /** Made by the package; user code only catches it. */
  constructor(message: string, afterMs: number, options?: ErrorOptions) {
    super(message, options);
    this.afterMs = afterMs;
  }
}

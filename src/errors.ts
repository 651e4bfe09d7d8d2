/**
 * Every error that Packetboat throws or reports, sorted by who is to blame: the peer's bytes
 * (`FrameError` and its kinds), our caller (`EncodeError`), an actor that is gone or full, the network.
 * `code` is for programs and stays stable; `message` is for people and may change. Option mistakes are
 * not here: they are the language's own `RangeError` and `TypeError`.
 *
 * @module
 */

/** Base of all errors of this package. */
export abstract class NetError extends Error {
  /** Stable, upper-case, for programs: `"FRAME_TOO_LARGE"`. */
  abstract readonly code: string;
  /** Made by the package; user code only catches it. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** What every {@linkcode FrameError} knows about the place where decoding stopped. */
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

/** The peer broke the format. Also thrown again by every later call of the same decoder. */
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

/** A frame declares, or has already reached, more bytes than the codec allows. Thrown before memory is taken for it. */
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

/** The stream ended inside a frame. */
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

/** Bytes that no valid stream of this format can hold. */
export class MalformedFrameError extends FrameError {
  /** `"FRAME_MALFORMED"`. */
  override readonly code: string = "FRAME_MALFORMED";
}

/** Our own caller asked for a frame that the format cannot carry. Nothing was written. */
export class EncodeError extends NetError {
  /** `"ENCODE"`. */
  readonly code: string = "ENCODE";
}

/** The actor has ended, or ended before it answered. */
export class ActorStoppedError extends NetError {
  /** `"ACTOR_STOPPED"`. */
  readonly code: string = "ACTOR_STOPPED";
}

/** The mailbox had no room for a message that cannot be dropped in silence, such as an `ask`. */
export class MailboxFullError extends NetError {
  /** `"MAILBOX_FULL"`. */
  readonly code: string = "MAILBOX_FULL";
}

/** No answer to an `ask` within its deadline. */
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

/** Too many restarts within the time allowed: supervision gave up. `cause` is the last failure. */
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

/** A server could not listen; `code` says why, `cause` is the runtime's own error. */
export class ListenError extends NetError {
  /** Which failure it was, such as `"ADDR_IN_USE"` or `"CONNECTION_REFUSED"`. */
  readonly code: string;
  /** Made by the package; user code only catches it. */
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A connection could not be made; `code` says why, `cause` is the runtime's own error. */
export class ConnectError extends NetError {
  /** Which failure it was, such as `"ADDR_IN_USE"` or `"CONNECTION_REFUSED"`. */
  readonly code: string;
  /** Made by the package; user code only catches it. */
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A connection that was open broke; `code` says how, `cause` is the runtime's own error. */
export class ConnectionLostError extends NetError {
  /** Which failure it was, such as `"ADDR_IN_USE"` or `"CONNECTION_REFUSED"`. */
  readonly code: string;
  /** Made by the package; user code only catches it. */
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A peer reads too slowly for what it is sent, and the outbox is over its limit. */
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

/** Something with a time limit took longer. */
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

/**
 * Decides what valid options are: each is checked once, at the door, and its default filled in. The
 * caller's object is read, never changed.
 *
 * @module
 */

import { Mailbox, type MailboxOptions } from "../actor/mod.ts";
import { type Clock, systemClock } from "../clock.ts";
import { isCodec, noCodec } from "../framing/mod.ts";
import type { NetEvent } from "../observe/mod.ts";
import { shown } from "../shown.ts";
import {
  report,
  type ResolvedRestartLimits,
  resolveRestartLimits,
} from "../supervision/mod.ts";
import { Lull } from "./lull.ts";
import { Slots } from "./slots.ts";
import type { ConnectionOptions, ServeOptions } from "./types.ts";
import { Writers } from "./writers.ts";

/** Options of a connection, complete and checked. */
export interface ConnectionSettings {
  readonly onCrash: "restart" | "close";
  readonly restart: ResolvedRestartLimits;
  readonly mailbox: MailboxOptions | undefined;
  readonly idleTimeoutMs: number;
  readonly frameTimeoutMs: number;
  readonly frames: "kept" | "borrowed" | "poisoned";
  readonly highWaterBytes: number;
  readonly maxOutboxBytes: number;
  readonly graceMs: number;
  readonly clock: Clock;
  /** What its connections wait for before they end by `stop`. */
  readonly lull: Lull;
  /** Where its connections read into while they are quiet. */
  readonly slots: Slots;
  /** What they gather in when they send. */
  readonly writers: Writers;
  readonly emit: (event: NetEvent) => void;
  /** Told of each message that no answer will come to, and why: whoever handed it on may know who asked by it. */
  readonly onRefused?: (message: unknown, error: unknown) => void;
}

/**
 * Fills in and checks the options of a connection.
 *
 * @throws {RangeError} Names the option and its value.
 * @throws {TypeError} For an observer, a mailbox or limits that are none.
 */
export function resolveConnectionOptions(
  options: ConnectionOptions,
  codec: { readonly name: string; readonly maxFrameBytes: number },
): ConnectionSettings {
  const {
    onCrash = "restart",
    restart,
    mailbox,
    idleTimeoutMs = Infinity,
    frameTimeoutMs = 30_000,
    frames = "kept",
    highWaterBytes = 65_536,
    maxOutboxBytes = 16_777_216,
    graceMs = 5_000,
    clock = systemClock,
    onEvent,
  } = options;
  if (onCrash !== "restart" && onCrash !== "close") {
    throw new RangeError(
      `Cannot use options: 'onCrash' must be "restart" or "close": current value is ${
        shown(onCrash)
      }`,
    );
  }
  if (!["kept", "borrowed", "poisoned"].includes(frames)) {
    throw new RangeError(
      `Cannot use options: 'frames' must be "kept", "borrowed" or "poisoned": current value is ${
        shown(frames)
      }`,
    );
  }
  atLeast("idleTimeoutMs", idleTimeoutMs, 1);
  atLeast("frameTimeoutMs", frameTimeoutMs, 1);
  atLeast("highWaterBytes", highWaterBytes, 1);
  atLeast("maxOutboxBytes", maxOutboxBytes, highWaterBytes);
  atLeast("graceMs", graceMs, 0);
  if (onEvent !== undefined && typeof onEvent !== "function") {
    refuse("onEvent", "a function", onEvent);
  }
  // A mailbox is made with its first message; what is wrong with it must not wait for that.
  new Mailbox("options", mailbox);
  // A codec without a limit (`raw`) sends what it is given; what is too much for the outbox shows when it is sent.
  if (
    codec.maxFrameBytes !== Infinity && codec.maxFrameBytes > maxOutboxBytes
  ) {
    throw new RangeError(
      `Cannot use options: 'maxOutboxBytes' must hold one frame of codec ${codec.name}, ${codec.maxFrameBytes} bytes: current value is ${maxOutboxBytes}`,
    );
  }
  return {
    onCrash,
    restart: resolveRestartLimits(restart),
    mailbox,
    idleTimeoutMs,
    frameTimeoutMs,
    frames,
    highWaterBytes,
    maxOutboxBytes,
    graceMs,
    clock,
    lull: new Lull(),
    slots: new Slots(),
    writers: new Writers(),
    emit: (event) => report(onEvent, event),
  };
}

/** Who is let in by a server: its limits, complete and checked. */
export interface AdmissionSettings {
  readonly isTls: boolean;
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  readonly handshakeTimeoutMs: number;
  /** Bounds what waits at the door: the system's queue, and those that were refused and have not left. */
  readonly backlog: number;
}

/**
 * Fills in and checks the limits of a server.
 *
 * @throws {RangeError} Names the option and its value.
 */
export function resolveAdmissionOptions<In, Out>(
  options: ServeOptions<In, Out>,
): AdmissionSettings {
  const {
    transport,
    maxConnections = 10_000,
    maxConnectionsPerIp = Infinity,
    handshakeTimeoutMs = 5_000,
    backlog = 511,
  } = options;
  atLeast("maxConnections", maxConnections, 1);
  atLeast("maxConnectionsPerIp", maxConnectionsPerIp, 1);
  atLeast("handshakeTimeoutMs", handshakeTimeoutMs, 1);
  atLeast("backlog", backlog, 1);
  return {
    isTls: transport === "tls",
    maxConnections,
    maxConnectionsPerIp,
    handshakeTimeoutMs,
    backlog,
  };
}

/**
 * Checks what cannot be missing, before anything is opened for it.
 *
 * @throws {TypeError} Names what is missing, and what is there instead.
 */
export function checkParts(
  { codec, signal }: { readonly codec: unknown; readonly signal?: unknown },
  handler: unknown,
): void {
  if (!isCodec(codec)) throw noCodec("use options", codec);
  const { addEventListener } = (signal ?? EventTarget.prototype) as EventTarget;
  if (typeof addEventListener !== "function") {
    refuse("signal", "an AbortSignal", signal);
  }
  if (typeof handler !== "function") {
    refuse(
      "handler",
      "a function, called anew for each connection or peer",
      handler,
    );
  }
}

/** Refuses `value` as the option `part`. @throws {TypeError} */
export function refuse(part: string, rule: string, value: unknown): never {
  throw new TypeError(
    `Cannot use options: '${part}' must be ${rule}: current value is ${
      shown(value)
    }`,
  );
}

/**
 * Checks a number that may be `Infinity`.
 *
 * @throws {RangeError} Names the option and its value.
 */
export function atLeast(option: string, value: number, least: number): void {
  if (typeof value === "number" && value >= least) return;
  throw new RangeError(
    `Cannot use options: '${option}' must be a number of at least ${least}: current value is ${
      shown(value)
    }`,
  );
}

/**
 * The only file that knows what Deno's errors mean: a table from a class or a system code to a stable
 * code and to words. Everything else of the package asks here.
 *
 * Source: `Deno.errors`, errno(3), accept(2), connect(2), bind(2).
 *
 * @module
 */

import { ConnectError, ConnectionLostError, ListenError } from "../errors.ts";
import type { Occupant } from "./occupant.ts";

/** What went wrong, for programs and for people. */
export interface Failure {
  code: string;
  words: string;
}

/** By the name of the class in `Deno.errors`. */
const BY_NAME: Readonly<Record<string, Failure>> = {
  AddrInUse: { code: "ADDR_IN_USE", words: "the address is in use" },
  AddrNotAvailable: {
    code: "ADDR_NOT_AVAILABLE",
    words: "this machine has no such address",
  },
  BadResource: { code: "CLOSED", words: "it is closed" },
  BrokenPipe: { code: "BROKEN_PIPE", words: "the peer closed the connection" },
  Busy: { code: "BUSY", words: "another operation is under way" },
  ConnectionAborted: {
    code: "CONNECTION_ABORTED",
    words: "the connection was aborted",
  },
  ConnectionRefused: {
    code: "CONNECTION_REFUSED",
    words: "the connection was refused: nobody listens there",
  },
  ConnectionReset: {
    code: "CONNECTION_RESET",
    words: "the peer reset the connection",
  },
  Interrupted: { code: "CLOSED", words: "it was closed" },
  InvalidData: { code: "TLS", words: "the TLS handshake failed" },
  NotCapable: { code: "NOT_CAPABLE", words: "Deno was not given permission" },
  NotConnected: { code: "NOT_CONNECTED", words: "it is not connected" },
  NotFound: { code: "NOT_FOUND", words: "there is no such socket file" },
  PermissionDenied: {
    code: "PERMISSION_DENIED",
    words: "the system denies permission",
  },
  TimedOut: { code: "TIMED_OUT", words: "the peer did not answer in time" },
  UnexpectedEof: {
    code: "UNEXPECTED_EOF",
    words: "the peer closed the connection in the middle of the TLS stream",
  },
  NetworkUnreachable: {
    code: "NETWORK_UNREACHABLE",
    words: "the network cannot be reached",
  },
};

/** By the system's own code, which Deno sets on errors that have no class of their own. */
const BY_CODE: Readonly<Record<string, Failure>> = {
  EMFILE: {
    code: "EMFILE",
    words: "this process has no file descriptors left",
  },
  ENFILE: { code: "ENFILE", words: "the system has no file descriptors left" },
  ENOBUFS: { code: "ENOBUFS", words: "the system has no buffer space left" },
  ENOMEM: { code: "ENOMEM", words: "the system has no memory left" },
  EHOSTUNREACH: {
    code: "HOST_UNREACHABLE",
    words: "the host cannot be reached",
  },
  ENETUNREACH: BY_NAME.NetworkUnreachable,
  ENOTSOCK: { code: "ENOTSOCK", words: "the file there is not a socket" },
  EISDIR: { code: "EISDIR", words: "there is a directory of that name" },
};

/** Says what an error of the runtime means. An error that no table knows keeps its own words. */
export function describe(error: unknown): Failure {
  if (!(error instanceof Error)) {
    return { code: "UNKNOWN", words: String(error) };
  }
  const systemCode = (error as { code?: unknown }).code;
  if (typeof systemCode === "string" && Object.hasOwn(BY_CODE, systemCode)) {
    return BY_CODE[systemCode];
  }
  if (error.name === "NotCapable") {
    return { ...BY_NAME.NotCapable, words: firstLine(error.message) };
  }
  if (Object.hasOwn(BY_NAME, error.name)) return BY_NAME[error.name];
  return {
    code: typeof systemCode === "string" ? systemCode : "UNKNOWN",
    words: firstLine(error.message),
  };
}

/** Whether the error says that we closed the thing ourselves. */
export function isClosed(error: unknown): boolean {
  return describe(error).code === "CLOSED";
}

/** What Deno says of an operation that was pending when its socket was closed. */
export function interrupted(): Error {
  return new Deno.errors.Interrupted("operation canceled");
}

/** Whether the error says that the thing (an address, a name) is taken. */
export function isAddrInUse(error: unknown): boolean {
  return describe(error).code === "ADDR_IN_USE";
}

/** Whether the error says that nobody listens there. */
export function isRefused(error: unknown): boolean {
  return describe(error).code === "CONNECTION_REFUSED";
}

/** Whether the error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return describe(error).code === "NOT_FOUND";
}

/** Wraps what `listen` threw. `where` completes "Cannot listen on …". */
export function listenError(where: string, error: unknown): ListenError {
  const { code, words: usual } = describe(error);
  // A socket file is made here, so what is missing is where it would go.
  const words = code === BY_NAME.NotFound.code
    ? "there is no such folder"
    // Nobody has shaken hands yet: it is the certificate or the key, and only the cause says what is wrong with it.
    : code === BY_NAME.InvalidData.code
    ? `the certificate or the key cannot be used: ${
      firstLine((error as Error).message)
    }`
    : usual;
  return new ListenError(`Cannot listen on ${where}: ${words}`, code, {
    cause: error,
  });
}

/** As `listenError`, of a path that is taken by something else than a socket, for which the system has no words of its own. */
export function occupiedError(
  path: string,
  what: Occupant,
  inUse: unknown,
): ListenError {
  const { code } = BY_NAME.AddrInUse;
  return new ListenError(`Cannot listen on ${path}: ${wordsFor(what)}`, code, {
    cause: inUse,
  });
}

/** Wraps what `connect` threw. `where` completes "Cannot connect to …". */
export function connectError(where: string, error: unknown): ConnectError {
  const { code, words } = describe(error);
  return new ConnectError(`Cannot connect to ${where}: ${words}`, code, {
    cause: error,
  });
}

/** As `connectError`, of a path at which something else than a socket is, for which the system has no words either. */
export function noSocketError(
  path: string,
  what: Occupant,
  refused: unknown,
): ConnectError {
  const { code } = BY_NAME.ConnectionRefused;
  return new ConnectError(
    `Cannot connect to ${path}: ${wordsFor(what)}`,
    code,
    { cause: refused },
  );
}

function wordsFor(what: Occupant): string {
  return (what === "directory" ? BY_CODE.EISDIR : BY_CODE.ENOTSOCK).words;
}

/** Wraps what a read or a write on an open connection threw. `peer` completes "Lost the connection to …". */
export function lostError(peer: string, error: unknown): ConnectionLostError {
  const { code, words } = describe(error);
  return new ConnectionLostError(
    `Lost the connection to ${peer}: ${words}`,
    code,
    { cause: error },
  );
}

function firstLine(message: string): string {
  const end = message.indexOf("\n");
  return end < 0 ? message : message.slice(0, end);
}

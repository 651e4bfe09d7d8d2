/**
 * The wire of Redis, RESP2, as a codec: what a client sends, and what it is answered. Decides what breaks the
 * protocol, and how that is worded. Knows no command.
 *
 *     request   *2\r\n$3\r\nGET\r\n$3\r\nkey\r\n      an array of bulk strings, binary-safe
 *               GET "my key"\r\n                      or one line, as people type it
 *
 * Source: the protocol specification on redis.io; the words of the errors are those of Redis 7.0.
 *
 * @module
 */

import {
  type ByteSink,
  type ByteSource,
  type Codec,
  defineCodec,
  type DefinedDecoder,
} from "@packetboat/net";
import { bytesOf, splitLine, textOf } from "./text.ts";

/** A command and its arguments; empty for an empty line. */
export type Command = Uint8Array[];

/**
 * An answer: a bulk string (bytes), "there is none" (null), an integer, an array; or a string, which is the wire
 * text of a status, an error or a part of an answer as it is.
 */
export type Reply = string | number | bigint | Uint8Array | null | Reply[];

/** An error in the words of Redis, as an answer. */
export function errorReply(words: string, code = "ERR"): string {
  return `-${code} ${words.replace(/[\r\n]/g, " ")}\r\n`;
}

/** What the peer did to the protocol, in the words of Redis. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}

/** Longest command in a line, or header of a bulk string. */
const MOST_LINE_BYTES = 65_536;
/** Arguments of one command. */
const MOST_ARGUMENTS = 1_048_576;
/** Room for the rest of a command whose value is as large as may be. */
const OVERHEAD_BYTES = 1_048_576;

const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
const NEWLINE = Uint8Array.of(LF);

/**
 * The codec of a server.
 *
 * @param maxValueBytes The largest bulk string; a command may have 1 MiB more.
 */
export function resp(maxValueBytes: number): Codec<Command, Reply> {
  return defineCodec<Command, Reply>({
    name: "resp",
    maxFrameBytes: maxValueBytes + OVERHEAD_BYTES,
    decoder: () => new CommandDecoder(maxValueBytes),
    encode,
  });
}

/**
 * Remembers how much of a command it has, so that each argument is looked at once, however the bytes were cut.
 * What it keeps for a later call it copies, since the bytes it is given are views.
 */
class CommandDecoder implements DefinedDecoder<Command> {
  readonly #maxValueBytes: number;
  #arguments: Uint8Array[] = [];
  /** How many of them are our own copies. */
  #copied = 0;
  /** Arguments still to come; 0 between commands. */
  #missing = 0;
  /** Length of the next one, once its header came. */
  #length = -1;

  constructor(maxValueBytes: number) {
    this.#maxValueBytes = maxValueBytes;
  }

  decode(source: ByteSource): Command | undefined {
    if (this.#missing === 0) {
      if (source.length === 0) return undefined;
      if (source.uint(0, 1) !== STAR) return inlineCommand(source);
      const count = header(source, "mbulk count", "multibulk", -Infinity);
      if (count === undefined) return undefined;
      if (count > MOST_ARGUMENTS) throw invalidLength("multibulk");
      if (count <= 0) return [];
      this.#missing = count;
    }
    while (this.#missing > 0) {
      const argument = this.#argument(source);
      if (argument === undefined) return this.#wait();
      this.#arguments.push(argument);
      this.#missing--;
    }
    const command = this.#arguments;
    this.#arguments = [];
    this.#copied = 0;
    return command;
  }

  #argument(source: ByteSource): Uint8Array | undefined {
    if (this.#length < 0) {
      if (source.length === 0) return undefined;
      const first = source.uint(0, 1);
      if (first !== DOLLAR) {
        throw new ProtocolError(
          `expected '$', got '${String.fromCharCode(first)}'`,
        );
      }
      const length = header(source, "bulk count", "bulk", 0);
      if (length === undefined) return undefined;
      if (length > this.#maxValueBytes) throw invalidLength("bulk");
      this.#length = length;
    }
    // The line end behind it is passed over unread, as Redis does.
    if (!source.has(this.#length + 2)) return undefined;
    const argument = source.take(this.#length);
    source.skip(2);
    this.#length = -1;
    return argument;
  }

  #wait(): undefined {
    for (; this.#copied < this.#arguments.length; this.#copied++) {
      this.#arguments[this.#copied] = this.#arguments[this.#copied].slice();
    }
    return undefined;
  }
}

/** Takes `*12\r\n` or `$12\r\n`; `undefined` = its end has not come. */
function header(
  source: ByteSource,
  part: string,
  kind: string,
  least: number,
): number | undefined {
  const { length } = source;
  let value = 0;
  // Nearly every header is a few digits: no search, no copy.
  for (let at = 1; at < 10 && at + 1 < length; at++) {
    const byte = source.uint(at, 1);
    if (byte === CR && at > 1) {
      source.skip(at + 2);
      return value;
    }
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  const end = source.indexOf(NEWLINE);
  if (end < 0) {
    if (length > MOST_LINE_BYTES) {
      throw new ProtocolError(`too big ${part} string`);
    }
    return undefined;
  }
  const line = new TextDecoder("latin1").decode(source.take(end + 1));
  const [, digits] = /^.(-?\d{1,15})\r\n$/s.exec(line) ?? [];
  if (digits === undefined || Number(digits) < least) {
    throw invalidLength(kind);
  }
  return Number(digits);
}

function invalidLength(kind: string): ProtocolError {
  return new ProtocolError(`invalid ${kind} length`);
}

/** First words of lines that no client of a Redis sends. */
const HTTP = /^(post|host:)$/i;

function inlineCommand(source: ByteSource): Command | undefined {
  const end = source.indexOf(NEWLINE);
  if (end < 0 ? source.length > MOST_LINE_BYTES : end > MOST_LINE_BYTES) {
    throw new ProtocolError("too big inline request");
  }
  if (end < 0) return undefined;
  const words = splitLine(source.take(end + 1));
  if (words === undefined) {
    throw new ProtocolError("unbalanced quotes in request");
  }
  // Redis, too, ends here what a page in a browser may have sent: further on its lines would be commands.
  if (words.length > 0 && HTTP.test(textOf(words[0]))) {
    throw new ProtocolError("that is HTTP");
  }
  return words;
}

const NOTHING = bytesOf("$-1\r\n");
const LINE_END = Uint8Array.of(CR, LF);

function encode(reply: Reply, sink: ByteSink): void {
  if (typeof reply === "string") sink.text(reply);
  else if (reply === null) sink.bytes(NOTHING);
  else if (reply instanceof Uint8Array) {
    sink.text(`$${reply.length}\r\n`);
    sink.bytes(reply);
    sink.bytes(LINE_END);
  } else if (Array.isArray(reply)) {
    sink.text(`*${reply.length}\r\n`);
    for (const item of reply) encode(item, sink);
  } else sink.text(`:${reply}\r\n`);
}

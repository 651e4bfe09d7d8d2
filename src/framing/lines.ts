/**
 * Text lines. Decides what a line is (LF or CRLF ends it, the last one may lack its end) and how bytes
 * become text fast: all whole lines at hand are decoded in one call and then cut as text, because a call
 * of the decoder costs more than a line. Hands out strings, so no line keeps a chunk alive.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import type { ByteSink, Codec, FrameDecoder, FrameOptions } from "./codec.ts";
import {
  DelimiterDecoder,
  type DelimiterFormat,
  NO_START,
} from "./delimiter_decoder.ts";
import { Intake } from "./intake.ts";
import {
  checkEncodedBytes,
  checkText,
  optionError,
  resolveMaxFrameBytes,
} from "./limits.ts";
import { lastIndexOfByte, Needle } from "./needle.ts";
import { Scratch } from "./pile.ts";
import { checkWellFormed, Utf8, utf8Bytes } from "./utf8.ts";

const NAME = "lines";
const LF = 0x0a;
const CR = 0x0d;
/**
 * Text decoded ahead at most, in bytes: a line that is kept may keep so much alive. 64 KiB and a little, because what
 * a connection reads at once is that much, and a chunk above it is searched as bytes, which takes thrice as long.
 */
const RUN_BYTES = 65_536 + 1_024;
/** Below this a loop finds the lines' ends sooner than a `TextDecoder` returns. */
const SHORT_BYTES = 64;

/**
 * Options of {@linkcode lines}.
 *
 * @example
 * ```ts
 * import { encodeFrame, lines, type LinesOptions } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * // SMTP commands: CRLF behind each, and at most 512 bytes with it.
 * const smtp: LinesOptions = { end: "\r\n", maxFrameBytes: 512 };
 * const wire = encodeFrame(lines(smtp), "NOOP");
 * assertEquals(new TextDecoder().decode(wire), "NOOP\r\n");
 * ```
 */
export interface LinesOptions extends FrameOptions {
  /** What `encode` puts behind a line. Decoding takes either. @default {"\n"} */
  end?: "\n" | "\r\n";
}

/**
 * UTF-8 text lines, ended by LF or CRLF. The last line of a stream may lack its end.
 *
 * ```text
 *            on the wire                                   frames
 *   "one\ntwo\r\n\nlast"                       →  "one" | "two" | "" | "last"
 * ```
 *
 * Bytes that are not UTF-8 are a `MalformedFrameError`: to take them as they are, use `delimited("\n")`.
 * A byte order mark is data, and so is a CR that no LF follows. A text that holds a line end, or that
 * ends with CR where `end` is LF, cannot be encoded: it would come back as something else.
 *
 * @param options `maxFrameBytes` counts bytes, not characters, and the line's end as well.
 * @throws {RangeError} when an option is wrong.
 *
 * @example
 * ```ts
 * import { decodeAll, lines } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = new TextEncoder().encode("one\ntwo\r\n\nlast");
 * assertEquals(decodeAll(lines(), wire), ["one", "two", "", "last"]);
 * ```
 */
export function lines(options: LinesOptions = {}): Codec<string> {
  const { end = "\n" } = options;
  if (end !== "\n" && end !== "\r\n") {
    throw optionError(
      NAME,
      "end",
      String.raw`must be "\n" or "\r\n"`,
      JSON.stringify(end),
    );
  }
  const maxFrameBytes = resolveMaxFrameBytes(
    NAME,
    options.maxFrameBytes,
    end.length,
  );
  const format: DelimiterFormat = {
    codec: NAME,
    maxFrameBytes,
    start: NO_START,
    needle: new Needle(Uint8Array.of(LF)),
    atEnd: "emit",
    scratch: new Scratch(),
  };
  const utf8 = new Utf8();
  return {
    name: NAME,
    maxFrameBytes,
    aliases: false,
    decoder: () => new LinesDecoder(format, utf8),
    encode: (line, sink) => encodeLine(line, end, maxFrameBytes, sink),
  };
}

function encodeLine(
  line: string,
  end: string,
  maxFrameBytes: number,
  sink: ByteSink,
): void {
  if (typeof line !== "string") checkText(line, NAME);
  const at = line.indexOf("\n");
  if (at >= 0) {
    throw new EncodeError(
      `Cannot encode ${NAME} frame: it holds a line end at character ${at}`,
    );
  }
  if (end === "\n" && line.charCodeAt(line.length - 1) === CR) {
    throw new EncodeError(
      `Cannot encode ${NAME} frame: a CR at its end would be taken for a part of the line end`,
    );
  }
  checkWellFormed(NAME, line);
  // Three bytes a character are the most, so the exact count is seldom needed.
  if (3 * line.length + end.length > maxFrameBytes) {
    checkEncodedBytes(NAME, utf8Bytes(line) + end.length, maxFrameBytes);
  }
  sink.text(line);
  sink.text(end);
}

class LinesDecoder implements FrameDecoder<string> {
  readonly #in = new Intake(NAME);
  readonly #bytes: DelimiterDecoder;
  readonly #most: number;
  readonly #utf8: Utf8;

  // Text decoded ahead, and how far its lines were handed out. While there is any, the intake's cursor stays
  // at the byte of `#runFrom` (`#settle` moves it), because counting bytes line by line costs more than cutting.
  #run = "";
  #runFrom = 0;
  #runAt = 0;
  /** Bytes of the run behind the cursor. */
  #runBytes = 0;
  /** Whether the text so far lets one hope that what follows is ASCII. */
  #isAscii = true;
  /** Position in the stream up to which lines are decoded one by one, because one of them is not UTF-8. */
  #singlyUntil = 0;

  constructor(format: DelimiterFormat, utf8: Utf8) {
    this.#bytes = new DelimiterDecoder(format, this.#in);
    this.#most = format.maxFrameBytes;
    this.#utf8 = utf8;
  }

  feed(chunk: Uint8Array): void {
    this.#in.feed(chunk);
  }

  next(): string | undefined {
    const run = this.#run;
    const from = this.#runAt;
    if (from === run.length) return this.#decodeNext();
    const stop = run.indexOf("\n", from);
    // Three bytes a character are the most, so the exact count is seldom needed.
    if (
      stop >= 0 && (3 * (stop - from) < this.#most || this.#fits(from, stop))
    ) {
      if (stop + 1 === run.length) {
        this.#in.at += this.#runBytes;
        // An idle connection shall not hold the text of all the lines that it has handed out.
        this.#startRun("", 0, 0);
      } else {
        this.#runAt = stop + 1;
      }
      const last = stop > from && run.charCodeAt(stop - 1) === CR
        ? stop - 1
        : stop;
      return run.slice(from, last);
    }
    // The beginning of a line, to which the chunk has no end; or a line that is too long, as this will find too.
    this.#dropRun();
    return this.#single(stop < 0 ? -1 : undefined);
  }

  end(): void {
    this.#in.ended = true;
  }

  takeRest(): Uint8Array {
    this.#dropRun();
    return this.#bytes.takeRest();
  }

  get bufferedBytes(): number {
    this.#settle();
    return this.#bytes.bufferedBytes;
  }

  detach(): void {
    this.#settle();
    this.#bytes.detach();
  }

  /** Moves the intake's cursor behind the lines that were handed out. */
  #settle(): void {
    const run = this.#run;
    const from = this.#runFrom;
    const at = this.#runAt;
    if (at === from || at === run.length) return;
    const bytes = this.#runBytes === run.length - from
      ? at - from
      : utf8Bytes(run.slice(from, at));
    this.#in.at += bytes;
    this.#runBytes -= bytes;
    this.#runFrom = at;
  }

  #startRun(text: string, from: number, byteLength: number): void {
    this.#run = text;
    this.#runFrom = from;
    this.#runAt = from;
    this.#runBytes = byteLength;
  }

  #dropRun(): void {
    this.#settle();
    this.#startRun("", 0, 0);
  }

  #fits(from: number, stop: number): boolean {
    return utf8Bytes(this.#run.slice(from, stop)) + 1 <= this.#most;
  }

  /** The next line, when no text is decoded ahead. */
  #decodeNext(): string | undefined {
    const input = this.#in;
    const { at, end } = input;
    const size = end - at;
    if (size === 0 || input.base + at < this.#singlyUntil) {
      return this.#single(undefined);
    }
    if (this.#isAscii && size >= SHORT_BYTES && size <= RUN_BYTES) {
      // All of the chunk, also behind its last line: an end is found sooner in text than among bytes.
      const text = this.#utf8.decodeAscii(input.view(at, end));
      if (text !== undefined) return this.#nextOfAscii(text);
      this.#isAscii = false;
    }
    return this.#bytes.piledBytes > 0
      ? this.#single(undefined)
      : this.#decodeWhole();
  }

  /** `text` = the rest of the current chunk. */
  #nextOfAscii(text: string): string | undefined {
    if (this.#bytes.piledBytes === 0) {
      this.#startRun(text, 0, text.length);
      return this.next();
    }
    const stop = text.indexOf("\n");
    if (stop < 0) return this.#single(-1);
    const line = this.#single(this.#in.at + stop + 1);
    this.#startRun(text, stop + 1, text.length - stop - 1);
    return line;
  }

  /** Decodes all whole lines that the current chunk begins with, up to `RUN_BYTES` of them. */
  #decodeWhole(): string | undefined {
    const input = this.#in;
    const { bytes, at, end } = input;
    // Stops at the end of the line before, at the latest, so no byte is passed over twice.
    const search = Math.min(end, at + RUN_BYTES);
    const last = lastIndexOfByte(bytes, LF, at, search);
    if (last < 0) return this.#single(search === end ? -1 : undefined);
    let text: string;
    try {
      text = this.#utf8.decode(input.view(at, last + 1));
    } catch {
      this.#singlyUntil = input.base + last + 1;
      return this.#single(undefined);
    }
    this.#isAscii = text.length === last + 1 - at;
    this.#startRun(text, 0, last + 1 - at);
    return this.next();
  }

  /**
   * A line that straddles chunks or is at fault. `found` = the index behind its end in the current chunk, -1 where the
   * chunk has no end, `undefined` = nobody has looked.
   */
  #single(found: number | undefined): string | undefined {
    const input = this.#in;
    const offset = input.base + input.at - this.#bytes.piledBytes;
    const line = found === undefined
      ? this.#bytes.next()
      : this.#bytes.nextFound(found);
    if (line === undefined) return undefined;
    // Without LF it is the last line, and a CR at its end is its own.
    const ended = offset + line.length < input.base + input.at;
    const text = ended && line[line.length - 1] === CR
      ? line.subarray(0, -1)
      : line;
    try {
      return this.#utf8.decode(text);
    } catch (cause) {
      input.malformed("the line is not UTF-8", offset, line, undefined, cause);
    }
  }
}

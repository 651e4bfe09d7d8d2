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
  optionError,
  resolveMaxFrameBytes,
} from "./limits.ts";
import { Needle } from "./needle.ts";
import { Scratch } from "./pile.ts";
import { checkWellFormed, Utf8, utf8Bytes } from "./utf8.ts";

const NAME = "lines";
const LF = 0x0a;
const CR = 0x0d;
/** Text decoded ahead at most, in bytes: a line that is kept may keep so much alive. */
const RUN_BYTES = 65_536;

/** Options of {@linkcode lines}. */
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

  // Whole lines decoded ahead, and how far they were handed out. While there are any, the intake's cursor
  // stays where they begin (`#settle` moves it), because counting bytes line by line costs more than cutting.
  #run = "";
  #runAt = 0;
  #runBytes = 0;
  /** Position in the stream up to which lines are decoded one by one, because one of them is not UTF-8. */
  #singlyUntil = 0;
  /** Position in the stream from which on the current chunk is known to hold no LF. */
  #plainFrom = Infinity;

  constructor(format: DelimiterFormat, utf8: Utf8) {
    this.#bytes = new DelimiterDecoder(format, this.#in);
    this.#most = format.maxFrameBytes;
    this.#utf8 = utf8;
  }

  feed(chunk: Uint8Array): void {
    this.#in.feed(chunk);
  }

  next(): string | undefined {
    if (this.#runAt < this.#run.length || this.#decodeRun()) {
      const run = this.#run;
      const from = this.#runAt;
      const stop = run.indexOf("\n", from);
      const last = stop > from && run.charCodeAt(stop - 1) === CR
        ? stop - 1
        : stop;
      // Three bytes a character are the most, so the exact count is seldom needed.
      if (3 * (stop - from) < this.#most || this.#fits(from, stop)) {
        this.#runAt = stop + 1;
        if (stop + 1 === run.length) this.#in.at += this.#runBytes;
        return run.slice(from, last);
      }
      // The slow path finds the same and says so.
      this.#settle();
      this.#run = "";
      this.#runAt = 0;
    }
    return this.#single();
  }

  end(): void {
    this.#in.ended = true;
  }

  takeRest(): Uint8Array {
    this.#settle();
    this.#run = "";
    this.#runAt = 0;
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

  /** Drops the lines that were handed out from the run, and moves the intake's cursor behind them. */
  #settle(): void {
    const run = this.#run;
    const at = this.#runAt;
    if (at === 0 || at === run.length) return;
    const bytes = this.#runBytes === run.length ? at : utf8Bytes(run, at);
    this.#in.at += bytes;
    this.#runBytes -= bytes;
    this.#run = run.slice(at);
    this.#runAt = 0;
  }

  #fits(from: number, stop: number): boolean {
    return utf8Bytes(this.#run.slice(from, stop)) + 1 <= this.#most;
  }

  /** Decodes all whole lines that the current chunk begins with, up to 64 KiB of them. */
  #decodeRun(): boolean {
    const input = this.#in;
    const { bytes, at, end } = input;
    this.#plainFrom = Infinity;
    if (
      at === end || this.#bytes.piledBytes > 0 ||
      input.base + at < this.#singlyUntil
    ) return false;
    // Stops at the end of the line before, at the latest, so no byte is passed over twice.
    const search = Math.min(end, at + RUN_BYTES);
    const last = bytes.lastIndexOf(LF, search - 1);
    if (search === end) this.#plainFrom = input.base + Math.max(last + 1, at);
    if (last < at) return false;
    const whole = bytes.subarray(at, last + 1);
    try {
      this.#run = this.#utf8.decode(whole);
    } catch {
      this.#singlyUntil = input.base + last + 1;
      return false;
    }
    this.#runAt = 0;
    this.#runBytes = whole.length;
    return true;
  }

  /** A line that straddles chunks or is at fault. */
  #single(): string | undefined {
    const input = this.#in;
    const offset = input.base + input.at - this.#bytes.piledBytes;
    let line: Uint8Array | undefined;
    if (input.base + input.at >= this.#plainFrom) {
      line = this.#bytes.nextWithoutEndHere();
    } else {
      line = this.#bytes.next();
    }
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

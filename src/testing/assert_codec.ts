/**
 * The contract that every codec keeps, ours and a user's, as one function: what is encoded comes back, all
 * faces give the same frames and then the same error for every cutting, and an error is final. Random
 * cuttings come from a seed, which every failure names.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import { ByteWriter, type Codec, encodeFrame } from "../framing/mod.ts";
import {
  asyncFaces,
  type Face,
  keep,
  type Outcome,
  syncFaces,
} from "./codec_faces.ts";
import { longStreams } from "./long_streams.ts";
import { PlainSink, randomNumbers, sameData, show } from "./plain_data.ts";

/**
 * Options of {@linkcode assertCodec}.
 *
 * @example
 * ```ts
 * import { assertCodec, type AssertCodecOptions } from "@packetboat/net/testing";
 * import { lines } from "@packetboat/net/framing";
 * import { assertRejects } from "@std/assert";
 *
 * const options: AssertCodecOptions<string, string> = {
 *   streams: [new TextEncoder().encode("ahoy\r\nhalf a li")],
 *   unencodable: ["two\nlines"],
 *   seed: 42,
 * };
 * await assertCodec(lines(), ["ahoy", ""], options);
 *
 * const wrong = { unencodable: ["one line"] };
 * await assertRejects(() => assertCodec(lines(), ["ahoy"], wrong), Error);
 * ```
 */
export interface AssertCodecOptions<In, Out> {
  /**
   * Whether two frames are the same. Where the codec `aliases`, frames that are no byte arrays come here as structured
   * clones: fields without their class. @default {structural equality of plain data, byte arrays, dates, maps and sets}
   */
  equal?: (actual: In, expected: In) => boolean;
  /**
   * Byte streams besides that of the samples, such as malformed ones, or a length over the limit: all faces must agree
   * on them.
   */
  streams?: readonly Uint8Array[];
  /** Frames that must be refused with `EncodeError`, and leave nothing behind. */
  unencodable?: readonly Out[];
  /** Random cuttings of each stream. @default {20} */
  randomCuts?: number;
  /** Seed of the random cuttings. @default {1} */
  seed?: number;
}

/** A stream up to this is split and truncated at every position, a longer one at so many of them. */
const MOST_SPLITS = 512;
/** The asynchronous faces cost more than the others by far. */
const MOST_ASYNC_SPLITS = 32;

/**
 * Asserts that `codec` keeps the contract, on the stream that `samples` make and on prefixes of it: whole,
 * byte by byte, split at every position, cut at random, truncated at every position.
 *
 * What waits for the rest of a frame must never be more than `maxFrameBytes`. For a limit up to 2 MiB that is tried as
 * well with frames that do not end: the beginnings of samples and all of each of `streams`, with bytes behind them until
 * the limit is passed. A length that is declared, and is over the limit, comes up only where one of `streams` declares
 * it; and memory that a decoder holds without telling it in `bufferedBytes` is not seen.
 *
 * @param samples Frames that the codec can encode, each of which must come back as it was. A few, some of them
 * small, some empty where the format allows it.
 * @throws {Error} that says which face, which cutting and which seed, with the differing outcomes.
 *
 * @example
 * ```ts
 * import { assertCodec } from "@packetboat/net/testing";
 * import { lines } from "@packetboat/net/framing";
 *
 * await assertCodec(lines(), ["one", "", "zwei ß"], { unencodable: ["a\nb"] });
 * ```
 */
export async function assertCodec<In, Out extends In = In>(
  codec: Codec<In, Out>,
  samples: readonly Out[],
  options: AssertCodecOptions<In, Out> = {},
): Promise<void> {
  const { equal = sameData, randomCuts = 20, seed = 1 } = options;
  for (const sample of samples) assertRoundTrip(codec, sample, equal);
  for (const frame of options.unencodable ?? []) assertRefused(codec, frame);

  const whole = joined(samples.map((sample) => encodeFrame(codec, sample)));
  assertOutcome(codec, "samples", runReference(codec, [whole]), {
    frames: [...samples],
    error: undefined,
  }, equal);

  // A short stream besides, since only a short one is split at every position.
  const few = samples.map((sample) => encodeFrame(codec, sample))
    .filter((wire) => wire.length <= MOST_SPLITS / 4).slice(0, 4);
  const short = joined(few);
  const random = randomNumbers(seed);
  for (const stream of [short, whole, ...(options.streams ?? [])]) {
    const cuttings = cuttingsOf(stream, randomCuts, random);
    assertSameFaces(codec, stream, cuttings, equal, `seed ${seed}`);
    await assertSameAsyncFaces(
      codec,
      stream,
      thinned(cuttings, MOST_ASYNC_SPLITS),
      equal,
      `seed ${seed}`,
    );
    for (const end of positions(stream.length)) {
      const cutting = thinned(each(end), MOST_SPLITS);
      const prefix = stream.subarray(0, end);
      const where = `first ${end} bytes`;
      assertSameFaces(codec, prefix, [[], cutting], equal, where);
    }
    assertRestGoesOn(codec, stream, equal);
  }
  const { streams = [] } = options;
  for (const { bytes, cutting } of longStreams(codec, few, streams)) {
    const label = `longer than the limit, ${describeCutting(cutting)}`;
    const [whole, cut] = [[bytes.slice()], pieces(bytes, cutting)].map(
      (chunks) => outcomeOf(codec, label, syncFaces(codec)["decoder"], chunks),
    );
    assertOutcome(codec, label, cut, whole, equal);
  }
}

/**
 * Asserts that all synchronous faces of `codec` give the same for `bytes`, for each of `cuttings` (ascending
 * positions at which the stream is cut), and returns what that is.
 */
export function assertSameFaces<In>(
  codec: Codec<In, never>,
  bytes: Uint8Array,
  cuttings: readonly (readonly number[])[],
  equal: (actual: In, expected: In) => boolean = sameData,
  where = "",
): Outcome<In> {
  const expected = runReference(codec, [bytes.slice()]);
  for (const [name, face] of Object.entries(syncFaces(codec))) {
    for (const cutting of cuttings) {
      const label = `${name}, ${describeCutting(cutting)}, ${where}`;
      const outcome = outcomeOf(codec, label, face, pieces(bytes, cutting));
      assertOutcome(codec, label, outcome, expected, equal);
    }
  }
  return expected;
}

/** {@linkcode assertSameFaces} for the streams and the async iterators. */
export async function assertSameAsyncFaces<In>(
  codec: Codec<In, never>,
  bytes: Uint8Array,
  cuttings: readonly (readonly number[])[],
  equal: (actual: In, expected: In) => boolean = sameData,
  where = "",
): Promise<void> {
  const expected = runReference(codec, [bytes.slice()]);
  for (const [name, face] of Object.entries(asyncFaces(codec))) {
    for (const cutting of cuttings) {
      const outcome = await face(pieces(bytes, cutting));
      const label = `${name}, ${describeCutting(cutting)}, ${where}`;
      assertOutcome(codec, label, outcome, expected, equal);
    }
  }
}

/** `bytes` in copies, cut at the ascending positions of `cutting`. */
export function pieces(
  bytes: Uint8Array,
  cutting: readonly number[],
): Uint8Array[] {
  const all: Uint8Array[] = [];
  let from = 0;
  for (const to of [...cutting, bytes.length]) {
    if (to > from) all.push(bytes.slice(from, to));
    from = Math.max(from, to);
  }
  return all;
}

function outcomeOf<In>(
  codec: Codec<In, never>,
  label: string,
  face: Face<In>,
  chunks: Uint8Array[],
): Outcome<In> {
  try {
    return face(chunks);
  } catch (cause) {
    throw new Error(`${codec.name} breaks its contract (${label})`, { cause });
  }
}

function runReference<In>(
  codec: Codec<In, never>,
  chunks: Uint8Array[],
): Outcome<In> {
  return syncFaces(codec)["decoder"](chunks);
}

function assertRoundTrip<In, Out extends In>(
  codec: Codec<In, Out>,
  sample: Out,
  equal: (actual: In, expected: In) => boolean,
): void {
  const wire = encodeFrame(codec, sample);
  const outcome = runReference(codec, [wire.slice()]);
  assertOutcome(codec, "decode(encode(x))", outcome, {
    frames: [sample],
    error: undefined,
  }, equal);
  // Into a sink that is not the package's own, and holds something already.
  const sink = new PlainSink();
  sink.uint(7, 1);
  codec.encode(sample, sink);
  if (!sameData(sink.written, [7, ...wire])) {
    throw new Error(`${codec.name} encodes otherwise into another sink`);
  }
}

function assertRefused<Out>(
  codec: Pick<Codec<never, Out>, "name" | "encode">,
  frame: Out,
): void {
  for (const sink of [new ByteWriter(), new PlainSink()]) {
    sink.uint(7, 1);
    let thrown: unknown;
    try {
      codec.encode(frame, sink);
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof EncodeError)) {
      throw new Error(
        `${codec.name} must refuse to encode ${show(frame)} with EncodeError`,
        { cause: thrown },
      );
    }
    if (sink.length !== 1) {
      throw new Error(
        `${codec.name} left ${
          sink.length - 1
        } bytes of a frame that it refused`,
      );
    }
  }
}

/** What `takeRest` gives at any position is what another decoder needs to go on. */
function assertRestGoesOn<In>(
  codec: Codec<In, never>,
  bytes: Uint8Array,
  equal: (actual: In, expected: In) => boolean,
): void {
  const expected = runReference(codec, [bytes.slice()]);
  for (const at of positions(bytes.length)) {
    const decoder = codec.decoder();
    const frames: In[] = [];
    decoder.feed(bytes.slice(0, at));
    try {
      for (let f = decoder.next(); f !== undefined; f = decoder.next()) {
        frames.push(keep(codec, f));
      }
    } catch {
      continue;
    }
    const buffered = decoder.bufferedBytes;
    const rest = decoder.takeRest();
    if (decoder.bufferedBytes !== 0 || decoder.next() !== undefined) {
      throw new Error(`${codec.name} is not empty after takeRest()`);
    }
    const more = runReference(codec, [rest, bytes.slice(at)]);
    const label = `takeRest() after ${at} bytes`;
    // Its positions begin anew, so the errors are compared by kind.
    if (more.error?.code !== expected.error?.code) {
      throw differs(codec, label, more, expected);
    }
    assertOutcome(
      codec,
      label,
      {
        frames: [...frames, ...more.frames],
        error: expected.error,
      },
      expected,
      equal,
    );
    if (rest.length !== buffered) {
      throw new Error(
        `${codec.name} says that ${buffered} bytes are buffered, and takeRest() gives ${rest.length}`,
      );
    }
  }
}

function assertOutcome<In>(
  codec: Codec<In, never>,
  label: string,
  actual: Outcome<In>,
  expected: Outcome<In>,
  equal: (actual: In, expected: In) => boolean,
): void {
  const same = actual.frames.length === expected.frames.length &&
    actual.frames.every((frame, i) => equal(frame, expected.frames[i])) &&
    actual.error?.name === expected.error?.name &&
    actual.error?.message === expected.error?.message;
  if (!same) throw differs(codec, label, actual, expected);
}

function differs<In>(
  codec: Codec<In, never>,
  label: string,
  actual: Outcome<In>,
  expected: Outcome<In>,
): Error {
  return new Error(
    `${codec.name} breaks its contract (${label}):\n  gives    ${
      showOutcome(actual)
    }\n  expected ${showOutcome(expected)}`,
    { cause: actual.error },
  );
}

function showOutcome<In>({ frames, error }: Outcome<In>): string {
  return `${frames.length} frames ${show(frames)}, then ${
    error === undefined ? "the end" : `${error.name}: ${error.message}`
  }`;
}

function describeCutting(cutting: readonly number[]): string {
  return cutting.length === 0
    ? "whole"
    : `cut at ${cutting.slice(0, 20).join(",")}${
      cutting.length > 20 ? ",…" : ""
    }`;
}

/** Whole, byte by byte, every single split, and some at random. */
function cuttingsOf(
  bytes: Uint8Array,
  randomCuts: number,
  random: () => number,
): number[][] {
  const cuttings = [[], each(bytes.length)];
  for (let i = 0; i < randomCuts; i++) {
    const share = random();
    cuttings.push(each(bytes.length).filter(() => random() < share));
  }
  for (const at of positions(bytes.length)) cuttings.push([at]);
  return cuttings;
}

/** 1, 2, … , `end` - 1. */
function each(end: number): number[] {
  return Array.from({ length: Math.max(0, end - 1) }, (_, i) => i + 1);
}

/** Where to split: everywhere, or in a long stream at its first bytes, its last, and some between. */
function positions(length: number): number[] {
  const all = each(length);
  if (length <= MOST_SPLITS) return all;
  return [
    ...all.slice(0, 24),
    ...thinned(all.slice(24, -24), 48),
    ...all.slice(-24),
  ];
}

function thinned<T>(all: readonly T[], most: number): T[] {
  const step = Math.max(1, Math.ceil(all.length / most));
  return all.filter((_, i) => i % step === 0);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter();
  for (const part of parts) writer.bytes(part);
  return writer.take();
}

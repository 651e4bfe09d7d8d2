/**
 * Streams that tell whether a codec keeps its limit: a frame's beginning, bytes that do not end it until the limit is
 * passed, and then its end. Which bytes do not end it nobody can know of a codec of the user's, so some are tried on
 * it, and a stream is made of those behind which it waits.
 *
 * @module
 */

import { FrameError } from "../errors.ts";
import type { Codec } from "../framing/mod.ts";

/** A higher limit is not tried, because its streams would take longer than all the others together. */
const MOST_LIMIT = 2_097_152;
/** What codecs wait behind: padding, the highest length, and a digit, which is also text. */
const FILLERS = [0x00, 0xff, 0x39];
/** So many of them tell that it waits. */
const PROBE_BYTES = 64;
const EMPTY = new Uint8Array(0);

type Decodes = Pick<Codec<unknown, never>, "maxFrameBytes" | "decoder">;

/** A stream, and where it is to be cut. */
export interface LongStream {
  readonly bytes: Uint8Array;
  readonly cutting: readonly number[];
}

/** Streams that begin as one of `frames` does, which are cut within, or with all of one of `streams`. */
export function* longStreams(
  codec: Decodes,
  frames: readonly Uint8Array[],
  streams: readonly Uint8Array[],
): Generator<LongStream> {
  const limit = codec.maxFrameBytes;
  if (!(limit <= MOST_LIMIT)) return;
  const openings: (readonly [start: Uint8Array, rest: Uint8Array])[] = [
    [EMPTY, EMPTY],
    ...streams.map((stream) => [stream, EMPTY] as const),
    ...frames.flatMap((frame) =>
      [frame.length >> 1, frame.length - 1].map((at) =>
        [frame.subarray(0, at), frame.subarray(at)] as const
      )
    ),
  ];
  for (const [start, rest] of openings) {
    for (const filler of FILLERS) {
      if (rest.length > 0 && start.length > limit) continue;
      if (!waits(codec, start, filler)) continue;
      // A whole stream may hold frames, and its last one begin anywhere.
      const end = limit + 1 + (rest === EMPTY ? start.length : 0);
      const bytes = new Uint8Array(end + rest.length).fill(filler);
      bytes.set(start);
      bytes.set(rest, end);
      yield { bytes, cutting: [start.length, end - 1, end] };
    }
  }
}

/** Whether `codec` wants more where `start` and then some fillers have come. */
function waits(codec: Decodes, start: Uint8Array, filler: number): boolean {
  const decoder = codec.decoder();
  const fillers = new Uint8Array(PROBE_BYTES).fill(filler);
  try {
    decoder.feed(start.slice());
    // Each frame took a byte at least.
    for (let i = 0; i < start.length; i++) {
      if (decoder.next() === undefined) break;
    }
    decoder.feed(fillers);
    return decoder.next() === undefined;
  } catch (error) {
    if (error instanceof FrameError) return false;
    throw error;
  }
}

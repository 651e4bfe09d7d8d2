/**
 * Looks over a codec's shoulder. A codec is a plain value, so it can be wrapped: here, to count what the
 * network did to the bytes before the frames came out whole.
 *
 * @module
 */

import type { Codec, FrameDecoder } from "@packetboat/net";

/** What one decoder saw. */
export interface Tally {
  /** Chunks that it was fed: what each `read` of the socket returned. */
  reads: number;
  /** Of those, how many began in the middle of a frame. */
  torn: number;
  /** Whole frames that came out. */
  frames: number;
}

/** The same codec; each of its decoders puts a tally of its own into `tallies`. */
export function counting<In, Out>(
  codec: Codec<In, Out>,
  tallies: Tally[],
): Codec<In, Out> {
  return {
    ...codec,
    decoder() {
      const tally = { reads: 0, torn: 0, frames: 0 };
      tallies.push(tally);
      return countingDecoder(codec.decoder(), tally);
    },
  };
}

/** `detach` and `space` are left out, so that every chunk comes by `feed`. */
function countingDecoder<In>(
  decoder: FrameDecoder<In>,
  tally: Tally,
): FrameDecoder<In> {
  return {
    feed(chunk) {
      tally.reads++;
      if (decoder.bufferedBytes > 0) tally.torn++;
      decoder.feed(chunk);
    },
    next() {
      const frame = decoder.next();
      if (frame !== undefined) tally.frames++;
      return frame;
    },
    end: () => decoder.end(),
    takeRest: () => decoder.takeRest(),
    get bufferedBytes() {
      return decoder.bufferedBytes;
    },
  };
}

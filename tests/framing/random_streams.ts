/**
 * Random streams of a codec, for the property tests: frames made by fast-check, cut at random, some truncated,
 * some with a wrong byte.
 */

import fc from "fast-check";
import { type Codec, encodeFrame } from "../../src/framing/mod.ts";

/** Streams for each codec, and for each sort of face. */
export const CASES = 10_000;

/** One random stream, before it is encoded. */
export interface Case {
  frames: unknown[];
  cuts: number[];
  end: number;
  wrong: { at: number; byte: number } | undefined;
}

const share = fc.double({ min: 0, max: 1, noNaN: true });

/** Frames, where they are cut, and what is wrong with them, if anything is. */
export const caseOf = (frame: fc.Arbitrary<unknown>): fc.Arbitrary<Case> =>
  fc.record({
    frames: fc.array(frame, { maxLength: 5 }),
    cuts: fc.array(share, { maxLength: 8 }),
    end: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, {
      weight: 1,
      arbitrary: share,
    }),
    wrong: fc.option(
      fc.record({ at: share, byte: fc.integer({ min: 0, max: 255 }) }),
      { nil: undefined, freq: 3 },
    ),
  });

/** The stream of a case, and where it is cut. */
export function streamOf(
  codec: Codec<unknown>,
  { frames, cuts, end, wrong }: Case,
): { stream: Uint8Array; cutting: number[] } {
  const whole = frames.map((frame) => encodeFrame(codec, frame));
  const all = new Uint8Array(whole.reduce((sum, w) => sum + w.length, 0));
  let at = 0;
  for (const wire of whole) {
    all.set(wire, at);
    at += wire.length;
  }
  const stream = all.subarray(0, Math.round(end * all.length));
  if (wrong !== undefined && stream.length > 0) {
    stream[Math.floor(wrong.at * (stream.length - 1))] = wrong.byte;
  }
  const cutting = cuts.map((cut) => Math.round(cut * stream.length));
  return { stream, cutting: cutting.sort((a, b) => a - b) };
}

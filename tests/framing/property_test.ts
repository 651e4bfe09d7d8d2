/**
 * The contract of every codec on random streams, 10,000 for each: frames made by fast-check, cut at random,
 * some truncated, some with a wrong byte. Every face must give the same, and what was encoded and not damaged
 * must come back. A failure prints the seed and the shortest case.
 */

import fc from "fast-check";
import { type Codec, encodeFrame } from "../../src/framing/mod.ts";
import {
  assertSameAsyncFaces,
  assertSameFaces,
} from "../../src/testing/assert_codec.ts";
import { SAMPLES } from "./samples.ts";

const CASES = 10_000;
const ASYNC_CASES = 200;

interface Case {
  frames: unknown[];
  cuts: number[];
  end: number;
  wrong: { at: number; byte: number } | undefined;
}

const share = fc.double({ min: 0, max: 1, noNaN: true });

const caseOf = (frame: fc.Arbitrary<unknown>): fc.Arbitrary<Case> =>
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
function streamOf(
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

for (const { name, codec, arbitrary } of SAMPLES) {
  Deno.test(`${name} gives the same by every face for ${CASES} random streams`, () => {
    fc.assert(
      fc.property(caseOf(arbitrary), (it) => {
        const { stream, cutting } = streamOf(codec, it);
        const { frames, error } = assertSameFaces(codec, stream, [cutting]);
        const good = it.end === 1 && it.wrong === undefined;
        if (good && (error || frames.length !== it.frames.length)) {
          throw error ?? new Error(`${frames.length} frames came back`);
        }
      }),
      { numRuns: CASES },
    );
  });

  Deno.test(`${name} gives the same by streams and iterators`, async () => {
    await fc.assert(
      fc.asyncProperty(caseOf(arbitrary), async (it) => {
        const { stream, cutting } = streamOf(codec, it);
        await assertSameAsyncFaces(codec, stream, [cutting]);
      }),
      { numRuns: ASYNC_CASES },
    );
  });
}

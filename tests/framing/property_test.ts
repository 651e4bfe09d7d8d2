/**
 * The contract of every codec on random streams, 10,000 for each: every synchronous face must give the same,
 * and what was encoded and not damaged must come back. A failure prints the seed and the shortest case.
 */

import fc from "fast-check";
import { assertSameFaces } from "../../src/testing/assert_codec.ts";
import { caseOf, CASES, streamOf } from "./random_streams.ts";
import { SAMPLES } from "./samples.ts";

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
}

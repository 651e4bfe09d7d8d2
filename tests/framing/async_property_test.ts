/**
 * The contract of every codec by streams and async iterators, on as many random streams as property_test.ts has
 * for the synchronous faces. In a file of its own, so that the two run side by side.
 */

import fc from "fast-check";
import { assertSameAsyncFaces } from "../../src/testing/assert_codec.ts";
import { caseOf, CASES, streamOf } from "./random_streams.ts";
import { SAMPLES } from "./samples.ts";

for (const { name, codec, arbitrary } of SAMPLES) {
  Deno.test(`${name} gives the same by streams and iterators for ${CASES} random streams`, async () => {
    await fc.assert(
      fc.asyncProperty(caseOf(arbitrary), async (it) => {
        const { stream, cutting } = streamOf(codec, it);
        await assertSameAsyncFaces(codec, stream, [cutting]);
      }),
      { numRuns: CASES },
    );
  });
}

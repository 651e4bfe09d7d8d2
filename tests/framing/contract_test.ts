/**
 * The contract of every codec, ours and a user's: `assertCodec` on the samples, with every split and every
 * truncation. The random part is in property_test.ts.
 */

import { assertCodec } from "../../src/testing/assert_codec.ts";
import { SAMPLES } from "./samples.ts";

for (const { name, codec, frames, streams, unencodable } of SAMPLES) {
  Deno.test(`${name} keeps the contract of codecs`, async () => {
    await assertCodec(codec, frames, { streams, unencodable });
  });
}

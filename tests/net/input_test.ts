import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Codec,
  encodeFrame,
  lengthPrefixed,
  lines,
} from "../../src/framing/mod.ts";
import { Input } from "../../src/net/input.ts";
import { Slots } from "../../src/net/slots.ts";
import type { ByteStream } from "../../src/transport/mod.ts";

/** A stream that brings `wire` in pieces of `cuts` bytes, over and over. */
function streamOf(wire: Uint8Array, cuts: number[]) {
  let at = 0;
  let turn = 0;
  return {
    read(into: Uint8Array) {
      const left = wire.subarray(at);
      if (left.length === 0) return Promise.resolve(null);
      const piece = left.subarray(0, cuts[turn++ % cuts.length]);
      const count = Math.min(piece.length, into.length);
      into.set(piece.subarray(0, count));
      at += count;
      return Promise.resolve(count);
    },
  } as Partial<ByteStream> as ByteStream;
}

/**
 * Takes all frames, now and then with a read ahead, and looks at each frame only when the read that was
 * started during its turn has come: so long a frame that is lent must stay as it is.
 */
async function frames<F>(
  codec: Codec<F>,
  borrowed: boolean,
  wire: Uint8Array,
  cuts: number[],
  pauses: boolean[],
): Promise<string[]> {
  const seen: string[] = [];
  const input = new Input(
    streamOf(wire, cuts),
    codec,
    borrowed,
    new Slots(),
    { onInput() {}, onLost() {} },
  );
  for (let turn = 0; !input.finished; turn++) {
    const frame = input.take();
    input.want();
    if (frame === undefined || pauses[turn % pauses.length]) {
      await input.idle();
      await Promise.resolve();
    }
    if (frame !== undefined) {
      seen.push(
        typeof frame === "string"
          ? frame
          : new TextDecoder().decode(frame as unknown as Uint8Array),
      );
    }
  }
  return seen;
}

const cutting = fc.tuple(
  fc.array(fc.nat(3_000), { minLength: 1, maxLength: 60 }),
  fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 8 }),
  fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
);

for (const borrowed of [false, true]) {
  const how = borrowed ? "lent" : "kept";
  Deno.test(`Input gives the frames that were sent, ${how}, with reads ahead of their turns`, async () => {
    const codec = lengthPrefixed();
    await fc.assert(
      fc.asyncProperty(cutting, async ([sizes, cuts, pauses]) => {
        const sent = sizes.map((size, i) =>
          String.fromCharCode(97 + i % 26).repeat(size)
        );
        const wire = Uint8Array.from(
          sent.flatMap((text) => [
            ...encodeFrame(codec, new TextEncoder().encode(text)),
          ]),
        );
        assertEquals(await frames(codec, borrowed, wire, cuts, pauses), sent);
      }),
      { numRuns: 200 },
    );
  });
}

Deno.test("Input gives the lines that were sent, with buffers used again and reads ahead", async () => {
  await fc.assert(
    fc.asyncProperty(cutting, async ([sizes, cuts, pauses]) => {
      const sent = sizes.map((size, i) =>
        String.fromCharCode(97 + i % 26).repeat(size)
      );
      const wire = new TextEncoder().encode(
        sent.map((line) => `${line}\n`).join(""),
      );
      assertEquals(await frames(lines(), false, wire, cuts, pauses), sent);
    }),
    { numRuns: 200 },
  );
});

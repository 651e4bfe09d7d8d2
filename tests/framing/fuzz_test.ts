/**
 * Invariant: whatever bytes a peer sends, and however they are cut, a decoder gives frames or a `FrameError`.
 * Never another error, never a frame over the limit, never more memory than the limit and one chunk, never a
 * loop without end, and for every cutting the same.
 *
 * Fed with noise, with streams of few byte values, and with valid streams that were damaged: bytes changed,
 * removed, doubled, exchanged. A failure prints the seed and the shortest case.
 */

import fc from "fast-check";
import { FrameError } from "../../src/errors.ts";
import { encodeFrame } from "../../src/framing/mod.ts";
import { assertSameFaces, pieces } from "../../src/testing/assert_codec.ts";
import { type Sample, SAMPLES } from "./samples.ts";

const CASES = 2_000;

const share = fc.double({ min: 0, max: 1, noNaN: true });

/** Ways to damage a stream; each takes where and what. */
const DAMAGES: ((bytes: number[], at: number, byte: number) => void)[] = [
  (bytes, at, byte) => void (bytes[at] = byte),
  (bytes, at, byte) => void (bytes[at] ^= 1 << (byte & 7)),
  (bytes, at, byte) => void bytes.splice(at, 1 + (byte & 3)),
  (bytes, at, byte) => void bytes.splice(at, 0, byte),
  (bytes, at, byte) =>
    void bytes.splice(at, 0, ...bytes.slice(at, at + (byte & 15))),
  (bytes, at, byte) => void bytes.push(...bytes.splice(at, 1 + (byte & 15))),
];

const noise = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.array(
    fc.constantFrom(
      0,
      1,
      2,
      0x0a,
      0x0d,
      0x20,
      0x24,
      0x2c,
      0x30,
      0x31,
      0x3a,
      0xc0,
      0xdb,
      0xff,
    ),
    { maxLength: 200 },
  ).map((bytes) => Uint8Array.from(bytes)),
);

function damaged(sample: Sample): fc.Arbitrary<Uint8Array> {
  return fc.record({
    frames: fc.array(sample.arbitrary, { minLength: 1, maxLength: 4 }),
    damages: fc.array(
      fc.record({
        how: fc.nat({ max: DAMAGES.length - 1 }),
        at: share,
        byte: fc.nat({ max: 255 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  }).map(({ frames, damages }) => {
    const bytes = frames.flatMap((frame) => [
      ...encodeFrame(sample.codec, frame),
    ]);
    for (const { how, at, byte } of damages) {
      DAMAGES[how](bytes, Math.floor(at * bytes.length), byte);
    }
    return Uint8Array.from(bytes);
  });
}

/** A decoder over chunks, watched. */
function watch({ codec }: Sample, chunks: Uint8Array[], total: number): void {
  const decoder = codec.decoder();
  let calls = 0;
  try {
    for (const chunk of [...chunks, undefined]) {
      if (chunk) decoder.feed(chunk);
      else decoder.end();
      for (;;) {
        // Every frame takes a byte at least, and every chunk one more call.
        if (++calls > total + chunks.length + 2) {
          throw new RangeError("it goes on without end");
        }
        const frame = decoder.next();
        if (frame === undefined) break;
        if (
          frame instanceof Uint8Array && frame.length > codec.maxFrameBytes
        ) throw new RangeError(`a frame of ${frame.length} bytes`);
      }
      if (decoder.bufferedBytes > codec.maxFrameBytes) {
        throw new RangeError(`${decoder.bufferedBytes} bytes are held`);
      }
    }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
  }
}

for (const sample of SAMPLES) {
  Deno.test(`${sample.name} gives frames or a FrameError for any bytes`, () => {
    fc.assert(
      fc.property(
        fc.oneof(noise, { weight: 3, arbitrary: damaged(sample) }),
        fc.array(share, { maxLength: 6 }),
        (stream, cuts) => {
          const cutting = cuts.map((cut) => Math.round(cut * stream.length))
            .sort((a, b) => a - b);
          watch(sample, pieces(stream, cutting), stream.length);
          assertSameFaces(sample.codec, stream, [cutting]);
        },
      ),
      { numRuns: CASES },
    );
  });
}

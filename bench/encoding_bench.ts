/**
 * Encoding, measured: `deno task bench -- encode`. A group is a format and a size of frame; its baseline is the shortest
 * hand-written code, or our own where other libraries are compared. Before anything is timed, all encoders of a
 * group must give the same bytes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { lengthPrefixed, lines, varintPrefixed } from "../src/framing/mod.ts";
import {
  type Encoder,
  encoderStream,
  itLengthPrefixed,
  lengthEncoder,
  lengthPrefixedStream,
  lengthTransform,
  lineEncoder,
  single,
} from "./framing/encoders.ts";
import { isWanted, units } from "./framing/shapes.ts";

/** Where bytes go. */
const sink: { last: unknown } = { last: undefined };

/** Frames in one run. */
const ENCODED = 4096;

/** The same frame encoded again and again; all must give the same bytes. */
async function encodeGroup<T>(
  format: string,
  frame: T,
  size: number,
  encoders: Record<string, Encoder<T>>,
): Promise<void> {
  const group = `encode ${format}, ${ENCODED} frames of ${units(size)}`;
  if (!isWanted(group)) return;
  let expected: Uint8Array | undefined;
  let baseline = true;
  for (const [name, encode] of Object.entries(encoders)) {
    const parts: Uint8Array[] = [];
    await encode(frame, 3, (bytes) => parts.push(bytes));
    const wire = concat(parts);
    assertEquals(wire, expected ??= wire, `${group}, ${name}`);
    Deno.bench({
      name,
      group,
      baseline,
      n: 100,
      warmup: 10,
      fn: async () =>
        await encode(frame, ENCODED, (bytes) => void (sink.last = bytes)),
    });
    baseline = false;
  }
}

for (const size of [16, 64, 1024]) {
  const frame = new Uint8Array(size).fill(0x61);
  await encodeGroup("lengthPrefixed", frame, size, {
    "floor": lengthEncoder,
    "encodeFrame": single(lengthPrefixed()),
    "FrameEncoderStream": encoderStream(lengthPrefixed()),
    "hand-written TransformStream": lengthTransform,
  });
  await encodeGroup("varintPrefixed", frame, size, {
    "encodeFrame": single(varintPrefixed()),
    "it-length-prefixed": itLengthPrefixed,
    "length-prefixed-stream": lengthPrefixedStream,
  });
  await encodeGroup("lines", "x".repeat(size), size, {
    "floor": lineEncoder,
    "encodeFrame": single(lines()),
    "FrameEncoderStream": encoderStream(lines()),
  });
}

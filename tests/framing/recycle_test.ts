/** Memory of frames that is used again, once the reader has said that it is done with a frame before the next. */

import {
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import {
  encodeFrame,
  fixedLength,
  lengthPrefixed,
} from "../../src/framing/mod.ts";

const codec = lengthPrefixed({ maxFrameBytes: Infinity });

/** The frame of `byteLength` times `byte`, fed in two chunks, so that it needs memory of its own. */
function decode(
  decoder: ReturnType<typeof codec.decoder>,
  byteLength: number,
  byte: number,
): Uint8Array {
  const wire = encodeFrame(codec, new Uint8Array(byteLength).fill(byte));
  decoder.feed(wire.subarray(0, 10));
  assertEquals(decoder.next(), undefined);
  decoder.feed(wire.subarray(10));
  return decoder.next()!;
}

Deno.test("a decoder never builds two frames in the same memory, unless it is told to", () => {
  const decoder = codec.decoder();
  const first = decode(decoder, 100, 1);
  const second = decode(decoder, 100, 2);
  assertEquals(first, new Uint8Array(100).fill(1));
  assertEquals(second, new Uint8Array(100).fill(2));
  const large = decode(decoder, 5000, 3);
  assertNotStrictEquals(decode(decoder, 5000, 4).buffer, large.buffer);
  assertEquals(large, new Uint8Array(5000).fill(3));
});

Deno.test("recycle() lets a frame be built in the memory of the one before, if it is large enough", () => {
  const decoder = codec.decoder();
  decoder.recycle!();
  const first = decode(decoder, 100, 1);
  const smaller = decode(decoder, 60, 2);
  assertStrictEquals(first.buffer, smaller.buffer);
  assertEquals(smaller, new Uint8Array(60).fill(2));
  const larger = decode(decoder, 101, 3);
  assertNotStrictEquals(first.buffer, larger.buffer);
  assertEquals(larger, new Uint8Array(101).fill(3));
  assertStrictEquals(decode(decoder, 101, 4).buffer, larger.buffer);
});

Deno.test("recycle() called again frees the memory", () => {
  const decoder = codec.decoder();
  decoder.recycle!();
  const first = decode(decoder, 100, 1);
  decoder.recycle!();
  assertNotStrictEquals(decode(decoder, 100, 2).buffer, first.buffer);
});

Deno.test("recycle() does not hold on to the memory of a frame above 1 MiB", () => {
  const decoder = codec.decoder();
  decoder.recycle!();
  const first = decode(decoder, 1_048_577, 1);
  assertNotStrictEquals(decode(decoder, 1_048_577, 2).buffer, first.buffer);
});

Deno.test("recycle() keeps its hands off what takeRest() handed over", () => {
  const decoder = codec.decoder();
  decoder.recycle!();
  decode(decoder, 100, 1);
  const wire = encodeFrame(codec, new Uint8Array(100).fill(2));
  decoder.feed(wire.subarray(0, 50));
  assertEquals(decoder.next(), undefined);
  const rest = decoder.takeRest();
  decode(decoder, 100, 3);
  assertEquals(rest, wire.subarray(0, 50));
});

Deno.test("recycle() keeps its hands off what takeRest() handed over, also where a frame has no header", () => {
  const decoder = fixedLength(10).decoder();
  decoder.recycle!();
  const feedHalf = (byte: number) => {
    decoder.feed(new Uint8Array(5).fill(byte));
    return decoder.next();
  };
  feedHalf(1);
  assertEquals(feedHalf(2)?.length, 10);
  feedHalf(3);
  const rest = decoder.takeRest();
  feedHalf(4);
  assertEquals(feedHalf(5)?.length, 10);
  assertEquals(rest, new Uint8Array(5).fill(3));
});

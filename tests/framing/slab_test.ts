/** Small frames that need memory share it: an array buffer of its own costs ten times as much as the bytes in it. */

import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  cobs,
  type Codec,
  defineCodec,
  delimited,
  encodeFrame,
  lengthPrefixed,
  slip,
} from "../../src/framing/mod.ts";

const MIB = 1_048_576;
const maxFrameBytes = 2 * MIB;

/** Codecs that copy, some only what straddles. */
const codecs: Codec<Uint8Array>[] = [
  lengthPrefixed({ maxFrameBytes }),
  delimited("\n", { maxFrameBytes }),
  slip({ maxFrameBytes }),
  cobs({ maxFrameBytes }),
  defineCodec<Uint8Array>({
    name: "users",
    maxFrameBytes,
    decoder: () => ({
      decode(source) {
        if (!source.has(4)) return undefined;
        const length = source.uint(0, 4);
        if (!source.has(4 + length)) return undefined;
        source.skip(4);
        return source.take(length);
      },
    }),
    encode(frame, sink) {
      sink.uint(frame.length, 4);
      sink.bytes(frame);
    },
  }),
];

/** The frame that is number `n`: no byte in it means something to any of the codecs. */
function frame(n: number, byteLength: number): Uint8Array {
  return new Uint8Array(byteLength).fill(0x20 + n % 90);
}

/** Feeds one frame after the other, each in two halves. */
function decodeHalves(
  codec: Codec<Uint8Array>,
  frames: Uint8Array[],
): Uint8Array[] {
  const decoder = codec.decoder();
  return frames.map((frame) => {
    const wire = encodeFrame(codec, frame);
    // A chunk of its own each time: what lies in it is a view of it.
    decoder.feed(wire.slice(0, wire.length / 2));
    assertEquals(decoder.next(), undefined);
    decoder.feed(wire.slice(wire.length / 2));
    const decoded = decoder.next();
    assert(decoded !== undefined);
    return decoded;
  });
}

for (const codec of codecs) {
  Deno.test(`small frames of ${codec.name} that straddle chunks share memory, and no byte of it`, () => {
    const frames = Array.from({ length: 1000 }, (_, n) => frame(n, 64));
    const decoded = decodeHalves(codec, frames);
    assertEquals(decoded, frames);
    assertLessOrEqual(new Set(decoded.map(({ buffer }) => buffer)).size, 300);
    // What is written to one is not seen in any other.
    for (const one of decoded) {
      assert(one.every((byte) => byte !== 0));
      one.fill(0);
    }
  });

  Deno.test(`a frame of ${codec.name} that is kept keeps little more than itself`, () => {
    for (const size of [1, 64, 256, 257, 1024, 1025, 5000, MIB]) {
      const [kept] = decodeHalves(codec, [frame(0, size)]);
      assertEquals(kept, frame(0, size));
      assertLessOrEqual(
        kept.buffer.byteLength,
        size > 1024 ? 1.1 * size + 8 : Math.max(1024, 4 * size + 8),
      );
    }
  });

  Deno.test(`a large frame of ${codec.name} that came byte by byte leaves no large memory behind`, () => {
    const decoder = codec.decoder();
    const decoded = [frame(0, 100_000), frame(1, 9)].flatMap((sent) => {
      const frames: Uint8Array[] = [];
      for (const byte of encodeFrame(codec, sent)) {
        decoder.feed(Uint8Array.of(byte));
        const whole = decoder.next();
        if (whole !== undefined) frames.push(whole);
      }
      return frames;
    });
    assertEquals(decoded, [frame(0, 100_000), frame(1, 9)]);
    assertLessOrEqual(decoded[1].buffer.byteLength, 1024);
  });

  Deno.test(`decoders of ${codec.name} share no memory`, () => {
    const frames = [frame(1, 64), frame(2, 64)];
    const mine = decodeHalves(codec, frames);
    const yours = decodeHalves(codec, frames);
    for (const { buffer } of mine) {
      assert(!yours.some((other) => other.buffer === buffer));
    }
  });
}

Deno.test("the memory of a frame can be transferred", () => {
  for (const codec of codecs) {
    const decoded = Array.from({ length: 100 }, (_, n) => {
      const decoder = codec.decoder();
      const frames = [frame(n, 64), frame(n, 65)].map((frame) => {
        const wire = encodeFrame(codec, frame);
        decoder.feed(wire.slice(0, 30));
        assertEquals(decoder.next(), undefined);
        decoder.feed(wire.slice(30));
        const { buffer, byteOffset, length } = decoder.next()!;
        return new Uint8Array(
          structuredClone(buffer, { transfer: [buffer as ArrayBuffer] }),
          byteOffset,
          length,
        );
      });
      return frames;
    });
    assertEquals(decoded[7], [frame(7, 64), frame(7, 65)]);
  }
});

Deno.test("a frame whose memory was transferred half-way is an error, not a wrong frame", () => {
  const codec = lengthPrefixed();
  const decoder = codec.decoder();
  const wire = encodeFrame(codec, frame(1, 64));
  decoder.feed(wire.slice(0, 30));
  assertEquals(decoder.next(), undefined);
  decoder.feed(wire.slice(30));
  const { buffer } = decoder.next()!;
  for (const part of [wire.slice(0, 4), wire.slice(4, 40)]) {
    decoder.feed(part);
    assertEquals(decoder.next(), undefined);
  }
  structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
  decoder.feed(wire.slice(40));
  assertThrows(() => decoder.next(), TypeError, "was transferred");
});

for (const size of [0, 1, 64, 4095, 4096, 4097, MIB]) {
  Deno.test(`encodeFrame() gives ${size} bytes memory of their own`, () => {
    const codec = lengthPrefixed({ maxFrameBytes });
    const first = encodeFrame(codec, frame(1, size));
    const second = encodeFrame(codec, frame(2, size));
    for (const wire of [first, second]) {
      assertLessOrEqual(
        wire.buffer.byteLength,
        Math.max(size + 4 + 32, 1.25 * (size + 4)),
      );
    }
    assert(first.buffer !== second.buffer);
    assertEquals(first.subarray(4), frame(1, size));
    assertEquals(second.subarray(4), frame(2, size));
  });
}

Deno.test("encodeFrame() may be called by a codec that encodes", () => {
  const inner = lengthPrefixed({ bytes: 1 });
  const outer: Pick<Codec<never, string>, "encode"> = {
    encode(text, sink) {
      sink.text("<");
      sink.bytes(encodeFrame(inner, new TextEncoder().encode(text)));
      sink.text(">");
    },
  };
  assertEquals([...encodeFrame(outer, "ab")], [60, 2, 97, 98, 62]);
  assertEquals([...encodeFrame(outer, "c")], [60, 1, 99, 62]);
});

Deno.test("encodeFrame() keeps nothing of a frame that could not be encoded", () => {
  const error = new Error("no");
  const half: Pick<Codec<never, string>, "encode"> = {
    encode(text, sink) {
      sink.text(text);
      throw error;
    },
  };
  try {
    encodeFrame(half, "half");
  } catch (thrown) {
    assertStrictEquals(thrown, error);
  }
  assertEquals([...encodeFrame(lengthPrefixed(), frame(0, 1))], [
    0,
    0,
    0,
    1,
    32,
  ]);
});

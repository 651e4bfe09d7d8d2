/**
 * How much is copied. Every copy goes into memory that was taken for it and is written once, so the memory
 * that decoding takes bounds the bytes that it copies; and memory taken is what a test can count.
 */

import { assertEquals, assertLessOrEqual } from "@std/assert";
import {
  type Codec,
  defineCodec,
  delimited,
  lengthPrefixed,
  lines,
  netstring,
  varintPrefixed,
} from "../../src/framing/mod.ts";
import { FrameTooLargeError } from "../../src/errors.ts";
import { utf8 } from "./cuts.ts";

const MIB = 1_048_576;
const LIMIT = 2 * MIB;

/** Bytes of memory that `work` takes for byte arrays, by constructor or by `slice`. */
function memoryTaken(work: () => void): number {
  const Original = Uint8Array;
  const { slice } = Original.prototype;
  let taken = 0;
  const Counting = new Proxy(Original, {
    construct(target, args) {
      if (typeof args[0] === "number") taken += args[0];
      return Reflect.construct(target, args);
    },
  });
  globalThis.Uint8Array = Counting;
  Original.prototype.slice = function (start, end) {
    const copy = slice.call(this, start, end);
    taken += copy.length;
    return copy as Uint8Array<ArrayBuffer>;
  };
  try {
    work();
  } finally {
    globalThis.Uint8Array = Original;
    Original.prototype.slice = slice;
  }
  return taken;
}

/** Feeds `wire` in views of `size` bytes and counts memory until the one frame in it has come. */
function taken(
  codec: Codec<unknown>,
  wire: Uint8Array,
  size: number,
): number {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < wire.length; at += size) {
    chunks.push(wire.subarray(at, at + size));
  }
  let frames = 0;
  const memory = memoryTaken(() => {
    const decoder = codec.decoder();
    for (const chunk of chunks) {
      decoder.feed(chunk);
      while (decoder.next() !== undefined) frames++;
    }
  });
  assertEquals(frames, 1);
  return memory;
}

function withHeader(...header: number[]): Uint8Array {
  const wire = new Uint8Array(header.length + MIB).fill(0x61);
  wire.set(header);
  return wire;
}

for (const size of [1, 16, 255, 256, 1460, 65_536]) {
  Deno.test(`a frame of known length is copied once, in chunks of ${size} bytes`, () => {
    const cases: [Codec<unknown>, Uint8Array][] = [
      [lengthPrefixed({ maxFrameBytes: LIMIT }), withHeader(0, 0x10, 0, 0)],
      [
        varintPrefixed({ maxFrameBytes: LIMIT }),
        withHeader(0x80, 0x80, 0x40),
      ],
      [
        netstring({ maxFrameBytes: LIMIT }),
        new Uint8Array([...withHeader(...utf8("1048576:")), 0x2c]),
      ],
    ];
    for (const [codec, wire] of cases) {
      // The frame, and some bytes to gather its header in.
      assertLessOrEqual(taken(codec, wire, size), MIB + 256);
    }
  });

  Deno.test(`a frame up to a delimiter is copied ${size < 256 ? "twice" : "once"} at most, in chunks of ${size} bytes`, () => {
    const wire = withHeader();
    wire[wire.length - 1] = 0x0a;
    // Gathered in segments that are as large as what is waiting already, 64 KiB at most.
    const most = size < 256 ? 2 * MIB + 131_072 : MIB + 1024;
    for (
      const codec of [
        delimited("\n", { maxFrameBytes: LIMIT }),
        lines({ maxFrameBytes: LIMIT }),
      ]
    ) assertLessOrEqual(taken(codec, wire, size), most);
  });
}

Deno.test("a frame within one chunk is not copied", () => {
  const body = new Uint8Array(1000).fill(0x61);
  const framed: [Codec<unknown>, Uint8Array][] = [
    [lengthPrefixed(), new Uint8Array([0, 0, 3, 0xe8, ...body])],
    [netstring(), new Uint8Array([...utf8("1000:"), ...body, 0x2c])],
    [delimited("\r\n"), new Uint8Array([...body, 13, 10])],
  ];
  for (const [codec, wire] of framed) {
    assertEquals(taken(codec, wire, wire.length), 0);
  }
});

Deno.test("the limit fires before memory is taken, however much is declared", () => {
  const declared: [Codec<unknown>, Uint8Array][] = [
    [lengthPrefixed(), Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 1, 2)],
    [varintPrefixed(), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 7, 1, 2)],
    [netstring(), utf8("2000000000:xx")],
    [
      defineCodec<Uint8Array>({
        name: "users",
        decoder: () => ({
          decode(source) {
            if (!source.has(4) || !source.has(source.uint(0, 4))) return;
            return source.take(4);
          },
        }),
        encode: () => {},
      }),
      Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 1, 2),
    ],
  ];
  for (const [codec, wire] of declared) {
    for (const size of [1, wire.length]) {
      const memory = memoryTaken(() => {
        const decoder = codec.decoder();
        try {
          for (let at = 0; at < wire.length; at += size) {
            decoder.feed(wire.subarray(at, at + size));
            decoder.next();
          }
        } catch (error) {
          if (error instanceof FrameTooLargeError) return;
        }
        throw new Error(`${codec.name} did not fire its limit`);
      });
      assertLessOrEqual(memory, 1024);
    }
  }
});

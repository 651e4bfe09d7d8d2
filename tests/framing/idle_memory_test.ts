/** What a decoder holds while it waits for the next frame, whatever came before: ten thousand of them wait most of their time. */

import v8 from "node:v8";
import vm from "node:vm";
import { assertEquals, assertLess } from "@std/assert";
import {
  cobs,
  type Codec,
  contentLength,
  defineCodec,
  delimited,
  encodeFrame,
  json,
  lengthPrefixed,
  lines,
  marked,
  netstring,
  slip,
  text,
} from "../../src/framing/mod.ts";
import { cut, utf8 } from "./cuts.ts";

const DECODERS = 100;
/** A slab for four frames of 1 KiB, a segment of 1 KiB, and the objects themselves. */
const MOST_BYTES = 8_192;

const users = defineCodec<Uint8Array>({
  name: "users",
  decoder: () => ({
    decode(source) {
      const length = source.indexOf(utf8("\n"));
      return length < 0 ? undefined : source.take(length + 1);
    },
  }),
  encode(frame, sink) {
    sink.bytes(frame);
    sink.text("\n");
  },
});

const CODECS: Codec<Uint8Array>[] = [
  lengthPrefixed(),
  netstring(),
  contentLength(),
  delimited("\r\n"),
  marked({ start: "<", end: ">" }),
  slip(),
  cobs(),
  users,
];
const TEXTS: Codec<string>[] = [
  lines(),
  text(lengthPrefixed()),
  json<string>(delimited("\n")),
];

v8.setFlagsFromString("--expose-gc");
const gc: () => void = vm.runInNewContext("gc");

function memoryInUse(): number {
  gc();
  gc();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Bytes that one decoder holds when it has handed out all of `wire`, which it was lent. */
function heldAfter(
  codec: Codec<unknown>,
  wire: Uint8Array,
  size: number,
): number {
  const waiting: unknown[] = [];
  const before = memoryInUse();
  for (let i = 0; i < DECODERS; i++) {
    const decoder = codec.decoder();
    let frames = 0;
    for (const chunk of cut(wire, size)) {
      decoder.feed(chunk);
      while (decoder.next() !== undefined) frames++;
      decoder.detach!();
    }
    assertEquals(frames, 1);
    waiting.push(decoder);
  }
  const held = (memoryInUse() - before) / waiting.length;
  waiting.length = 0;
  return held;
}

for (const [length, size] of [[60_000, 65_536], [60_000, 50], [300_000, 300]]) {
  Deno.test(`a decoder holds little after a frame of ${length} bytes in chunks of ${size}`, () => {
    for (const codec of CODECS) {
      const wire = encodeFrame(codec, new Uint8Array(length).fill(0x61));
      assertLess(heldAfter(codec, wire, size), MOST_BYTES, codec.name);
    }
    for (const codec of TEXTS) {
      const wire = encodeFrame(codec, "a".repeat(length));
      assertLess(heldAfter(codec, wire, size), MOST_BYTES, codec.name);
    }
  });
}

Deno.test("a decoder holds little after a long header", () => {
  const wire = utf8(`X: ${"a".repeat(4_000)}\r\nContent-Length: 1\r\n\r\nA`);
  assertLess(heldAfter(contentLength(), wire, 100), MOST_BYTES);
});

for (const codec of [lengthPrefixed({ bytes: 1 }), delimited("\n"), users]) {
  Deno.test(`a decoder of ${codec.name} that is always two chunks behind holds no more than these`, () => {
    const wire = encodeFrame(codec, Uint8Array.of(7));
    const decoder = codec.decoder();
    const pass = (count: number) => {
      for (let i = 0; i < count; i++) {
        decoder.feed(wire);
        decoder.next();
      }
    };
    decoder.feed(wire);
    decoder.feed(wire);
    pass(10_000);
    const before = memoryInUse();
    pass(500_000);
    assertLess(memoryInUse() - before, 500_000);
    assertEquals(decoder.bufferedBytes, 2 * wire.length);
  });
}

/**
 * Node's `Buffer` is a `Uint8Array` whose `slice()` gives a view and not a copy. Chunks from `node:net` are
 * such, so nothing here may rely on the `slice` of what it was given, nor hand such a thing out.
 */

import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import {
  type Codec,
  decodeAll,
  defineCodec,
  delimited,
  FrameDecoderStream,
  lengthPrefixed,
  lines,
  marked,
  netstring,
  raw,
  slip,
} from "../../src/framing/mod.ts";
import { utf8 } from "./cuts.ts";

const untilSemicolon = defineCodec<Uint8Array>({
  name: "until semicolon",
  decoder: () => ({
    decode(source) {
      const at = source.indexOf(Buffer.from(";"));
      if (at < 0) return undefined;
      const frame = source.take(at);
      source.skip(1);
      return frame;
    },
  }),
  encode: () => {},
});

/** A codec, the wire of "abc" and "defg", and how many bytes of it are "abc" and a part of the other. */
const CASES: [Codec<unknown>, Uint8Array, number][] = [
  [
    lengthPrefixed({ bytes: 1 }),
    new Uint8Array([3, ...utf8("abc"), 4, ...utf8("defg")]),
    6,
  ],
  [netstring(), utf8("3:abc,4:defg,"), 8],
  [lines(), utf8("abc\ndefg\n"), 6],
  [delimited(";"), utf8("abc;defg;"), 6],
  [marked({ start: "<", end: ">" }), utf8("<abc><defg>"), 7],
  [slip(), new Uint8Array([...utf8("abc"), 0xc0, ...utf8("defg"), 0xc0]), 6],
  [untilSemicolon, utf8("abc;defg;"), 6],
];

for (const [codec, wire, split] of CASES) {
  const [first, second] = codec.name === "lines"
    ? ["abc", "defg"]
    : [utf8("abc"), utf8("defg")];

  Deno.test(`${codec.name} makes plain byte arrays of a Buffer, whose slice() is a copy`, () => {
    const frames = decodeAll(codec, Buffer.from(wire));
    assertEquals(frames, [first, second]);
    for (const frame of frames) {
      if (frame instanceof Uint8Array) {
        assertEquals(frame.constructor, Uint8Array);
      }
    }
  });

  Deno.test(`${codec.name} holds nothing of a Buffer after detach()`, () => {
    const decoder = codec.decoder();
    const chunk = Buffer.from(wire.subarray(0, split));
    // One that waits behind it, too.
    const waiting = Buffer.from(wire.subarray(split, split + 1));
    decoder.feed(chunk);
    decoder.feed(waiting);
    assertEquals(decoder.next(), first);
    decoder.detach!();
    chunk.fill(0xa5);
    waiting.fill(0xa5);
    decoder.feed(wire.subarray(split + 1));
    assertEquals(decoder.next(), second);
  });
}

Deno.test("raw() hands out a Buffer as a plain byte array on the same memory", () => {
  const chunk = Buffer.from("abc");
  const [frame] = decodeAll(raw(), chunk);
  assertEquals(frame.constructor, Uint8Array);
  assertEquals(frame.buffer === chunk.buffer, true);
});

Deno.test("FrameDecoderStream gives plain byte arrays for Buffers that are written", async () => {
  const stream = new FrameDecoderStream(delimited(";"));
  const writer = stream.writable.getWriter();
  const written = writer.write(Buffer.from("abc;"));
  const frame = (await stream.readable.getReader().read()).value;
  assertEquals(frame, utf8("abc"));
  await writer.abort();
  await Promise.allSettled([written, writer.closed]);
});

Deno.test("slip() undoes escapes without writing to a Buffer", () => {
  const wire = Uint8Array.of(0x41, 0xdb, 0xdc, 0x42, 0xc0);
  const chunk = Buffer.from(wire);
  assertEquals(decodeAll(slip(), chunk), [Uint8Array.of(0x41, 0xc0, 0x42)]);
  assertEquals(new Uint8Array(chunk), wire);
});

Deno.test("a delimiter given as a Buffer is copied", () => {
  const end = Buffer.from(";");
  const [byEnd, byBoth] = [delimited(end), marked({ start: "<", end })];
  end[0] = 0x21;
  assertEquals(decodeAll(byEnd, utf8("abc;")), [utf8("abc")]);
  assertEquals(decodeAll(byBoth, utf8("<abc;")), [utf8("abc")]);
});

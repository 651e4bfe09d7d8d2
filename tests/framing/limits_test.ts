/**
 * The limit of every codec as a model: frames are made by a codec of a high limit, and one of a low limit takes those
 * whose bytes on the wire are no more than that, on encode and on decode, header and markers counted, for every cutting.
 */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  cobs,
  type Codec,
  contentLength,
  decimalPrefixed,
  delimited,
  EncodeError,
  encodeFrame,
  type FrameOptions,
  FrameTooLargeError,
  json,
  lengthPrefixed,
  lines,
  marked,
  netstring,
  octetCounted,
  slip,
  text,
  varintPrefixed,
} from "../../framing.ts";
import { assertSameFaces } from "../../src/testing/assert_codec.ts";

/** A codec by its limit, the least limit that it takes, and a frame about so large. */
interface Limited {
  name: string;
  make: (limit: FrameOptions) => Codec<unknown>;
  least: number;
  frame: (size: number) => unknown;
}

const limited = <T>(
  name: string,
  least: number,
  make: (limit: FrameOptions) => Codec<T>,
  frame: (size: number) => T,
): Limited => ({ name, least, make, frame } as unknown as Limited);

/** With bytes that SLIP and COBS rewrite. */
const bytes = (size: number) =>
  Uint8Array.from({ length: size }, (_, i) => [1, 0xc0, 0, 0xdb, 0x41][i % 5]);
/** Characters of one byte to four. */
const words = (size: number) =>
  Array.from({ length: size }, (_, i) => ["a", "é", "€", "😀"][i * 7 % 4])
    .join("");
const letters = (size: number) => new Uint8Array(size).fill(0x41);

const CODECS: Limited[] = [
  limited("bytes: 1", 1, (o) => lengthPrefixed({ bytes: 1, ...o }), bytes),
  limited("bytes: 4", 4, (o) => lengthPrefixed(o), bytes),
  limited("bytes: 8", 8, (o) => lengthPrefixed({ bytes: 8, ...o }), bytes),
  limited(
    "adjust: 3",
    5,
    (o) => lengthPrefixed({ bytes: 2, adjust: 3, ...o }),
    (size) => bytes(size + 3),
  ),
  limited("varint", 1, (o) => varintPrefixed(o), bytes),
  limited(
    "varint, header kept",
    2,
    (o) => varintPrefixed({ offset: 1, keepHeader: true, ...o }),
    (size) => new Uint8Array([9, size, ...bytes(size)]),
  ),
  limited("decimal", 2, (o) => decimalPrefixed({ digits: 2, ...o }), bytes),
  limited("netstring", 3, netstring, bytes),
  limited("octetCounted", 3, octetCounted, (size) => bytes(size + 1)),
  limited("contentLength", 21, contentLength, bytes),
  limited("delimited", 2, (o) => delimited("\r\n", o), letters),
  limited(
    "delimited, last one emitted",
    1,
    (o) => delimited(";", { atEnd: "emit", ...o }),
    letters,
  ),
  limited("marked", 4, (o) => marked({ start: "<<", end: ">>" }, o), letters),
  limited("slip", 2, slip, (size) => bytes(size + 1)),
  limited("cobs", 2, cobs, bytes),
  limited("lines", 1, (o) => lines(o), words),
  limited("lines, CRLF", 2, (o) => lines({ end: "\r\n", ...o }), words),
  limited("text", 1, (o) => text(lengthPrefixed({ bytes: 1, ...o })), words),
  limited("json", 1, (o) => json(delimited("\n", o)), words),
];

const HIGH = { maxFrameBytes: 101 };

/** What counts of a frame: all of it but the END in front, which is the end of whatever was before. */
const counted = (name: string, wire: Uint8Array) =>
  wire.length - (name === "slip" ? 1 : 0);

for (const { name, make, least, frame } of CODECS) {
  Deno.test(`a limit counts the whole frame, to the byte: ${name}`, () => {
    const high = make(HIGH);
    const some = fc.record({
      limit: fc.integer({ min: least, max: least + 20 }),
      sizes: fc.array(fc.integer({ min: 0, max: 24 }), { maxLength: 4 }),
      cuts: fc.array(fc.nat(200), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(some, ({ limit, sizes, cuts }) => {
        const low = make({ maxFrameBytes: limit });
        const frames = sizes.map(frame);
        const wires = frames.map((f) => encodeFrame(high, f));
        const fits = wires.map((wire) => counted(name, wire) <= limit);
        for (const [i, wire] of wires.entries()) {
          if (fits[i]) assertEquals(encodeFrame(low, frames[i]), wire);
          else assertThrows(() => encodeFrame(low, frames[i]), EncodeError);
        }
        const stream = Uint8Array.from(wires.flatMap((wire) => [...wire]));
        const cuttings = [
          [],
          cuts.filter((at) => at < stream.length).sort((a, b) => a - b),
          Array.from(stream, (_, at) => at),
        ];
        const outcome = assertSameFaces(low, stream, cuttings);
        const over = fits.indexOf(false);
        assertEquals(
          outcome.frames,
          over < 0 ? frames : frames.slice(0, over),
        );
        if (over < 0) assertEquals(outcome.error, undefined);
        else assertInstanceOf(outcome.error, FrameTooLargeError);
      }),
      { numRuns: 300 },
    );
  });
}

Deno.test("a header that does not end within the limit is a frame that is too large, for every cutting", () => {
  const ones = (count: number) => "1".repeat(count);
  // By the lowest limit and the highest at which no byte but the one behind the limit was looked at.
  const cases: [Limited["make"], number, number, string][] = [
    [varintPrefixed, 1, 1, "\x80\x80"],
    [varintPrefixed, 1, 3, "\x80\x80\x80\x00"],
    [varintPrefixed, 1, 8, "\x80".repeat(12)],
    [(o) => varintPrefixed({ offset: 2, ...o }), 3, 4, "ab\x80\x80\x00"],
    [netstring, 3, 7, ones(8)],
    [netstring, 3, 7, ones(8) + ":"],
    [netstring, 3, 4, ones(5) + "x"],
    [netstring, 3, 15, ones(40)],
    [octetCounted, 3, 4, ones(5) + " "],
    [octetCounted, 3, 15, ones(40)],
  ];
  for (const [make, least, most, wire] of cases) {
    const stream = Uint8Array.from(wire, (char) => char.charCodeAt(0));
    const splits = Array.from(stream, (_, at) => [at]);
    const bytewise = Array.from(stream, (_, at) => at);
    for (let maxFrameBytes = least; maxFrameBytes < 20; maxFrameBytes++) {
      const codec = make({ maxFrameBytes });
      const cuttings = [[], bytewise, ...splits];
      const { error } = assertSameFaces(codec, stream, cuttings);
      if (maxFrameBytes > most) continue;
      assertInstanceOf(error, FrameTooLargeError);
      assertEquals(error.declaredBytes, maxFrameBytes + 1);
    }
  }
});

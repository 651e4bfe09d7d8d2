import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  EncodeError,
  FrameTooLargeError,
  MalformedFrameError,
} from "../../src/errors.ts";
import { encodeFrame, lines } from "../../src/framing/mod.ts";
import { assertSameFaces } from "../../src/testing/assert_codec.ts";
import { cut, run, utf8 } from "./cuts.ts";

const ascii = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz \t\r\0~");

Deno.test("lines() ends a line at LF or CRLF, and the last one anywhere", () => {
  const cases: [string, string[]][] = [
    ["", []],
    ["\n", [""]],
    ["one\ntwo\r\n\r\n\nlast", ["one", "two", "", "", "last"]],
    ["a\r", ["a\r"]],
    ["a\rb\r\r\n", ["a\rb\r"]],
    ["\ufeffé€😀\nß\r\n", ["\ufeffé€😀", "ß"]],
    ["x".repeat(300) + "\r\ny", ["x".repeat(300), "y"]],
  ];
  for (const [text, frames] of cases) {
    const wire = utf8(text);
    for (let size = 1; size <= wire.length + 1; size++) {
      assertEquals(run(lines(), cut(wire, size)), { frames });
    }
  }
});

Deno.test("lines() rejects what is not UTF-8, after the good lines before it", () => {
  const wire = new Uint8Array([
    ...utf8("é\ngood\n"),
    0x61,
    0xff,
    0x0a,
    0x62,
    0x0a,
  ]);
  for (let size = 1; size <= wire.length; size++) {
    const { frames, error } = run(lines(), cut(wire, size));
    assertEquals(frames, ["é", "good"]);
    assertInstanceOf(error, MalformedFrameError);
    assertEquals([error.offset, error.window], [8, "61 ff"]);
  }
});

Deno.test("lines() counts bytes and the line end in maxFrameBytes, on both sides", () => {
  const codec = lines({ maxFrameBytes: 7 });
  assertEquals(encodeFrame(codec, "ééé").length, 7);
  assertThrows(() => encodeFrame(codec, "éééa"), EncodeError, "8 bytes");
  const wire = utf8("ééé\néééa\n");
  for (let size = 1; size <= wire.length; size++) {
    const { frames, error } = run(codec, cut(wire, size));
    assertEquals(frames, ["ééé"]);
    assertInstanceOf(error, FrameTooLargeError);
    assertEquals([error.offset, error.declaredBytes], [7, 8]);
  }
});

Deno.test("lines() refuses to encode what would come back as something else", () => {
  for (const text of ["a\nb", "\n", "a\r", "\ud800"]) {
    assertThrows(() => encodeFrame(lines(), text), EncodeError);
  }
  const crlf = lines({ end: "\r\n" });
  assertEquals(encodeFrame(crlf, "a\r"), utf8("a\r\r\n"));
  assertEquals(run(crlf, [utf8("a\r\r\n")]), { frames: ["a\r"] });
});

Deno.test("lines() decoder holds nothing of a chunk after detach()", () => {
  const decoder = lines().decoder();
  const chunk = utf8("one\ntw" + "o".repeat(500));
  decoder.feed(chunk);
  assertEquals(decoder.next(), "one");
  decoder.detach!();
  chunk.fill(0x21);
  assertEquals(decoder.next(), undefined);
  const more = utf8("o".repeat(500) + "\nthree\nfo");
  decoder.feed(more);
  assertEquals(decoder.next(), "tw" + "o".repeat(1000));
  decoder.detach!();
  more.fill(0x21);
  assertEquals(decoder.next(), "three");
  assertEquals(decoder.next(), undefined);
  assertEquals(decoder.bufferedBytes, 2);
  decoder.end();
  assertEquals(decoder.next(), "fo");
});

Deno.test("lines() validates its options", () => {
  assertThrows(() => lines({ end: "\r" as "\n" }), RangeError, "'end'");
  assertThrows(
    () => lines({ maxFrameBytes: 0 }),
    RangeError,
    "'maxFrameBytes'",
  );
});

Deno.test("lines() reads long lines and lines in chunks larger than it decodes ahead", () => {
  const text = "a\n" + "x".repeat(100_000) + "\r\n" + "é".repeat(70_000) +
    "\nb\n" + "line\n".repeat(50_000) + "end";
  const wire = utf8(text);
  const frames = text.split("\n").map((line) => line.replace(/\r$/, ""));
  for (const size of [2, 3, 100_000, 131_072, wire.length]) {
    assertEquals(run(lines(), cut(wire, size)), { frames });
    const decoder = lines().decoder();
    for (const chunk of cut(wire, size)) decoder.feed(chunk);
    decoder.end();
    const ahead = [];
    for (let f = decoder.next(); f !== undefined; f = decoder.next()) {
      ahead.push(f);
    }
    assertEquals(ahead, frames);
  }
});

Deno.test("lines() gives the same where much text is decoded ahead, ASCII or not", () => {
  // Chunks of 64 bytes and more are decoded as a whole, in another way where all of one is ASCII.
  const line = fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: ascii, maxLength: 150 }) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
    {
      weight: 1,
      arbitrary: fc.string({ unit: ascii, minLength: 190, maxLength: 210 }),
    },
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n")), {
        maxLength: 12,
      }),
      fc.array(fc.nat({ max: 1500 }), { maxLength: 6 }),
      fc.option(fc.tuple(fc.nat(), fc.nat({ max: 255 })), {
        nil: undefined,
        freq: 3,
      }),
      fc.nat({ max: 20 }),
      (texts, cuts, wrong, stopAfter) => {
        const codec = lines({ maxFrameBytes: 200 });
        const wire = utf8(texts.flat().join(""));
        if (wrong && wire.length > 0) wire[wrong[0] % wire.length] = wrong[1];
        const cutting = cuts.sort((a, b) => a - b);
        const expected = run(codec, cut(wire, 1));
        const { frames, error } = assertSameFaces(codec, wire, [cutting]);
        assertEquals(frames, expected.frames);
        assertEquals(
          error?.message,
          (expected.error as Error | undefined)?.message,
        );

        // What is left after some lines is what another decoder needs to go on.
        const decoder = codec.decoder();
        decoder.feed(wire.slice());
        const some: string[] = [];
        try {
          while (some.length < stopAfter) {
            const frame = decoder.next();
            if (frame === undefined) break;
            some.push(frame);
          }
        } catch {
          return;
        }
        const count = decoder.bufferedBytes;
        const rest = decoder.takeRest();
        assertEquals(rest, wire.subarray(wire.length - count));
        assertEquals([...some, ...run(codec, [rest]).frames], expected.frames);
      },
    ),
    { numRuns: 2_000 },
  );
});

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  EncodeError,
  FrameTooLargeError,
  TruncatedFrameError,
} from "../../src/errors.ts";
import { delimited, encodeFrame } from "../../src/framing/mod.ts";
import { cut, run, utf8 } from "./cuts.ts";

Deno.test("delimited() finds delimiters of one byte and of many, for every cutting", () => {
  const cases: [string, string, string[]][] = [
    ["\0", "one\0\0two\0", ["one", "", "two"]],
    ["\r\n", "a\rb\r\r\n\r\nc\r\n", ["a\rb\r", "", "c"]],
    ["aab", "aaaabxaabaab", ["aa", "x", ""]],
    ["abcabd", "abcabcabdabcabd", ["abc", ""]],
    ["--end--", "-".repeat(400) + "--end--", ["-".repeat(400)]],
  ];
  for (const [delimiter, text, frames] of cases) {
    const wire = utf8(text);
    for (let size = 1; size <= wire.length; size++) {
      assertEquals(run(delimited(delimiter), cut(wire, size)), {
        frames: frames.map(utf8),
      });
    }
  }
});

Deno.test("delimited() says that the stream ended inside a frame, or hands it out", () => {
  const wire = utf8("one;tw");
  for (let size = 1; size <= wire.length; size++) {
    const { frames, error } = run(delimited(";"), cut(wire, size));
    assertEquals(frames, [utf8("one")]);
    assertInstanceOf(error, TruncatedFrameError);
    assertEquals(
      [error.offset, error.bufferedBytes, error.window],
      [4, 2, "74 77"],
    );
    assertEquals(run(delimited(";", { atEnd: "emit" }), cut(wire, size)), {
      frames: [utf8("one"), utf8("tw")],
    });
  }
});

Deno.test("delimited() fires its limit at the same byte for every cutting", () => {
  const codec = delimited("--", { maxFrameBytes: 10 });
  const wire = utf8("12345678--123456789--");
  for (let size = 1; size <= wire.length; size++) {
    const { frames, error } = run(codec, cut(wire, size));
    assertEquals(frames, [utf8("12345678")]);
    assertInstanceOf(error, FrameTooLargeError);
    assertEquals(
      [error.offset, error.declaredBytes, error.window],
      [10, 11, "31 32 33 34 35 36 37 38 39 2d 2d"],
    );
  }
  assertEquals(encodeFrame(codec, new Uint8Array(8)).length, 10);
  assertThrows(() => encodeFrame(codec, new Uint8Array(9)), EncodeError);
});

Deno.test("delimited() refuses a frame that holds its delimiter, or would with it", () => {
  assertThrows(
    () => encodeFrame(delimited("\r\n"), utf8("a\r\nb")),
    EncodeError,
    "at byte 1",
  );
  assertThrows(() => encodeFrame(delimited("aa"), utf8("xa")), EncodeError);
  assertEquals(encodeFrame(delimited(":}"), utf8("a:")), utf8("a::}"));
});

Deno.test("delimited() validates its options", () => {
  assertThrows(() => delimited(""), RangeError, "'delimiter'");
  assertThrows(
    () => delimited(";", { atEnd: "no" as "emit" }),
    RangeError,
    "'atEnd'",
  );
  assertThrows(
    () => delimited("abc", { maxFrameBytes: 2 }),
    RangeError,
    "'maxFrameBytes' must be an integer of at least 3: current value is 2",
  );
});

Deno.test("delimited() keeps a copy of its delimiter", () => {
  const delimiter = Uint8Array.of(0);
  const codec = delimited(delimiter);
  delimiter[0] = 65;
  assertEquals(run(codec, [Uint8Array.of(65, 0)]), { frames: [utf8("A")] });
});

Deno.test("FrameDecoder.takeRest() of delimited() gives back all that is no frame yet", () => {
  const wire = utf8("one;" + "x".repeat(600) + "--;;");
  for (let at = 0; at <= wire.length; at++) {
    const decoder = delimited("--").decoder();
    decoder.feed(wire.slice(0, at));
    const early = decoder.next() !== undefined;
    decoder.feed(wire.slice(at));
    const frame = early || decoder.next() !== undefined;
    assertEquals(frame, true);
    assertEquals(decoder.takeRest(), utf8(";;"));
    assertEquals(decoder.bufferedBytes, 0);
  }
});

Deno.test("scanner() of delimited() visits a last frame at the end", () => {
  const codec = delimited(";", { atEnd: "emit" });
  const wire = utf8("one;two;last");
  for (let size = 1; size <= wire.length; size++) {
    const frames: Uint8Array<ArrayBuffer>[] = [];
    const visit = (bytes: Uint8Array, start: number, end: number) =>
      void frames.push(bytes.slice(start, end));
    const scanner = codec.scanner();
    for (const chunk of cut(wire, size)) scanner.scan(chunk, visit);
    scanner.end(visit);
    assertEquals({ frames }, run(codec, [wire]));
  }
});

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  EncodeError,
  FrameTooLargeError,
  MalformedFrameError,
  TruncatedFrameError,
} from "../../src/errors.ts";
import {
  decodeAll,
  encodeFrame,
  lengthPrefixed,
  type LengthPrefixedOptions,
} from "../../src/framing/mod.ts";
import { cut, run, utf8 } from "./cuts.ts";

Deno.test("lengthPrefixed() writes and reads every width in both orders", () => {
  for (const bytes of [1, 2, 3, 4, 8] as const) {
    for (const littleEndian of [false, true]) {
      const codec = lengthPrefixed({ bytes, littleEndian });
      const wire = encodeFrame(codec, utf8("AAA"));
      const length = new Array(bytes).fill(0);
      length[littleEndian ? 0 : bytes - 1] = 3;
      assertEquals([...wire], [...length, 65, 65, 65]);
      for (let size = 1; size <= wire.length; size++) {
        assertEquals(run(codec, cut(wire, size)), { frames: [utf8("AAA")] });
      }
    }
  }
});

Deno.test("lengthPrefixed() hands out a zero-length frame", () => {
  const codec = lengthPrefixed({ bytes: 2 });
  const wire = Uint8Array.of(0, 0, 0, 1, 7, 0, 0);
  const frames = [new Uint8Array(0), Uint8Array.of(7), new Uint8Array(0)];
  for (let size = 1; size <= wire.length; size++) {
    assertEquals(run(codec, cut(wire, size)), { frames });
  }
});

Deno.test("lengthPrefixed() applies offset, adjust and keepHeader", () => {
  const codec = lengthPrefixed({ offset: 1, adjust: -4, keepHeader: true });
  const query = Uint8Array.of(0x51, 0, 0, 0, 7, 65, 65, 65);
  const wire = new Uint8Array([...query, ...query]);
  for (let size = 1; size <= wire.length; size++) {
    assertEquals(run(codec, cut(wire, size)), { frames: [query, query] });
  }
  // The length field is written over.
  assertEquals(
    encodeFrame(codec, Uint8Array.of(0x51, 9, 9, 9, 9, 65, 65, 65)),
    query,
  );
});

Deno.test("lengthPrefixed() without the header cannot encode bytes in front of the length", () => {
  assertThrows(
    () => encodeFrame(lengthPrefixed({ offset: 1 }), utf8("A")),
    EncodeError,
    "'keepHeader'",
  );
});

Deno.test("lengthPrefixed() rejects a frame above maxFrameBytes before it has come", () => {
  const codec = lengthPrefixed({ maxFrameBytes: 65_536 });
  const decoder = codec.decoder();
  decoder.feed(Uint8Array.of(0, 1, 0x11, 0x6c));
  const error = assertThrows(() => decoder.next(), FrameTooLargeError);
  assertEquals(
    error.message,
    "Cannot decode lengthPrefixed frame at byte 0: declared 70000 bytes, limit is 65536 [00 01 11 6c]",
  );
  assertEquals(error.declaredBytes, 70_000);
  assertEquals(decoder.bufferedBytes, 0);
  decoder.feed(new Uint8Array(10));
  assertEquals(assertThrows(() => decoder.next()), error);
});

Deno.test("lengthPrefixed() counts the header in maxFrameBytes, on both sides", () => {
  const codec = lengthPrefixed({ maxFrameBytes: 10 });
  assertEquals(encodeFrame(codec, new Uint8Array(6)).length, 10);
  assertThrows(
    () => encodeFrame(codec, new Uint8Array(7)),
    EncodeError,
    "Cannot encode lengthPrefixed frame: 11 bytes, limit is 10",
  );
  assertEquals(
    decodeAll(codec, Uint8Array.of(0, 0, 0, 6, 1, 2, 3, 4, 5, 6)).length,
    1,
  );
  assertThrows(
    () => decodeAll(codec, Uint8Array.of(0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7)),
    FrameTooLargeError,
  );
});

Deno.test("lengthPrefixed() takes a length above 2^53 for too large, not for negative", () => {
  const codec = lengthPrefixed({ bytes: 8, maxFrameBytes: Infinity });
  for (const first of [0x00, 0x7f, 0x80, 0xff]) {
    const wire = new Uint8Array(8).fill(0xff);
    wire[0] = first;
    const error = assertThrows(
      () => decodeAll(codec, wire),
      FrameTooLargeError,
    );
    assertEquals(error.declaredBytes > Number.MAX_SAFE_INTEGER, true);
  }
  assertThrows(
    () => decodeAll(lengthPrefixed(), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1)),
    FrameTooLargeError,
    "declared 4294967299 bytes",
  );
});

Deno.test("lengthPrefixed() with more declared than there is memory fails as a frame error", () => {
  const codec = lengthPrefixed({ bytes: 8, maxFrameBytes: Infinity });
  assertThrows(
    () => decodeAll(codec, Uint8Array.of(0, 0x10, 0, 0, 0, 0, 0, 0)),
    FrameTooLargeError,
    "more memory than there is",
  );
});

Deno.test("lengthPrefixed() rejects a length that adjust makes negative", () => {
  const codec = lengthPrefixed({ bytes: 2, adjust: -2 });
  const { frames, error } = run(codec, [Uint8Array.of(0, 3, 7, 0, 1)]);
  assertEquals(frames, [Uint8Array.of(7)]);
  assertInstanceOf(error, MalformedFrameError);
  assertEquals(error.offset, 3);
  assertEquals(error.window, "00 01");
});

Deno.test("lengthPrefixed() names the frame that the stream ended in", () => {
  const codec = lengthPrefixed({ bytes: 2 });
  const wire = Uint8Array.of(0, 1, 7, 0, 2, 8);
  for (let size = 1; size <= wire.length; size++) {
    const { frames, error } = run(codec, cut(wire, size));
    assertEquals(frames, [Uint8Array.of(7)]);
    assertInstanceOf(error, TruncatedFrameError);
    assertEquals(
      [error.offset, error.bufferedBytes, error.window],
      [3, 3, "00 02 08"],
    );
  }
});

Deno.test("lengthPrefixed() guesses what the wrong bytes are", () => {
  const hint = (bytes: Uint8Array, options?: LengthPrefixedOptions) =>
    assertThrows(
      () => decodeAll(lengthPrefixed(options), bytes),
      FrameTooLargeError,
    ).hint;
  assertEquals(hint(utf8("GET / HTTP/1.1")), "looks like an HTTP request");
  assertEquals(hint(utf8("SSH-2.0-x")), "looks like an SSH banner");
  assertEquals(hint(utf8("hello")), "the length bytes are ASCII text");
  assertEquals(
    hint(Uint8Array.of(0x16, 3, 1, 2, 0)),
    "looks like a TLS ClientHello",
  );
  assertEquals(
    hint(Uint8Array.of(5, 0, 0, 0)),
    "plausible with the other byte order",
  );
  assertEquals(hint(Uint8Array.of(0xff, 0xff, 0xff, 0xff)), undefined);
});

Deno.test("lengthPrefixed() validates its options together", () => {
  const cases: [LengthPrefixedOptions, string][] = [
    [{ bytes: 5 as 4 }, "'bytes' must be 1, 2, 3, 4 or 8: current value is 5"],
    [{ offset: -1 }, "'offset'"],
    [{ offset: 0.5 }, "'offset'"],
    [{ adjust: NaN }, "'adjust'"],
    [{ adjust: -256, bytes: 1 }, "'adjust'"],
    [{ maxFrameBytes: 3 }, "'maxFrameBytes'"],
    [{ maxFrameBytes: -1 }, "'maxFrameBytes'"],
    [{ maxFrameBytes: 1e6 + 0.5 }, "'maxFrameBytes'"],
    [{ maxFrameBytes: NaN }, "'maxFrameBytes'"],
    [
      { maxFrameBytes: 65_538, bytes: 2 },
      "'maxFrameBytes' must be an integer from 2 to 65537: current value is 65538",
    ],
    [{ maxFrameBytes: 4, offset: 1 }, "'maxFrameBytes'"],
  ];
  for (const [options, message] of cases) {
    assertThrows(() => lengthPrefixed(options), RangeError, message);
  }
});

Deno.test("lengthPrefixed() lowers the default limit to what the field can say", () => {
  assertEquals(lengthPrefixed({ bytes: 1 }).maxFrameBytes, 256);
  assertEquals(lengthPrefixed({ bytes: 2 }).maxFrameBytes, 65_537);
  assertEquals(lengthPrefixed().maxFrameBytes, 1_048_576);
  assertEquals(
    lengthPrefixed({ bytes: 2, adjust: 1, maxFrameBytes: Infinity })
      .maxFrameBytes,
    65_538,
  );
});

Deno.test("lengthPrefixed() hands out views within a chunk and copies across", () => {
  const codec = lengthPrefixed({ bytes: 1 });
  const decoder = codec.decoder();
  const chunk = Uint8Array.of(2, 1, 2, 3, 4);
  decoder.feed(chunk);
  assertEquals(decoder.next()?.buffer === chunk.buffer, true);
  assertEquals(decoder.next(), undefined);
  // What straddles is in memory of its own by now: the chunk may be written over.
  chunk.fill(0xff);
  assertEquals(decoder.bufferedBytes, 2);
  decoder.feed(Uint8Array.of(5, 6));
  const frame = decoder.next()!;
  assertEquals([...frame], [4, 5, 6]);
  decoder.feed(Uint8Array.of(2, 7));
  assertEquals(decoder.next(), undefined);
  decoder.feed(Uint8Array.of(8));
  assertEquals([...decoder.next()!], [7, 8]);
  assertEquals([...frame], [4, 5, 6]);
});

Deno.test("FrameDecoder.takeRest() of lengthPrefixed() gives back all that is no frame yet", () => {
  const wire = Uint8Array.of(0, 1, 7, 0, 9, 1, 2, 3, 4, 5);
  for (const keepHeader of [false, true]) {
    for (let at = 0; at <= wire.length; at++) {
      const decoder = lengthPrefixed({ bytes: 2, keepHeader }).decoder();
      decoder.feed(wire.slice(0, at));
      const handedOut = decoder.next() === undefined ? 0 : 3;
      decoder.next();
      decoder.feed(wire.slice(at));
      const late = handedOut === 0 && decoder.next() !== undefined ? 3 : 0;
      assertEquals(decoder.bufferedBytes, wire.length - handedOut - late);
      assertEquals(decoder.takeRest(), wire.slice(handedOut + late));
      assertEquals(decoder.bufferedBytes, 0);
      assertEquals(decoder.next(), undefined);
    }
  }
});

Deno.test("FrameDecoder.space() of lengthPrefixed() is the memory of a large frame", () => {
  const decoder = lengthPrefixed().decoder();
  assertEquals(decoder.space!(), undefined);
  decoder.feed(Uint8Array.of(0, 0, 0x20, 0, 1, 2, 3));
  assertEquals(decoder.space!(), undefined);
  assertEquals(decoder.next(), undefined);
  let space = decoder.space!()!;
  assertEquals(space.length, 8189);
  space.fill(7, 0, 5000);
  decoder.filled!(5000);
  assertEquals(decoder.next(), undefined);
  assertEquals(decoder.bufferedBytes, 4 + 5003);
  // Too little is missing now to be worth a read of its own.
  assertEquals(decoder.space!(), undefined);
  assertThrows(() => decoder.filled!(3190), RangeError);
  space = new Uint8Array(3189).fill(8);
  decoder.feed(space);
  const frame = decoder.next()!;
  assertEquals(
    [frame.length, frame[2], frame[3], frame[5002], frame[5003]],
    [8192, 3, 7, 7, 8],
  );
  // The position in the stream counts what was filled.
  decoder.feed(Uint8Array.of(0xff, 0, 0, 0));
  assertEquals(
    assertThrows(() => decoder.next(), FrameTooLargeError).offset,
    8196,
  );
});

Deno.test("scanner() of lengthPrefixed() visits the ranges that next() hands out", () => {
  const wire = Uint8Array.of(0, 1, 7, 0, 0, 0, 3, 1, 2, 3);
  for (const keepHeader of [false, true]) {
    const codec = lengthPrefixed({ bytes: 2, keepHeader });
    for (let size = 1; size <= wire.length; size++) {
      const scanner = codec.scanner();
      const frames: Uint8Array<ArrayBuffer>[] = [];
      for (const chunk of cut(wire, size)) {
        scanner.scan(chunk, (bytes, start, end) => {
          frames.push(bytes.slice(start, end));
        });
      }
      scanner.end();
      assertEquals({ frames }, run(codec, [wire]));
    }
  }
});

Deno.test("lengthPrefixed() takes a length of four bytes as unsigned, also where adjust is as large", () => {
  const codec = lengthPrefixed({ adjust: 2 ** 31 + 5 });
  const wire = Uint8Array.of(0x80, 0, 0, 0, 1, 2, 3, 4, 5);
  const { frames, error } = run(codec, [wire]);
  assertEquals(frames, []);
  assertInstanceOf(error, FrameTooLargeError);
  assertEquals(error.declaredBytes, 2 ** 32 + 9);
});

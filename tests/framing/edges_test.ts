/** What decoders do at their edges: memory that is read over, errors of a user's own, more bytes after an error, hints. */

import {
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  EncodeError,
  FrameError,
  FrameTooLargeError,
  MalformedFrameError,
  TruncatedFrameError,
} from "../../src/errors.ts";
import {
  type ByteCodec,
  ByteWriter,
  cobs,
  type Codec,
  contentLength,
  decodeAll,
  defineCodec,
  delimited,
  encodeFrame,
  fixedLength,
  lengthPrefixed,
  lines,
  mapCodec,
  marked,
  netstring,
  raw,
  slip,
  text,
  varintPrefixed,
} from "../../src/framing/mod.ts";
import { datagram } from "../../udp.ts";
import { cut, run, utf8 } from "./cuts.ts";

const CODECS: Record<string, Codec<Uint8Array>> = {
  lengthPrefixed: lengthPrefixed({ bytes: 1 }),
  varintPrefixed: varintPrefixed(),
  netstring: netstring(),
  delimited: delimited("\r\n"),
  fixedLength: fixedLength(3),
};

for (const [name, codec] of Object.entries(CODECS)) {
  Deno.test(`${name}: detach() also copies chunks that were fed ahead and nobody has asked for`, () => {
    const wire = ["abc", "def", "ghi"].map((text) =>
      encodeFrame(codec, utf8(text))
    );
    const all = new Uint8Array(wire.flatMap((bytes) => [...bytes]));
    for (let size = 1; size <= all.length; size++) {
      const chunks = cut(all, size);
      const decoder = codec.decoder();
      for (const chunk of chunks) decoder.feed(chunk);
      decoder.detach!();
      for (const chunk of chunks) chunk.fill(0xee);
      for (const text of ["abc", "def", "ghi"]) {
        assertEquals(decoder.next(), utf8(text), `chunks of ${size}`);
      }
      assertEquals(decoder.next(), undefined);
    }
  });
}

Deno.test("raw(): detach() copies what waits, and the owner may write over it", () => {
  const decoder = raw().decoder();
  const chunks = [Uint8Array.of(1, 2), Uint8Array.of(3)];
  for (const chunk of chunks) decoder.feed(chunk);
  decoder.detach!();
  for (const chunk of chunks) chunk.fill(0xee);
  assertEquals([...decoder.next()!, ...decoder.next()!], [1, 2, 3]);
});

Deno.test("raw() has no frame to be cut: its end is never an error", () => {
  assertEquals(run(raw(), [Uint8Array.of(1)]), { frames: [Uint8Array.of(1)] });
  assertEquals(run(raw(), []), { frames: [] });
});

Deno.test("datagram(): a datagram is one frame, gone once it was taken or given back", () => {
  const decoder = datagram().decoder();
  assertEquals([decoder.bufferedBytes, decoder.next()], [0, undefined]);
  decoder.feed(Uint8Array.of(1, 2));
  assertEquals(decoder.bufferedBytes, 2);
  assertEquals(decoder.takeRest(), Uint8Array.of(1, 2));
  assertEquals([decoder.bufferedBytes, decoder.next()], [0, undefined]);
  assertEquals(decoder.takeRest(), new Uint8Array(0));
  decoder.feed(Uint8Array.of(3));
  decoder.end();
  assertEquals(decoder.next(), Uint8Array.of(3));
});

Deno.test("varintPrefixed() knows with the tenth byte that a length is too long", () => {
  const error = assertThrows(
    () => decodeAll(varintPrefixed(), new Uint8Array(10).fill(0x80)),
    MalformedFrameError,
    "the length has more than 10 bytes",
  );
  assertEquals(error.window, "80 80 80 80 80 80 80 80 80 80");
  const longest = Uint8Array.of(0x81, ...new Array(8).fill(0x80), 0, 7);
  assertEquals(decodeAll(varintPrefixed(), longest), [Uint8Array.of(7)]);
});

Deno.test("contentLength() says too large when the header alone is over maxFrameBytes, malformed above 4096 bytes", () => {
  const wire = utf8(`X: ${"a".repeat(5_000)}\r\nContent-Length: 0\r\n\r\n`);
  for (const size of [1, 99, 101, 4_096, 6_000]) {
    const chunks = cut(wire, size);
    const { error } = run(contentLength({ maxFrameBytes: 100 }), chunks);
    assertInstanceOf(error, FrameTooLargeError);
    assertEquals([error.offset, error.declaredBytes], [0, 101]);
    const long = run(contentLength(), cut(wire, size)).error;
    assertInstanceOf(long, MalformedFrameError);
  }
  const least = contentLength({ maxFrameBytes: 21 });
  assertEquals(decodeAll(least, utf8("Content-Length: 0\r\n\r\n")).length, 1);
  assertThrows(
    () => decodeAll(least, utf8("Content-Length: 10\r\n\r\n")),
    FrameTooLargeError,
  );
});

/** What a program passes by mistake that nobody has checked the types of. */
const NO_BYTES: Record<string, unknown> = {
  String: "abc",
  Number: 3,
  Undefined: undefined,
  Null: null,
  Array: [1, 2, 3],
  Object: { length: 3 },
  ArrayBuffer: new ArrayBuffer(3),
  DataView: new DataView(new ArrayBuffer(3)),
  Uint16Array: new Uint16Array(3),
};

Deno.test("what is no byte array is refused, and nothing of it is written", () => {
  const codecs: Codec<Uint8Array>[] = [
    ...Object.values(CODECS),
    marked({ start: "<", end: ">" }),
    slip(),
    cobs(),
    raw(),
    mapCodec(raw(), { decode: (frame) => frame, encode: (frame) => frame }),
    defineCodec<Uint8Array>({
      name: "users",
      decoder: () => ({ decode: (source) => source.take(source.length) }),
      encode: (frame, sink) => sink.bytes(frame),
    }),
  ];
  for (const codec of codecs) {
    for (const [kind, frame] of Object.entries(NO_BYTES)) {
      const writer = new ByteWriter();
      writer.text("before");
      assertThrows(
        () => codec.encode(frame as Uint8Array, writer),
        EncodeError,
        `must be a Uint8Array: current value is of type ${kind}`,
      );
      assertEquals(new TextDecoder().decode(writer.view()), "before");
    }
    const wire = encodeFrame(codec, Uint8Array.of(1, 2, 255));
    const frame = Int8Array.of(1, 2, -1) as unknown as Uint8Array;
    assertEquals(encodeFrame(codec, frame), wire);
  }
});

Deno.test("varintPrefixed() without the header cannot encode bytes in front of the length", () => {
  const error = assertThrows(
    () => encodeFrame(varintPrefixed({ offset: 2 }), utf8("a")),
    EncodeError,
    "Cannot encode varintPrefixed frame: the 2 bytes in front of the length are not known without 'keepHeader'",
  );
  assertEquals(error.code, "ENCODE");
  const codec = varintPrefixed({ offset: 2, keepHeader: true });
  const frame = Uint8Array.of(7, 8, 1, 9);
  assertEquals(decodeAll(codec, encodeFrame(codec, frame)), [frame]);
});

Deno.test("defineCodec(): a FrameError of the user's own is passed on as it is, and is final", () => {
  const mine = new MalformedFrameError("the checksum is wrong", {
    codec: "mine",
    offset: 40,
    window: "00",
  });
  const codec = defineCodec<number>({
    name: "users",
    decoder: () => ({
      decode(source) {
        if (source.length < 2) return undefined;
        throw mine;
      },
    }),
    encode: () => {},
  });
  const decoder = codec.decoder();
  decoder.feed(Uint8Array.of(1, 2, 3));
  for (let i = 0; i < 2; i++) {
    assertStrictEquals(assertThrows(() => decoder.next()), mine);
  }
  assertEquals(decoder.bufferedBytes, 0);
});

Deno.test("defineCodec(): what is thrown and is no FrameError is the cause of one, with the place", () => {
  for (const [thrown, words] of [[new Error("odd"), "odd"], ["text", "text"]]) {
    const codec = defineCodec<number>({
      name: "users",
      decoder: () => ({
        decode(source) {
          if (!source.has(2)) return undefined;
          if (source.uint(0, 1) === 9) throw thrown;
          return source.take(2)[0];
        },
      }),
      encode: () => {},
    });
    const { frames, error } = run(codec, [Uint8Array.of(1, 0, 9, 0)]);
    assertEquals(frames, [1]);
    assertInstanceOf(error, MalformedFrameError);
    assertEquals([error.offset, error.cause], [2, thrown]);
    assertEquals(error.message.includes(`: ${words} [09`), true, error.message);
  }
});

/** What nobody should throw, because nothing can be said about it. */
const UNSPEAKABLE: unknown[] = [
  Object.create(null),
  { toString: () => ({}), valueOf: () => ({}) },
  Symbol("odd"),
  Object.assign(new Error(), { message: Symbol("odd") }),
];

Deno.test("what a callback throws is a final FrameError, also where it has no words", () => {
  for (const thrown of UNSPEAKABLE) {
    const refuse = () => {
      throw thrown;
    };
    const codecs: Codec<unknown>[] = [
      defineCodec({
        name: "users",
        decoder: () => ({ decode: refuse }),
        encode: refuse,
      }),
      mapCodec(fixedLength(1), { decode: refuse, encode: refuse }),
    ];
    for (const codec of codecs) {
      const decoder = codec.decoder();
      decoder.feed(Uint8Array.of(1, 2));
      const error = assertThrows(() => decoder.next(), MalformedFrameError);
      assertStrictEquals(error.cause, thrown);
      assertStrictEquals(assertThrows(() => decoder.next()), error);
      const refused = assertThrows(() => encodeFrame(codec, 1), EncodeError);
      assertStrictEquals(refused.cause, thrown);
    }
  }
});

for (const [name, codec] of Object.entries(CODECS) as [string, ByteCodec][]) {
  const wire = new Uint8Array(
    ["abc", "def", "ghi"].flatMap((text) => [
      ...encodeFrame(codec, utf8(text)),
    ]),
  );
  const textOf = (bytes: Uint8Array, start: number, end: number) =>
    new TextDecoder().decode(bytes.subarray(start, end));

  Deno.test(`${name}: a scanner visits at its end what a visitor that threw has left`, () => {
    const scanner = codec.scanner();
    const seen: string[] = [];
    assertThrows(() =>
      scanner.scan(wire, (...frame) => {
        seen.push(textOf(...frame));
        throw new Error("no more");
      })
    );
    scanner.end((...frame) => void seen.push(textOf(...frame)));
    assertEquals(seen, ["abc", "def", "ghi"]);
  });

  Deno.test(`${name}: a visitor cannot scan, and nothing is lost by the attempt`, () => {
    const scanner = codec.scanner();
    const seen: string[] = [];
    const visit = (...frame: [Uint8Array, number, number]) => {
      seen.push(textOf(...frame));
      assertThrows(
        () => scanner.scan(wire.slice(), visit),
        TypeError,
        "from within a visit",
      );
      assertThrows(() => scanner.end(), TypeError, "from within a visit");
    };
    scanner.scan(wire, visit);
    scanner.scan(wire, visit);
    scanner.end();
    assertEquals(seen, ["abc", "def", "ghi", "abc", "def", "ghi"]);
  });
}

Deno.test("an array of no bytes has memory of its own as well, which can be transferred", () => {
  const recycling = lengthPrefixed().decoder();
  recycling.recycle!();
  recycling.feed(Uint8Array.of(0, 0));
  assertEquals(recycling.next(), undefined);
  recycling.feed(Uint8Array.of(0, 0));
  const nothing: (() => Uint8Array)[] = [
    () => recycling.next()!,
    () => lengthPrefixed().decoder().takeRest(),
    () => delimited(";").decoder().takeRest(),
    () => lines().decoder().takeRest(),
    () => encodeFrame({ encode() {} }, 0),
  ];
  for (const give of nothing) {
    const { buffer, length } = give();
    assertEquals(length, 0);
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    for (const codec of [lines(), delimited(";"), lengthPrefixed()]) {
      assertEquals(codec.decoder().takeRest().length, 0);
    }
    assertEquals(encodeFrame({ encode() {} }, 0).length, 0);
  }
});

for (const [codec, end] of [[slip(), 0xc0], [cobs(), 0]] as const) {
  Deno.test(`${codec.name}: a resting line is no beginning of a frame, fed or passed over`, () => {
    const rest = new Uint8Array(5).fill(end);
    for (const wire of [[rest], [rest.slice(0, 2), rest.slice(2)]]) {
      const decoder = codec.decoder();
      for (const chunk of wire) decoder.feed(chunk);
      assertEquals(decoder.bufferedBytes, 0);
      assertEquals(decoder.next(), undefined);
      assertEquals(decoder.bufferedBytes, 0);
      // A code that COBS takes as well.
      decoder.feed(Uint8Array.of(end, 2));
      assertEquals(decoder.bufferedBytes, 1);
      assertEquals(decoder.next(), undefined);
      assertEquals(decoder.bufferedBytes, 1);
      decoder.end();
      const error = assertThrows(() => decoder.next(), TruncatedFrameError);
      assertEquals([error.offset, error.bufferedBytes], [6, 1]);
    }
  });

  Deno.test(`text(${codec.name}): a frame at fault begins behind the resting line, however it is cut`, () => {
    // Both formats read 0xFF as itself behind this code.
    const wire = Uint8Array.of(end, end, 2, 0x41, end, end, 2, 0xff, end);
    for (let size = 1; size <= wire.length; size++) {
      const { error } = run(text(codec), cut(wire, size));
      assertInstanceOf(error, MalformedFrameError);
      assertEquals(error.offset, 6, `chunks of ${size}`);
    }
  });
}

Deno.test("ByteSource.indexOf() finds each of more markers than it remembers, across chunks", () => {
  const markers = Array.from({ length: 12 }, (_, i) => utf8(`<${i}>`));
  const codec = defineCodec<number[]>({
    name: "markers",
    decoder: () => ({
      decode(source) {
        const found = markers.map((marker) => source.indexOf(marker));
        if (found.includes(-1)) return undefined;
        source.skip(source.length);
        return found;
      },
    }),
    encode: () => {},
  });
  const wire = utf8(markers.map((_, i) => `<${i}>`).join(""));
  const expected = markers.map((_, i) => i < 10 ? i * 3 : 30 + (i - 10) * 4);
  for (let size = 1; size <= wire.length; size++) {
    assertEquals(run(codec, cut(wire, size)).frames, [expected]);
  }
});

Deno.test("mapCodec() that has failed takes nothing more in, and gives no space", () => {
  const codec = mapCodec(lengthPrefixed(), {
    decode(): string {
      throw new Error("no");
    },
    encode: (text: string) => utf8(text),
  });
  const decoder = codec.decoder();
  decoder.feed(Uint8Array.of(0, 0, 0, 1, 7, 0, 0, 0x20, 0));
  const error = assertThrows(() => decoder.next(), MalformedFrameError);
  decoder.feed(new Uint8Array(1_000));
  assertEquals([decoder.bufferedBytes, decoder.space!()], [0, undefined]);
  assertStrictEquals(assertThrows(() => decoder.next()), error);
});

Deno.test("mapCodec() knows where it is also after a chunk that was none, and one that is another view of bytes", () => {
  const codec = mapCodec(lengthPrefixed({ bytes: 1 }), {
    decode(frame) {
      if (frame[0] === 9) throw new Error("no");
      return frame;
    },
    encode: (frame: Uint8Array) => frame,
  });
  const decoder = codec.decoder();
  const feed = (chunk: unknown) => decoder.feed(chunk as Uint8Array);
  assertThrows(() => feed("text"), TypeError);
  feed(new DataView(Uint8Array.of(1, 7, 1, 9).buffer));
  assertEquals(decoder.next(), Uint8Array.of(7));
  const error = assertThrows(() => decoder.next(), MalformedFrameError);
  assertEquals(error.offset, 2);
});

Deno.test("a decoder that has failed keeps nothing of what comes after", () => {
  const broken: [Codec<unknown>, Uint8Array][] = [
    [lengthPrefixed(), Uint8Array.of(0xff, 0xff, 0xff, 0xff)],
    [netstring(), utf8("x")],
    [lines(), Uint8Array.of(0xff, 0x0a)],
    [delimited(";", { maxFrameBytes: 3 }), utf8("too long")],
  ];
  for (const [codec, wire] of broken) {
    const decoder = codec.decoder();
    decoder.feed(wire);
    const error = assertThrows(() => decoder.next(), FrameError);
    for (let i = 0; i < 100; i++) decoder.feed(new Uint8Array(10_000));
    assertEquals(decoder.bufferedBytes, 0, codec.name);
    assertStrictEquals(assertThrows(() => decoder.next()), error);
    assertEquals(decoder.takeRest().length, 0, codec.name);
  }
});

Deno.test("lengthPrefixed() guesses what came instead of a length", () => {
  const cases: [string | number[], string | undefined][] = [
    ["GET / HT", "looks like an HTTP request"],
    ["HEAD / H", "looks like an HTTP request"],
    ["PRI * HT", "looks like an HTTP/2 connection preface"],
    ["HTTP/1.1", "looks like an HTTP response"],
    ["SSH-2.0-", "looks like an SSH banner"],
    ["PROXY TC", "looks like a PROXY protocol header"],
    ["Content-", "looks like a Content-Length header"],
    [[0x16, 0x03, 0x01, 0x02, 0x00, 1, 0, 0], "looks like a TLS ClientHello"],
    ["hello, w", "the length bytes are ASCII text"],
    // 16 in the other order.
    [[0x10, 0, 0, 0, 1], "plausible with the other byte order"],
    [[0xfe, 0xed, 0xfa, 0xce], undefined],
    // Not a record of TLS, since there is no version 3.9.
    [[0x16, 0x03, 0x09, 0xff], undefined],
  ];
  for (const [wire, hint] of cases) {
    const bytes = typeof wire === "string" ? utf8(wire) : Uint8Array.from(wire);
    const error = assertThrows(
      () => decodeAll(lengthPrefixed(), bytes),
      FrameTooLargeError,
    );
    assertEquals(
      error.hint?.startsWith(hint ?? "") ?? hint === undefined,
      true,
      `${wire}: ${error.hint}`,
    );
    assertEquals(error.hint === undefined, hint === undefined, `${wire}`);
  }
});

/** What each codec says when it refuses: messages, offsets, causes, options. The rest is in contract_test.ts. */

import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import {
  EncodeError,
  FrameError,
  FrameTooLargeError,
  MalformedFrameError,
} from "../../src/errors.ts";
import {
  cobs,
  type Codec,
  contentLength,
  decimalPrefixed,
  decodeAll,
  defineCodec,
  delimited,
  encodeFrame,
  fixedLength,
  type FrameDecoder,
  json,
  lengthPrefixed,
  mapCodec,
  marked,
  netstring,
  octetCounted,
  raw,
  slip,
  text,
  varintPrefixed,
} from "../../src/framing/mod.ts";
import { cut, run, utf8 } from "./cuts.ts";

Deno.test("decoders say what is wrong, where, and why perhaps", () => {
  const cases: [Codec<unknown>, Uint8Array, string][] = [
    [
      lengthPrefixed(),
      utf8("GET / HTTP/1.1"),
      "Cannot decode lengthPrefixed frame at byte 0: declared 1195725860 bytes, limit is 1048576 [47 45 54 20] (hint: looks like an HTTP request)",
    ],
    [
      varintPrefixed(),
      new Uint8Array(11).fill(0x80),
      "Cannot decode varintPrefixed frame at byte 0: the length has more than 10 bytes [80 80 80 80 80 80 80 80 80 80]",
    ],
    [
      decimalPrefixed(),
      utf8("0001A00-1B"),
      "Cannot decode decimalPrefixed frame at byte 5: 0x2d is no digit of the length [30 30 2d]",
    ],
    [
      netstring(),
      utf8("1:a,1:b;"),
      "Cannot decode netstring frame at byte 4: the byte after the payload is 0x3b, not 0x2c [31 3a 62 3b]",
    ],
    [
      netstring(),
      utf8("03:abc,"),
      "Cannot decode netstring frame at byte 0: the length begins with 0 [30 33]",
    ],
    [
      octetCounted(),
      utf8("<34>1"),
      "Cannot decode octetCounted frame at byte 0: 0x3c is neither a digit of the length nor 0x20 after it [3c]",
    ],
    [
      contentLength(),
      utf8("X: 1\r\n\r\n"),
      "Cannot decode contentLength frame at byte 0: the header has no Content-Length [58 3a 20 31 0d 0a 0d 0a]",
    ],
    [
      marked({ start: "{", end: "}" }),
      utf8("{a}\n{b}"),
      'Cannot decode marked frame at byte 3: a frame must begin with "{" [0a]',
    ],
    [
      slip(),
      Uint8Array.of(0xc0, 1, 0xdb, 2, 0xc0),
      "Cannot decode slip frame at byte 1: 0x02 cannot be escaped [01 db 02]",
    ],
    [
      cobs(),
      Uint8Array.of(9, 1, 0),
      "Cannot decode cobs frame at byte 0: a block of 8 bytes has only 1 [09 01]",
    ],
    [
      fixedLength(4),
      Uint8Array.of(1, 2, 3, 4, 5),
      "Cannot decode fixedLength frame at byte 4: the stream ended after 1 bytes of an unfinished frame [05]",
    ],
    [
      text(netstring()),
      Uint8Array.of(...utf8("1:a,1:"), 0xff, 0x2c),
      "Cannot decode text(netstring) frame at byte 4: the bytes are not UTF-8 [ff]",
    ],
  ];
  for (const [codec, wire, message] of cases) {
    for (let size = 1; size <= wire.length; size++) {
      const { error } = run(codec, cut(wire, size));
      assertInstanceOf(error, FrameError);
      assertEquals(error.message, message);
    }
  }
});

Deno.test("codecs validate their options when they are made", () => {
  const cases: [() => unknown, string][] = [
    [
      () => varintPrefixed({ offset: -1 }),
      "Cannot make varintPrefixed codec as 'offset' must be an integer of at least 0: current value is -1",
    ],
    [() => decimalPrefixed({ digits: 0 }), "'digits'"],
    [() => decimalPrefixed({ digits: 16 }), "from 1 to 15"],
    [() => decimalPrefixed({ digits: 2, maxFrameBytes: 102 }), "from 2 to 101"],
    [() => netstring({ maxFrameBytes: 2 }), "'maxFrameBytes'"],
    [() => octetCounted({ maxFrameBytes: NaN }), "current value is NaN"],
    [() => contentLength({ maxFrameBytes: 20 }), "'maxFrameBytes'"],
    [() => fixedLength(0), "'byteLength'"],
    [() => fixedLength(1.5), "'byteLength'"],
    [() => marked({ start: "", end: "x" }), "'start'"],
    [() => marked({ start: "x", end: "" }), "'end'"],
    [
      () => marked({ start: "<", end: ">" }, { maxFrameBytes: 1 }),
      "at least 2",
    ],
    [() => slip({ maxFrameBytes: 1 }), "'maxFrameBytes'"],
    [() => cobs({ maxFrameBytes: -Infinity }), "'maxFrameBytes'"],
  ];
  for (const [make, message] of cases) {
    assertThrows(make, RangeError, message);
  }
  assertEquals(decimalPrefixed({ digits: 2 }).maxFrameBytes, 101);
});

Deno.test("json() says what is wrong, and where if the parser tells, and quotes nothing", () => {
  const codec = json(lengthPrefixed());
  const cases = [
    ["nope", "Unexpected token 'o' [6e 6f 70 65]"],
    ['{"a":\x1b[2J}', "Unexpected token U+001B [7b 22 61 22 3a 1b 5b 32"],
    ["\x00", "Unexpected token U+0000 [00]"],
    ["[\n\n']", "Unexpected token ''' [5b"],
    ["\ufeff1", "Unexpected token U+FEFF [ef bb bf 31]"],
    ["undefined", "what came is no JSON [75"],
    ['"\x07"', "in JSON at position 1 (line 1 column 2) [22 07 22]"],
    ['{"a":1', "in JSON at position 6 (line 1 column 7) [7b"],
    ["[", "Unexpected end of JSON input [5b]"],
  ];
  for (const [frame, what] of cases) {
    const wire = encodeFrame(lengthPrefixed(), utf8(frame));
    const error = assertThrows(
      () => decodeAll(codec, wire),
      MalformedFrameError,
      what,
    );
    const { cause, message } = error;
    assertInstanceOf(cause, SyntaxError);
    for (const said of [message, cause.message]) assertMatch(said, /^[ -~]+$/);
  }
});

Deno.test("json() refuses whatever is not JSON in plain ASCII", () => {
  const codec = json(lengthPrefixed());
  const unit = fc.oneof(
    fc.constantFrom(..."[]{},:\"'\\0tru\x1b\x7f\x9b\n\u202e"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 80 }), (frame) => {
      const wire = encodeFrame(lengthPrefixed(), utf8(frame));
      try {
        decodeAll(codec, wire);
      } catch (error) {
        assertInstanceOf(error, MalformedFrameError);
        assertMatch(error.message, /^[ -~]+$/);
        assertMatch((error.cause as Error).message, /^[ -~]+$/);
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("json() has a cause for what it refuses, and mapCodec() keeps what was thrown", () => {
  const broken = json(delimited("\n"));
  const { frames, error } = run(broken, [utf8("1\n{\n2\n")]);
  assertEquals(frames, [1]);
  assertInstanceOf(error, MalformedFrameError);
  assertInstanceOf(error.cause, SyntaxError);
  assertEquals([error.offset, error.codec], [2, "json(delimited)"]);

  const reason = new Error("not today");
  const refusing = mapCodec(fixedLength(1), {
    decode: (): number => {
      throw reason;
    },
    encode: (): Uint8Array => {
      throw reason;
    },
  });
  assertEquals(
    assertThrows(
      () => decodeAll(refusing, Uint8Array.of(1)),
      MalformedFrameError,
      "not today",
    ).cause,
    reason,
  );
  assertEquals(
    assertThrows(() => encodeFrame(refusing, 1), EncodeError, "not today")
      .cause,
    reason,
  );
});

Deno.test("mapCodec() refuses a decode that returns undefined", () => {
  const codec = mapCodec(fixedLength(1), {
    decode: (): unknown => undefined,
    encode: () => Uint8Array.of(1),
  });
  assertThrows(
    () => decodeAll(codec, Uint8Array.of(1)),
    MalformedFrameError,
    "returned undefined",
  );
});

Deno.test("mapCodec() has detach and space only where the codec inside has them", () => {
  const plain: FrameDecoder<Uint8Array> = {
    feed: () => {},
    next: () => undefined,
    end: () => {},
    takeRest: () => new Uint8Array(0),
    bufferedBytes: 0,
  };
  const bare: Codec<Uint8Array> = { ...raw(), decoder: () => plain };
  const identity = {
    decode: (frame: Uint8Array) => frame,
    encode: (frame: Uint8Array) => frame,
  };
  const without = mapCodec(bare, identity).decoder();
  assertEquals([without.detach, without.space, without.filled], [
    undefined,
    undefined,
    undefined,
  ]);
  const withAll = mapCodec(lengthPrefixed(), identity).decoder();
  assertEquals(typeof withAll.detach, "function");
  withAll.feed(Uint8Array.of(0, 0, 0x20, 0));
  assertEquals(withAll.next(), undefined);
  assertEquals(withAll.space!()!.length, 8192);
  withAll.filled!(8192);
  assertEquals(withAll.next()!.length, 8192);
});

Deno.test("aliases says which codecs hand out views", () => {
  for (
    const [codec, aliases] of [
      [lengthPrefixed(), true],
      [delimited("x"), true],
      [raw(), true],
      [text(lengthPrefixed()), false],
      [json(lengthPrefixed()), false],
      [slip(), false],
      [cobs(), false],
    ] as const
  ) assertEquals(codec.aliases, aliases);
});

Deno.test("defineCodec() refuses frames made of nothing, which would never end", () => {
  const codec = defineCodec<number>({
    name: "endless",
    decoder: () => ({ decode: () => 1 }),
    encode: () => {},
  });
  assertThrows(
    () => decodeAll(codec, Uint8Array.of(1)),
    MalformedFrameError,
    "no bytes",
  );
});

Deno.test("defineCodec() fires its limit also when decode waits for ever", () => {
  const codec = defineCodec<number>({
    name: "waiting",
    maxFrameBytes: 10,
    decoder: () => ({ decode: () => undefined }),
    encode: () => {},
  });
  for (const size of [1, 3, 20]) {
    const { error } = run(codec, cut(new Uint8Array(20), size));
    assertInstanceOf(error, FrameTooLargeError);
    assertEquals([error.declaredBytes, error.maxFrameBytes], [11, 10]);
  }
});

Deno.test("defineCodec() keeps an error that decode has caught", () => {
  const codec = defineCodec<number>({
    name: "stubborn",
    maxFrameBytes: 10,
    decoder: () => ({
      decode(source) {
        try {
          source.has(11);
        } catch {
          return 1;
        }
      },
    }),
    encode: () => {},
  });
  assertThrows(() => decodeAll(codec, Uint8Array.of(1)), FrameTooLargeError);
});

Deno.test("ByteSource.has() says too large also of what is above every safe integer", () => {
  const codec = defineCodec<Uint8Array>({
    name: "wide",
    maxFrameBytes: Infinity,
    decoder: () => ({
      decode(source) {
        if (!source.has(8)) return undefined;
        const length = source.uint(0, 8);
        return source.has(8 + length) ? source.take(8 + length) : undefined;
      },
    }),
    encode: () => {},
  });
  for (const wire of [[0x00, 0x20], [0xff, 0xff]]) {
    const error = assertThrows(
      () => decodeAll(codec, Uint8Array.of(...wire, 0, 0, 0, 0, 0, 0)),
      FrameTooLargeError,
    );
    assertEquals(error.declaredBytes, ((wire[0] << 8) + wire[1]) * 2 ** 48 + 8);
  }
});

Deno.test("ByteSource reads, searches, skips and takes across chunk borders", () => {
  const needle = utf8("END");
  const found: unknown[] = [];
  const codec = defineCodec<string>({
    name: "probe",
    decoder: () => ({
      decode(source) {
        const at = source.indexOf(needle);
        if (at < 0) return undefined;
        found.push(source.length > at, source.uint(at, 2), source.uint(at, 1));
        assertThrows(() => source.uint(source.length, 1), RangeError);
        assertThrows(() => source.take(source.length + 1), RangeError);
        assertThrows(() => source.take(-1), RangeError);
        assertThrows(() => source.indexOf(new Uint8Array(0)), RangeError);
        const frame = new TextDecoder().decode(source.take(at));
        source.skip(3);
        return frame;
      },
    }),
    encode: () => {},
  });
  const wire = utf8("oneENDEENDEN" + "x".repeat(700) + "END");
  for (let size = 1; size < wire.length; size++) {
    assertEquals(run(codec, cut(wire, size)), {
      frames: ["one", "E", "EN" + "x".repeat(700)],
    });
  }
  assertEquals(new Set(found), new Set([true, 0x454e, 0x45]));
});

Deno.test("a decoder refuses bytes after its end", () => {
  for (
    const codec of [
      lengthPrefixed(),
      delimited("\n"),
      defineCodec<number>({
        name: "x",
        decoder: () => ({ decode: () => undefined }),
        encode: () => {},
      }),
    ]
  ) {
    const decoder = codec.decoder();
    decoder.end();
    assertThrows(() => decoder.feed(Uint8Array.of(1)), TypeError);
  }
});

Deno.test("cobs() encodes the examples of its paper", () => {
  const hex = (wire: Uint8Array) => wire.toHex();
  assertEquals(hex(encodeFrame(cobs(), Uint8Array.of(0))), "010100");
  assertEquals(hex(encodeFrame(cobs(), Uint8Array.of(0, 0))), "01010100");
  assertEquals(
    hex(encodeFrame(cobs(), Uint8Array.of(0x11, 0x22, 0, 0x33))),
    "0311220233" + "00",
  );
  assertEquals(
    hex(encodeFrame(cobs(), Uint8Array.of(0x11, 0, 0, 0))),
    "021101010100",
  );
  const full = encodeFrame(cobs(), new Uint8Array(254).fill(1));
  assertEquals([full.length, full[0], full[255]], [256, 0xff, 0]);
});

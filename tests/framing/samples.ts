/**
 * Every codec of the room with frames that it can carry, streams that it must refuse, and a way to make more
 * frames at random. The property and fuzz suites run over this list; a new codec goes here first.
 */

import fc from "fast-check";
import {
  type ByteSource,
  cobs,
  type Codec,
  contentLength,
  decimalPrefixed,
  defineCodec,
  delimited,
  fixedLength,
  json,
  lengthPrefixed,
  lines,
  mapCodec,
  marked,
  netstring,
  octetCounted,
  slip,
  text,
  varintPrefixed,
} from "../../src/framing/mod.ts";
import { utf8 } from "./cuts.ts";

/** One codec under test. */
export interface Sample<T = unknown> {
  name: string;
  codec: Codec<T>;
  frames: T[];
  /** Streams on which all faces must agree, malformed ones above all. */
  streams: Uint8Array[];
  unencodable: T[];
  arbitrary: fc.Arbitrary<T>;
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const someBytes = (maxLength = 48) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.uint8Array({ maxLength }) },
    // Few different bytes, so that markers and escapes come up often.
    {
      weight: 4,
      arbitrary: fc.array(
        fc.constantFrom(0, 1, 0x0a, 0x0d, 0x2d, 0x3a, 0x7d, 0xc0, 0xdb, 0xff),
        { maxLength },
      ).map((values) => Uint8Array.from(values)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 600 }) },
  );
const someText = fc.string({ unit: "grapheme", maxLength: 24 });

/** Without the bytes of `marker`, so that no frame can hold it. */
const without = (marker: Uint8Array) =>
  someBytes().map((frame) => frame.filter((byte) => !marker.includes(byte)));

const sample = <T>(it: Sample<T>) => it as unknown as Sample;

/** A codec as a user would write it, by length. */
const tlv = defineCodec<{ type: number; value: Uint8Array }>({
  name: "tlv",
  maxFrameBytes: 1000,
  decoder: () => ({
    decode(source) {
      if (!source.has(3)) return undefined;
      const length = source.uint(1, 2);
      if (!source.has(3 + length)) return undefined;
      const type = source.uint(0, 1);
      source.skip(3);
      return { type, value: source.take(length) };
    },
  }),
  encode({ type, value }, sink) {
    sink.uint(type, 1);
    sink.uint(value.length, 2);
    sink.bytes(value);
  },
});

const CRLF = utf8("\r\n");

/** A codec as a user would write it, by search: Redis bulk strings, `null` included. */
export const bulkString: Codec<Uint8Array | null> = defineCodec({
  name: "bulkString",
  maxFrameBytes: 1000,
  decoder: () => ({
    decode(source: ByteSource) {
      if (source.uint(0, 1) !== 0x24) throw new Error("no $ at its start");
      const end = source.indexOf(CRLF);
      if (end < 0) return undefined;
      let length = 0;
      if (end === 3 && source.uint(1, 2) === 0x2d31) {
        source.skip(5);
        return null;
      }
      if (end < 2 || end > 9) throw new Error("no length");
      for (let i = 1; i < end; i++) {
        const digit = source.uint(i, 1) - 0x30;
        if (!(digit >= 0 && digit <= 9)) throw new Error("no digit");
        length = length * 10 + digit;
      }
      if (!source.has(end + 2 + length + 2)) return undefined;
      if (source.uint(end + 2 + length, 2) !== 0x0d0a) {
        throw new Error("no line end");
      }
      source.skip(end + 2);
      const value = source.take(length);
      source.skip(2);
      return value;
    },
  }),
  encode(value, sink) {
    sink.text(value === null ? "$-1\r\n" : `$${value.length}\r\n`);
    if (value === null) return;
    sink.bytes(value);
    sink.bytes(CRLF);
  },
});

/** A codec as a user would write it, with state: it takes a frame's header before its body has come. */
const stateful = defineCodec<Uint8Array>({
  name: "stateful",
  maxFrameBytes: 700,
  aliases: true,
  decoder() {
    let length = -1;
    return {
      decode(source) {
        if (length < 0) {
          if (!source.has(2)) return undefined;
          length = source.uint(0, 2);
          source.skip(2);
        }
        if (!source.has(length)) return undefined;
        const frame = source.take(length);
        length = -1;
        return frame;
      },
    };
  },
  encode(frame, sink) {
    sink.uint(frame.length, 2);
    sink.bytes(frame);
  },
});

/** A codec as a user would write it, whose last frame needs no end. */
const paragraphs = defineCodec<string>({
  name: "paragraphs",
  aliases: false,
  decoder: () => ({
    decode(source) {
      const end = source.indexOf(utf8("\n\n"));
      if (end < 0) return undefined;
      const frame = latin1(source.take(end));
      source.skip(2);
      return frame;
    },
    end: (source) => latin1(source.take(source.length)),
  }),
  encode(frame, sink) {
    sink.bytes(Uint8Array.from(frame, (c) => c.charCodeAt(0)));
    sink.bytes(utf8("\n\n"));
  },
});

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

const big = new Uint8Array(5000).map((_, i) => i);

export const SAMPLES: Sample[] = [
  ...([1, 2, 3, 4, 8] as const).flatMap((width) =>
    [false, true].map((littleEndian) =>
      sample<Uint8Array>({
        name: `lengthPrefixed ${width} ${littleEndian ? "LE" : "BE"}`,
        codec: lengthPrefixed({
          bytes: width,
          littleEndian,
          ...(width === 1 ? {} : { maxFrameBytes: 12_000 }),
        }),
        frames: [
          bytes(1, 2, 3),
          bytes(),
          bytes(9),
          new Uint8Array(200).fill(7),
          ...(width === 1 ? [] : [big]),
        ],
        streams: [
          utf8("GET / HTTP/1.1\r\n\r\n"),
          new Uint8Array(40).fill(0xff),
          new Uint8Array([...new Array(width).fill(0), 0xff, 0xff, 0xff, 0xff]),
        ],
        unencodable: width === 1
          ? [new Uint8Array(256)]
          : [new Uint8Array(12_001 - width)],
        arbitrary: fc.uint8Array({ maxLength: width === 1 ? 255 : 600 }),
      })
    )
  ),
  sample<Uint8Array>({
    name: "lengthPrefixed, header kept",
    codec: lengthPrefixed({
      offset: 1,
      adjust: -4,
      keepHeader: true,
      maxFrameBytes: 12_000,
    }),
    frames: [
      bytes(0x51, 0, 0, 0, 7, 65, 65, 65),
      bytes(0x53, 0, 0, 0, 4),
      new Uint8Array([0x44, 0, 0, 0x13, 0x8c, ...big]),
    ],
    streams: [bytes(0x51, 0, 0, 0, 4, 0x51, 0, 0, 0, 3, 1, 1, 1)],
    unencodable: [bytes(1, 2, 3, 4), new Uint8Array(12_001)],
    arbitrary: someBytes().map((body) =>
      new Uint8Array([
        0x51,
        0,
        0,
        body.length + 4 >> 8,
        body.length + 4,
        ...body,
      ])
    ),
  }),
  sample<Uint8Array>({
    name: "lengthPrefixed, adjusted",
    codec: lengthPrefixed({ bytes: 3, littleEndian: true, adjust: 1 }),
    frames: [bytes(0), bytes(1, 2, 3), new Uint8Array(300)],
    streams: [bytes(0, 0, 0xff, 1)],
    unencodable: [bytes(), new Uint8Array(1_048_574)],
    arbitrary: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  }),
  sample<Uint8Array>({
    name: "varintPrefixed",
    codec: varintPrefixed({ maxFrameBytes: 20_000 }),
    frames: [bytes(1, 2, 3), bytes(), new Uint8Array(127), big],
    streams: [
      new Uint8Array(12).fill(0x80),
      bytes(0, 0x83, 0x80, 0x80, 0, 1, 2, 3, 0xff, 0xff, 0xff, 0x7f),
      bytes(
        1,
        1,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0x7f,
        1,
      ),
      utf8("GET / HTTP/1.1\r\n"),
    ],
    unencodable: [new Uint8Array(19_998)],
    arbitrary: fc.uint8Array({ maxLength: 300 }),
  }),
  sample<Uint8Array>({
    name: "varintPrefixed, header kept",
    codec: varintPrefixed({ offset: 1, keepHeader: true }),
    frames: [bytes(0xc0, 0), bytes(0x30, 3, 65, 66, 67), bytes(1, 0x81, 0, 9)],
    streams: [bytes(0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    unencodable: [bytes(), bytes(1), bytes(1, 2, 3), bytes(1, 0x80)],
    arbitrary: fc.uint8Array({ maxLength: 127 }).map((body) =>
      new Uint8Array([0x30, body.length, ...body])
    ),
  }),
  sample<Uint8Array>({
    name: "decimalPrefixed",
    codec: decimalPrefixed(),
    frames: [utf8("AAA"), utf8("BBBB"), bytes(), new Uint8Array(5000)],
    streams: [utf8("0003AAA00x4BBBB"), utf8("-001A"), utf8("GET / HTTP/1.1")],
    unencodable: [new Uint8Array(10_000)],
    arbitrary: fc.uint8Array({ maxLength: 200 }),
  }),
  sample<Uint8Array>({
    name: "netstring",
    codec: netstring({ maxFrameBytes: 6000 }),
    frames: [utf8("hello world!"), bytes(), bytes(0x2c), big],
    streams: [
      utf8("3:abc;"),
      utf8("1:a,03:abc,"),
      utf8("00:,"),
      utf8(":,"),
      utf8("6001:"),
      utf8("99999999999999999:"),
      utf8("3abc,"),
      utf8("0:;"),
      utf8("20:" + "x".repeat(20) + "y"),
    ],
    unencodable: [new Uint8Array(5995)],
    arbitrary: fc.uint8Array({ maxLength: 200 }),
  }),
  sample<Uint8Array>({
    name: "octetCounted",
    codec: octetCounted({ maxFrameBytes: 6000 }),
    frames: [utf8("<34>1 - hello"), utf8("1 2 3"), big],
    streams: [utf8("0 "), utf8("5 hello05 hello"), utf8("<34>hello\n")],
    unencodable: [bytes(), new Uint8Array(5996)],
    arbitrary: fc.uint8Array({ minLength: 1, maxLength: 200 }),
  }),
  sample<Uint8Array>({
    name: "fixedLength",
    codec: fixedLength(7),
    frames: [bytes(1, 2, 3, 4, 5, 6, 7), new Uint8Array(7)],
    streams: [new Uint8Array(20)],
    unencodable: [new Uint8Array(6), new Uint8Array(8)],
    arbitrary: fc.uint8Array({ minLength: 7, maxLength: 7 }),
  }),
  sample<Uint8Array>({
    name: "fixedLength, large",
    codec: fixedLength(5000),
    frames: [big, new Uint8Array(5000)],
    streams: [],
    unencodable: [new Uint8Array(6)],
    arbitrary: fc.constant(big),
  }),
  sample<Uint8Array>({
    name: "contentLength",
    codec: contentLength({ maxFrameBytes: 6000 }),
    frames: [utf8("{}"), bytes(), utf8("\r\n\r\n"), big],
    streams: [
      utf8(
        "Content-Type: x\r\ncontent-length:  2 \r\n\r\n{}Content-Length: 0\r\n\r\n",
      ),
      utf8("Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
      utf8("Content-Length: 2\n\n{}"),
      utf8("Content-Length: -2\r\n\r\n{}"),
      utf8("Content-Length: 5990\r\n\r\n{}"),
      utf8("\r\nContent-Length: 2\r\n\r\n{}"),
      utf8("X: y\r\n\r\n"),
      utf8("GET / HTTP/1.1\r\n\r\n"),
      utf8(": 2\r\n\r\n"),
      bytes(0x16, 3, 1, 0),
      utf8("x".repeat(4200)),
    ],
    unencodable: [new Uint8Array(5980)],
    arbitrary: fc.uint8Array({ maxLength: 200 }),
  }),
  ...["\0", "\r\n", "abcabd", "--", "aab"].map((delimiter) =>
    sample<Uint8Array>({
      name: `delimited ${JSON.stringify(delimiter)}`,
      codec: delimited(delimiter, { maxFrameBytes: 6000 }),
      frames: [
        utf8("one"),
        bytes(),
        utf8(delimiter).subarray(0, delimiter.length === 2 ? 0 : -1)
          .filter((b) => b !== utf8(delimiter).at(-1)),
        big.filter((b) => !utf8(delimiter).includes(b)),
      ],
      streams: [
        utf8("abcabcabdaabaab--\r\r\n\0x"),
        new Uint8Array(6001).fill(utf8(delimiter)[0] + 1),
        utf8("x".repeat(5999) + delimiter),
      ],
      unencodable: [
        utf8(`a${delimiter}b`),
        new Uint8Array(6000).fill(1),
      ],
      arbitrary: without(utf8(delimiter)),
    })
  ),
  sample<Uint8Array>({
    name: "delimited, last one emitted",
    codec: delimited(";", { atEnd: "emit", maxFrameBytes: 1000 }),
    frames: [utf8("a"), bytes(), new Uint8Array(999).fill(1)],
    streams: [utf8("a;b;;c"), new Uint8Array(1000), new Uint8Array(1001)],
    unencodable: [utf8(";"), new Uint8Array(1000)],
    arbitrary: without(utf8(";")),
  }),
  ...([["{2H:", ":}"], ["\u0002", "\u0003"], ["|", "|"], ["aa", "aa"]] as const)
    .map(([start, end]) =>
      sample<Uint8Array>({
        name: `marked ${JSON.stringify([start, end])}`,
        codec: marked({ start, end }, { maxFrameBytes: 2000 }),
        frames: [
          utf8("XXX"),
          bytes(),
          new Uint8Array(1900).fill(0x2e),
        ],
        streams: [
          utf8(`${start}a${end}${start}b${end}\n`),
          utf8(`${start}a${end} ${start}b${end}`),
          utf8(`${start}${"x".repeat(2000)}${end}`),
          utf8(start.slice(0, -1) + "\0"),
        ],
        unencodable: [utf8(`x${end}y`), new Uint8Array(2000)],
        arbitrary: without(utf8(end)),
      })
    ),
  sample<Uint8Array>({
    name: "slip",
    codec: slip({ maxFrameBytes: 1000 }),
    frames: [
      bytes(1, 0xc0, 2, 0xdb, 3),
      bytes(0xc0),
      bytes(0xdb, 0xdb),
      new Uint8Array(400).fill(0xc0),
    ],
    streams: [
      bytes(0xc0, 0xc0, 0xc0, 1, 0xc0, 0xc0),
      bytes(1, 0xc0, 2, 0xdb, 0xc0),
      bytes(1, 0xc0, 0xc0, 2, 0xdb, 5, 0xc0),
      new Uint8Array(1001).fill(1),
      bytes(0xc0, 0xc0, ...new Uint8Array(1000).fill(1), 0xc0),
    ],
    unencodable: [bytes(), new Uint8Array(500).fill(0xdb)],
    arbitrary: someBytes().filter((frame) => frame.length > 0),
  }),
  sample<Uint8Array>({
    name: "cobs",
    codec: cobs({ maxFrameBytes: 1000 }),
    frames: [
      bytes(0x11, 0x22, 0, 0x33),
      bytes(),
      bytes(0),
      bytes(0, 0),
      ...[253, 254, 255, 508, 509].flatMap((length) => [
        new Uint8Array(length).fill(1),
        new Uint8Array(length + 1).fill(1, 0, length),
        new Uint8Array(length + 1).fill(1, 1),
      ]),
    ],
    streams: [
      bytes(0, 0, 1, 0, 0),
      bytes(2, 1, 0, 5, 1, 2, 0),
      bytes(0, 0, 5, 1, 2, 0),
      new Uint8Array(1001).fill(1),
      new Uint8Array([255, ...new Uint8Array(254).fill(1), 1, 0]),
    ],
    unencodable: [new Uint8Array(999)],
    arbitrary: someBytes(),
  }),
  ...(["\n", "\r\n"] as const).map((end) =>
    sample<string>({
      name: `lines ${JSON.stringify(end)}`,
      codec: lines({ end, maxFrameBytes: 2000 }),
      frames: [
        "one",
        "",
        "zwei ß",
        "\ufeff€",
        "😀".repeat(100),
        "a\rb",
        "x".repeat(1900),
      ],
      streams: [
        utf8("a\nb\r\nc\rd\r\r\ne"),
        utf8("é\n\r\n\r"),
        new Uint8Array([...utf8("ok\nß\n"), 0xff, 0x0a, 0x61, 0x0a]),
        new Uint8Array([...utf8("ok\nß\n"), 0xe2, 0x82]),
        utf8("ß\n" + "x".repeat(2000) + "\n"),
        utf8("x\n" + "x".repeat(1999) + "\n" + "x".repeat(2001)),
      ],
      unencodable: ["a\nb", "\ud800", "x".repeat(2000), "ß".repeat(1000)],
      arbitrary: someText.map((s) =>
        s.replaceAll("\n", "").replace(/\r+$/, "")
      ),
    })
  ),
  sample<string>({
    name: "text(lengthPrefixed)",
    codec: text(lengthPrefixed({ bytes: 2, maxFrameBytes: 6000 })),
    frames: ["é", "", "\ufeffx", "😀".repeat(1200)],
    streams: [
      bytes(0, 1, 65, 0, 2, 65, 0xff, 0, 1, 66),
      bytes(0, 1, 65, 0xff, 0xff),
    ],
    unencodable: ["\udc00", "x".repeat(5999)],
    arbitrary: someText,
  }),
  sample<string>({
    name: "text(slip)",
    codec: text(slip()),
    frames: ["é", "À"],
    streams: [bytes(0xc0, 0xc0, 65, 0xc0, 0xc0, 0xff, 0xc0)],
    unencodable: ["", "\udc00"],
    arbitrary: someText.filter((s) => s !== ""),
  }),
  sample<unknown>({
    name: "json(delimited)",
    codec: json(delimited("\n", { maxFrameBytes: 6000 })),
    frames: [
      { id: 1, list: [true, null, "\n"] },
      null,
      "é",
      0,
      big.join()
        .slice(0, 3000),
    ],
    streams: [
      utf8('{"a":1}\n{"a":\n1}\n'),
      utf8("1\n\n2\n"),
      bytes(0x22, 0xff, 0x22, 0x0a),
    ],
    unencodable: [undefined, () => 1, 1n, "x".repeat(6000)],
    // -0 has no form of its own in JSON.
    arbitrary: fc.jsonValue({ maxDepth: 2 }).map((value) =>
      JSON.parse(JSON.stringify(value))
    ),
  }),
  sample<{ x: number; y: number }>({
    name: "mapCodec(fixedLength)",
    codec: mapCodec(fixedLength(2), {
      decode([x, y]) {
        if (x === 0xff) throw new Error("x is out of range");
        return { x, y };
      },
      encode({ x, y }) {
        if (x > 0xfe) throw new Error("x is out of range");
        return Uint8Array.of(x, y);
      },
    }),
    frames: [{ x: 1, y: 2 }, { x: 0, y: 0 }],
    streams: [bytes(1, 2, 0xff, 1, 1, 2), bytes(1, 2, 3)],
    unencodable: [{ x: 0xff, y: 1 }],
    arbitrary: fc.record({
      x: fc.integer({ min: 0, max: 254 }),
      y: fc.integer({ min: 0, max: 255 }),
    }),
  }),
  sample<{ type: number; value: Uint8Array }>({
    name: "defineCodec by length",
    codec: tlv,
    frames: [
      { type: 1, value: bytes(1, 2, 3) },
      { type: 0, value: bytes() },
      { type: 9, value: new Uint8Array(900).map((_, i) => i) },
    ],
    streams: [bytes(1, 0, 1, 9, 1, 3, 0xe6, 0), new Uint8Array(20).fill(0xff)],
    unencodable: [
      { type: 256, value: bytes() },
      { type: 1, value: new Uint8Array(998) },
      { type: 1, value: new Uint8Array(70_000) },
    ],
    arbitrary: fc.record({
      type: fc.integer({ min: 0, max: 255 }),
      value: fc.uint8Array({ maxLength: 300 }),
    }),
  }),
  sample<Uint8Array | null>({
    name: "defineCodec by search",
    codec: bulkString,
    frames: [utf8("hello"), bytes(), null, utf8("\r\n"), new Uint8Array(900)],
    streams: [
      utf8("$5\r\nhello\r\n$5\r\nhellox\n"),
      utf8("$\r\n"),
      utf8("+OK\r\n"),
      utf8("$1x\r\n"),
      utf8("$995\r\n"),
      utf8("$5\r\nhello\r\n$" + "1".repeat(2000) + "\r\n"),
    ],
    unencodable: [new Uint8Array(1000)],
    arbitrary: fc.oneof(fc.constant(null), someBytes(300)),
  }),
  sample<Uint8Array>({
    name: "defineCodec with state",
    codec: stateful,
    frames: [bytes(1, 2, 3), bytes(), new Uint8Array(698)],
    streams: [bytes(0, 1, 7, 2, 0xbb), bytes(0, 1, 7, 0xff, 0xff)],
    unencodable: [new Uint8Array(699)],
    arbitrary: fc.uint8Array({ maxLength: 300 }),
  }),
  sample<string>({
    name: "defineCodec with an end of its own",
    codec: paragraphs,
    frames: ["one\ntwo", "", "x".repeat(3000)],
    streams: [utf8("a\n\nb"), utf8("a\n\n\n")],
    unencodable: ["x".repeat(1_048_575)],
    arbitrary: fc.uint8Array({ maxLength: 60 }).map((b) =>
      latin1(b.filter((byte) => byte !== 0x0a))
    ),
  }),
];

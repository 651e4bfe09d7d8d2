/**
 * Mistakes that types would find, and that run all the same where nobody looks at types: each is an error that names
 * it, and puts nothing on the wire that its caller did not mean.
 */

import { assertEquals, assertThrows } from "@std/assert";
import {
  type ByteSink,
  type ByteSource,
  cobs,
  type Codec,
  decodeAll,
  decodeBatches,
  decodeFrames,
  defineCodec,
  delimited,
  EncodeError,
  encodeFrame,
  FrameBatchStream,
  FrameDecoderStream,
  FrameEncoderStream,
  json,
  lengthPrefixed,
  lines,
  MalformedFrameError,
  mapCodec,
  marked,
  netstring,
  raw,
  text,
} from "../../framing.ts";
import { ByteWriter } from "../../src/framing/mod.ts";
import { utf8 } from "./cuts.ts";

/** A codec whose frames are written by one call. */
const written = <T>(
  encode: (frame: T, sink: ByteSink) => void,
): Codec<T> =>
  defineCodec<T>({
    name: "users",
    decoder: () => ({ decode: () => undefined }),
    encode,
  });

Deno.test("defineCodec(): an encode that would write later is refused, and nothing of it is written", async () => {
  // The type of `encode` allows it, as a function that returns nothing may return anything.
  const sealed = Promise.withResolvers<Uint8Array>();
  const codec = written(async (frame: string, sink) => {
    sink.text("head");
    sink.bytes(await sealed.promise);
    sink.text(frame);
  });
  refuses(codec, "a", "encode() returned a promise");
  sealed.resolve(utf8("seal"));
  await sealed.promise;
});

/** A codec that makes one call and takes what is at hand. */
const reading = (call: (source: ByteSource) => unknown): Codec<unknown> =>
  defineCodec<unknown>({
    name: "users",
    decoder: () => ({
      decode(source) {
        const result = call(source);
        source.skip(source.length);
        return result;
      },
    }),
    encode() {},
  });

function refuses(
  codec: Pick<Codec<unknown, never>, "encode">,
  frame: unknown,
  message: string,
): void {
  const writer = new ByteWriter();
  writer.text("before");
  assertThrows(
    () => codec.encode(frame as never, writer),
    EncodeError,
    message,
  );
  assertEquals(new TextDecoder().decode(writer.view()), "before");
}

Deno.test("what is no text is refused, and nothing of it is written", () => {
  const codecs: Codec<string>[] = [
    lines(),
    lines({ end: "\r\n" }),
    text(lengthPrefixed()),
    text(delimited("\n")),
    written((frame, sink) => sink.text(frame)),
    {
      ...lines(),
      encode(frame, sink) {
        sink.text(frame);
      },
    },
  ];
  const noText = {
    Undefined: undefined,
    Null: null,
    Number: 5,
    Array: ["a"],
    Uint8Array: utf8("a"),
    Object: { length: 2 },
    Date: new Date(0),
  };
  for (const codec of codecs) {
    for (const [kind, frame] of Object.entries(noText)) {
      const says = `must be a string: current value is of type ${kind}`;
      refuses(codec, frame, says);
    }
  }
});

Deno.test("bytes whose memory was transferred are refused, and not sent as none", () => {
  const codecs: Codec<Uint8Array>[] = [
    lengthPrefixed(),
    netstring(),
    delimited(";"),
    marked({ start: "<", end: ">" }),
    cobs(),
    raw(),
    written((frame, sink) => sink.bytes(frame)),
  ];
  for (const codec of codecs) {
    const frame = utf8("gone");
    structuredClone(frame, { transfer: [frame.buffer as ArrayBuffer] });
    refuses(codec, frame, "its memory was transferred");
    encodeFrame(codec, new Uint8Array(0));
    encodeFrame(codec, new Uint8Array(new SharedArrayBuffer(0)));
  }
});

const WIDTHS = [0, -1, 5, 6, 7, 9, 16, 2.5, NaN, Infinity, "4", undefined];

Deno.test("an integer of a width that there is not is refused, and nothing of it is written", () => {
  for (const width of WIDTHS as (1 | 2)[]) {
    for (const littleEndian of [false, true]) {
      const writes = written((frame: number, sink) =>
        sink.uint(frame, width, littleEndian)
      );
      refuses(writes, 1, `an unsigned integer of ${width} bytes`);
      const writer = new ByteWriter();
      assertThrows(() => writer.uint(1, width), EncodeError);
      const reads = reading((source) => source.uint(0, width, littleEndian));
      assertThrows(
        () => decodeAll(reads, new Uint8Array(20)),
        MalformedFrameError,
        `Cannot read an integer of ${width} bytes: must be 1, 2, 3, 4 or 8`,
      );
    }
  }
});

Deno.test("a marker that is neither text nor bytes is refused when the codec is made", () => {
  const wrong = [
    [undefined, "undefined"],
    [null, "null"],
    [10, "10"],
    [[13, 10], "of type Array"],
    [new ArrayBuffer(2), "of type ArrayBuffer"],
    [{}, "of type Object"],
  ] as [never, string][];
  for (const [marker, words] of wrong) {
    const must = `must be a string or a Uint8Array: current value is ${words}`;
    assertThrows(
      () => delimited(marker),
      RangeError,
      `Cannot make delimited codec as 'delimiter' ${must}`,
    );
    for (const option of ["start", "end"]) {
      const markers = { start: "<", end: ">", [option]: marker };
      assertThrows(
        () => marked(markers),
        RangeError,
        `Cannot make marked codec as '${option}' ${must}`,
      );
    }
  }
});

Deno.test("ByteSource.indexOf() refuses a marker that is no byte array", () => {
  const noBytes = { String: "\r\n", Number: 5, Undefined: undefined };
  for (const [kind, marker] of Object.entries(noBytes)) {
    const codec = reading((source) => source.indexOf(marker as never));
    assertThrows(
      () => decodeAll(codec, utf8("a\r\n")),
      MalformedFrameError,
      `Cannot search for ${kind}: a marker must be a Uint8Array`,
    );
  }
});

Deno.test("what takes a codec refuses what is none, and says when a call was forgotten", () => {
  const none: [unknown, string][] = [
    [undefined, "undefined"],
    [null, "null"],
    ["lines", '"lines"'],
    [{}, "of type Object"],
    [lines, "of type Function (call it: lines())"],
  ];
  const map = { decode: (frame: unknown) => frame, encode: String };
  const makers: [string, (codec: never) => unknown][] = [
    ["make text codec", text],
    ["make json codec", json],
    ["make mapCodec codec", (codec) => mapCodec(codec, map)],
    ["decode", (codec) => decodeAll(codec, utf8("a"))],
    ["decode", (codec) => decodeFrames(codec, new ReadableStream())],
    ["decode", (codec) => decodeBatches(codec, new ReadableStream())],
    ["decode", (codec) => new FrameDecoderStream(codec)],
    ["decode", (codec) => new FrameBatchStream(codec)],
    ["encode", (codec) => new FrameEncoderStream(codec)],
  ];
  for (const [given, words] of none) {
    for (const [what, take] of makers) {
      const error = assertThrows(() => take(given as never), TypeError);
      assertEquals(
        error.message,
        `Cannot ${what}: 'codec' must be a codec, such as lines(): current value is ${words}`,
      );
    }
  }
});

Deno.test("mapCodec() without both directions is refused when it is made", () => {
  for (const map of [undefined, {}, { decode: () => 1 }] as never[]) {
    assertThrows(
      () => mapCodec(lines(), map),
      TypeError,
      "Cannot make mapCodec codec: 'map' must have the functions 'decode' and 'encode': current value is ",
    );
  }
});

Deno.test("text() and json() of a codec whose frames are no bytes say so, and do not speak of the peer's bytes", () => {
  for (const line of ["abc", "x".repeat(100)]) {
    for (const take of [text, json]) {
      const codec = take(lines() as never);
      assertThrows(
        () => decodeAll(codec, utf8(`${line}\n`)),
        MalformedFrameError,
        `Cannot decode ${take.name}(lines) frame at byte 0: 'codec' must be one whose frames are bytes: the frame is of type String`,
      );
    }
  }
});

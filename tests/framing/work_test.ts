/**
 * How much work decoding is, counted and not timed: every byte that is looked at, searched or copied, in whatever
 * array it lies. Invariant: the sum is at most so many for each byte of the stream, however large the frame and however
 * it is cut. A search that starts over, or a buffer that is joined anew at every chunk, breaks that at once.
 */

import { assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import {
  cobs,
  type Codec,
  contentLength,
  decimalPrefixed,
  defineCodec,
  delimited,
  encodeFrame,
  fixedLength,
  lengthPrefixed,
  lines,
  marked,
  netstring,
  octetCounted,
  raw,
  slip,
  text,
  varintPrefixed,
} from "../../src/framing/mod.ts";
import { utf8 } from "./cuts.ts";

/**
 * Searched once, copied twice at most (a read and a write each), and, where something else is made of the frame, looked
 * at and copied once more: eight at most, and something for the header.
 */
const MOST_PER_BYTE = 9;

const Plain = globalThis.Uint8Array;

/** Arrays that count what is done with them, while `work` runs. */
function bytesTouched(
  wire: Uint8Array,
  work: (wire: Uint8Array) => void,
): number {
  let touched = 0;
  const plain = new WeakMap<object, Uint8Array>();
  const plainOf = (bytes: Uint8Array) => plain.get(bytes) ?? bytes;
  const methods: Record<PropertyKey, (target: Uint8Array) => unknown> = {
    [Symbol.iterator]: (target) => () => {
      touched += target.length;
      return target[Symbol.iterator]();
    },
    subarray: (target) => (from?: number, to?: number) =>
      counting(target.subarray(from, to)),
    slice: (target) => (from?: number, to?: number) => {
      const copy = target.slice(from, to);
      touched += 2 * copy.length;
      return counting(copy);
    },
    set: (target) => (source: Uint8Array, at?: number) => {
      touched += 2 * source.length;
      target.set(plainOf(source), at);
    },
    indexOf: (target) => (byte: number, from = 0) => {
      const found = target.indexOf(byte, from);
      touched += (found < 0 ? target.length : found + 1) - from;
      return found;
    },
    lastIndexOf: (target) => (byte: number, from = target.length - 1) => {
      const found = target.lastIndexOf(byte, from);
      touched += from - found;
      return found;
    },
  };
  function counting(bytes: Uint8Array): Uint8Array {
    const proxy = new Proxy(bytes, {
      get(target, key) {
        if (typeof key === "string" && key.charCodeAt(0) <= 0x39) {
          touched++;
          return target[Number(key)];
        }
        if (Object.hasOwn(methods, key)) return methods[key](target);
        const value = Reflect.get(target, key);
        if (typeof value !== "function" || key === "constructor") return value;
        throw new Error(`${String(key)} is not counted`);
      },
      set(target, key, value) {
        touched++;
        target[Number(key)] = value;
        return true;
      },
    });
    plain.set(proxy, bytes);
    return proxy;
  }
  const { decode } = TextDecoder.prototype;
  TextDecoder.prototype.decode = function (bytes) {
    touched += (bytes as Uint8Array).length;
    return decode.call(this, plainOf(bytes as Uint8Array));
  };
  globalThis.Uint8Array = new Proxy(Plain, {
    construct: (target, args) => counting(Reflect.construct(target, args)),
  });
  try {
    work(counting(wire));
  } finally {
    globalThis.Uint8Array = Plain;
    TextDecoder.prototype.decode = decode;
  }
  return touched;
}

/** Work to decode a stream that comes in chunks of `size` bytes, for each of its bytes. */
function workPerByte(
  codec: Codec<unknown>,
  wire: Uint8Array,
  size: number,
): number {
  let frames = 0;
  const touched = bytesTouched(wire, (wire) => {
    const decoder = codec.decoder();
    const drain = () => {
      while (decoder.next() !== undefined) frames++;
    };
    for (let at = 0; at < wire.length; at += size) {
      decoder.feed(wire.subarray(at, at + size));
      drain();
    }
    decoder.end();
    drain();
  });
  assertGreaterOrEqual(frames, 1);
  return touched / wire.length;
}

const LARGEST = 65_536;
const limit = { maxFrameBytes: 4 * LARGEST };

/** As a user would write it: asks for the whole marker at every chunk, and relies on the source to go on where it was. */
const searching = defineCodec<Uint8Array>({
  name: "searching",
  ...limit,
  decoder: () => ({
    decode(source) {
      const end = source.indexOf(utf8(";\r\n"));
      return end < 0 ? undefined : source.take(end + 3);
    },
  }),
  encode(frame, sink) {
    sink.bytes(frame);
    sink.text(";\r\n");
  },
});

const CODECS: Codec<Uint8Array>[] = [
  lengthPrefixed(limit),
  varintPrefixed(limit),
  decimalPrefixed({ ...limit, digits: 6 }),
  netstring(limit),
  octetCounted(limit),
  contentLength(limit),
  delimited("\n", limit),
  delimited("\r\n\r\n", limit),
  marked({ start: "{2H:", end: ":}" }, limit),
  slip(limit),
  cobs(limit),
  searching,
];

for (const size of [1, 7, 255, 256, 4_096]) {
  Deno.test(`decoding touches each byte at most ${MOST_PER_BYTE} times, however large the frame, in chunks of ${size} bytes`, () => {
    for (const codec of CODECS) {
      for (const length of [1_024, 8_192, LARGEST]) {
        // A letter that begins no marker but nearly: the search has to look at every byte.
        const wire = encodeFrame(codec, new Plain(length).fill(0x61));
        const work = workPerByte(codec, wire, size);
        assertLess(work, MOST_PER_BYTE, `${codec.name}, ${length} bytes`);
      }
    }
    for (const codec of [lines(limit), text(lengthPrefixed(limit))]) {
      for (const length of [1_024, LARGEST]) {
        const wire = encodeFrame(codec, "a".repeat(length));
        const work = workPerByte(codec, wire, size);
        assertLess(work, MOST_PER_BYTE, `${codec.name}, ${length} bytes`);
      }
    }
    for (const codec of [fixedLength(LARGEST), raw()]) {
      const work = workPerByte(codec, new Plain(LARGEST).fill(0x61), size);
      assertLess(work, MOST_PER_BYTE, codec.name);
    }
  });
}

Deno.test("bytesTouched() counts what a decoder does that joins and searches anew at every chunk", () => {
  const naive = (wire: Uint8Array) => {
    let rest = new Uint8Array(0);
    for (let at = 0; at < wire.length; at++) {
      const joined = new Uint8Array(rest.length + 1);
      joined.set(rest);
      joined.set(wire.subarray(at, at + 1), rest.length);
      rest = joined;
      if (rest.indexOf(0x0a) >= 0) return;
    }
  };
  assertEquals(bytesTouched(new Plain(100), naive), 2 * 100 * 101 / 2 + 5_050);
});

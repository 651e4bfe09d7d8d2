/**
 * How much is looked at. Searches, copies and decodings of bytes are counted by how many bytes each goes over, so
 * that what is searched again at every chunk shows itself whatever the machine: with chunks of 16 bytes it would
 * be ten thousand times the stream.
 */

import { assert, assertEquals } from "@std/assert";
import {
  cobs,
  type Codec,
  contentLength,
  defineCodec,
  delimited,
  encodeFrame,
  json,
  lengthPrefixed,
  lines,
  marked,
  netstring,
  slip,
} from "../../src/framing/mod.ts";
import { Needle } from "../../src/framing/needle.ts";
import { utf8 } from "./cuts.ts";

const FRAME_BYTES = 400_000;
/** A byte is searched, gathered, joined, decoded and copied out, each once; what is left is for growing. */
const MOST_TIMES = 8;

/** Bytes that `work` goes over. */
function bytesTouched(work: () => void): number {
  let touched = 0;
  const restore: (() => void)[] = [];
  /** A call of `name` costs what `cost` says of its receiver, its arguments and its result. */
  const count = (
    of: object,
    name: string,
    cost: (self: Uint8Array, args: unknown[], result: unknown) => number,
  ) => {
    const owner = of as Record<string, (...args: unknown[]) => unknown>;
    const original = owner[name];
    owner[name] = function (this: unknown, ...args: unknown[]) {
      const result = original.apply(this, args);
      touched += cost(this as Uint8Array, args, result);
      return result;
    };
    restore.push(() => owner[name] = original);
  };
  const { prototype } = Uint8Array;
  const length = (bytes: unknown) =>
    (bytes as Uint8Array | undefined)?.length ?? 0;
  count(prototype, "indexOf", (self, [, from = 0], found) => {
    const end = found === -1 ? self.length : Number(found) + 1;
    return end - Number(from);
  });
  count(
    prototype,
    "lastIndexOf",
    (self, [, from = self.length], found) =>
      Number(from) - Math.max(0, Number(found)),
  );
  count(prototype, "slice", (_self, _args, copy) => length(copy));
  count(prototype, "set", (_self, [source]) => length(source));
  count(prototype, "copyWithin", (self) => self.length);
  count(TextDecoder.prototype, "decode", (_self, [source]) => length(source));
  count(Needle.prototype, "find", (_self, [, from, end], found) => {
    return (found === -1 ? Number(end) : Number(found)) - Number(from);
  });
  try {
    work();
  } finally {
    for (const undo of restore) undo();
  }
  return touched;
}

const payload = utf8("x".repeat(FRAME_BYTES));
const letters = "x".repeat(FRAME_BYTES);

/** One that searches for its delimiter anew at every call, as a user writes it. */
const users = defineCodec<Uint8Array>({
  name: "users",
  decoder: () => {
    const end = utf8("--");
    return {
      decode(source) {
        const at = source.indexOf(end);
        if (at < 0) return undefined;
        const frame = source.take(at);
        source.skip(end.length);
        return frame;
      },
    };
  },
  encode(frame, sink) {
    sink.bytes(frame);
    sink.text("--");
  },
});

const CODECS: Record<string, [Codec<unknown>, unknown]> = {
  "lines()": [lines(), letters],
  "json(delimited())": [json(delimited("\n")), letters],
  "delimited() by one byte": [delimited("\n"), payload],
  "delimited() by two bytes": [delimited("\r\n"), payload],
  "marked()": [marked({ start: "<", end: "--" }), payload],
  "slip()": [slip(), payload],
  "cobs()": [cobs(), payload],
  "lengthPrefixed()": [lengthPrefixed(), payload],
  "netstring()": [netstring(), payload],
  "contentLength()": [contentLength(), payload],
  "defineCodec() that searches": [users, payload],
} as Record<string, [Codec<unknown>, unknown]>;

for (const [name, [codec, frame]] of Object.entries(CODECS)) {
  Deno.test(`${name} goes over a byte no more than ${MOST_TIMES} times, however its frame is torn`, () => {
    const wire = encodeFrame(codec, frame);
    for (const size of [1, 2, 16, 100, 255, 256, 1_460, 65_536]) {
      const chunks = chunksOf(wire, size);
      // The second time as one does who reads into the same buffer again and again.
      for (const detaches of [false, true]) {
        let frames = 0;
        const touched = bytesTouched(() => {
          const decoder = codec.decoder();
          for (const chunk of chunks) {
            decoder.feed(chunk);
            while (decoder.next() !== undefined) frames++;
            if (detaches) decoder.detach!();
          }
        });
        assertEquals(frames, 1);
        assert(
          touched <= wire.length * MOST_TIMES,
          `chunks of ${size} bytes${
            detaches ? ", detached" : ""
          }: ${touched} bytes for ${wire.length}`,
        );
      }
    }
  });
}

function chunksOf(wire: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < wire.length; at += size) {
    chunks.push(wire.slice(at, at + size));
  }
  return chunks;
}

/** How often `work` asks an array for its length: at least once for each that it goes over. */
function arraysLookedAt(work: () => void): number {
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
  const { get, ...rest } = Object.getOwnPropertyDescriptor(
    typedArray,
    "length",
  )!;
  let looks = 0;
  Object.defineProperty(typedArray, "length", {
    ...rest,
    get() {
      looks++;
      return get!.call(this);
    },
  });
  try {
    work();
  } finally {
    Object.defineProperty(typedArray, "length", { ...rest, get });
  }
  return looks;
}

Deno.test("ByteSource.indexOf() does not go over the pieces again that it has searched", () => {
  const chunks = chunksOf(encodeFrame(users, payload), 256);
  const decoder = users.decoder();
  let frames = 0;
  const looks = arraysLookedAt(() => {
    for (const chunk of chunks) {
      decoder.feed(chunk);
      while (decoder.next() !== undefined) frames++;
    }
  });
  assertEquals(frames, 1);
  assert(looks < 100 * chunks.length, `${looks} for ${chunks.length} pieces`);
});

for (const codec of [json(delimited("\n")), json(lengthPrefixed())]) {
  Deno.test(`${codec.name} does not count all that waits anew for each frame`, () => {
    const decoder = codec.decoder();
    for (let i = 0; i < 2_000; i++) decoder.feed(encodeFrame(codec, i));
    let frames = 0;
    const looks = arraysLookedAt(() => {
      while (decoder.next() !== undefined) frames++;
    });
    assertEquals(frames, 2_000);
    assert(looks < 100 * frames, `${looks} for ${frames} chunks`);
  });
}

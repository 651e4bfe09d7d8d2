/**
 * Who is measured: our faces, the shortest hand-written loop for one format (the floor), and other libraries.
 * Each calls `visit` once per frame and gives its bytes, or its text, or an array and where in it the bytes are.
 *
 * @module
 */

import { DelimiterStream, TextLineStream } from "@std/streams";
import { decode as decodeIt } from "it-length-prefixed";
import lps from "length-prefixed-stream";
import {
  type ByteCodec,
  type Codec,
  decodeBatches,
  decodeFrames,
  FrameBatchStream,
  FrameDecoderStream,
} from "../../src/framing/mod.ts";

type Chunk = Uint8Array<ArrayBuffer>;
export type Visit<T> = (frame: T, start?: number, end?: number) => void;
export type Contender<T> = (
  chunks: Chunk[],
  visit: Visit<T>,
) => void | Promise<void>;

const NONE = new Uint8Array(0);
const LIMIT = 2_097_152;

// ───────── ours ─────────

export const sync =
  <T>(codec: Codec<T, never>): Contender<T> => (chunks, visit) => {
    const decoder = codec.decoder();
    for (const chunk of chunks) {
      decoder.feed(chunk);
      for (let f = decoder.next(); f !== undefined; f = decoder.next()) {
        visit(f);
      }
    }
  };

export const scanner =
  (codec: ByteCodec): Contender<Uint8Array> => (chunks, visit) => {
    const it = codec.scanner();
    for (const chunk of chunks) it.scan(chunk, visit);
  };

export const stream =
  <T>(codec: Codec<T, never>): Contender<T> => (chunks, visit) =>
    drainStream(
      streamOf(chunks).pipeThrough(new FrameDecoderStream(codec)),
      visit,
    );

export const batchStream =
  <T>(codec: Codec<T, never>): Contender<T> => (chunks, visit) =>
    drainStream(
      streamOf(chunks).pipeThrough(new FrameBatchStream(codec)),
      (batch) => {
        for (let i = 0; i < batch.length; i++) visit(batch[i]);
      },
    );

export const iterator =
  <T>(codec: Codec<T, never>): Contender<T> => (chunks, visit) =>
    drain(decodeFrames(codec, sourceOf(chunks)), visit);

export const batchIterator =
  <T>(codec: Codec<T, never>): Contender<T> => (chunks, visit) =>
    drainBatches(decodeBatches(codec, sourceOf(chunks)), visit);

/** The cheapest source of a stream: `ReadableStream.from` costs more than twice as much per chunk. */
function streamOf(chunks: Chunk[], atOnce = 1): ReadableStream<Chunk> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      const stop = Math.min(chunks.length, at + atOnce);
      while (at < stop) controller.enqueue(chunks[at++]);
      if (at === chunks.length) controller.close();
    },
  }, { highWaterMark: 0 });
}

/** A reader, because `for await` over a stream costs a promise more per step. */
async function drainStream<T>(frames: ReadableStream<T>, visit: Visit<T>) {
  const reader = frames.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    visit(value);
  }
}

async function drain<T>(frames: AsyncIterable<T>, visit: Visit<T>) {
  for await (const frame of frames) visit(frame);
}

async function drainBatches<T>(batches: AsyncIterable<T[]>, visit: Visit<T>) {
  for await (const batch of batches) {
    for (let i = 0; i < batch.length; i++) visit(batch[i]);
  }
}

// ───────── the same without framing ─────────

/** Each item as it is, through what a face of ours consists of. */
export const bareFaces: Record<string, Contender<Chunk>> = {
  "iterated by for await": (items, visit) => drain(readyIterator(items), visit),
  "enqueued 1024 at once, and read": (items, visit) =>
    drainStream(streamOf(items, 1024), visit),
  "enqueued one by one, and read": (items, visit) =>
    drainStream(streamOf(items), visit),
  "and piped through an empty TransformStream": (items, visit) =>
    drainStream(streamOf(items).pipeThrough(new TransformStream()), visit),
};

/** An iterator whose promises are resolved already. */
function readyIterator<T>(items: T[]): AsyncIterableIterator<T> {
  let at = 0;
  return {
    next: () =>
      Promise.resolve<IteratorResult<T>>(
        at < items.length
          ? { done: false, value: items[at++] }
          : { done: true, value: undefined },
      ),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

// ───────── the floor: four bytes of length, big-endian ─────────

class LengthLoop {
  #rest: Uint8Array = NONE;

  feed(chunk: Uint8Array, visit: Visit<Uint8Array>): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = (bytes[at] << 24 | bytes[at + 1] << 16 |
        bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
      if (length > LIMIT) throw new Error("too large");
      if (bytes.length - at - 4 < length) break;
      visit(bytes.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.#rest = bytes.subarray(at);
  }
}

export const lengthFloor: Contender<Uint8Array> = (chunks, visit) => {
  const loop = new LengthLoop();
  for (const chunk of chunks) loop.feed(chunk, visit);
};

/** The same loop inside of a `TransformStream`, as one would write it. */
export const lengthTransform: Contender<Uint8Array> = (chunks, visit) => {
  const loop = new LengthLoop();
  const transform = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) =>
      loop.feed(chunk, (frame) => controller.enqueue(frame)),
  });
  return drainStream(streamOf(chunks).pipeThrough(transform), visit);
};

/** The same for lines: decode, look for LF, keep the rest. */
export const linesFloor: Contender<string> = (chunks, visit) => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  for (const chunk of chunks) {
    const text = rest + decoder.decode(chunk, { stream: true });
    let at = 0;
    for (;;) {
      const end = text.indexOf("\n", at);
      if (end < 0) break;
      visit(text.slice(at, text.charCodeAt(end - 1) === 13 ? end - 1 : end));
      at = end + 1;
    }
    rest = text.slice(at);
  }
};

/** The same for netstrings. */
export const netstringFloor: Contender<Uint8Array> = (chunks, visit) => {
  let rest: Uint8Array = NONE;
  for (const chunk of chunks) {
    let bytes: Uint8Array = chunk;
    if (rest.length > 0) {
      bytes = new Uint8Array(rest.length + chunk.length);
      bytes.set(rest);
      bytes.set(chunk, rest.length);
    }
    let at = 0;
    for (;;) {
      let length = 0;
      let colon = at;
      while (colon < bytes.length && bytes[colon] !== 0x3a) {
        length = length * 10 + bytes[colon++] - 0x30;
      }
      if (length > LIMIT) throw new Error("too large");
      if (colon + 1 + length >= bytes.length) break;
      if (bytes[colon + 1 + length] !== 0x2c) throw new Error("no comma");
      visit(bytes.subarray(colon + 1, colon + 1 + length));
      at = colon + length + 2;
    }
    rest = bytes.subarray(at);
  }
};

// ───────── other libraries ─────────

async function* sourceOf(chunks: Chunk[]): AsyncGenerator<Chunk> {
  for (const chunk of chunks) yield chunk;
}

export const itLengthPrefixed: Contender<Uint8Array> = async (
  chunks,
  visit,
) => {
  const frames = decodeIt(sourceOf(chunks), { maxDataLength: LIMIT });
  // It gives lists of chunks; a frame is what `subarray` makes of one.
  for await (const frame of frames) visit(frame.subarray());
};

export const lengthPrefixedStream: Contender<Uint8Array> = (chunks, visit) =>
  new Promise((resolve, reject) => {
    const decode = lps.decode({ limit: LIMIT });
    decode.on("data", visit).on("end", resolve).on("error", reject);
    let at = 0;
    const write = () => {
      while (at < chunks.length) {
        if (!decode.write(chunks[at++])) {
          decode.once("drain", write);
          return;
        }
      }
      decode.end();
    };
    write();
  });

export const textLineStream: Contender<string> = (chunks, visit) =>
  drainStream(
    streamOf(chunks).pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()),
    visit,
  );

/** Behind the last delimiter it sees one more, empty frame, which we do not; the shapes have no empty ones. */
export const delimiterStream =
  (delimiter: Chunk): Contender<Uint8Array> => (chunks, visit) =>
    drainStream(
      streamOf(chunks).pipeThrough(new DelimiterStream(delimiter)),
      (frame) => {
        if (frame.length > 0) visit(frame);
      },
    );

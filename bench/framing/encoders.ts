/**
 * The way out, measured: the same frame encoded again and again, each time into bytes of its own. Ours beside the
 * shortest code for one format (the floor), and other libraries. Each calls `visit` with the bytes of every frame.
 *
 * @module
 */

import { encode as encodeIt } from "it-length-prefixed";
import lps from "length-prefixed-stream";
import {
  type Codec,
  encodeFrame,
  FrameEncoderStream,
} from "../../src/framing/mod.ts";

/** Encodes `frame` so many times. */
export type Encoder<T> = (
  frame: T,
  count: number,
  visit: (bytes: Uint8Array) => void,
) => void | Promise<void>;

type Encoding<T> = Pick<Codec<never, T>, "name" | "encode">;

const each = <T>(encode: (frame: T) => Uint8Array): Encoder<T> =>
(
  frame,
  count,
  visit,
) => {
  for (let i = 0; i < count; i++) visit(encode(frame));
};

export const single = <T>(codec: Encoding<T>): Encoder<T> =>
  each((frame) => encodeFrame(codec, frame));

export const encoderStream =
  <T>(codec: Encoding<T>): Encoder<T> => (frame, count, visit) =>
    pipe(frame, count, new FrameEncoderStream(codec), visit);

/** Four bytes of length, big-endian. */
function lengthAndBytes(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + frame.length);
  const { length } = frame;
  bytes[0] = length >>> 24;
  bytes[1] = length >>> 16;
  bytes[2] = length >>> 8;
  bytes[3] = length;
  bytes.set(frame, 4);
  return bytes;
}

const utf8 = new TextEncoder();

export const lengthEncoder: Encoder<Uint8Array> = each(lengthAndBytes);
export const lineEncoder: Encoder<string> = each((line) =>
  utf8.encode(line + "\n")
);

/** The floor as a Web Stream. */
export const lengthTransform: Encoder<Uint8Array> = (frame, count, visit) =>
  pipe(
    frame,
    count,
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (frame, controller) =>
        controller.enqueue(lengthAndBytes(frame)),
    }),
    visit,
  );

/** It gives a list of header and payload; bytes are what `subarray` makes of one. */
export const itLengthPrefixed: Encoder<Uint8Array> = each((frame) =>
  encodeIt.single(frame).subarray()
);

/** It gives the header and the payload one after the other, uncopied. */
export const lengthPrefixedStream: Encoder<Uint8Array> = (
  frame,
  count,
  visit,
) =>
  new Promise((resolve, reject) => {
    const encode = lps.encode();
    encode.on("data", visit).on("end", resolve).on("error", reject);
    let done = 0;
    const write = () => {
      while (done < count) {
        done++;
        if (!encode.write(frame)) {
          encode.once("drain", write);
          return;
        }
      }
      encode.end();
    };
    write();
  });

async function pipe<T>(
  frame: T,
  count: number,
  through: TransformStream<T, Uint8Array>,
  visit: (bytes: Uint8Array) => void,
): Promise<void> {
  let done = 0;
  const source = new ReadableStream<T>({
    pull(controller) {
      controller.enqueue(frame);
      if (++done === count) controller.close();
    },
  }, { highWaterMark: 0 });
  const reader = source.pipeThrough(through).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    visit(value);
  }
}

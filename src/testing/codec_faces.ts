/**
 * Runs a codec through each of its faces and says what came out, in a form that can be compared: the frames,
 * and then the error. What a good codec shows is the same for every face and every cutting.
 *
 * @module
 */

import { FrameError } from "../errors.ts";
import {
  type ByteCodec,
  type Codec,
  decodeAll,
  decodeBatches,
  decodeFrames,
  FrameBatchStream,
  type FrameDecoder,
  FrameDecoderStream,
} from "../framing/mod.ts";

/** What came out of one face. */
export interface Outcome<T> {
  /** Copies, where a frame may be a view. */
  frames: T[];
  /** `undefined` = the stream ended well. */
  error: FrameError | undefined;
}

/** More than any stream of a test has: a decoder that gives so many never comes to an end. */
const MOST_FRAMES = 1_000_000;

type Decodes<T> = Pick<
  Codec<T, never>,
  "name" | "maxFrameBytes" | "aliases" | "decoder"
>;

/** What a face did that no codec may do. A codec that throws something cannot have thrown this. */
class Broken extends Error {}

/** A face: chunks in, outcome out. Chunks are its own to write over. */
export type Face<T> = (chunks: Uint8Array[]) => Outcome<T>;

/** A face that takes its time. */
export type AsyncFace<T> = (chunks: Uint8Array[]) => Promise<Outcome<T>>;

/** The synchronous faces that `codec` has, by name; the first is the reference. */
export function syncFaces<T>(codec: Decodes<T>): Record<string, Face<T>> {
  const faces: Record<string, Face<T>> = {
    // Its frames are not copied, so that one that is written again after it was handed out is found out.
    "decoder": (chunks) =>
      run(
        {
          name: codec.name,
          maxFrameBytes: codec.maxFrameBytes,
          aliases: false,
          decoder: () => codec.decoder(),
        },
        chunks,
        feedAndDrain,
      ),
    "decoder, fed ahead": (chunks) =>
      run(codec, chunks, (decoder, chunk) => decoder.feed(chunk)),
    "decoder, asked now and then": (chunks) =>
      run(codec, chunks, feedAndFallBehind()),
    "decodeAll": (chunks) => runDecodeAll(codec, chunks),
  };
  const decoder = codec.decoder();
  if (decoder.detach) {
    faces["decoder, its chunks rewritten"] = (chunks) =>
      run(codec, chunks, feedAndRewrite);
  }
  if (decoder.space && decoder.filled) {
    faces["decoder, its space filled"] = (chunks) =>
      run(codec, chunks, fillSpace);
  }
  if (decoder.recycle) {
    faces["decoder, its memory used again"] = (chunks) =>
      run(codec, chunks, feedAndRecycle);
  }
  if ("scanner" in codec) {
    faces["scanner"] = (chunks) =>
      // A scanner is of a ByteCodec, whose frames are bytes.
      runScanner(codec as unknown as ByteCodec, chunks) as Outcome<T>;
  }
  return faces;
}

/** The asynchronous faces, by name. */
export function asyncFaces<T>(codec: Decodes<T>): Record<string, AsyncFace<T>> {
  return {
    "FrameDecoderStream": (chunks) =>
      collect(
        codec,
        ReadableStream.from(chunks).pipeThrough(new FrameDecoderStream(codec)),
      ),
    "FrameBatchStream": (chunks) =>
      collectBatches(
        codec,
        ReadableStream.from(chunks).pipeThrough(new FrameBatchStream(codec)),
      ),
    "decodeFrames": (chunks) =>
      collect(codec, decodeFrames(codec, ReadableStream.from(chunks))),
    "decodeBatches": (chunks) =>
      collectBatches(codec, decodeBatches(codec, ReadableStream.from(chunks))),
  };
}

/** A copy of what may be a view. */
export function keep<T>(codec: Decodes<T>, frame: T): T {
  if (!codec.aliases) return frame;
  return frame instanceof Uint8Array
    ? frame.slice() as T & Uint8Array
    : structuredClone(frame);
}

type Step<T> = (
  decoder: FrameDecoder<T>,
  chunk: Uint8Array,
  frames: T[],
  codec: Decodes<T>,
) => void;

function run<T>(
  codec: Decodes<T>,
  chunks: Uint8Array[],
  step: Step<T>,
): Outcome<T> {
  const decoder = codec.decoder();
  const frames: T[] = [];
  try {
    for (const chunk of chunks) step(decoder, chunk, frames, codec);
    decoder.end();
    drain(decoder, frames, codec);
    return { frames, error: undefined };
  } catch (error) {
    // Before it is asked for again: the first error says more than that the second is another.
    const frameError = asFrameError(error);
    checkSticky(decoder, error);
    return { frames, error: frameError };
  }
}

function drain<T>(
  decoder: FrameDecoder<T>,
  frames: T[],
  codec: Decodes<T>,
): void {
  for (;;) {
    const frame = decoder.next();
    if (frame === undefined) break;
    frames.push(keep(codec, frame));
    if (frames.length > MOST_FRAMES) {
      throw new Broken(`next() gave ${frames.length} frames, and more`);
    }
  }
  const { bufferedBytes } = decoder;
  if (bufferedBytes > codec.maxFrameBytes) {
    throw new Broken(
      `${bufferedBytes} bytes wait for the rest of a frame, and the limit is ${codec.maxFrameBytes}`,
    );
  }
}

function feedAndDrain<T>(
  decoder: FrameDecoder<T>,
  chunk: Uint8Array,
  frames: T[],
  codec: Decodes<T>,
): void {
  decoder.feed(chunk);
  drain(decoder, frames, codec);
}

/** What a reader does that takes frames more slowly than chunks come: some are used up, and others wait behind. */
function feedAndFallBehind<T>(): Step<T> {
  let count = 0;
  return (decoder, chunk, frames, codec) => {
    decoder.feed(chunk);
    if (++count % 3 > 0) return;
    const frame = decoder.next();
    if (frame !== undefined) frames.push(keep(codec, frame));
  };
}

/** What a reader does that reuses one buffer: every byte of the chunk is wrong once it is detached. */
function feedAndRewrite<T>(
  decoder: FrameDecoder<T>,
  chunk: Uint8Array,
  frames: T[],
  codec: Decodes<T>,
): void {
  decoder.feed(chunk);
  // Detached halfway, with frames at hand that nobody has asked for.
  const first = decoder.next();
  if (first !== undefined) frames.push(keep(codec, first));
  decoder.detach!();
  chunk.fill(0xa5);
  drain(decoder, frames, codec);
  decoder.detach!();
}

/** What a reader does that is done with a frame before it asks for the next. */
function feedAndRecycle<T>(
  decoder: FrameDecoder<T>,
  chunk: Uint8Array,
  frames: T[],
  codec: Decodes<T>,
): void {
  // The first call switches it on; later ones come in the middle of frames.
  decoder.recycle!();
  const half = chunk.length >> 1;
  feedAndDrain(decoder, chunk.subarray(0, half), frames, codec);
  feedAndDrain(decoder, chunk.subarray(half), frames, codec);
}

/** What a reader does that reads straight into a large frame. */
function fillSpace<T>(
  decoder: FrameDecoder<T>,
  chunk: Uint8Array,
  frames: T[],
  codec: Decodes<T>,
): void {
  let rest = chunk;
  while (rest.length > 0) {
    const space = decoder.space!();
    if (space === undefined) {
      // In two parts, so that the second may find space.
      const part = rest.subarray(0, Math.max(1, rest.length >> 1));
      decoder.feed(part);
      rest = rest.subarray(part.length);
    } else {
      const part = rest.subarray(0, space.length);
      space.set(part);
      decoder.filled!(part.length);
      rest = rest.subarray(part.length);
    }
    drain(decoder, frames, codec);
  }
}

function runDecodeAll<T>(codec: Decodes<T>, chunks: Uint8Array[]): Outcome<T> {
  const whole = new Uint8Array(chunks.reduce((sum, c) => sum + c.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  try {
    const frames = decodeAll(codec, whole.slice());
    return {
      frames: frames.map((frame) => keep(codec, frame)),
      error: undefined,
    };
  } catch (error) {
    // It has only one way out, so its frames are those of the whole stream in one chunk.
    const { frames } = run(codec, [whole], feedAndDrain);
    return { frames, error: asFrameError(error) };
  }
}

function runScanner(
  codec: ByteCodec,
  chunks: Uint8Array[],
): Outcome<Uint8Array> {
  const frames: Uint8Array[] = [];
  const visit = (bytes: Uint8Array, start: number, end: number) =>
    void frames.push(bytes.slice(start, end));
  try {
    const scanner = codec.scanner();
    for (const chunk of chunks) scanner.scan(chunk, visit);
    scanner.end(visit);
    return { frames, error: undefined };
  } catch (error) {
    return { frames, error: asFrameError(error) };
  }
}

async function collect<T>(
  codec: Decodes<T>,
  source: AsyncIterable<T>,
): Promise<Outcome<T>> {
  const frames: T[] = [];
  try {
    for await (const frame of source) frames.push(keep(codec, frame));
    return { frames, error: undefined };
  } catch (error) {
    return { frames, error: asFrameError(error) };
  }
}

async function collectBatches<T>(
  codec: Decodes<T>,
  source: AsyncIterable<T[]>,
): Promise<Outcome<T>> {
  const frames: T[] = [];
  try {
    for await (const batch of source) {
      if (batch.length === 0) throw new Error("a batch holds no frame");
      for (const frame of batch) frames.push(keep(codec, frame));
    }
    return { frames, error: undefined };
  } catch (error) {
    return { frames, error: asFrameError(error) };
  }
}

/** An error is final: the same object at every call, whatever is fed, and no memory is held for it. */
function checkSticky<T>(decoder: FrameDecoder<T>, error: unknown): void {
  for (let i = 0; i < 2; i++) {
    let again: unknown;
    try {
      const frame = decoder.next();
      again = new Error(`next() gave ${frame} after an error`);
    } catch (thrown) {
      again = thrown;
    }
    if (again !== error) {
      throw new Error("next() did not throw the same error again", {
        cause: again,
      });
    }
  }
  if (decoder.bufferedBytes !== 0) {
    throw new Error(
      `${decoder.bufferedBytes} bytes are still buffered after an error`,
      { cause: error },
    );
  }
}

function asFrameError(error: unknown): FrameError {
  if (error instanceof FrameError) return error;
  if (error instanceof Broken) throw error;
  throw new Error("Decoding threw something else than a FrameError", {
    cause: error,
  });
}

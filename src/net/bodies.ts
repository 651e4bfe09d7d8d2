/**
 * Bytes outside of frames, both ways. Decides in which steps a body goes out, and what one is told of whose rest never
 * came. Bytes that arrive go past the decoder, which is the input's part.
 *
 * @module
 */

import { ConnectionLostError } from "../errors.ts";
import { shown } from "../shown.ts";
import type { Input } from "./input.ts";
import type { Outbox } from "./outbox.ts";
import { bodyReadable } from "./streams.ts";

/** How a body goes out. */
export interface BodyWay {
  readonly outbox: Outbox;
  /** So much at once, then there must be room again: no more than `roomBytes` wait. */
  readonly stepBytes: number;
  readonly roomBytes: number;
  /** Aborts when nothing can be sent any more, or soon. */
  readonly signal: AbortSignal;
  /** @throws {ConnectionLostError} Nothing can be sent any more. */
  checkOpen(): void;
}

/** Sends `source`, and resolves when there is room for more. */
export async function sendBody(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  way: BodyWay,
): Promise<void> {
  if (source instanceof Uint8Array) await sendBytes(source, way);
  else await sendChunks(source, way);
}

async function sendChunks(
  source: AsyncIterable<Uint8Array>,
  way: BodyWay,
): Promise<void> {
  const chunks = source[Symbol.asyncIterator]();
  // A source may be silent for long; who waits for it shall hear of a loss all the same.
  const over = Promise.withResolvers<"over">();
  const onOver = () => over.resolve("over");
  way.signal.addEventListener("abort", onOver);
  let isDone = false;
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), over.promise]);
      way.checkOpen();
      if (next === "over") continue;
      if (next.done) {
        isDone = true;
        return;
      }
      await sendBytes(next.value, way);
    }
  } finally {
    way.signal.removeEventListener("abort", onOver);
    // Not awaited: a generator that is silent answers this when it goes on.
    if (!isDone) void Promise.resolve(chunks.return?.()).catch(() => {});
  }
}

async function sendBytes(bytes: Uint8Array, way: BodyWay): Promise<void> {
  const { outbox, stepBytes } = way;
  for (let at = 0; at < bytes.length; at += stepBytes) {
    way.checkOpen();
    outbox.addBytes(bytes.subarray(at, at + stepBytes));
    outbox.flush();
    await outbox.bodySinks(way.roomBytes);
  }
  way.checkOpen();
}

/** Whose body arrives. */
export interface BodySource {
  /** Its address, as text. */
  readonly peer: string;
  /** What broke the connection, if something did. */
  readonly failure: { error: unknown } | undefined;
}

/**
 * The next `byteLength` bytes of `input`, as they come.
 *
 * @throws {RangeError} `byteLength` is no number of bytes.
 * @throws {TypeError} Another body is under way.
 */
export function receiveBody(
  input: Input<unknown>,
  byteLength: number,
  source: BodySource,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  if (!(Number.isSafeInteger(byteLength) && byteLength >= 0)) {
    throw new RangeError(
      `Cannot read a body: 'byteLength' must be a whole number from 0: current value is ${
        shown(byteLength)
      }`,
    );
  }
  if (input.inBody) {
    throw new TypeError(
      `Cannot read a body from ${source.peer}: another one is under way`,
    );
  }
  const body = input.beginBody(byteLength);
  return bodyReadable(input, body, (cause) => {
    const error = source.failure?.error;
    return error instanceof Error ? error : cutBody(source.peer, cause);
  });
}

function cutBody(peer: string, cause: unknown): ConnectionLostError {
  const missing = (cause as Error).message;
  return new ConnectionLostError(
    `Lost the connection to ${peer} in the middle of a body: ${missing}`,
    "UNEXPECTED_EOF",
    { cause },
  );
}

/**
 * All frames at hand as one array: what the batch faces hand out.
 *
 * @module
 */

import type { FrameDecoder } from "./codec.ts";

/** Frames at a time: enough to make a promise per batch cheap, few enough to bound what waits decoded. */
export const MOST_FRAMES_AT_ONCE = 1024;

/**
 * The frames at hand, some at most, or `undefined` for none. An error waits until the good frames before it
 * are gone: the decoder throws it again at the next call.
 */
export function nextBatch<In>(decoder: FrameDecoder<In>): In[] | undefined {
  const first = decoder.next();
  if (first === undefined) return undefined;
  const batch = [first];
  try {
    while (batch.length < MOST_FRAMES_AT_ONCE) {
      const frame = decoder.next();
      if (frame === undefined) break;
      batch.push(frame);
    }
  } catch {
    // The next call throws it.
  }
  return batch;
}

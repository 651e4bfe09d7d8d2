/**
 * All frames at hand as one array: what the batch faces hand out.
 *
 * @module
 */

import type { FrameDecoder } from "./codec.ts";

/** Frames at a time: enough to make a promise per batch cheap, few enough to bound what waits decoded. */
export const MOST_FRAMES_AT_ONCE = 1024;

/** A batch that grows beyond this gets its full room at once, because growing by and by copies it several times. */
const FEW_FRAMES = 32;

/**
 * The frames at hand, some at most, or `undefined` for none. An error waits until the good frames before it
 * are gone: the decoder throws it again at the next call.
 */
export function nextBatch<In>(decoder: FrameDecoder<In>): In[] | undefined {
  const first = decoder.next();
  if (first === undefined) return undefined;
  const batch = [first];
  let count = 1;
  try {
    while (count < MOST_FRAMES_AT_ONCE) {
      const frame = decoder.next();
      if (frame === undefined) break;
      if (count === FEW_FRAMES) batch.length = MOST_FRAMES_AT_ONCE;
      batch[count++] = frame;
    }
  } catch {
    // The next call throws it.
  }
  batch.length = count;
  return batch;
}

/**
 * The Web Streams of a connection: its frames both ways, and bodies outside of frames. Each is pull-driven and
 * queues nothing of its own, so backpressure reaches the peer.
 *
 * @module
 */

import type { Body, Input } from "./input.ts";
import type { Pulls, Wait } from "./pulls.ts";

/**
 * Frames as a stream. Cancelling it leaves the connection as it is: a frame that was asked for and did not come is not
 * taken.
 */
export function frameReadable<In>(
  pulls: Pulls<In>,
  pull: () => Promise<IteratorResult<In>>,
): ReadableStream<In> {
  let wait: Wait<In> | undefined;
  return new ReadableStream<In>({
    async pull(controller) {
      const pulled = pull();
      // Absent where the frame was at hand: nobody waits behind one who gets it at once.
      wait = pulls.newest;
      const { done, value } = await pulled;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel() {
      if (wait !== undefined) pulls.leave(wait);
    },
  }, { highWaterMark: 0 });
}

/** The bytes of a `body` that `input` has begun; `lost` makes the error for one that is cut. */
export function bodyReadable(
  input: Input<unknown>,
  body: Body,
  lost: (cause: unknown) => Error,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      let chunk: Uint8Array | undefined;
      try {
        chunk = await input.pullBody(body);
      } catch (cause) {
        throw lost(cause);
      }
      if (chunk === undefined) controller.close();
      // It was read into memory of this process's own making, or given back by a decoder: never shared.
      else controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
    },
    cancel() {
      // The rest is passed over as it comes. If it never does, the end of the connection tells.
      input.abandonBody(body);
    },
  }, { highWaterMark: 0 });
}

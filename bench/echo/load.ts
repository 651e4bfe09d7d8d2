/**
 * A load generator for servers that echo frames with a length of 4 bytes in front: so many connections, each
 * with so many frames in flight, of one size. Prints one line of JSON. Every byte of every answer is compared
 * with what was sent; the frames differ from one to the next, so that lost and swapped ones are found too.
 *
 * It must work less per frame than any server, or it would measure itself. On Linux it therefore calls the
 * system directly and looks at all sockets at once; elsewhere it uses Deno's sockets, and the fastest servers
 * wait for it now and then.
 *
 *     deno run --allow-net --allow-ffi bench/echo/load.ts PORT FRAME_BYTES CONNECTIONS IN_FLIGHT SECONDS
 *
 * @module
 */

import { runAnywhere } from "./load_anywhere.ts";
import { runOnLinux } from "./load_linux.ts";

/** What to send, and for how long. */
export interface Load {
  port: number;
  connections: number;
  /** Length of one frame on the wire. */
  wireBytes: number;
  inFlight: number;
  forMs: number;
  /** The bytes to send, in a circle: whoever sends or compares begins at `position % period`. */
  circle: Uint8Array;
  period: number;
}

/** The most that is sent or compared at a time. */
export const STEP_BYTES = 262_144;

/** Different frames in the circle. */
const DISTINCT = 3;

function circleOf(frameBytes: number): { circle: Uint8Array; period: number } {
  const wireBytes = frameBytes + 4;
  const period = wireBytes * DISTINCT;
  const circle = new Uint8Array(period + STEP_BYTES);
  const view = new DataView(circle.buffer);
  for (let frame = 0; frame < DISTINCT; frame++) {
    const start = frame * wireBytes;
    view.setUint32(start, frameBytes);
    for (let i = 4; i < wireBytes; i++) {
      circle[start + i] = (i * 31 + (i >> 8) + frame * 101) & 0xff;
    }
  }
  for (let at = period; at < circle.length; at += period) {
    circle.set(circle.subarray(0, Math.min(period, circle.length - at)), at);
  }
  return { circle, period };
}

if (import.meta.main) {
  const [port, frameBytes, connections, inFlight, seconds] = Deno.args.map(
    Number,
  );
  const run = Deno.build.os === "linux" ? runOnLinux : runAnywhere;
  const { frames, elapsedMs } = await run({
    port,
    connections,
    wireBytes: frameBytes + 4,
    inFlight,
    forMs: seconds * 1_000,
    ...circleOf(frameBytes),
  });
  console.log(JSON.stringify({ frames, seconds: elapsedMs / 1_000 }));
}

/**
 * A load generator for servers that echo frames, with a length of 4 bytes in front or a line end behind: so many
 * connections, each with so many frames in flight, of one size. Prints one line of JSON. Every byte of every answer is
 * compared with what was sent; the frames differ from one to the next, so that lost and swapped ones are found too.
 *
 * It must work less per frame than any server, or it would measure itself. On Linux it therefore calls the
 * system directly and looks at all sockets at once; elsewhere it uses Deno's sockets, and the fastest servers
 * wait for it now and then.
 *
 *     deno run --allow-net --allow-ffi bench/echo/load.ts PORT WIRE FRAME_BYTES CONNECTIONS IN_FLIGHT SECONDS
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

/** How frames are told apart. */
interface Wire {
  /** What a frame costs besides its payload. */
  extraBytes: number;
  /** Fills `wire`, which has room for one frame. */
  write(wire: Uint8Array, frame: number): void;
}

const WIRES: Readonly<Record<string, Wire>> = {
  u32: {
    extraBytes: 4,
    write(wire, frame) {
      const { buffer, byteOffset, length } = wire;
      new DataView(buffer, byteOffset, length).setUint32(0, length - 4);
      for (let i = 4; i < length; i++) wire[i] = byteAt(i, frame) & 0xff;
    },
  },
  lines: {
    extraBytes: 1,
    write(wire, frame) {
      const last = wire.length - 1;
      // All of ASCII that prints: servers that decode text get the same text back, and there is no line end in it.
      for (let i = 0; i < last; i++) wire[i] = 0x20 + byteAt(i, frame) % 95;
      wire[last] = 0x0a;
    },
  },
};

function byteAt(i: number, frame: number): number {
  return i * 31 + (i >> 8) + frame * 101;
}

function circleOf(
  wire: Wire,
  wireBytes: number,
): { circle: Uint8Array; period: number } {
  const period = wireBytes * DISTINCT;
  const circle = new Uint8Array(period + STEP_BYTES);
  for (let frame = 0; frame < DISTINCT; frame++) {
    const start = frame * wireBytes;
    wire.write(circle.subarray(start, start + wireBytes), frame);
  }
  for (let at = period; at < circle.length; at += period) {
    circle.set(circle.subarray(0, Math.min(period, circle.length - at)), at);
  }
  return { circle, period };
}

if (import.meta.main) {
  const [port, name, ...rest] = Deno.args;
  const [frameBytes, connections, inFlight, seconds] = rest.map(Number);
  const wire = WIRES[name];
  const wireBytes = frameBytes + wire.extraBytes;
  const run = Deno.build.os === "linux" ? runOnLinux : runAnywhere;
  const { frames, elapsedMs } = await run({
    port: Number(port),
    connections,
    wireBytes,
    inFlight,
    forMs: seconds * 1_000,
    ...circleOf(wire, wireBytes),
  });
  console.log(JSON.stringify({ frames, seconds: elapsedMs / 1_000 }));
}

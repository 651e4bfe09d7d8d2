/** The load generator on Deno's own sockets: works everywhere, and costs as much as the servers do. @module */

import { type Load, STEP_BYTES } from "./load.ts";

/** Runs the load on all connections; rejects when an answer is wrong. */
export async function runAnywhere(load: Load) {
  const startMs = performance.now();
  const untilMs = startMs + load.forMs;
  const frames = await Promise.all(
    Array.from({ length: load.connections }, () => converse(load, untilMs)),
  );
  return {
    frames: frames.reduce((sum, count) => sum + count, 0),
    elapsedMs: performance.now() - startMs,
  };
}

async function converse(load: Load, untilMs: number): Promise<number> {
  const { port, wireBytes, inFlight, circle, period } = load;
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const into = new Uint8Array(STEP_BYTES);
  let due = 0;
  let sent = 0;
  let came = 0;
  const send = async (byteLength: number) => {
    due += byteLength;
    const to = due;
    while (sent < to) {
      const from = sent % period;
      const step = Math.min(to - sent, STEP_BYTES);
      sent += await conn.write(circle.subarray(from, from + step));
    }
  };
  let sending = send(wireBytes * inFlight);
  while (came < due) {
    const count = await conn.read(into);
    if (count === null) throw new Error("the server closed the connection");
    const phase = came % period;
    for (let i = 0; i < count; i++) {
      if (into[i] !== circle[phase + i]) {
        throw new Error(`byte ${came + i} of the answers is wrong`);
      }
    }
    const before = Math.floor(came / wireBytes);
    came += count;
    const whole = Math.floor(came / wireBytes) - before;
    if (whole > 0 && performance.now() < untilMs) {
      await sending;
      sending = send(whole * wireBytes);
    }
  }
  await sending;
  return came / wireBytes;
}

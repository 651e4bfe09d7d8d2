/**
 * The server of the crash storm, in a process of its own so that what it holds can be measured: its handlers
 * fail on poison and echo the rest. Prints its port. A line `measure` is answered with what the process holds
 * once that connection is alone, as JSON. Ends by itself after SIGTERM: something left running would keep it.
 *
 *     deno run --allow-all --v8-flags=--expose-gc storm_server.ts
 */

import { lines, serve } from "../../mod.ts";
import { isPoison } from "./poison.ts";

/** What a process holds. */
export interface Held {
  timers: number;
  /** 0 where the system does not say. */
  descriptors: number;
  heapBytes: number;
  /** Handlers that failed so far. */
  crashes: number;
}

/** Eight looks at the deadlines in this time; at the second quiet one a connection gives spare memory back. */
const FRAME_TIMEOUT_MS = 4_000;
const LOOK_MS = FRAME_TIMEOUT_MS / 8;

let looks = 0;
let onLook: () => void = () => {};

// Every timer that is set and has neither run nor been cleared.
const timers = new Set<unknown>();
const { setTimeout, clearTimeout } = globalThis;
globalThis.setTimeout = ((run: () => void, ms?: number) => {
  const id = setTimeout(() => {
    timers.delete(id);
    run();
    if (ms !== LOOK_MS) return;
    looks++;
    onLook();
  }, ms);
  timers.add(id);
  return id;
}) as typeof globalThis.setTimeout;
globalThis.clearTimeout = (id) => {
  timers.delete(id);
  clearTimeout(id);
};

let crashes = 0;

const server = serve({
  port: 0,
  codec: lines(),
  frameTimeoutMs: FRAME_TIMEOUT_MS,
  restart: { maxRestarts: Infinity },
  onListen: (addr) => console.log((addr as Deno.NetAddr).port),
  onEvent: (event) => event.kind === "crashed" && crashes++,
}, (connection) => ({
  async frame(line) {
    if (isPoison(line)) throw new Error("poison");
    if (line === "measure") connection.send(JSON.stringify(await measure()));
    else connection.send(line);
  },
}));

async function measure(): Promise<Held> {
  // Buffers are kept warm for the next news and let go of when there is none: that is what is waited for.
  const nextLook = () => new Promise<void>((resolve) => onLook = resolve);
  while (server.connections.size > 1) await nextLook();
  for (const from = looks; looks < from + 3;) await nextLook();
  // Byte arrays are freed in the background, at the latest when the next collection begins.
  for (let i = 0; i < 3; i++) {
    (globalThis as unknown as { gc(): void }).gc();
    await new Promise((resolve) => setTimeout(resolve));
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return {
    timers: timers.size,
    descriptors: Deno.build.os === "linux"
      ? [...Deno.readDirSync("/proc/self/fd")].length
      : 0,
    heapBytes: heapUsed + external,
    crashes,
  };
}

const onSignal = () => {
  Deno.removeSignalListener("SIGTERM", onSignal);
  void server.stop();
};
Deno.addSignalListener("SIGTERM", onSignal);

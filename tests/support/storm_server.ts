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

// Every timer that is set and has neither run nor been cleared.
const timers = new Set<unknown>();
const { setTimeout, clearTimeout } = globalThis;
globalThis.setTimeout = ((run: () => void, ms?: number) => {
  const id = setTimeout(() => {
    timers.delete(id);
    run();
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
  // Some rounds more than the connections: what they held is let go of in tasks of its own.
  for (let rounds = 0; server.connections.size > 1 || rounds < 10; rounds++) {
    await new Promise((resolve) => setTimeout(resolve));
  }
  (globalThis as unknown as { gc(): void }).gc();
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

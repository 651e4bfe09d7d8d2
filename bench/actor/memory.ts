/**
 * What an idle actor costs, in bytes; each contestant in a process of its own, so that none lives in memory that another
 * gave back. Every actor has served one message, unless its line says more.
 *
 * - heap: what is left after collection.
 * - resident: by how much the process has grown.
 * - young: how much of that is the engine's space for young objects. It is empty by then. The engine enlarges it while
 *   much is allocated, up to some tens of megabytes, and keeps it, whoever it was that allocated; it does not grow with the
 *   number of actors. The rest is what the actors themselves take.
 *
 * deno run --v8-flags=--expose-gc --allow-env=NODE_ENV --allow-run=deno bench/actor/memory.ts [actors]
 */

import v8 from "node:v8";
import { type ActorRef, spawn, type SpawnOptions } from "../../actor.ts";
import { finish } from "./contestant.ts";
import { nact } from "./nact.ts";
import { ours } from "./ours.ts";
import { xstate } from "./xstate.ts";

/** Each makes so many actors, and resolves when they are idle with whatever keeps them alive. */
const LINES: Record<string, (count: number) => Promise<unknown[]>> = {
  "packetboat": (count) => ours.idle!(count),
  "  with restart": (count) => served(count, 1, { restart: {} }),
  "  10 had waited": (count) => served(count, 10),
  "nact": (count) => nact.idle!(count),
  "xstate": (count) => xstate.idle!(count),
};

async function served(
  count: number,
  each: number,
  options?: SpawnOptions,
): Promise<ActorRef<number>[]> {
  const { done, finished } = finish();
  let left = count * each;
  const actors = Array.from({ length: count }, () =>
    spawn<number>(() => ({
      receive() {
        if (--left === 0) finished();
      },
    }), options));
  for (const actor of actors) {
    for (let i = 0; i < each; i++) actor.tell(i);
  }
  await done;
  return actors;
}

interface Sizes {
  readonly heap: number;
  readonly resident: number;
  readonly young: number;
}

async function settled(gc: () => void): Promise<Sizes> {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    gc();
  }
  const { heapUsed, rss } = Deno.memoryUsage();
  const young = v8.getHeapSpaceStatistics()
    .find(({ space_name }) => space_name === "new_space")!.space_size;
  return { heap: heapUsed, resident: rss, young };
}

/** In the process of its own: prints one line. */
async function measure(line: string, count: number): Promise<void> {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("Run with --v8-flags=--expose-gc");
  // Compiles everything.
  await LINES[line](1_000);
  const before = await settled(gc);
  const kept = await LINES[line](count);
  const after = await settled(gc);
  const each = (key: keyof Sizes) => (after[key] - before[key]) / count;
  const columns = [
    each("heap"),
    each("resident"),
    each("young"),
    each("resident") - each("young"),
  ].map((bytes) => bytes.toFixed(0).padStart(10)).join("");
  console.log(
    `${line.padEnd(16)}${columns}   (${kept.length} kept)`,
  );
}

const [count = "100000", line] = Deno.args;
if (line !== undefined) await measure(line, Number(count));
else {
  console.log(`${count} idle actors, bytes each`);
  console.log(`${" ".repeat(16)}      heap  resident     young      rest`);
  for (const line of Object.keys(LINES)) {
    const { success } = await new Deno.Command("deno", {
      args: [
        "run",
        "--v8-flags=--expose-gc",
        "--allow-env=NODE_ENV",
        import.meta.filename!,
        count,
        line,
      ],
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    if (!success) Deno.exit(1);
  }
}

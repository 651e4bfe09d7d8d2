/**
 * What an idle actor costs: heap and resident memory per actor, each contestant in turn. Every actor has served
 * one message. The heap is what is left after collection; resident memory also holds what the collector keeps for
 * itself, which is why it falls with the number of actors.
 *
 * deno run --v8-flags=--expose-gc --allow-env=NODE_ENV bench/actor/memory.ts [actors]
 */

import { nact } from "./nact.ts";
import { ours } from "./ours.ts";
import { xstate } from "./xstate.ts";

const count = Number(Deno.args[0] ?? 100_000);
const { gc } = globalThis as { gc?: () => void };
if (gc === undefined) {
  console.error("Run with --v8-flags=--expose-gc");
  Deno.exit(2);
}

async function settled(): Promise<Deno.MemoryUsage> {
  for (let i = 0; i < 5; i++) {
    await new Promise((done) => setTimeout(done, 20));
    gc!();
  }
  return Deno.memoryUsage();
}

// Compiles everything and lets the heap find its size.
for (const contestant of [ours, nact, xstate]) await contestant.idle!(1_000);

console.log(`${count} idle actors, bytes each`);
for (const contestant of [ours, nact, xstate]) {
  const before = await settled();
  const kept = await contestant.idle!(count);
  const after = await settled();
  const heap = (after.heapUsed - before.heapUsed) / count;
  const rss = (after.rss - before.rss) / count;
  console.log(
    `  ${contestant.name.padEnd(12)} heap ${heap.toFixed(0).padStart(6)}` +
      `   resident ${rss.toFixed(0).padStart(6)}   (${kept.length} kept)`,
  );
}

/**
 * Actors beside a hand-written floor and npm peers, in one process and in turns, so that noise meets all alike.
 * Equal results are asserted before anything is printed. Prints the median of the rounds and the ratio to ours.
 *
 * deno task bench:actors
 * deno run --allow-env=NODE_ENV bench/actor_bench.ts ask      only the events whose title has "ask" in it
 */

import { assertEquals } from "@std/assert";
import type { Contestant } from "./actor/contestant.ts";
import { floor } from "./actor/floor.ts";
import { nact } from "./actor/nact.ts";
import { ours } from "./actor/ours.ts";
import { xstate } from "./actor/xstate.ts";

const ROUNDS = 5;
const CONTESTANTS = [ours, floor, nact, xstate];

interface Event {
  readonly title: string;
  readonly unit: string;
  /** Things done per run, for the rate. */
  readonly count: number;
  run(contestant: Contestant): Promise<number> | undefined;
}

const EVENTS: Event[] = [
  {
    title: "tell 1,000,000 messages to one actor",
    unit: "messages",
    count: 1_000_000,
    run: (c) => c.tell(1_000_000),
  },
  {
    title: "ring of 1,000 actors, 1,000 laps",
    unit: "hops",
    count: 1_000_000,
    run: (c) => c.ring(1_000, 1_000),
  },
  {
    title: "ask, one after the other, 50,000 times",
    unit: "answers",
    count: 50_000,
    run: (c) => c.ask(50_000),
  },
  {
    title: "spawn 100,000 actors, one message each, stop all",
    unit: "actors",
    count: 100_000,
    run: (c) => c.spawnStop?.(100_000),
  },
  {
    title: "crash and restart, 50,000 times",
    unit: "restarts",
    count: 50_000,
    run: (c) => c.crash?.(50_000),
  },
];

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

const wanted = Deno.args[0] ?? "";
for (const event of EVENTS.filter(({ title }) => title.includes(wanted))) {
  const times = new Map<Contestant, number[]>();
  let expected: number | undefined;
  // One round more than counted: the first is for the compiler.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const contestant of CONTESTANTS) {
      const begin = performance.now();
      const result = event.run(contestant);
      if (result === undefined) continue;
      const checksum = await result;
      const ms = performance.now() - begin;
      assertEquals(checksum, expected ??= checksum, contestant.name);
      if (round === 0) times.set(contestant, []);
      else times.get(contestant)!.push(ms);
    }
  }
  console.log(`\n${event.title}`);
  const base = median(times.get(ours)!);
  for (const [contestant, all] of times) {
    const ms = median(all);
    const rate = (event.count / ms / 1_000).toFixed(3);
    console.log(
      `  ${contestant.name.padEnd(12)}${rate.padStart(9)} M ${event.unit}/s` +
        `   ours is ${(ms / base).toFixed(2)} ×`,
    );
  }
}

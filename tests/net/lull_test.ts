/** How long it is listened before there is quiet. Counted in tasks, because time passes by itself. */

import { assert, assertEquals } from "@std/assert";
import { nextTask } from "../../src/clock.ts";
import { Lull } from "../../src/net/lull.ts";

/** The tasks that pass from the moment when the time of `listeners` is over until the last of them is called. */
async function tasksOf(lull: Lull, listeners: number): Promise<number> {
  let left = listeners;
  for (let i = 0; i < listeners; i++) lull.after(() => left--);
  const untilMs = performance.now() + 20;
  while (performance.now() < untilMs);
  let tasks = 0;
  for (; left > 0; tasks++) await new Promise<void>(nextTask);
  return tasks;
}

Deno.test("Lull.after() looks for news after its time, and the longer the more listen", async () => {
  const lull = new Lull();
  assert(await tasksOf(lull, 1) >= 512);
  assert(await tasksOf(lull, 1_000) >= 2_000);
  // Those of before do not count any more.
  const alone = await tasksOf(lull, 1);
  assert(alone >= 512 && alone < 2_000, `${alone} tasks`);
});

Deno.test("Lull.after() calls nobody who has cancelled, before its time is over and after it", async () => {
  const lull = new Lull();
  const called: string[] = [];
  lull.after(() => called.push("early")).cancel();
  const late = lull.after(() => called.push("late"));
  const last = new Promise<void>((done) => {
    lull.after(() => {
      called.push("last");
      done();
    });
  });
  const untilMs = performance.now() + 20;
  while (performance.now() < untilMs);
  for (let i = 0; i < 100; i++) await new Promise<void>(nextTask);
  late.cancel();
  late.cancel();
  await last;
  assertEquals(called, ["last"]);
});

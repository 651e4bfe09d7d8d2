/** How long it is listened before there is quiet. Counted in tasks, because time passes by itself. */

import { assert, assertEquals, assertLess } from "@std/assert";
import { lines, serve } from "../../mod.ts";
import { memoryNetwork } from "../../testing.ts";
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

for (const end of ["the grace is over", "it is killed"] as const) {
  Deno.test(`stop() goes on taking newcomers in until ${end} at the latest, however many come`, async () => {
    const network = memoryNetwork();
    const backlog = 5_000;
    const come = async () => {
      try {
        (await network.connect()).close();
      } catch (error) {
        assertEquals((error as Error).name, "ConnectionRefused");
      }
    };
    const server = serve({
      transport: "custom",
      network,
      codec: lines(),
      backlog,
      onEvent({ kind }) {
        if (kind !== "opened") return;
        // One after the other, each in a task of its own: there is never a lull.
        nextTask(come);
        if (end === "it is killed" && server.stats.accepted === 50) {
          server.kill();
        }
      },
    }, () => ({ frame() {} }));
    await come();
    await server.stop(end === "it is killed" ? {} : { graceMs: 0 });
    assertLess(server.stats.accepted, backlog);
  });
}

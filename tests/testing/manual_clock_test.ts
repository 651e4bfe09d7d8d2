import { assertEquals, assertRejects } from "@std/assert";
import { manualClock } from "../../src/testing/manual_clock.ts";

Deno.test("manualClock() runs due timers in order of time, then of making, each at its own moment", async () => {
  const clock = manualClock();
  const log: string[] = [];
  const ring = (name: string) => () => log.push(`${name} at ${clock.now()}`);
  clock.after(20, ring("c"));
  clock.after(10, ring("a"));
  clock.after(10, ring("b"));
  clock.after(30, ring("d"));
  await clock.advance(20);
  assertEquals(log, ["a at 10", "b at 10", "c at 20"]);
  assertEquals([clock.now(), clock.pendingTimers], [20, 1]);
});

Deno.test("manualClock() runs timers that are made on the way, and lets promises settle in between", async () => {
  const clock = manualClock();
  const log: string[] = [];
  clock.after(10, async () => {
    for (let i = 0; i < 50; i++) await Promise.resolve();
    log.push("settled");
    clock.after(5, () => log.push(`nested at ${clock.now()}`));
  });
  clock.after(12, () => log.push("later"));
  await clock.advance(15);
  assertEquals(log, ["settled", "later", "nested at 15"]);
});

Deno.test("manualClock() never runs a timer inside after(), nor one that was cancelled", async () => {
  const clock = manualClock();
  let ran = 0;
  clock.after(0, () => ran++);
  clock.after(-5, () => ran++);
  const timer = clock.after(0, () => ran++);
  timer.cancel();
  timer.cancel();
  assertEquals(ran, 0);
  await clock.advance(0);
  assertEquals(ran, 2);
  assertEquals(clock.pendingTimers, 0);
});

for (const ms of [-1, NaN, Infinity]) {
  Deno.test(`manualClock().advance(${ms}) is refused and moves nothing`, async () => {
    const clock = manualClock();
    await assertRejects(() => clock.advance(ms), RangeError, `${ms}`);
    assertEquals(clock.now(), 0);
  });
}

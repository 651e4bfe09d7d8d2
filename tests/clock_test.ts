import { assert, assertEquals } from "@std/assert";
import { nextTask, systemClock } from "../src/clock.ts";

Deno.test("systemClock.now() does not go backwards", () => {
  const before = systemClock.now();
  assert(systemClock.now() >= before);
});

Deno.test("systemClock.after() runs later, once, unless it is cancelled", async () => {
  const log: string[] = [];
  const cancelled = systemClock.after(0, () => log.push("cancelled"));
  const rang = new Promise<void>((done) =>
    systemClock.after(1, () => {
      log.push("rang");
      done();
    })
  );
  cancelled.cancel();
  cancelled.cancel();
  assertEquals(log, []);
  await rang;
  assertEquals(log, ["rang"]);
});

Deno.test("systemClock.after() takes delays that are longer than setTimeout can hold", async () => {
  let rang = false;
  const timer = systemClock.after(2 ** 31 + 1_000, () => rang = true);
  await new Promise((done) => setTimeout(done, 5));
  assertEquals(rang, false);
  timer.cancel();
});

Deno.test("nextTask() runs after all microtasks, and lets timers in between", async () => {
  const log: string[] = [];
  const done = Promise.withResolvers<void>();
  nextTask(() => {
    log.push("task");
    done.resolve();
  });
  for (let i = 0; i < 10; i++) await Promise.resolve();
  log.push("microtasks");
  await done.promise;
  assertEquals(log, ["microtasks", "task"]);

  let spins = 0;
  let timerRan = false;
  setTimeout(() => timerRan = true, 0);
  while (!timerRan) {
    await new Promise<void>(nextTask);
    spins++;
  }
  assert(spins > 0);
});

Deno.test("nextTask() does with what the runtime has", async () => {
  const names = ["setImmediate", "scheduler"];
  const saved = names.map((name) =>
    Object.getOwnPropertyDescriptor(globalThis, name)
  );
  const hide = (name: string, value: unknown) =>
    Object.defineProperty(globalThis, name, {
      value,
      configurable: true,
      writable: true,
    });
  try {
    hide("setImmediate", undefined);
    hide("scheduler", undefined);
    await new Promise<void>(nextTask);
    let posted = 0;
    hide("scheduler", {
      postTask(run: () => void) {
        posted++;
        run();
        return Promise.resolve();
      },
    });
    await new Promise<void>(nextTask);
    assertEquals(posted, 1);
  } finally {
    names.forEach((name, i) => {
      const descriptor = saved[i];
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, descriptor);
    });
  }
});

/** Children that are restarted together, and what happens to others in the middle of it. */

import { assertEquals } from "@std/assert";
import { actorChild, supervise, type SupervisorOptions } from "../../actor.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { Family } from "./family.ts";
import { foreign } from "./foreign.ts";

Deno.test("a child with restart never that is stopped with others is not started again", async () => {
  const family = new Family();
  const { clock } = family;
  const a = family.member("A");
  const b = family.member("B", { restart: "never" });
  const c = family.member("C", { restart: "onFailure" });
  await using tree = await supervise([a.spec, b.spec, c.spec], {
    strategy: "oneForAll",
    clock,
  });
  c.die("normal");
  assertEquals(await family.log(), "+A +B +C -C");
  a.die("throw");
  assertEquals(await family.log(), "-A -B +A +C");
  assertEquals(tree.children.map(({ name }) => name), ["A", "C"]);
});

Deno.test("restForOne: a failure further left during the delay widens the restart", async () => {
  const family = new Family();
  const { clock } = family;
  const [a, b, c] = ["A", "B", "C"].map((name) => family.member(name));
  await using _tree = await supervise([a.spec, b.spec, c.spec], {
    strategy: "restForOne",
    backoff: { minMs: 100, jitter: 0 },
    clock,
  });
  c.die("throw");
  assertEquals(await family.log(), "+A +B +C -C");
  await clock.advance(50);
  a.die("throw");
  assertEquals(await family.log(), "-A -B");
  await clock.advance(199);
  assertEquals(await family.log(), "");
  await clock.advance(1);
  assertEquals(await family.log(), "+A +B +C");
});

Deno.test("oneForOne: children are restarted each at its own time", async () => {
  const family = new Family();
  const { clock } = family;
  const [a, b] = ["A", "B"].map((name) => family.member(name));
  await using _tree = await supervise([a.spec, b.spec], {
    backoff: { minMs: 100, jitter: 0 },
    clock,
  });
  a.die("throw");
  await clock.advance(50);
  b.die("throw");
  assertEquals(await family.log(), "+A +B -A -B");
  await clock.advance(50);
  assertEquals(await family.log(), "+A");
  await clock.advance(150);
  assertEquals(await family.log(), "+B");
});

Deno.test("oneForAll: two that fail together are one restart", async () => {
  const family = new Family();
  const { clock } = family;
  const [a, b] = ["A", "B"].map((name) => family.member(name));
  await using tree = await supervise([a.spec, b.spec], {
    strategy: "oneForAll",
    maxRestarts: 1,
    clock,
  });
  a.die("throw");
  b.die("throw");
  assertEquals(await family.log(), "+A +B -A -B +A +B");
  assertEquals(tree.children.map(({ restarts }) => restarts), [1, 1]);
});

Deno.test("oneForAll: one that fails while others are being started restarts all again", async () => {
  const family = new Family();
  const { clock } = family;
  const a = family.member("A");
  const gate = Promise.withResolvers<void>();
  let starts = 0;
  const slow = actorChild<void>("slow", async () => {
    if (++starts === 2) await gate.promise;
    return { receive() {} };
  });
  await using tree = await supervise([a.spec, slow], {
    strategy: "oneForAll",
    clock,
  });
  a.die("throw");
  assertEquals(await family.log(), "+A -A +A");
  a.die("throw");
  assertEquals(await family.log(), "-A");
  gate.resolve();
  assertEquals(await family.log(), "+A");
  assertEquals(starts, 3);
  assertEquals(tree.children.map(({ phase }) => phase), ["running", "running"]);
});

Deno.test("oneForAll: remove() of another during the delay does not shorten it", async () => {
  const family = new Family();
  const { clock } = family;
  const [a, b, c] = ["A", "B", "C"].map((name) => family.member(name));
  await using tree = await supervise([a.spec, b.spec, c.spec], {
    strategy: "oneForAll",
    backoff: { minMs: 100, jitter: 0 },
    clock,
  });
  a.die("throw");
  assertEquals(await family.log(), "+A +B +C -A -C -B");
  const removed = tree.remove("B");
  await clock.advance(99);
  assertEquals(await family.log(), "");
  await clock.advance(1);
  await removed;
  assertEquals(await family.log(), "+A +C");
});

Deno.test("restForOne: a failure further left while others are stopped is taken in before the delay", async () => {
  const family = new Family();
  const { clock } = family;
  const [a, b] = ["A", "B"].map((name) => family.member(name));
  const gate = Promise.withResolvers<void>();
  const slow = actorChild<void>("slow", () => ({
    receive() {},
    stopped: () => gate.promise,
  }), { clock });
  const tree = await supervise([a.spec, b.spec, slow], {
    strategy: "restForOne",
    backoff: { minMs: 100, jitter: 0 },
    clock,
  });
  b.die("throw");
  assertEquals(await family.log(), "+A +B -B");
  a.die("throw");
  assertEquals(await family.log(), "-A");
  gate.resolve();
  await clock.advance(199);
  assertEquals(await family.log(), "");
  await clock.advance(1);
  assertEquals(await family.log(), "+A +B");
  assertEquals(tree.children[2].phase, "running");
  await tree.stop();
});

Deno.test("restForOne: a child further left that ends for good during the delay or the stops keeps nobody down", async () => {
  const family = new Family();
  const { clock } = family;
  const n = ["N", "M"].map((name) => family.member(name, { restart: "never" }));
  const [a, b] = ["A", "B"].map((name) => family.member(name));
  const gate = Promise.withResolvers<void>();
  const slow = actorChild<void>("slow", () => ({
    receive() {},
    stopped: () => gate.promise,
  }), { clock });
  const specs = [...n, a, b].map(({ spec }) => spec);
  const tree = await supervise([...specs, slow], {
    strategy: "restForOne",
    backoff: { minMs: 100, jitter: 0 },
    clock,
  });
  a.die("throw");
  assertEquals(await family.log(), "+N +M +A +B -A");
  n[0].die("normal");
  assertEquals(await family.log(), "-N");
  gate.resolve();
  assertEquals(await family.log(), "-B");
  n[1].die("normal");
  assertEquals(await family.log(), "-M");
  await clock.advance(100);
  assertEquals(await family.log(), "+A +B");
  assertEquals(
    tree.children.map(({ name, phase }) => `${name} ${phase}`),
    ["A running", "B running", "slow running"],
  );
  await tree.stop();
});

/** `busy` starts only when its gate opens; A and B wait behind it, whatever happens to them. */
async function behindSlowAdd(options: SupervisorOptions = {}) {
  const family = new Family();
  const [a, b] = ["A", "B"].map((name) => family.member(name));
  const { clock, onEvent } = family;
  const tree = await supervise([a.spec, b.spec], {
    strategy: "oneForAll",
    clock,
    onEvent,
    ...options,
  });
  const gate = Promise.withResolvers<void>();
  const busy = actorChild<void>("busy", async () => {
    await gate.promise;
    return { receive() {} };
  }, { clock });
  const added = tree.add(busy).catch(() => {});
  assertEquals(await family.log(), "+A +B");
  return { family, tree, a, b, gate, added };
}

Deno.test("oneForAll: of two that fail together both are told of, and so is one that is removed meanwhile", async () => {
  const { family, tree, a, b, gate, added } = await behindSlowAdd();
  const c = family.member("C");
  a.die("throw");
  b.die("reject");
  assertEquals(await family.log(), "-A -B");
  const removed = tree.remove("B");
  gate.resolve();
  await Promise.all([added, removed]);
  assertEquals(await family.log(), "+A");
  await tree.add(c.spec);
  c.die("throw");
  a.die("throw");
  await family.log();
  assertEquals(family.events.filter((event) => event.includes("crashed")), [
    "A crashed: A threw, again",
    "B crashed: B rejected",
    "C crashed: C threw, again",
    "A crashed: A threw, again",
  ]);
  await tree.stop();
});

for (const end of ["stop()", "giving up"] as const) {
  Deno.test(`oneForAll: a failure that ${end} leaves no time for is told of`, async () => {
    const { family, tree, a, b, gate, added } = await behindSlowAdd({
      maxRestarts: end === "stop()" ? 3 : 0,
    });
    a.die("throw");
    b.die("throw");
    await family.log();
    const stopped = end === "stop()" ? tree.stop() : tree.exited;
    gate.resolve();
    await Promise.all([stopped, added]);
    assertEquals(family.events.filter((event) => event.includes("crashed")), [
      "A crashed: A threw",
      "B crashed: B threw",
    ]);
  });
}

for (const what of ["stop()", "remove()"] as const) {
  Deno.test(`oneForAll: ${what} during the stops does not wait for the delay`, async () => {
    const clock = manualClock();
    const gate = Promise.withResolvers<void>();
    const slow = actorChild<"crash">("slow", () => ({
      receive() {
        throw new Error("as you wish");
      },
    }), { clock });
    const last = actorChild<void>("last", () => ({
      receive() {},
      stopped: () => gate.promise,
    }), { clock });
    const tree = await supervise([slow, last], {
      strategy: "oneForAll",
      backoff: { minMs: 100 },
      clock,
    });
    slow.ref.tell("crash");
    await clock.settle();
    const done = what === "stop()"
      ? tree.stop()
      : Promise.all([tree.remove("slow"), tree.remove("last")]);
    gate.resolve();
    await done;
    assertEquals(clock.now(), 0);
    assertEquals(clock.pendingTimers, 0);
    await tree.stop();
  });
}

Deno.test("a child that fails again is started again, however soon after its restart that is", async () => {
  for (let ticks = 0; ticks < 20; ticks++) {
    const clock = manualClock();
    const lives = Array.from(
      { length: 3 },
      () => foreign(() => Promise.resolve({ kind: "normal" })),
    );
    const left = lives.map(({ child }) => child);
    const second = Promise.withResolvers<void>();
    const tree = await supervise([{
      name: "a",
      start() {
        if (left.length === 2) second.resolve();
        return left.shift()!;
      },
    }], { clock });
    lives[0].exit.resolve({ kind: "killed" });
    await second.promise;
    for (let i = 0; i < ticks; i++) await Promise.resolve();
    lives[1].exit.resolve({ kind: "killed" });
    await clock.settle();
    assertEquals(
      tree.children[0].child,
      lives[2].child,
      `after ${ticks} ticks`,
    );
    tree.kill();
    await tree.exited;
  }
});

import { assertEquals, assertRejects } from "@std/assert";
import {
  ActorStoppedError,
  spawn,
  type Supervisable,
  supervise,
} from "../../actor.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { Family } from "./family.ts";
import { idle } from "./foreign.ts";

Deno.test("add() starts a child after the others, and stop() ends it first", async () => {
  for (const strategy of ["oneForOne", "oneForAll", "restForOne"] as const) {
    const family = new Family();
    const [a, b] = ["A", "B"].map((name) => family.member(name));
    const tree = await supervise([a.spec], { strategy, clock: family.clock });
    await tree.add(b.spec);
    assertEquals(await family.log(), "+A +B");
    a.die("throw");
    await family.log();
    assertEquals(tree.children.map(({ phase }) => phase), [
      "running",
      "running",
    ]);
    await tree.stop();
    assertEquals(await family.log(), "-B -A");
  }
});

Deno.test("add() that fails to start leaves nothing behind", async () => {
  const family = new Family();
  const a = family.member("A");
  a.starts.push("fail");
  await using tree = await supervise([], { clock: family.clock });
  await assertRejects(() => tree.add(a.spec), Error, "A cannot start");
  assertEquals(tree.children, []);
  assertEquals(a.ref.phase, "stopped");
  await tree.add(a.spec);
  assertEquals(await family.log(), "+A -A +A");
  await assertRejects(() => tree.add(a.spec), RangeError, "must be unique");
});

Deno.test("add() to a supervisor that ends is refused, before and during the start", async () => {
  const family = new Family();
  const a = family.member("A");
  a.starts.push("wait for signal");
  const tree = await supervise([], { name: "t", clock: family.clock });
  const adding = assertRejects(() => tree.add(a.spec), ActorStoppedError, "t");
  await family.log();
  await tree.stop();
  await adding;
  await assertRejects(
    () => tree.add(idle("late")),
    ActorStoppedError,
    'Cannot add child "late": "t" has stopped',
  );
  assertEquals(family.clock.pendingTimers, 0);
});

Deno.test("add() whose start succeeds although it was called off leaves no child running", async () => {
  const clock = manualClock();
  const start = Promise.withResolvers<Supervisable>();
  const ref = spawn<void>(() => ({ receive() {} }), { clock });
  const tree = await supervise([], { clock });
  const adding = assertRejects(
    () => tree.add({ name: "late", start: () => start.promise }),
    ActorStoppedError,
  );
  await clock.settle();
  const stopped = tree.stop();
  start.resolve(ref);
  await adding;
  assertEquals(await stopped, { kind: "shutdown" });
  assertEquals(ref.phase, "stopped");
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("remove() stops a child for good, in any phase", async () => {
  const family = new Family();
  const { clock } = family;
  const [a, b, c] = ["A", "B", "C"].map((name) => family.member(name));
  await using tree = await supervise([a.spec, b.spec, c.spec], {
    backoff: { minMs: 100, jitter: 0 },
    clock,
  });
  await family.log();
  b.die("throw");
  await family.log();
  await tree.remove("B");
  assertEquals(b.ref.phase, "stopped");
  assertEquals(clock.pendingTimers, 0);
  await tree.remove("A");
  assertEquals(await family.log(), "-A");
  c.starts.push("wait for signal");
  c.die("throw");
  await clock.advance(200);
  assertEquals(await family.log(), "-C +C");
  await tree.remove("C");
  assertEquals(await family.log(), "-C");
  assertEquals(tree.children, []);
  await assertRejects(
    () => tree.remove("C"),
    RangeError,
    'no child of the name "C"',
  );
});

Deno.test("add() that waits for its turn starts nothing when the supervisor ends meanwhile, and is forgotten", async () => {
  const family = new Family();
  const { clock } = family;
  const [a, b] = ["A", "B"].map((name) => family.member(name));
  a.starts.push("wait for signal");
  const tree = await supervise([], { strategy: "oneForAll", clock });
  const adding = [a, b].map(({ spec }) =>
    assertRejects(() => tree.add(spec), ActorStoppedError)
  );
  await family.log();
  await tree.stop();
  await Promise.all(adding);
  assertEquals(await family.log(), "-A");
  assertEquals(tree.children, []);
});

import { assertEquals } from "@std/assert";
import { spawn, type Supervisable, supervise } from "../../actor.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { Family } from "./family.ts";
import { foreign, idle } from "./foreign.ts";

/** A is not significant; B is, and is restarted when it fails; C is, and never restarted. */
async function significantOnes(
  autoShutdown: "anySignificant" | "allSignificant",
) {
  const family = new Family();
  const { clock } = family;
  const a = family.member("A");
  const b = family.member("B", { restart: "onFailure", significant: true });
  const c = family.member("C", { restart: "never", significant: true });
  const tree = await supervise([a.spec, b.spec, c.spec], {
    autoShutdown,
    clock,
  });
  return { family, tree, a, b, c };
}

Deno.test("autoShutdown anySignificant: the first significant child that ends by itself ends the supervisor normally", async () => {
  const { family, tree, a, b } = await significantOnes("anySignificant");
  b.die("throw");
  assertEquals(await family.log(), "+A +B +C -B +B");
  a.die("normal");
  assertEquals(await family.log(), "-A +A");
  b.die("normal");
  assertEquals(await tree.exited, { kind: "normal" });
  assertEquals(await family.log(), "-B -C -A");
});

Deno.test("autoShutdown anySignificant: a child that is never restarted may also fail", async () => {
  const family = new Family();
  const a = family.member("A", { restart: "never", significant: true });
  const tree = await supervise([a.spec], { autoShutdown: "anySignificant" });
  a.die("throw");
  assertEquals(await tree.exited, { kind: "normal" });
});

Deno.test("autoShutdown allSignificant: only the last significant child ends the supervisor", async () => {
  const { family, tree, b, c } = await significantOnes("allSignificant");
  c.die("throw");
  assertEquals(await family.log(), "+A +B +C -C");
  b.die("normal");
  assertEquals(await tree.exited, { kind: "normal" });
  assertEquals(await family.log(), "-B -A");
});

for (const what of ["child", "restart"] as const) {
  Deno.test(`autoShutdown allSignificant: a child that is down because its ${what} has just failed is not down for good`, async () => {
    // At every moment between that failure and what follows it.
    for (let ticks = 0; ticks < 20; ticks++) {
      const clock = manualClock();
      const gate = Promise.withResolvers<Supervisable>();
      const polite = () => foreign(() => Promise.resolve({ kind: "normal" }));
      const [a, b] = [polite(), polite()];
      const starts = what === "child" ? [a.child] : [a.child, gate.promise];
      await using tree = await supervise([
        {
          name: "a",
          start: () => starts.shift() ?? spawn<void>(() => ({ receive() {} })),
          restart: "onFailure",
          significant: true,
        },
        {
          name: "b",
          start: () => b.child,
          restart: "onFailure",
          significant: true,
        },
      ], { autoShutdown: "allSignificant", clock });
      a.exit.resolve({ kind: "killed" });
      if (what === "restart") {
        await clock.settle();
        gate.reject(new Error("cannot start"));
      }
      for (let i = 0; i < ticks; i++) await Promise.resolve();
      b.exit.resolve({ kind: "normal" });
      await clock.settle();
      assertEquals(
        tree.children.map(({ phase }) => phase),
        ["running", "stopped"],
        `after ${ticks} ticks`,
      );
    }
  });
}

Deno.test("autoShutdown is not set off by remove()", async () => {
  const family = new Family();
  const a = family.member("A", { restart: "never", significant: true });
  await using tree = await supervise([a.spec], {
    autoShutdown: "anySignificant",
    clock: family.clock,
  });
  await tree.remove("A");
  assertEquals(await family.log(), "+A -A");
  await tree.add(idle("later"));
  assertEquals(tree.children.map(({ name }) => name), ["later"]);
});

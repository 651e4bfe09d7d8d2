/**
 * Every strategy × restart kind × way of dying, with the exact order of starts and ends. Three children; the one
 * in the middle dies.
 */

import { assertEquals, assertRejects } from "@std/assert";
import { supervise, type SupervisorOptions } from "../../actor.ts";
import { DEATHS, Family } from "./family.ts";

type Strategy = NonNullable<SupervisorOptions["strategy"]>;
const STRATEGIES: Strategy[] = ["oneForOne", "oneForAll", "restForOne"];
const KINDS = ["always", "onFailure", "never"] as const;
/** Those under which a child that failed is started again. */
const RESTARTED = ["always", "onFailure"] as const;

/** What follows when the one in the middle dies and is restarted. */
const RESTART: Record<Strategy, string> = {
  oneForOne: "-B +B",
  oneForAll: "-B -C -A +A +B +C",
  restForOne: "-B -C +B +C",
};
/** The same when its first start after that fails. */
const SECOND_TRY: Record<Strategy, string> = {
  oneForOne: "-B +B -B +B",
  oneForAll: "-B -C -A +A +B -B -A +A +B +C",
  restForOne: "-B -C +B -B +B +C",
};
/** Before the delay of a restart, and what a stop then still finds to stop. */
const DELAYED: Record<Strategy, [string, string]> = {
  oneForOne: ["-B", "-C -A"],
  oneForAll: ["-B -C -A", ""],
  restForOne: ["-B -C", "-A"],
};

async function tree(
  family: Family,
  options: SupervisorOptions,
  restart: typeof KINDS[number],
) {
  const a = family.member("A");
  const b = family.member("B", { restart });
  const c = family.member("C");
  const supervisor = await supervise(
    [a.spec, b.spec, c.spec],
    { clock: family.clock, onEvent: family.onEvent, ...options },
  );
  assertEquals(await family.log(), "+A +B +C");
  return { a, b, c, supervisor };
}

for (const strategy of STRATEGIES) {
  for (const restart of KINDS) {
    for (const death of DEATHS) {
      const failed = death !== "normal" && death !== "stop";
      const again = restart === "always" || (restart === "onFailure" && failed);
      const expected = again ? RESTART[strategy] : "-B";
      Deno.test(`${strategy}: a child with restart "${restart}" that dies by ${death} → ${expected}`, async () => {
        const family = new Family();
        const { b, supervisor } = await tree(family, { strategy }, restart);
        b.die(death);
        assertEquals(await family.log(), expected);
        const names = supervisor.children.map(({ name, phase }) =>
          `${name} ${phase}`
        );
        assertEquals(
          names,
          again
            ? ["A running", "B running", "C running"]
            : restart === "never"
            ? ["A running", "C running"]
            : ["A running", "B stopped", "C running"],
        );
        assertEquals(b.ref.phase, again ? "running" : "stopped");
        assertEquals(await supervisor.stop(), { kind: "shutdown" });
        assertEquals(await family.log(), again ? "-C -B -A" : "-C -A");
        assertEquals(family.clock.pendingTimers, 0);
      });
    }
  }

  for (const restart of RESTARTED) {
    Deno.test(`${strategy}, "${restart}": a start that fails in a restart is tried again → ${SECOND_TRY[strategy]}`, async () => {
      const family = new Family();
      const { b, supervisor } = await tree(family, { strategy }, restart);
      b.starts.push("fail");
      b.die("throw");
      assertEquals(await family.log(), SECOND_TRY[strategy]);
      await supervisor.stop();
    });

    Deno.test(`${strategy}, "${restart}": stop() during the restart delay starts nothing and ends what is left`, async () => {
      const family = new Family();
      const { b, supervisor } = await tree(family, {
        strategy,
        backoff: { minMs: 100 },
      }, restart);
      b.die("throw");
      const [before, rest] = DELAYED[strategy];
      assertEquals(await family.log(), before);
      assertEquals(
        supervisor.children.filter(({ phase }) => phase === "restarting")
          .length,
        before.split(" ").length,
      );
      assertEquals(await supervisor.stop(), { kind: "shutdown" });
      assertEquals(await family.log(), rest);
      for (const { phase, child } of supervisor.children) {
        assertEquals([phase, child], ["stopped", undefined]);
      }
      assertEquals(family.clock.pendingTimers, 0);
    });

    Deno.test(`${strategy}, "${restart}": the restart delay is kept, and stops come before it`, async () => {
      const family = new Family();
      const { b, supervisor } = await tree(family, {
        strategy,
        backoff: { minMs: 100, jitter: 0 },
      }, restart);
      b.die("throw");
      const [before] = DELAYED[strategy];
      assertEquals(await family.log(), before);
      await family.clock.advance(99);
      assertEquals(await family.log(), "");
      await family.clock.advance(1);
      assertEquals(
        await family.log(),
        RESTART[strategy].slice(before.length + 1),
      );
      await supervisor.stop();
      assertEquals(family.clock.pendingTimers, 0);
    });

    Deno.test(`${strategy}, "${restart}": stop() during a restart's start calls it off and ends what is left`, async () => {
      const family = new Family();
      const { b, supervisor } = await tree(family, { strategy }, restart);
      b.starts.push("wait for signal");
      b.die("throw");
      await family.log();
      assertEquals(supervisor.children[1].phase, "starting");
      assertEquals(await supervisor.stop(), { kind: "shutdown" });
      const rest = strategy === "oneForOne" ? "-B -C -A" : "-B -A";
      assertEquals(await family.log(), rest);
      assertEquals(family.clock.pendingTimers, 0);
    });

    Deno.test(`${strategy}, "${restart}": stop() during a start that never ends leaves it after its grace`, async () => {
      const family = new Family();
      const { b, supervisor } = await tree(family, { strategy }, restart);
      b.starts.push("hang");
      b.die("throw");
      await family.log();
      const stopped = supervisor.stop();
      await family.clock.advance(5_000);
      assertEquals(await stopped, { kind: "shutdown" });
      assertEquals(b.ref.phase, "stopped");
      assertEquals(family.clock.pendingTimers, 0);
    });

    for (const death of ["kill", "stop"] as const) {
      Deno.test(`${strategy}, "${restart}": a child that dies by ${death} in the start of its restart is started again → ${SECOND_TRY[strategy]}`, async () => {
        const family = new Family();
        const { b, supervisor } = await tree(family, { strategy }, restart);
        b.starts.push("wait for signal");
        b.die("throw");
        const before = await family.log();
        assertEquals(supervisor.children[1].phase, "starting");
        b.die(death);
        assertEquals(
          `${before} ${await family.log()}`,
          SECOND_TRY[strategy],
        );
        assertEquals(b.ref.phase, "running");
        await supervisor.stop();
        assertEquals(family.clock.pendingTimers, 0);
      });

      Deno.test(`${strategy}, "${restart}": ${death} of a child that waits for its restart changes nothing`, async () => {
        const family = new Family();
        const { b, supervisor } = await tree(family, {
          strategy,
          backoff: { minMs: 100, jitter: 0 },
        }, restart);
        b.die("throw");
        const before = await family.log();
        b.die(death);
        await family.clock.advance(99);
        assertEquals(await family.log(), "");
        assertEquals(b.ref.phase, "restarting");
        await family.clock.advance(1);
        assertEquals(`${before} ${await family.log()}`, RESTART[strategy]);
        await supervisor.stop();
        assertEquals(family.clock.pendingTimers, 0);
      });
    }
  }

  for (const restart of KINDS) {
    Deno.test(`${strategy}, "${restart}": a child that fails while the supervisor stops it is reported and stops nobody else's end`, async () => {
      const family = new Family();
      const { b, supervisor } = await tree(family, { strategy }, restart);
      b.failToStop = true;
      assertEquals(await supervisor.stop(), { kind: "shutdown" });
      assertEquals(await family.log(), "-C -B -A");
      assertEquals(family.events, ["B crashed: B failed to stop"]);
      const reason = await b.ref.exited;
      assertEquals(reason.kind, "failed");
    });

    Deno.test(`${strategy}, "${restart}": a first start that fails ends those before it and rejects with its error`, async () => {
      const family = new Family();
      const [a, b, c] = ["A", "B", "C"].map((name) =>
        family.member(name, { restart })
      );
      b.starts.push("fail");
      await assertRejects(
        () =>
          supervise([a.spec, b.spec, c.spec], {
            strategy,
            clock: family.clock,
          }),
        Error,
        "B cannot start",
      );
      assertEquals(await family.log(), "+A +B -B -A");
      assertEquals([a, b, c].map(({ ref }) => ref.phase), [
        "stopped",
        "stopped",
        "stopped",
      ]);
      assertEquals(family.clock.pendingTimers, 0);
    });
  }

  Deno.test(`${strategy}: a signal that aborts during the first start calls it off`, async () => {
    const family = new Family();
    const [a, b, c] = ["A", "B", "C"].map((name) => family.member(name));
    b.starts.push("wait for signal");
    const controller = new AbortController();
    const supervising = assertRejects(
      () =>
        supervise([a.spec, b.spec, c.spec], {
          strategy,
          clock: family.clock,
          signal: controller.signal,
        }),
      Error,
      "never mind",
    );
    assertEquals(await family.log(), "+A +B");
    controller.abort(new Error("never mind"));
    await supervising;
    assertEquals(await family.log(), "-B -A");
    assertEquals(family.clock.pendingTimers, 0);
  });

  Deno.test(`${strategy}: mail of those that are restarted waits for them`, async () => {
    const family = new Family();
    const { a, b, c, supervisor } = await tree(family, {
      strategy,
      backoff: { minMs: 10, jitter: 0 },
    }, "always");
    b.die("throw");
    await family.log();
    for (const { ref } of [a, b, c]) {
      assertEquals(ref.tell("normal"), "accepted");
    }
    await family.clock.advance(100);
    const starts = (await family.log()).match(/\+/g);
    assertEquals((starts ?? []).length > 0, true);
    assertEquals([a, b, c].map(({ ref }) => ref.mailboxSize), [0, 0, 0]);
    await supervisor.stop();
  });
}

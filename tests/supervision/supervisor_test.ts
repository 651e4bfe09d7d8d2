import { assertEquals, assertRejects } from "@std/assert";
import {
  actorChild,
  type ChildSpec,
  spawn,
  type Supervisable,
  supervise,
  type SupervisorOptions,
} from "../../actor.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { watchedSignal } from "../actor/watched_signal.ts";
import { reportedErrors } from "../support/reported_errors.ts";
import { Family } from "./family.ts";
import { foreign, idle, immortal } from "./foreign.ts";

const REFUSED: [string, ChildSpec[], SupervisorOptions, string][] = [
  [
    "an unknown strategy",
    [],
    { strategy: "all" as "oneForAll" },
    "'strategy' must be one of oneForOne, oneForAll, restForOne, current value is \"all\"",
  ],
  [
    "an unknown autoShutdown",
    [],
    { autoShutdown: "yes" as "never" },
    "'autoShutdown' must be one of",
  ],
  [
    "an unknown restart kind",
    [idle("a", { restart: "often" as "never" })],
    {},
    'Cannot add child "a": \'restart\' must be one of always, onFailure, never, current value is "often"',
  ],
  ["a negative grace", [idle("a", { graceMs: -1 })], {}, "'graceMs'"],
  [
    "two children of one name",
    [idle("a"), idle("a")],
    {},
    '\'name\' must be unique in "supervisor", current value is "a"',
  ],
  [
    "a significant child without autoShutdown",
    [idle("a", { significant: true, restart: "never" })],
    {},
    "'significant' needs a supervisor",
  ],
  [
    "a significant child that is always restarted",
    [idle("a", { significant: true })],
    { autoShutdown: "anySignificant" },
    "'significant' needs 'restart'",
  ],
  ["bad limits", [], { maxRestarts: -1 }, "'maxRestarts'"],
];
for (const [what, children, options, message] of REFUSED) {
  Deno.test(`supervise() refuses ${what} and starts nothing`, async () => {
    let started = false;
    const first = idle("first", {
      start() {
        started = true;
        return spawn<void>(() => ({ receive() {} }));
      },
    });
    await assertRejects(
      () => supervise([first, ...children], options),
      RangeError,
      message,
    );
    assertEquals(started, false);
  });
}

Deno.test("supervise() with an aborted signal starts nothing and rejects with its reason", async () => {
  const family = new Family();
  const a = family.member("A");
  await assertRejects(
    () => supervise([a.spec], { signal: AbortSignal.abort(new Error("no")) }),
    Error,
    "no",
  );
  assertEquals(await family.log(), "");
});

Deno.test("the signal option stops a running supervisor and is let go of at its end", async () => {
  const family = new Family();
  const a = family.member("A");
  const b = family.member("B");
  const { controller, signal, listeners } = watchedSignal();
  const tree = await supervise([a.spec], { signal });
  const other = await supervise([b.spec], { signal });
  assertEquals(listeners(), 2);
  await other.stop();
  assertEquals(listeners(), 1);
  controller.abort();
  assertEquals(await tree.exited, { kind: "shutdown" });
  assertEquals(await family.log(), "+A +B -B -A");
  assertEquals(listeners(), 0);
});

Deno.test("a supervisor without children runs until it is stopped", async () => {
  const tree = await supervise([], { name: "empty" });
  assertEquals([tree.name, tree.children.length], ["empty", 0]);
  assertEquals(await tree.stop(), { kind: "shutdown" });
});

Deno.test("kill() kills all children at once and waits for what they hold; a second one does not", async () => {
  const clock = manualClock();
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const stuck = (name: string, wait?: Promise<void>) =>
    actorChild<void>(name, ({ resources }) => {
      resources.defer(async () => {
        await wait;
        log.push(name);
      });
      return { receive: () => new Promise(() => {}) };
    }, { clock });
  const children = [stuck("a"), stuck("b", gate.promise)];
  const tree = await supervise(children, { clock });
  for (const { ref } of children) ref.tell();
  await clock.settle();
  let ended = false;
  tree.exited.then(() => ended = true);
  tree.kill();
  await clock.settle();
  assertEquals([log, ended], [["a"], false]);
  tree.kill();
  assertEquals(await tree.exited, { kind: "killed" });
  tree.kill();
  gate.resolve();
  await clock.settle();
  assertEquals(log, ["a", "b"]);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("stop() gives every child its own grace, and all together only if told", async () => {
  const clock = manualClock();
  const stuck = (name: string) =>
    actorChild<void>(name, () => ({ receive: () => new Promise(() => {}) }), {
      clock,
      graceMs: 100,
    });
  const make = async () => {
    const children = [stuck("a"), stuck("b")];
    const tree = await supervise(children, { clock });
    for (const { ref } of children) ref.tell();
    await clock.settle();
    return tree;
  };
  let ended = "";
  const patient = await make();
  patient.stop().then(({ kind }) => ended = kind);
  await clock.advance(199);
  assertEquals(ended, "");
  await clock.advance(1);
  assertEquals(ended, "shutdown");

  ended = "";
  const hasty = await make();
  hasty.stop({ graceMs: 30 }).then(({ kind }) => ended = kind);
  await clock.advance(30);
  assertEquals(ended, "killed");
  assertEquals(clock.pendingTimers, 0);
  await assertRejects(() => hasty.stop({ graceMs: -1 }), RangeError);
});

Deno.test("a foreign child whose stop fails is killed", async () => {
  const { child, kills } = foreign(() => Promise.reject(new Error("cannot")));
  const tree = await supervise([{ name: "f", start: () => child }]);
  assertEquals(await tree.stop(), { kind: "shutdown" });
  assertEquals(kills(), 1);
});

Deno.test("a foreign child whose exited rejects has failed", async () => {
  const events: string[] = [];
  let starts = 0;
  await using tree = await supervise([{
    name: "f",
    start() {
      if (++starts > 1) return spawn<void>(() => ({ receive() {} }));
      const { child, exit } = foreign(() =>
        Promise.resolve({ kind: "normal" })
      );
      exit.reject(new Error("breaks the rule"));
      return child;
    },
  }], {
    onEvent: (event) =>
      event.kind === "crashed" && events.push((event.error as Error).message),
  });
  await manualClock().settle();
  assertEquals(events, ["breaks the rule"]);
  assertEquals(tree.children[0].restarts, 1);
});

Deno.test("a start that succeeds after it was given up is killed", async () => {
  const clock = manualClock();
  const late = Promise.withResolvers<Supervisable>();
  const { child, kills } = foreign(() => Promise.resolve({ kind: "normal" }));
  const controller = new AbortController();
  const supervising = assertRejects(() =>
    supervise([{ name: "f", start: () => late.promise, graceMs: 10 }], {
      clock,
      signal: controller.signal,
    })
  );
  await clock.settle();
  controller.abort();
  await clock.advance(10);
  await supervising;
  assertEquals(kills(), 0);
  late.resolve(child);
  await clock.settle();
  assertEquals(kills(), 1);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("a start that gives nothing that can be stopped is a failure", async () => {
  await assertRejects(
    () =>
      supervise([{
        name: "n",
        start: () => undefined as unknown as Supervisable,
      }]),
    TypeError,
    "Cannot start child \"n\": 'start' must return something that can be stopped",
  );
});

Deno.test("a second kill() ends a supervisor whose child does not heed the first", async () => {
  const tree = await supervise([{ name: "i", start: () => immortal }]);
  tree.kill();
  tree.kill();
  assertEquals(await tree.exited, { kind: "killed" });
});

Deno.test("stop({graceMs}) ends a supervisor whose child heeds nothing, after twice that time", async () => {
  const clock = manualClock();
  const tree = await supervise([{ name: "i", start: () => immortal }], {
    clock,
  });
  const stopped = tree.stop({ graceMs: 10 });
  await clock.advance(20);
  assertEquals(await stopped, { kind: "killed" });
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("supervise() restarts a child whatever its observer throws, and reports that", async () => {
  using reported = reportedErrors();
  const family = new Family();
  const a = family.member("a");
  await using tree = await supervise([a.spec], {
    clock: family.clock,
    onEvent: ({ kind }) => {
      throw kind;
    },
  });
  a.die("throw");
  assertEquals(await family.log(), "+a -a +a");
  assertEquals(reported.errors, ["crashed", "restarted"]);
  assertEquals(tree.children[0].restarts, 1);
});

Deno.test("kill() does not wait for a start that heeds nothing", async () => {
  const family = new Family();
  const a = family.member("A");
  const tree = await supervise([a.spec], { clock: family.clock });
  a.starts.push("hang");
  a.die("throw");
  await family.log();
  tree.kill();
  assertEquals(await tree.exited, { kind: "killed" });
});

Deno.test("kill() kills a child whose start is through, at whatever moment", async () => {
  for (let ticks = 0; ticks < 10; ticks++) {
    const clock = manualClock();
    const start = Promise.withResolvers<Supervisable>();
    const { child, kills } = foreign(() => new Promise(() => {}));
    const tree = await supervise([], { clock });
    const adding = tree.add({ name: "f", start: () => start.promise });
    const added = adding.catch(() => {});
    await clock.settle();
    start.resolve(child);
    for (let i = 0; i < ticks; i++) await Promise.resolve();
    tree.kill();
    assertEquals(await tree.exited, { kind: "killed" });
    await added;
    assertEquals(kills(), 1, `after ${ticks} ticks`);
  }
});

Deno.test("a start that is called off and fails with an error of its own is told of", async () => {
  const { clock, events, onEvent } = new Family();
  const tree = await supervise([], { clock, onEvent });
  const adding = assertRejects(() =>
    tree.add({
      name: "bad",
      start: (signal) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(new Error("too bad")))
        ),
    })
  );
  await clock.settle();
  await tree.stop();
  await adding;
  assertEquals(events, ["bad crashed: too bad"]);
});

Deno.test("a child that fails and is not started again is told of, and so is one that fails while its supervisor ends", async () => {
  const family = new Family();
  const { clock, events, onEvent } = family;
  const gate = Promise.withResolvers<void>();
  const [a, b] = [family.member("A"), family.member("B", { restart: "never" })];
  const slow = actorChild<void>("slow", () => ({
    receive() {},
    stopped: () => gate.promise,
  }), { clock });
  const tree = await supervise([a.spec, b.spec, slow], { clock, onEvent });
  b.die("throw");
  await family.log();
  const stopped = tree.stop();
  a.die("throw");
  await family.log();
  gate.resolve();
  assertEquals(await stopped, { kind: "shutdown" });
  assertEquals(events, ["B crashed: B threw", "A crashed: A threw"]);
});

Deno.test("stop() of a supervisor that is giving up leaves it its reason", async () => {
  const family = new Family();
  const { clock } = family;
  const a = family.member("A");
  const gate = Promise.withResolvers<void>();
  const slow = actorChild<void>("slow", () => ({
    receive() {},
    stopped: () => gate.promise,
  }), { clock });
  const tree = await supervise([a.spec, slow], { maxRestarts: 0, clock });
  a.die("throw");
  await family.log();
  const stopped = tree.stop();
  gate.resolve();
  assertEquals((await stopped).kind, "failed");
});

Deno.test("await using stops a supervisor", async () => {
  const family = new Family();
  const a = family.member("A");
  {
    await using _tree = await supervise([a.spec], { clock: family.clock });
  }
  assertEquals(await family.log(), "+A -A");
});

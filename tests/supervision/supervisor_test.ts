import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  actorChild,
  ActorStoppedError,
  type ChildSpec,
  type ExitReason,
  type ReplyTo,
  spawn,
  type Supervisable,
  supervise,
  type SupervisorOptions,
} from "../../actor.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { watchedSignal } from "../actor/watched_signal.ts";
import { reportedErrors } from "../support/reported_errors.ts";
import { Family } from "./family.ts";

const idle = (name: string, more: Partial<ChildSpec> = {}): ChildSpec => ({
  name,
  start: () => spawn<void>(() => ({ receive() {} }), { name }),
  ...more,
});

/** A `Supervisable` made by hand. */
function foreign(stop: () => Promise<ExitReason>) {
  const exit = Promise.withResolvers<ExitReason>();
  let kills = 0;
  const child: Supervisable = {
    name: "foreign",
    exited: exit.promise,
    stop,
    kill() {
      kills++;
      exit.resolve({ kind: "killed" });
    },
    [Symbol.asyncDispose]: async () => {},
  };
  return { child, exit, kills: () => kills };
}

const REFUSED: [string, ChildSpec[], SupervisorOptions, string][] = [
  [
    "an unknown strategy",
    [],
    { strategy: "all" as "oneForAll" },
    "'strategy' must be one of oneForOne, oneForAll, restForOne, current value is all",
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
    "Cannot add child \"a\": 'restart' must be one of always, onFailure, never, current value is often",
  ],
  ["a negative grace", [idle("a", { graceMs: -1 })], {}, "'graceMs'"],
  [
    "two children of one name",
    [idle("a"), idle("a")],
    {},
    "'name' must be unique in \"supervisor\", current value is a",
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

Deno.test("actorChild() refuses options out of range", () => {
  const factory = () => ({ receive() {} });
  assertThrows(() => actorChild("a", factory, { graceMs: NaN }), RangeError);
  assertThrows(
    () => actorChild("a", factory, { mailbox: { capacity: 0 } }),
    RangeError,
  );
});

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

Deno.test("actorChild() takes mail before it is started, and its options survive a spread", async () => {
  const seen: string[] = [];
  const child = actorChild<string>("c", () => ({
    receive: (message) => void seen.push(message),
  }));
  assertEquals(child.ref.tell("early"), "accepted");
  assertEquals(child.ref.phase, "starting");
  const tree = await supervise([{ ...child, restart: "never" }]);
  await tree.stop();
  assertEquals(child.ref.phase, "stopped");
  assertEquals(seen, ["early"]);
});

Deno.test("actorChild() tells of drops, and an ask that crashes is refused", async () => {
  const events: string[] = [];
  const child = actorChild<ReplyTo<void>>("c", () => ({
    receive() {
      throw new Error("boom");
    },
  }), {
    mailbox: { capacity: 1, overflow: "dropOldest" },
    onEvent: (event) => events.push(`${event.actor} ${event.kind}`),
  });
  const dropped = child.ref.ask((r) => r, { timeoutMs: 1 });
  const crashed = child.ref.ask((r) => r);
  await using _tree = await supervise([child]);
  const error = await assertRejects(() => crashed, ActorStoppedError);
  assertEquals((error.cause as Error).message, "boom");
  await assertRejects(() => dropped);
  assertEquals(events, ["c dropped"]);
});

Deno.test("stop() of an actorChild's ref that has no incarnation changes nothing", async () => {
  const child = actorChild<void>("c", () => ({ receive() {} }));
  assertEquals(await child.ref.stop(), { kind: "shutdown" });
  child.ref.kill();
  assertEquals(child.ref.phase, "starting");
  await using _tree = await supervise([child]);
  assertEquals(child.ref.phase, "running");
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

Deno.test("autoShutdown allSignificant: a child whose restart has just failed is not down for good", async () => {
  // At every moment between that failure and what follows it.
  for (let ticks = 0; ticks < 20; ticks++) {
    const clock = manualClock();
    const gate = Promise.withResolvers<Supervisable>();
    const first = foreign(() => Promise.resolve({ kind: "normal" }));
    const starts = [first.child, gate.promise];
    const b = foreign(() => Promise.resolve({ kind: "normal" }));
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
    first.exit.resolve({ kind: "killed" });
    await clock.settle();
    gate.reject(new Error("cannot start"));
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

/** Breaks the contract: neither stop nor kill ends it. */
const immortal: Supervisable = {
  name: "immortal",
  exited: new Promise(() => {}),
  stop: () => new Promise(() => {}),
  kill() {},
  [Symbol.asyncDispose]: async () => {},
};

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

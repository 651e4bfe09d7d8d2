import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  actorChild,
  ActorStoppedError,
  type ReplyTo,
  supervise,
} from "../../actor.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { reportedErrors } from "../support/reported_errors.ts";

/** Tells which incarnation served it; some messages end their own incarnation, or await a gate. */
function setup() {
  const clock = manualClock();
  const log: string[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const child = actorChild<string | ReplyTo<number>>("c", (context) => ({
    receive(message) {
      if (typeof message === "function") return message(context.incarnation);
      log.push(`${context.incarnation} ${message}`);
      if (message === "kill") context.self.kill();
      if (message === "end") context.stop();
      if (message === "crash") throw new Error("crash");
      if (message !== "wait") return;
      gates.push(Promise.withResolvers());
      return gates.at(-1)!.promise;
    },
  }), { clock });
  return { clock, log, gates, child, ref: child.ref };
}

for (const late of ["resolve", "reject"] as const) {
  Deno.test(`actorChild(): a turn that ${late}s after its incarnation was killed does not take the mail of the next`, async () => {
    const { clock, log, gates, child, ref } = setup();
    await using _tree = await supervise([child], { clock });
    ref.tell("wait");
    await clock.settle();
    ref.tell("a");
    ref.kill();
    gates[0][late]();
    await clock.settle();
    ref.tell("b");
    await clock.settle();
    assertEquals(log, ["0 wait", "1 a", "1 b"]);
  });
}

Deno.test("actorChild(): an incarnation that kills itself leaves the rest of the mail to the next", async () => {
  const { clock, log, child, ref } = setup();
  await using _tree = await supervise([child], { clock });
  for (const message of ["a", "kill", "b"]) ref.tell(message);
  await clock.settle();
  assertEquals(log, ["0 a", "0 kill", "1 b"]);
});

Deno.test("actorChild(): an incarnation that ends itself leaves the rest of the mail to the next", async () => {
  const { clock, log, child, ref } = setup();
  await using _tree = await supervise([child], { clock });
  for (const message of ["a", "end", "b"]) ref.tell(message);
  assertEquals(ref.tell("c"), "accepted");
  await clock.settle();
  assertEquals(log, ["0 a", "0 end", "1 b", "1 c"]);
});

Deno.test("actorChild(): stop() comes before the mail, which waits for the next incarnation", async () => {
  const { clock, log, gates, child, ref } = setup();
  await using _tree = await supervise([child], { clock });
  ref.tell("wait");
  await clock.settle();
  ref.tell("a");
  const stopped = ref.stop();
  assertEquals(ref.tell("b"), "accepted");
  gates[0].resolve();
  assertEquals(await stopped, { kind: "shutdown" });
  await clock.settle();
  assertEquals(log, ["0 wait", "1 a", "1 b"]);
});

Deno.test("actorChild(): what a supervisor holds of an old incarnation cannot end the next", async () => {
  const { clock, child, ref } = setup();
  await using tree = await supervise([child], { clock });
  const old = tree.children[0].child!;
  ref.tell("crash");
  await clock.settle();
  assertEquals((await old.exited).kind, "failed");
  assertEquals((await old.stop()).kind, "failed");
  old.kill();
  await old[Symbol.asyncDispose]();
  await clock.settle();
  assertEquals(await ref.ask<number>((r) => r), 1);
  assertEquals(old.name, "c");
});

Deno.test("actorChild(): mail and deliveries that wait survive a restart, in order, but for the failed message", async () => {
  const clock = manualClock();
  const log: string[] = [];
  const child = actorChild<string>("c", () => ({
    receive(message) {
      log.push(message);
      if (message === "crash") throw new Error("crash");
    },
  }), { clock, mailbox: { capacity: 2 } });
  const { ref } = child;
  ref.tell("a");
  ref.tell("crash");
  const delivered = Promise.all([ref.deliver("b"), ref.deliver("c")]);
  await using _tree = await supervise([child], {
    clock,
    backoff: { minMs: 10, jitter: 0 },
  });
  await clock.settle();
  assertEquals(log, ["a", "crash"]);
  assertEquals(ref.phase, "restarting");
  await delivered;
  await clock.advance(10);
  assertEquals(log, ["a", "crash", "b", "c"]);
});

Deno.test("actorChild(): disposing the ref ends the incarnation, which always restarts", async () => {
  const { clock, child, ref } = setup();
  await using _tree = await supervise([child], { clock });
  await ref[Symbol.asyncDispose]();
  await clock.settle();
  assertEquals(await ref.ask<number>((r) => r), 1);
});

Deno.test("actorChild() gives a spec without the options that were not given", () => {
  const { child } = setup();
  assertEquals(Object.keys(child).sort(), ["name", "ref", "start"]);
});

Deno.test("actorChild(): what its observer throws is reported, and tell() answers all the same", () => {
  using reported = reportedErrors();
  const { ref } = actorChild<void>("c", () => ({ receive() {} }), {
    mailbox: { capacity: 1, overflow: "dropNewest" },
    onEvent: ({ kind }) => {
      throw kind;
    },
  });
  assertEquals([ref.tell(), ref.tell()], ["accepted", "dropped"]);
  assertEquals(reported.errors, ["dropped"]);
});

Deno.test("actorChild(): a supervisor that is refused a child, because it runs elsewhere, does it no harm", async () => {
  const { clock, log, child, ref } = setup();
  await using _tree = await supervise([child], { clock });
  await assertRejects(
    () => supervise([child], { clock }),
    TypeError,
    "it runs already",
  );
  ref.tell("crash");
  ref.tell("a");
  await clock.settle();
  assertEquals(log, ["0 crash", "1 a"]);
});

Deno.test("actorChild(): a supervisor that ends after its child went elsewhere does it no harm", async () => {
  const { clock, log, child, ref } = setup();
  const before = await supervise([{ ...child, restart: "onFailure" }], {
    clock,
  });
  ref.tell("end");
  await clock.settle();
  await using _tree = await supervise([child], { clock });
  await before.stop();
  ref.tell("crash");
  ref.tell("a");
  await clock.settle();
  assertEquals(log, ["0 end", "1 crash", "2 a"]);
});

Deno.test("an actorChild that its supervisor left behind ends for good when its start does, and its ref is stopped", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<void>();
  const child = actorChild<string>("slow", async () => {
    await gate.promise;
    return { receive() {} };
  }, { graceMs: 100 });
  const tree = await supervise([], { clock });
  const added = assertRejects(() => tree.add(child), ActorStoppedError);
  await clock.settle();
  const stopped = tree.stop();
  await clock.advance(100);
  await Promise.all([added, stopped]);
  assertEquals(child.ref.phase, "starting", "its factory heeds nothing");
  gate.resolve();
  await clock.settle();
  assertEquals(child.ref.phase, "stopped");
  assertEquals(await child.ref.exited, { kind: "shutdown" });
  assertEquals(child.ref.tell("anybody?"), "stopped");

  // A supervisor that begins anew with the same spec finds it ready.
  await using _again = await supervise([child], { clock });
  assertEquals([child.ref.phase, child.ref.mailboxSize], ["running", 0]);
});

Deno.test("an actorChild whose disposal outlasts two kills of its supervisor ends for good when it is over", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<void>();
  const child = actorChild<string>("held", (context) => {
    context.resources.defer(() => gate.promise);
    return { receive() {} };
  });
  const tree = await supervise([child], { clock });
  tree.kill();
  tree.kill();
  assertEquals(await tree.exited, { kind: "killed" });
  gate.resolve();
  await clock.settle();
  assertEquals(child.ref.phase, "stopped");
});

for (const [how, kind] of [["stop", "shutdown"], ["kill", "killed"]] as const) {
  Deno.test(`an actorChild that met ${how}() in its first start has ended as "${kind}", not as failed`, async () => {
    const clock = manualClock();
    const { ref, ...spec } = actorChild<void>(
      "c",
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason))
        ),
      { clock },
    );
    await using tree = await supervise([], { clock });
    const added = assertRejects(() => tree.add(spec), ActorStoppedError);
    await clock.settle();
    if (how === "stop") void tree.stop();
    else ref.kill();
    await added;
    assertEquals(await ref.exited, { kind });
    assertEquals(clock.pendingTimers, 0);
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

Deno.test("actorChild(): a factory that ends its incarnation at once is a start all the same", async () => {
  const child = actorChild<void>("brief", (context) => {
    context.stop();
    return { receive() {} };
  }, { restart: "onFailure" });
  await using tree = await supervise([child]);
  assertEquals(await child.ref.exited, { kind: "normal" });
  assertEquals(tree.children[0].phase, "stopped");
});

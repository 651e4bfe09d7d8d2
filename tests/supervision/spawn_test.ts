import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  actorChild,
  type ActorEvent,
  type ActorRef,
  type ReplyTo,
  RestartLimitError,
  spawn,
  type SpawnOptions,
} from "../../actor.ts";
import type { NetEvent } from "../../src/observe/mod.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { reportedErrors } from "../support/reported_errors.ts";

type Job = "crash" | "reject" | ReplyTo<string>;

/** Crashes on demand, and says which incarnation it is and how many jobs that one has done. */
function worker(options: SpawnOptions) {
  const log: string[] = [];
  const ref = spawn<Job>(({ incarnation, resources }) => {
    let jobs = 0;
    log.push(`start ${incarnation}`);
    resources.defer(() => void log.push(`disposed ${incarnation}`));
    return {
      receive(job) {
        jobs++;
        if (job === "crash") throw new Error(`crash in ${incarnation}`);
        if (job === "reject") {
          return Promise.reject(new Error(`reject in ${incarnation}`));
        }
        job(`${incarnation}:${jobs}`);
      },
      async stopped() {
        await Promise.resolve();
        log.push(`stopped ${incarnation}`);
      },
    };
  }, options);
  return { ref, log };
}

Deno.test("spawn() with restart begins again with clean state, on the same ref, with the rest of the mail", async () => {
  const clock = manualClock();
  const { ref, log } = worker({ clock, restart: {} });
  const one = ref.ask<string>((r) => r);
  ref.tell("crash");
  const two = ref.ask<string>((r) => r);
  const three = ref.ask<string>((r) => r);
  ref.tell("reject");
  const four = ref.ask<string>((r) => r);
  assertEquals(await Promise.all([one, two, three, four]), [
    "0:1",
    "1:1",
    "1:2",
    "2:1",
  ]);
  assertEquals(log, [
    "start 0",
    "stopped 0",
    "disposed 0",
    "start 1",
    "stopped 1",
    "disposed 1",
    "start 2",
  ]);
  await ref.stop();
});

Deno.test("spawn() with restart gives up with RestartLimitError, history and cause", async () => {
  const clock = manualClock();
  const { ref } = worker({ clock, name: "w", restart: { maxRestarts: 2 } });
  for (let i = 0; i < 5; i++) ref.tell("crash");
  const reason = await ref.exited;
  assert(reason.kind === "failed");
  assert(reason.error instanceof RestartLimitError);
  assertEquals(
    reason.error.message,
    'Cannot restart "w": 3 failures within 5000 ms, limit is 2',
  );
  assertEquals(
    reason.error.history.map(({ error }) => (error as Error).message),
    ["crash in 0", "crash in 1", "crash in 2"],
  );
  assertEquals((reason.error.cause as Error).message, "crash in 2");
  assertEquals(ref.phase, "stopped");
});

Deno.test("spawn() with backoff waits longer and longer, with the mailbox open", async () => {
  const clock = manualClock();
  const events: ActorEvent[] = [];
  const { ref, log } = worker({
    clock,
    name: "w",
    restart: { backoff: { minMs: 100, jitter: 0 } },
    onEvent: (event) => events.push(event),
  });
  ref.tell("crash");
  await clock.settle();
  assertEquals(ref.phase, "restarting");
  assertEquals(ref.tell("crash"), "accepted");
  await clock.advance(99);
  assertEquals(log.at(-1), "disposed 0");
  await clock.advance(1);
  assertEquals(log.at(-1), "disposed 1");
  await clock.advance(199);
  assertEquals(log.at(-1), "disposed 1");
  await clock.advance(1);
  assertEquals(log.at(-1), "start 2");
  assertEquals(ref.phase, "running");
  assertEquals(
    events.map((event) =>
      event.kind === "crashed"
        ? `crashed, ${event.willRestart} in ${event.inMs}`
        : event.kind === "restarted"
        ? `restarted ${event.incarnation}`
        : event.kind
    ),
    [
      "crashed, true in 100",
      "restarted 1",
      "crashed, true in 200",
      "restarted 2",
    ],
  );
  await ref.stop();
  assertEquals(clock.pendingTimers, 0);
});

for (const end of ["stop", "kill"] as const) {
  Deno.test(`${end}() during the restart delay ends the actor at once`, async () => {
    const clock = manualClock();
    const { ref, log } = worker({
      clock,
      restart: { backoff: { minMs: 100 } },
    });
    ref.tell("crash");
    await clock.settle();
    assertEquals(ref.phase, "restarting");
    if (end === "stop") void ref.stop();
    else ref.kill();
    assertEquals(ref.phase, "stopped");
    assertEquals(clock.pendingTimers, 0);
    const kind = end === "stop" ? "shutdown" : "killed";
    assertEquals(await ref.exited, { kind });
    assertEquals(log.filter((line) => line.startsWith("start")), ["start 0"]);
  });
}

Deno.test("stop() while a crashed incarnation is still ending waits for that and starts no other", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<void>();
  let starts = 0;
  const ref = spawn<void>(() => {
    starts++;
    return {
      receive() {
        throw new Error("boom");
      },
      stopped: () => gate.promise,
    };
  }, { clock, restart: {} });
  ref.tell();
  await clock.settle();
  assertEquals(ref.phase, "restarting");
  const stopped = ref.stop();
  await clock.settle();
  assertEquals(ref.phase, "stopping");
  gate.resolve();
  const reason = await stopped;
  assertEquals(reason.kind, "failed");
  assertEquals(starts, 1);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("spawn() counts a factory that fails like any other crash", async () => {
  const clock = manualClock();
  let starts = 0;
  const ref: ActorRef<ReplyTo<number>> = spawn<ReplyTo<number>>(() => {
    if (++starts < 3) throw new Error("not yet");
    return { receive: (r) => r(starts) };
  }, { clock, restart: {} });
  assertEquals(await ref.ask<number>((r) => r), 3);
  await ref.stop();
});

Deno.test("spawn() does not restart after context.stop() nor after an error in an end that was asked for", async () => {
  const clock = manualClock();
  let starts = 0;
  const ref = spawn<void>((context) => {
    starts++;
    return { receive: () => context.stop() };
  }, { clock, restart: {} });
  ref.tell();
  assertEquals(await ref.exited, { kind: "normal" });
  const bad = spawn<void>(() => {
    starts++;
    return {
      receive() {},
      stopped() {
        throw "s";
      },
    };
  }, { clock, restart: {} });
  await clock.settle();
  assertEquals(await bad.stop(), { kind: "failed", error: "s" });
  assertEquals(starts, 2);
});

Deno.test("spawn() with endless restarts lets the event loop in", async () => {
  let starts = 0;
  const ref = spawn<void>(() => {
    starts++;
    throw new Error("always");
  }, { restart: { maxRestarts: Infinity } });
  await new Promise((done) => setTimeout(done, 0));
  assert(starts > 1);
  await ref.stop();
});

Deno.test("spawn() tells of dropped messages, and what its observer throws is reported and harms nobody", async () => {
  using reported = reportedErrors();
  const clock = manualClock();
  const failure = new Error("observer");
  const events: ActorEvent[] = [];
  const ref = spawn<void>(() => ({ receive() {} }), {
    clock,
    name: "w",
    mailbox: { capacity: 1, overflow: "dropNewest" },
    onEvent(event) {
      events.push(event);
      throw failure;
    },
  });
  assertEquals([ref.tell(), ref.tell(), ref.tell()], [
    "accepted",
    "dropped",
    "dropped",
  ]);
  assertEquals(events, [
    { kind: "dropped", actor: "w", count: 1 },
    { kind: "dropped", actor: "w", count: 1 },
  ]);
  assertEquals(reported.errors, [failure, failure]);
  await ref.stop();
});

Deno.test("spawn() restarts an actor whose observer throws at its crash and at its restart, and reports both", async () => {
  using reported = reportedErrors();
  const clock = manualClock();
  const { ref } = worker({
    clock,
    restart: {},
    onEvent: ({ kind }) => {
      throw kind;
    },
  });
  ref.tell("crash");
  assertEquals(await ref.ask<string>((reply) => reply), "1:1");
  assertEquals(reported.errors, ["crashed", "restarted"]);
  await ref.stop();
});

for (const end of ["stop", "kill"] as const) {
  Deno.test(`${end}() by the observer of a crash is the end: it starts no other, and no other actor notices`, async () => {
    const clock = manualClock();
    const { ref, log } = worker({
      clock,
      restart: {},
      onEvent: () => void ref[end](),
    });
    ref.tell("crash");
    const other = worker({ clock });
    const answer = other.ref.ask<string>((reply) => reply);
    const reason = await ref.exited;
    assert(reason.kind === "failed");
    assertEquals((reason.error as Error).message, "crash in 0");
    assertEquals(log, ["start 0", "stopped 0", "disposed 0"]);
    assertEquals(await answer, "0:1");
    await other.ref.stop();
    assertEquals(clock.pendingTimers, 0);
  });
}

Deno.test("stop() by the observer of the last crash keeps the reason for giving up", async () => {
  const clock = manualClock();
  const { ref } = worker({
    clock,
    restart: { maxRestarts: 0 },
    onEvent: () => void ref.stop(),
  });
  ref.tell("crash");
  const reason = await ref.exited;
  assert(reason.kind === "failed");
  assert(reason.error instanceof RestartLimitError);
});

Deno.test("kill() by the observer of a restart skips stopped() and waits for what the new incarnation holds", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<void>();
  const log: string[] = [];
  const ref: ActorRef<void> = spawn<void>(({ incarnation, resources }) => {
    if (incarnation === 1) resources.defer(() => gate.promise);
    return {
      receive() {
        throw new Error("boom");
      },
      stopped: () => log.push(`stopped ${incarnation}`),
    };
  }, {
    clock,
    restart: {},
    onEvent: ({ kind }) => kind === "restarted" && ref.kill(),
  });
  ref.exited.then(({ kind }) => log.push(kind));
  ref.tell();
  await clock.settle();
  assertEquals(log, ["stopped 0"]);
  gate.resolve();
  await clock.settle();
  assertEquals(log, ["stopped 0", "killed"]);
});

Deno.test("spawn() refuses bad options before anything starts", () => {
  let ran = false;
  const factory = () => {
    ran = true;
    return { receive() {} };
  };
  assertThrows(() => spawn(factory, { mailbox: { capacity: 0 } }), RangeError);
  assertThrows(
    () => spawn(factory, { restart: { maxRestarts: -1 } }),
    RangeError,
  );
  assertEquals(ran, false);
});

Deno.test("every ActorEvent is a NetEvent", () => {
  const asNet = (event: ActorEvent): NetEvent => event;
  assertEquals(
    asNet({ kind: "dropped", actor: "a", count: 1 }).kind,
    "dropped",
  );
});

Deno.test("spawn() and actorChild() take no message by type where TypeScript cannot infer which, and nobody has said", () => {
  const heard: number[] = [];
  const numbers = ({ incarnation }: { incarnation: number }) => ({
    receive: (message: number) => void heard.push(message, incarnation),
  });
  const inferred = spawn(numbers);
  assertEquals(inferred.tell(1), "accepted");
  const guessed = spawn((context) => numbers(context));
  // @ts-expect-error: not a number, nor anything else.
  guessed.tell("one");
  const child = actorChild("child", (context) => numbers(context));
  // @ts-expect-error: the same.
  child.ref.tell("one");
  inferred.kill();
  guessed.kill();
  child.ref.kill();
});

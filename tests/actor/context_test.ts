import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type ActorContext,
  type ActorRef,
  ActorStoppedError,
  type Clock,
  type ExitReason,
  spawn,
  type Supervisable,
} from "../../actor.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";

/** An actor that logs its mail, and whose context the test holds. */
function logger(options: { capacity?: number; restart?: boolean } = {}) {
  const clock = manualClock();
  const log: string[] = [];
  let context!: ActorContext<string>;
  let gate: Promise<void> | undefined;
  const ref = spawn<string>((given) => {
    context = given;
    return {
      receive(message) {
        if (message === "crash") throw new Error("crash");
        log.push(message);
        if (message === "wait") return gate;
      },
    };
  }, {
    clock,
    mailbox: { capacity: options.capacity ?? 10 },
    restart: options.restart ? {} : undefined,
  });
  return {
    clock,
    log,
    ref,
    context: () => context,
    async block(): Promise<() => void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      ref.tell("wait");
      await clock.settle();
      log.length = 0;
      return resolve;
    },
  };
}

Deno.test("context.after() sends once, when it is due", async () => {
  const { clock, log, ref, context } = logger();
  await clock.settle();
  context().after(50, "ring");
  await clock.advance(49);
  assertEquals(log, []);
  await clock.advance(1);
  assertEquals(log, ["ring"]);
  await clock.advance(1_000);
  assertEquals(log, ["ring"]);
  assertEquals(clock.pendingTimers, 0);
  await ref.stop();
});

Deno.test("context.every() keeps the beat until it is disposed", async () => {
  const { clock, log, ref, context } = logger();
  await clock.settle();
  const beat = context().every(10, "tick");
  await clock.advance(35);
  assertEquals(log, ["tick", "tick", "tick"]);
  beat[Symbol.dispose]();
  beat[Symbol.dispose]();
  await clock.advance(100);
  assertEquals(log.length, 3);
  assertEquals(clock.pendingTimers, 0);
  await ref.stop();
});

Deno.test("context.every() keeps the beat although time passes between two looks at the clock", async () => {
  let nowMs = 0;
  let timer: { dueMs: number; run: () => void };
  const clock: Clock = {
    now: () => nowMs += 0.25,
    after(delayMs, run) {
      timer = { dueMs: nowMs + delayMs, run };
      return { cancel() {} };
    },
  };
  const { promise: started, resolve } = Promise.withResolvers<void>();
  const ref = spawn<"tick">((context) => {
    context.every(10, "tick");
    resolve();
    return { receive() {} };
  }, { clock });
  await started;
  const dueMs: number[] = [];
  for (let i = 0; i < 4; i++) {
    dueMs.push(timer!.dueMs);
    nowMs = timer!.dueMs;
    timer!.run();
  }
  assertEquals(dueMs, [10.25, 20.25, 30.25, 40.25]);
  await ref.stop();
});

Deno.test("context.every() lets no more than one tick wait for a late actor", async () => {
  const { clock, log, ref, context, block } = logger();
  await clock.settle();
  context().every(10, "tick");
  const open = await block();
  await clock.advance(55);
  open();
  await clock.settle();
  assertEquals(log, ["tick"]);
  await clock.advance(5);
  assertEquals(log, ["tick", "tick"]);
  await ref.stop();
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("context timers get past a full mailbox and are served before mail", async () => {
  const { clock, log, ref, context, block } = logger({ capacity: 1 });
  await clock.settle();
  context().after(5, "alarm");
  const open = await block();
  assertEquals(ref.tell("mail"), "accepted");
  assertEquals(ref.tell("more"), "full");
  await clock.advance(5);
  open();
  await clock.settle();
  assertEquals(log, ["alarm", "mail"]);
  await ref.stop();
});

Deno.test("timers and exits that wait together are served in the order in which they came", async () => {
  const { clock, log, ref, context, block } = logger();
  await clock.settle();
  const other = spawn<never>(() => ({ receive() {} }), { clock });
  context().after(1, "first");
  context().watch(other, () => "second");
  context().after(2, "third");
  context().after(3, "fourth");
  const open = await block();
  await clock.advance(1);
  await other.stop();
  await clock.advance(2);
  open();
  await clock.settle();
  context().after(1, "fifth");
  await clock.advance(1);
  assertEquals(log, ["first", "second", "third", "fourth", "fifth"]);
  await ref.stop();
});

Deno.test("a timer that is disposed after it fired does not come any more", async () => {
  const { clock, log, ref, context, block } = logger();
  await clock.settle();
  const alarm = context().after(5, "alarm");
  const open = await block();
  await clock.advance(5);
  alarm[Symbol.dispose]();
  open();
  await clock.settle();
  assertEquals(log, []);
  assertEquals(ref.phase, "running");
  await ref.stop();
});

Deno.test("context timers end with their incarnation, those that have fired included", async () => {
  const { clock, log, ref, context } = logger({ restart: true });
  await clock.settle();
  context().every(10, "tick");
  context().after(0, "crash");
  context().after(0, "never");
  await clock.advance(100);
  assertEquals(log, []);
  assertEquals(context().incarnation, 1);
  assertEquals(clock.pendingTimers, 0);
  await ref.stop();
});

for (const delayMs of [-1, NaN, Infinity]) {
  Deno.test(`context.after() refuses ${delayMs}, and context.every() 0 as well`, async () => {
    const { clock, ref, context } = logger();
    await clock.settle();
    assertThrows(
      () => context().after(delayMs, "x"),
      RangeError,
      `'delayMs' must be a finite number from 0, current value is ${delayMs}`,
    );
    assertThrows(() => context().every(delayMs, "x"), RangeError, "'periodMs'");
    assertThrows(() => context().every(0, "x"), RangeError, "'periodMs'");
    assertThrows(
      () => context().every("5" as never, "x"),
      RangeError,
      `'periodMs' must be a finite number above 0, current value is "5"`,
    );
    await ref.stop();
  });
}

Deno.test("after the end a context's timers and watches do nothing, its signal has aborted, its resources refuse", async () => {
  const { clock, log, ref, context } = logger();
  await clock.settle();
  const late = context();
  await ref.stop();
  late.after(1, "x");
  late.every(1, "x");
  late.watch(ref, () => "x");
  late.stop();
  assert(late.signal.aborted);
  assert(late.signal.reason instanceof ActorStoppedError);
  assertThrows(() => late.resources.defer(() => {}), ReferenceError);
  await clock.advance(10);
  assertEquals(log, []);
  assertEquals(clock.pendingTimers, 0);
});

function watcher(target: Supervisable) {
  const clock = manualClock();
  const seen: ExitReason[] = [];
  let watch!: Disposable;
  const ref = spawn<ExitReason>((context) => {
    watch = context.watch(target, (reason) => reason);
    return { receive: (reason) => void seen.push(reason) };
  }, { clock });
  return { clock, seen, ref, unwatch: () => watch[Symbol.dispose]() };
}

const ENDS: [string, (ref: ActorRef<string>) => void, ExitReason["kind"]][] = [
  ["stop", (ref) => void ref.stop(), "shutdown"],
  ["kill", (ref) => ref.kill(), "killed"],
  ["a crash", (ref) => ref.tell("crash"), "failed"],
];
for (const [name, end, kind] of ENDS) {
  Deno.test(`context.watch() tells of ${name} as "${kind}"`, async () => {
    const target = logger();
    const { clock, seen, ref } = watcher(target.ref);
    await clock.settle();
    end(target.ref);
    await clock.settle();
    assertEquals(seen.map((reason) => reason.kind), [kind]);
    await ref.stop();
  });
}

Deno.test("context.watch() of something that has ended already tells its reason", async () => {
  const target = logger();
  target.ref.kill();
  const { clock, seen, ref } = watcher(target.ref);
  await clock.settle();
  assertEquals(seen, [{ kind: "killed" }]);
  await ref.stop();
});

Deno.test("context.watch() tells nothing after it is disposed", async () => {
  const target = logger();
  const { clock, seen, ref, unwatch } = watcher(target.ref);
  await clock.settle();
  unwatch();
  unwatch();
  target.ref.kill();
  await clock.settle();
  assertEquals(seen, []);
  await ref.stop();
});

Deno.test("context.watch() that is disposed after the other has ended, and before its message is served, tells nothing", async () => {
  const { clock, log, ref, context, block } = logger();
  await clock.settle();
  const other = spawn<never>(() => ({ receive() {} }), { clock });
  const watch = context().watch(other, () => "ended");
  const open = await block();
  await other.stop();
  watch[Symbol.dispose]();
  open();
  await clock.settle();
  assertEquals(log, []);
  assertEquals(ref.phase, "running");
  await ref.stop();
});

Deno.test("context.watch() that is disposed, or whose actor has ended, is not remembered by the one that was watched", async () => {
  const clock = manualClock();
  const target = spawn(() => ({ receive() {} }), { clock });
  const { exited } = target;
  let reactions = 0;
  const then = exited.then.bind(exited);
  exited.then = ((...handlers: Parameters<typeof then>) => {
    reactions++;
    return then(...handlers);
  }) as typeof then;
  const { clock: time, ref, unwatch } = watcher(target);
  await time.settle();
  unwatch();
  await ref.stop();
  const { ref: ended, seen } = watcher(target);
  await time.settle();
  await ended.stop();
  await target.stop();
  assertEquals(seen, []);
  assertEquals(reactions, 0, "what hangs on a promise stays there");
});

Deno.test("context.watch() takes the rejected exit of a foreign Supervisable for a failure", async () => {
  const error = new Error("breaks the rule");
  const foreign = {
    name: "foreign",
    exited: Promise.reject(error),
    stop: () => Promise.reject(error),
    kill() {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const { clock, seen, ref } = watcher(foreign);
  await clock.settle();
  assertEquals(seen, [{ kind: "failed", error }]);
  await ref.stop();
});

Deno.test("context.watch() whose toMessage throws is a crash", async () => {
  const clock = manualClock();
  const target = logger();
  const ref = spawn<string>((context) => {
    context.watch(target.ref, () => {
      throw new Error("no words");
    });
    return { receive() {} };
  }, { clock });
  target.ref.kill();
  const reason = await ref.exited;
  assert(reason.kind === "failed");
  assertEquals((reason.error as Error).message, "no words");
});

Deno.test("context.signal aborts between the last turn and stopped()", async () => {
  const clock = manualClock();
  const log: string[] = [];
  const ref = spawn<string>((context) => {
    context.signal.addEventListener("abort", () => log.push("abort"));
    return {
      receive: (message) => void log.push(message),
      stopped: () => log.push(`stopped, aborted ${context.signal.aborted}`),
    };
  }, { clock });
  ref.tell("turn");
  await clock.settle();
  await ref.stop();
  assertEquals(log, ["turn", "abort", "stopped, aborted true"]);
});

Deno.test("context.resources are disposed in reverse order after stopped()", async () => {
  const clock = manualClock();
  const log: string[] = [];
  const ref = spawn<string>(({ resources }) => {
    resources.defer(() => void log.push("first"));
    resources.defer(async () => {
      await Promise.resolve();
      log.push("second");
    });
    return { receive() {}, stopped: () => log.push("stopped") };
  }, { clock });
  await clock.settle();
  await ref.stop();
  assertEquals(log, ["stopped", "second", "first"]);
});

Deno.test("context.stop() ends the actor normally after the turn under way", async () => {
  const clock = manualClock();
  const log: string[] = [];
  const ref = spawn<string>((context) => ({
    async receive(message) {
      log.push(message);
      if (message !== "last") return;
      context.stop();
      assertEquals(context.self.tell("too late"), "stopped");
      await Promise.resolve();
      log.push("finished");
    },
    stopped: (reason) => log.push(`stopped: ${reason.kind}`),
  }), { clock });
  for (const message of ["one", "last", "never"]) ref.tell(message);
  assertEquals(await ref.exited, { kind: "normal" });
  assertEquals(log, ["one", "last", "finished", "stopped: normal"]);
});

Deno.test("context.self is the ref", async () => {
  let self: unknown;
  const ref = spawn<string>((context) => {
    self = context.self;
    return { receive() {} };
  });
  await ref.stop();
  const other: ActorRef<string> = spawn<string>((context) => {
    self = context.self;
    return { receive: () => context.stop() };
  });
  other.tell("go");
  await other.exited;
  assertEquals(self, other);
});

Deno.test("context.stop() ends an idle actor, and one that was told to stop before has still been told", async () => {
  const idle = logger();
  await idle.clock.settle();
  idle.context().stop();
  assertEquals(await idle.ref.exited, { kind: "normal" });

  const busy = logger();
  await busy.clock.settle();
  const open = await busy.block();
  const stopped = busy.ref.stop();
  busy.context().stop();
  open();
  assertEquals(await stopped, { kind: "shutdown" });
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type ActorRef,
  type Behavior,
  type ExitReason,
  RestartLimitError,
  spawn,
} from "../../actor.ts";
import {
  type ManualClock,
  manualClock,
} from "../../src/testing/manual_clock.ts";
import { watchedSignal } from "./watched_signal.ts";

const FOREVER = new Promise<never>(() => {});

function failure(reason: ExitReason): unknown {
  assert(reason.kind === "failed", `expected a failure, got ${reason.kind}`);
  return reason.error;
}

/** Resolves with the reason if the actor has ended without time passing. */
async function endedNow(
  ref: ActorRef<never>,
  clock: ManualClock,
): Promise<ExitReason | undefined> {
  let reason: ExitReason | undefined;
  ref.exited.then((r) => reason = r);
  await clock.settle();
  return reason;
}

Deno.test("stop() finishes the turn under way, discards what waits and refuses what comes", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<void>();
  const log: string[] = [];
  const ref = spawn<string>(() => ({
    async receive(message) {
      log.push(`begin ${message}`);
      await gate.promise;
      log.push(`end ${message}`);
    },
    stopped: (reason) => log.push(`stopped: ${reason.kind}`),
  }), { clock });
  ref.tell("a");
  ref.tell("b");
  await clock.settle();
  const stopped = ref.stop();
  assertEquals(ref.phase, "stopping");
  assertEquals(ref.tell("c"), "stopped");
  assertEquals(ref.mailboxSize, 0);
  gate.resolve();
  assertEquals(await stopped, { kind: "shutdown" });
  assertEquals(log, ["begin a", "end a", "stopped: shutdown"]);
  assertEquals(await ref.stop(), { kind: "shutdown" });
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("stop() of an idle actor arms no timer, and one in a turn is killed after graceMs", async () => {
  const clock = manualClock();
  const ref = spawn<void>(() => ({ receive: () => FOREVER }), { clock });
  await clock.settle();
  ref.tell();
  await clock.settle();
  const stopped = ref.stop({ graceMs: 100 });
  assertEquals(clock.pendingTimers, 1);
  await clock.advance(99);
  assertEquals(ref.phase, "stopping");
  await clock.advance(1);
  assertEquals(await stopped, { kind: "killed" });
  assertEquals(clock.pendingTimers, 0);

  const idle = spawn<void>(() => ({ receive() {} }), { clock });
  await clock.settle();
  const stopping = idle.stop();
  assertEquals(clock.pendingTimers, 0);
  await stopping;
});

Deno.test("stop() has 5 s unless told; a later call may shorten that, not lengthen it", async () => {
  const clock = manualClock();
  const stuck = () =>
    spawn<void>(() => ({ receive: () => FOREVER }), { clock });
  const [a, b, c, d] = [stuck(), stuck(), stuck(), stuck()];
  for (const ref of [a, b, c, d]) ref.tell();
  await clock.settle();
  void a.stop();
  void b.stop({ graceMs: Infinity });
  void b.stop({ graceMs: 10 });
  void c.stop({ graceMs: 10 });
  void c.stop({ graceMs: 1_000 });
  void d.stop({ graceMs: 1_000 });
  void d.stop({ graceMs: 10 });
  assertEquals(clock.pendingTimers, 4);
  await clock.advance(10);
  assertEquals([a, b, c, d].map(({ phase }) => phase), [
    "stopping",
    "stopped",
    "stopped",
    "stopped",
  ]);
  await clock.advance(4_989);
  assertEquals(a.phase, "stopping");
  await clock.advance(1);
  assertEquals(a.phase, "stopped");
  assertEquals(clock.pendingTimers, 0);
});

for (const graceMs of [-1, NaN]) {
  Deno.test(`stop() refuses graceMs ${graceMs} and changes nothing`, async () => {
    const ref = spawn<void>(() => ({ receive() {} }), { name: "x" });
    await assertRejects(
      () => ref.stop({ graceMs }),
      RangeError,
      `Cannot stop "x": 'graceMs' must be a number from 0, current value is ${graceMs}`,
    );
    await assertRejects(
      () => ref.stop({ graceMs: "5" as never }),
      RangeError,
      'current value is "5"',
    );
    assertEquals(ref.phase, "running");
    await ref.stop();
  });
}

Deno.test("stop() before the factory ran means that it never runs", async () => {
  let ran = false;
  const ref = spawn<void>(() => {
    ran = true;
    return { receive() {} };
  });
  assertEquals(await ref.stop(), { kind: "shutdown" });
  assertEquals(ran, false);
});

Deno.test("stop() during the factory aborts its signal, waits for it, and lets the behavior clean up", async () => {
  const clock = manualClock();
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const ref = spawn<void>(async ({ signal }) => {
    signal.addEventListener("abort", () => log.push("abort"));
    await gate.promise;
    log.push("made");
    return {
      receive() {},
      stopped: (r) => void log.push(`stopped: ${r.kind}`),
    };
  }, { clock });
  await clock.settle();
  const stopped = ref.stop();
  await clock.settle();
  assertEquals(log, ["abort"]);
  gate.resolve();
  assertEquals(await stopped, { kind: "shutdown" });
  assertEquals(log, ["abort", "made", "stopped: shutdown"]);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("stop() during the factory has aborted the signal also for a factory that asks for it later", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<void>();
  const aborted: boolean[] = [];
  const ref = spawn<void>(async (context) => {
    await gate.promise;
    aborted.push(context.signal.aborted);
    return { receive() {} };
  }, { clock });
  await clock.settle();
  const stopped = ref.stop();
  gate.resolve();
  await stopped;
  assertEquals(aborted, [true]);
});

Deno.test("stop() during a factory that gives up with the signal's reason is no failure; with another error it is", async () => {
  const clock = manualClock();
  const wait = (signal: AbortSignal, error?: Error) =>
    new Promise<Behavior<void>>((_, reject) =>
      signal.addEventListener("abort", () => reject(error ?? signal.reason))
    );
  const good = spawn<void>(({ signal }) => wait(signal), { clock });
  const bad = spawn<void>(({ signal }) => wait(signal, new Error("else")), {
    clock,
  });
  await clock.settle();
  assertEquals(await good.stop(), { kind: "shutdown" });
  assertEquals((failure(await bad.stop()) as Error).message, "else");
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("stop() is killed after graceMs when the factory never ends; its late behavior is ignored", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<Behavior<void>>();
  const ref = spawn<void>(() => gate.promise, { clock });
  await clock.settle();
  const stopped = ref.stop({ graceMs: 10 });
  await clock.advance(10);
  assertEquals(await stopped, { kind: "killed" });
  gate.resolve({
    receive() {},
    stopped() {
      throw new Error("must not run");
    },
  });
  await clock.settle();
});

Deno.test("kill() ends an actor at once whose handler awaits for ever, and skips stopped()", async () => {
  const clock = manualClock();
  let aborted = false;
  const ref = spawn<never>(({ signal }) => {
    signal.addEventListener("abort", () => aborted = true);
    return {
      receive: () => FOREVER,
      stopped() {
        throw new Error("must not run");
      },
    };
  }, { clock });
  ref.tell(undefined as never);
  await clock.settle();
  ref.kill();
  assertEquals(ref.phase, "stopped");
  assert(aborted);
  assertEquals(await endedNow(ref, clock), { kind: "killed" });
  ref.kill();
  assertEquals(await ref.stop(), { kind: "killed" });
});

for (const late of ["resolve", "reject"] as const) {
  Deno.test(`kill() ignores a turn and a factory that ${late} later`, async () => {
    const clock = manualClock();
    const turn = Promise.withResolvers<void>();
    const made = Promise.withResolvers<Behavior<void>>();
    const a = spawn<void>(() => ({ receive: () => turn.promise }), { clock });
    const b = spawn<void>(() => made.promise, { clock });
    a.tell();
    await clock.settle();
    a.kill();
    b.kill();
    if (late === "resolve") {
      turn.resolve();
      made.resolve({ receive() {} });
    } else {
      turn.reject(new Error("late"));
      made.reject(new Error("late"));
    }
    await clock.settle();
    assertEquals(await a.exited, { kind: "killed" });
    assertEquals(await b.exited, { kind: "killed" });
  });
}

Deno.test("kill() from inside the own turn lets no further turn run", async () => {
  const clock = manualClock();
  const seen: number[] = [];
  const ref: ActorRef<number> = spawn<number>(() => ({
    receive(n) {
      seen.push(n);
      if (n === 2) {
        ref.kill();
        throw new Error("ignored, for it is dead");
      }
    },
  }), { clock });
  for (const n of [1, 2, 3]) ref.tell(n);
  assertEquals(await ref.exited, { kind: "killed" });
  assertEquals(seen, [1, 2]);
});

Deno.test("kill() disposes of resources and waits for that; a second kill() does not", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<void>();
  const log: string[] = [];
  const make = () =>
    spawn<never>(({ resources }) => {
      resources.defer(async () => {
        log.push("disposing");
        await gate.promise;
      });
      return { receive() {} };
    }, { clock });
  const [a, b] = [make(), make()];
  await clock.settle();
  a.kill();
  b.kill();
  b.kill();
  assertEquals(log, ["disposing", "disposing"]);
  assertEquals(await endedNow(a, clock), undefined);
  assertEquals(await endedNow(b, clock), { kind: "killed" });
  gate.resolve();
  assertEquals(await endedNow(a, clock), { kind: "killed" });
});

Deno.test("stop() gives a disposal that hangs its grace twice and then leaves it", async () => {
  const clock = manualClock();
  const ref = spawn<never>(({ resources }) => {
    resources.defer(() => FOREVER);
    return { receive: () => FOREVER };
  }, { clock });
  ref.tell(undefined as never);
  await clock.settle();
  void ref.stop({ graceMs: 100 });
  await clock.advance(199);
  assertEquals(ref.phase, "stopping");
  await clock.advance(1);
  assertEquals(await endedNow(ref, clock), { kind: "killed" });
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("a listener of the signal that kills once more does not end the actor twice", async () => {
  const clock = manualClock();
  let disposed = 0;
  const ref: ActorRef<never> = spawn<never>(({ signal, resources }) => {
    resources.defer(() => void disposed++);
    signal.addEventListener("abort", () => ref.kill());
    return { receive() {}, stopped() {} };
  }, { clock });
  await clock.settle();
  void ref.stop();
  ref.kill();
  assertEquals(await endedNow(ref, clock), { kind: "killed" });
  assertEquals(disposed, 1);
  assertEquals(clock.pendingTimers, 0);

  const polite: ActorRef<never> = spawn<never>(({ signal }) => {
    signal.addEventListener("abort", () => polite.kill());
    return { receive() {}, stopped: () => void disposed++ };
  }, { clock });
  await clock.settle();
  assertEquals(await polite.stop(), { kind: "killed" });
  assertEquals(disposed, 1);
});

Deno.test("a listener of the signal that kills ends without stopped(), also while resources take their time", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<void>();
  const ref: ActorRef<never> = spawn<never>(({ signal, resources }) => {
    resources.defer(() => gate.promise);
    signal.addEventListener("abort", () => ref.kill());
    return {
      receive() {},
      stopped() {
        throw new Error("must not run");
      },
    };
  }, { clock });
  await clock.settle();
  const stopped = ref.stop();
  await clock.settle();
  gate.resolve();
  assertEquals(await stopped, { kind: "killed" });
});

Deno.test("kill() from inside the factory is the end: neither a turn nor stopped() follows", async () => {
  const clock = manualClock();
  const fail = () => {
    throw new Error("must not run");
  };
  const ref = spawn<void>(({ self }) => {
    self.kill();
    return { receive: fail, stopped: fail };
  }, { clock });
  ref.tell();
  assertEquals(await ref.exited, { kind: "killed" });
});

for (const what of ["stopped()", "a disposal"] as const) {
  Deno.test(`stop() of an idle actor does not wait longer than its grace for ${what} that hangs`, async () => {
    const clock = manualClock();
    const ref = spawn<never>(({ resources }) => {
      if (what === "a disposal") resources.defer(() => FOREVER);
      return {
        receive() {},
        stopped: () => what === "stopped()" ? FOREVER : undefined,
      };
    }, { clock });
    await clock.settle();
    void ref.stop({ graceMs: 100 });
    await clock.advance(100);
    assertEquals(await endedNow(ref, clock), { kind: "killed" });
    assertEquals(clock.pendingTimers, 0);
  });

  Deno.test(`kill() during ${what} does not undo a failure`, async () => {
    const clock = manualClock();
    const ref = spawn<never>(({ resources }) => {
      if (what === "a disposal") resources.defer(() => FOREVER);
      return {
        receive() {
          throw "turn";
        },
        stopped() {
          if (what === "stopped()") return FOREVER;
          throw "stopped";
        },
      };
    }, { clock });
    ref.tell(undefined as never);
    await clock.settle();
    ref.kill();
    const error = failure((await endedNow(ref, clock))!);
    if (what === "stopped()") assertEquals(error, "turn");
    else assertEquals((error as SuppressedError).error, "stopped");
  });
}

Deno.test("an error of stopped() turns a clean end into a failure", async () => {
  for (
    const fail of [() => Promise.reject("s"), () => {
      throw "s";
    }]
  ) {
    const ref = spawn<void>(() => ({ receive() {}, stopped: fail }));
    ref.tell();
    await manualClock().settle();
    assertEquals(await ref.stop(), { kind: "failed", error: "s" });
  }
});

Deno.test("an error of a disposal turns a clean end into a failure, a kill included", async () => {
  const clock = manualClock();
  const make = () =>
    spawn<void>(({ resources }) => {
      resources.defer(() => {
        throw "d";
      });
      return { receive() {} };
    }, { clock });
  const [a, b] = [make(), make()];
  await clock.settle();
  assertEquals(await a.stop(), { kind: "failed", error: "d" });
  b.kill();
  assertEquals(await b.exited, { kind: "failed", error: "d" });
});

Deno.test("errors of a turn, of stopped() and of the disposal are all kept", async () => {
  const ref = spawn<void>(({ resources }) => {
    resources.defer(() => {
      throw "disposal";
    });
    return {
      receive() {
        throw "turn";
      },
      stopped() {
        throw "stopped";
      },
    };
  });
  ref.tell();
  const outer = failure(await ref.exited) as SuppressedError;
  assert(outer instanceof SuppressedError);
  assertEquals(outer.error, "disposal");
  const inner = outer.suppressed;
  assert(inner instanceof SuppressedError);
  assertEquals([inner.error, inner.suppressed], ["stopped", "turn"]);
});

Deno.test("a factory that makes no behavior is a crash", async () => {
  const ref = spawn<void>(() => undefined as unknown as Behavior<void>, {
    name: "none",
  });
  const error = failure(await ref.exited);
  assert(error instanceof TypeError);
  assert(error.message.includes('Cannot start actor "none"'));
});

Deno.test("what a factory that fails had put into resources is disposed of", async () => {
  const log: string[] = [];
  const ref = spawn<void>(({ resources, signal }) => {
    resources.defer(() => void log.push(`disposed, aborted ${signal.aborted}`));
    throw new Error("no");
  });
  assertEquals((failure(await ref.exited) as Error).message, "no");
  assertEquals(log, ["disposed, aborted true"]);
});

Deno.test("await using stops the actor", async () => {
  let ref!: ActorRef<void>;
  {
    await using actor = spawn<void>(() => ({ receive() {} }));
    ref = actor;
  }
  assertEquals(ref.phase, "stopped");
});

Deno.test("the signal option stops the actor, also when it has aborted already, and is let go of", async () => {
  const { controller, signal, listeners } = watchedSignal();
  const a = spawn<void>(() => ({ receive() {} }), { signal });
  const b = spawn<void>(() => ({ receive() {} }), { signal });
  assertEquals(listeners(), 2);
  await b.stop();
  assertEquals(listeners(), 1);
  controller.abort();
  assertEquals(await a.exited, { kind: "shutdown" });
  assertEquals(listeners(), 0);
  const c = spawn<void>(() => ({ receive() {} }), { signal });
  assertEquals(await c.exited, { kind: "shutdown" });
  assertEquals(listeners(), 0);
});

Deno.test("without restart the first crash ends the actor for good", async () => {
  const error = new Error("boom");
  const events: string[] = [];
  const ref = spawn<void>(() => ({
    receive() {
      throw error;
    },
  }), {
    onEvent: (event) => {
      if (event.kind === "crashed") events.push(`${event.willRestart}`);
    },
  });
  ref.tell();
  ref.tell();
  assertEquals(await ref.exited, { kind: "failed", error });
  assert(!(error instanceof RestartLimitError));
  assertEquals(ref.tell(), "stopped");
  assertEquals(events, ["false"]);
});

Deno.test("without restart the mailbox is closed from the crash on, also for stopped()", async () => {
  const verdicts: string[] = [];
  const ref: ActorRef<void> = spawn<void>(() => ({
    receive() {
      throw new Error("boom");
    },
    stopped: () => verdicts.push(ref.tell()),
  }), { onEvent() {} });
  ref.tell();
  await ref.exited;
  assertEquals(verdicts, ["stopped"]);
});

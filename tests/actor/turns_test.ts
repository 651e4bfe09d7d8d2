import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  type ActorContext,
  type ActorRef,
  ActorStoppedError,
  AskTimeoutError,
  MailboxFullError,
  type ReplyTo,
  spawn,
} from "../../actor.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";

Deno.test("spawn() gives a ref before the factory runs, and mail waits for the factory", async () => {
  const clock = manualClock();
  const log: string[] = [];
  const started = Promise.withResolvers<void>();
  const ref = spawn<string>(async () => {
    log.push("factory");
    await started.promise;
    return { receive: (m) => log.push(m) };
  }, { clock, name: "early" });
  log.push("spawned");
  assertEquals(ref.name, "early");
  assertEquals(ref.tell("a"), "accepted");
  await clock.settle();
  assertEquals(log, ["spawned", "factory"]);
  assertEquals(ref.phase, "starting");
  assertEquals(ref.mailboxSize, 1);
  started.resolve();
  await clock.settle();
  assertEquals(log, ["spawned", "factory", "a"]);
  assertEquals(ref.phase, "running");
  await ref.stop();
  assertEquals(ref.phase, "stopped");
});

Deno.test("receive() is never re-entered: a promise is awaited, and a tell from inside comes later", async () => {
  const clock = manualClock();
  const log: string[] = [];
  let depth = 0;
  const ref: ActorRef<number> = spawn<number>(() => ({
    async receive(n) {
      assertEquals(++depth, 1);
      log.push(`begin ${n}`);
      if (n < 3) assertEquals(ref.tell(n + 10), "accepted");
      if (n % 2 === 0) await Promise.resolve();
      log.push(`end ${n}`);
      depth--;
    },
  }), { clock });
  for (const n of [1, 2, 3]) ref.tell(n);
  await clock.settle();
  const expected = [1, 2, 3, 11, 12].flatMap((n) => [`begin ${n}`, `end ${n}`]);
  assertEquals(log, expected);
  await ref.stop();
});

Deno.test("receive() may mix plain values, promises and other thenables", async () => {
  const clock = manualClock();
  const seen: number[] = [];
  const ref = spawn<number>(() => ({
    receive(n) {
      seen.push(n);
      if (n === 1) return "a string";
      if (n === 2) return Promise.resolve();
      // deno-lint-ignore no-explicit-any -- the shape of a foreign thenable
      if (n === 3) return { then: (done: any) => done() };
      return null;
    },
  }), { clock });
  for (const n of [1, 2, 3, 4, 5]) ref.tell(n);
  await clock.settle();
  assertEquals(seen, [1, 2, 3, 4, 5]);
  await ref.stop();
});

Deno.test("a full mailbox says so, and deliver() waits for a turn to make room", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<void>();
  const seen: number[] = [];
  const ref = spawn<number>(() => ({
    receive: (n) => {
      seen.push(n);
      return gate.promise;
    },
  }), { clock, mailbox: { capacity: 1 } });
  ref.tell(1);
  await clock.settle();
  assertEquals(ref.tell(2), "accepted");
  assertEquals(ref.tell(3), "full");
  let delivered = false;
  const delivery = ref.deliver(4).then(() => delivered = true);
  await clock.settle();
  assertEquals(delivered, false);
  assertEquals(ref.tell(5), "full");
  gate.resolve();
  await delivery;
  await clock.settle();
  assertEquals(seen, [1, 2, 4]);
  await ref.stop();
});

Deno.test("an actor takes all its mail, however much came at once, in order", async () => {
  const clock = manualClock();
  const seen: number[] = [];
  const ref = spawn<number>(() => ({ receive: (n) => void seen.push(n) }), {
    clock,
  });
  const all = Array.from({ length: 1_000 }, (_, i) => i);
  for (const n of all) ref.tell(n);
  for (let i = 0; i < 5; i++) await clock.settle();
  assertEquals(seen, all);
  await ref.stop();
});

Deno.test("an actor that always has mail keeps neither the event loop nor other actors waiting", async () => {
  let spins = 0;
  const busy: ActorRef<void> = spawn<void>(() => ({
    receive() {
      spins++;
      busy.tell();
    },
  }));
  busy.tell();
  const other = spawn<ReplyTo<number>>(() => ({ receive: (r) => r(spins) }));
  for (let i = 0; i < 3; i++) {
    await new Promise((done) => setTimeout(done, 0));
    const before = spins;
    assert(before > 0);
    const answered = await other.ask<number>((r) => r);
    assert(answered >= before);
  }
  await busy.stop();
  await other.stop();
});

Deno.test("two actors that play ping-pong do not keep the event loop waiting", async () => {
  let rounds = 0;
  const players: ActorRef<void>[] = [0, 1].map((me) =>
    spawn<void>(() => ({
      receive() {
        rounds++;
        players[1 - me].tell();
      },
    }))
  );
  players[0].tell();
  await new Promise((done) => setTimeout(done, 0));
  assert(rounds > 0);
  for (const player of players) player.kill();
});

Deno.test("ask() is answered in the actor's own time, also after the turn", async () => {
  const clock = manualClock();
  const kept: ReplyTo<string>[] = [];
  const ref = spawn<{ reply: ReplyTo<string> }>(() => ({
    receive: ({ reply }) => void kept.push(reply),
  }), { clock });
  const answer = ref.ask<string>((reply) => ({ reply }));
  await clock.settle();
  assertEquals(clock.pendingTimers, 1);
  kept[0]("later");
  assertEquals(await answer, "later");
  await clock.settle();
  assertEquals(clock.pendingTimers, 0);
  await ref.stop();
});

Deno.test("ask() times out on the actor's clock, and a late reply does nothing", async () => {
  const clock = manualClock();
  const kept: ReplyTo<string>[] = [];
  const ref = spawn<ReplyTo<string>>(
    () => ({ receive: (r) => void kept.push(r) }),
    { clock },
  );
  const late = assertRejects(
    () => ref.ask((r) => r, { timeoutMs: 30 }),
    AskTimeoutError,
  );
  await clock.advance(30);
  await late;
  kept[0]("too late");
  kept[0].fail(new Error("too late"));
  await clock.settle();
  await clock.settle();
  assertEquals(clock.pendingTimers, 0);
  await ref.stop();
});

Deno.test("ask() is refused by an actor that stops before it takes the question", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<void>();
  const ref = spawn<ReplyTo<string> | "wait">(() => ({
    receive: (m) => m === "wait" ? gate.promise : m("answer"),
  }), { clock });
  ref.tell("wait");
  await clock.settle();
  const answer = assertRejects(() => ref.ask((r) => r), ActorStoppedError);
  const stopped = ref.stop();
  gate.resolve();
  assertEquals(await stopped, { kind: "shutdown" });
  await answer;
  await clock.settle();
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("ask() can still be answered by the turn under way while the actor stops", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<void>();
  const ref = spawn<ReplyTo<string>>(() => ({
    receive: async (r) => {
      await gate.promise;
      r("last words");
    },
  }), { clock });
  const answer = ref.ask<string>((r) => r);
  await clock.settle();
  const stopped = ref.stop();
  gate.resolve();
  assertEquals(await answer, "last words");
  await stopped;
  await clock.settle();
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("ask() is refused by an actor that stops after it took the question and never answers", async () => {
  const clock = manualClock();
  const ref = spawn<ReplyTo<string>>(() => ({ receive() {} }), { clock });
  const answer = assertRejects(() => ref.ask((r) => r), ActorStoppedError);
  await clock.settle();
  await ref.stop();
  await answer;
  await clock.settle();
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("ask() and deliver() to an actor that has ended are refused, and tell says so", async () => {
  const clock = manualClock();
  const ref = spawn<ReplyTo<string>>(() => ({ receive() {} }), { clock });
  await ref.stop();
  await assertRejects(() => ref.ask((r) => r), ActorStoppedError);
  await assertRejects(
    () => ref.deliver((() => {}) as unknown as ReplyTo<string>),
    ActorStoppedError,
  );
  assertEquals(ref.tell((() => {}) as unknown as ReplyTo<string>), "stopped");
  await clock.settle();
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("ask() is refused at once when the turn that takes the question crashes, with the crash as cause", async () => {
  const clock = manualClock();
  const ref = spawn<{ reply: ReplyTo<string>; fail: boolean }>(() => ({
    receive({ reply, fail }) {
      if (fail) throw new Error("boom");
      reply("fine");
    },
  }), { clock, restart: {} });
  const bad = ref.ask<string>((reply) => ({ reply, fail: true }));
  const good = ref.ask<string>((reply) => ({ reply, fail: false }));
  const error = await assertRejects(() => bad, ActorStoppedError, "crashed");
  assertEquals((error.cause as Error).message, "boom");
  assertEquals(await good, "fine");
  await clock.settle();
  assertEquals(clock.pendingTimers, 0);
  await ref.stop();
});

Deno.test("ask() of a full mailbox is refused", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<void>();
  const ref = spawn<ReplyTo<string> | "wait">(
    () => ({ receive: () => gate.promise }),
    { clock, mailbox: { capacity: 1 } },
  );
  ref.tell("wait");
  await clock.settle();
  ref.tell("wait");
  await assertRejects(() => ref.ask((r) => r), MailboxFullError);
  gate.resolve();
  await ref.stop();
  await clock.settle();
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("ask() is refused at once when its question is discarded for a later message", async () => {
  const clock = manualClock();
  const gate = Promise.withResolvers<void>();
  const ref = spawn<ReplyTo<string> | "wait">(
    () => ({ receive: () => gate.promise }),
    { clock, mailbox: { capacity: 1, overflow: "dropOldest" } },
  );
  ref.tell("wait");
  await clock.settle();
  const discarded = assertRejects(() => ref.ask((r) => r), MailboxFullError);
  ref.tell("wait");
  await discarded;
  gate.resolve();
  await ref.stop();
  await clock.settle();
  assertEquals(clock.pendingTimers, 0);
});

/** What a handler can give that fails when somebody looks at it. */
function trap(property: string): never {
  return {
    get [property]() {
      throw new Error(`looked at ${property}`);
    },
  } as never;
}

for (
  const { what, factory, message } of [
    {
      what: "a factory that returns an object without prototype",
      factory: () => Object.create(null),
      message: "current value is an object without it",
    },
    {
      what: "a factory that returns a symbol",
      factory: () => Symbol("no behaviour") as never,
      message: "current value is Symbol(no behaviour)",
    },
    {
      what: "a factory that promises an object without prototype",
      factory: () => Promise.resolve(Object.create(null)),
      message: "current value is an object without it",
    },
    {
      what: "a factory whose object fails when it is asked for 'receive'",
      factory: () => trap("receive"),
      message: "looked at receive",
    },
    {
      what: "a factory whose object fails when it is asked for 'then'",
      factory: () => trap("then"),
      message: "looked at then",
    },
    {
      what: "a turn whose result fails when it is asked for 'then'",
      factory: () => ({ receive: () => trap("then") }),
      message: "looked at then",
    },
    {
      what: "an end whose result fails when it is asked for 'then'",
      factory: (context: ActorContext<string>) => ({
        receive: () => context.stop(),
        stopped: () => trap("then"),
      }),
      message: "looked at then",
    },
  ]
) {
  Deno.test(`${what} is a crash of its actor, and no other notices`, async () => {
    const clock = manualClock();
    const ref = spawn<string>(factory, { clock });
    ref.tell("message");
    const other = spawn<ReplyTo<string>>(() => ({
      receive: (reply) => reply("here"),
    }), { clock });
    const answer = other.ask<string>((reply) => reply);
    await clock.settle();
    assertEquals(ref.phase, "stopped");
    const reason = await ref.exited;
    assert(reason.kind === "failed");
    assertStringIncludes((reason.error as Error).message, message);
    assertEquals(await answer, "here");
    await other.stop();
  });
}

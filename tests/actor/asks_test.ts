import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ActorStoppedError,
  AskTimeoutError,
  MailboxFullError,
} from "../../src/errors.ts";
import { Asks, type ReplyTo, type TellVerdict } from "../../src/actor/mod.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { watchedSignal } from "./watched_signal.ts";

type Question = { reply: ReplyTo<number> };

function setup(verdict: TellVerdict = "accepted") {
  const clock = manualClock();
  const asks = new Asks("oracle", clock);
  const sent: Question[] = [];
  const tell = (message: Question): TellVerdict => {
    sent.push(message);
    return verdict;
  };
  const ask = (options?: { timeoutMs?: number; signal?: AbortSignal }) =>
    asks.ask<Question, number>(tell, (reply) => ({ reply }), options);
  /** Whatever the outcome: nothing is left behind. */
  const clean = async () => {
    assertEquals(asks.size, 0);
    await clock.settle();
    assertEquals(clock.pendingTimers, 0);
  };
  return { clock, asks, sent, tell, ask, clean };
}

Deno.test("Asks.ask() resolves with the reply", async () => {
  const { ask, sent, clock, clean } = setup();
  const answer = ask();
  assertEquals(clock.pendingTimers, 1);
  sent[0].reply(42);
  assertEquals(await answer, 42);
  await clean();
});

Deno.test("Asks.ask() resolves with a reply given inside tell", async () => {
  const { asks, clean } = setup();
  const answer = asks.ask<Question, number>((message) => {
    message.reply(7);
    return "accepted";
  }, (reply) => ({ reply }));
  assertEquals(await answer, 7);
  await clean();
});

Deno.test("Asks.ask() rejects with what reply.fail() was given", async () => {
  const { ask, sent, clean } = setup();
  const answer = ask();
  sent[0].reply.fail(new Error("no idea"));
  await assertRejects(() => answer, Error, "no idea");
  await clean();
});

Deno.test("Asks.ask() keeps the first of several replies", async () => {
  const { ask, sent, clean } = setup();
  const answer = ask();
  sent[0].reply(1);
  sent[0].reply(2);
  sent[0].reply.fail(new Error("too late"));
  assertEquals(await answer, 1);
  await clean();
});

Deno.test("Asks.ask() rejects with AskTimeoutError at its deadline, 5 s unless told", async () => {
  const { ask, sent, clock, clean } = setup();
  let outcome: unknown = "waiting";
  const answer = ask().catch((error) => outcome = error);
  await clock.advance(4_999);
  assertEquals(outcome, "waiting");
  await clock.advance(1);
  await answer;
  assert(outcome instanceof AskTimeoutError);
  assertEquals(outcome.afterMs, 5_000);
  await clean();
  sent[0].reply(1);
  const quick = ask({ timeoutMs: 10 });
  const refused = assertRejects(() => quick, AskTimeoutError, "within 10 ms");
  await clock.advance(10);
  await refused;
  await clean();
});

Deno.test("Asks.ask() rejects with the signal's reason", async () => {
  const { ask, sent, clean } = setup();
  const controller = new AbortController();
  const answer = ask({ signal: controller.signal });
  controller.abort(new Error("never mind"));
  await assertRejects(() => answer, Error, "never mind");
  await clean();
  assertEquals(sent.length, 1);
  await assertRejects(
    () => ask({ signal: controller.signal }),
    Error,
    "never mind",
  );
  assertEquals(sent.length, 1);
  await clean();
});

for (
  const [verdict, type] of [
    ["full", MailboxFullError],
    ["dropped", MailboxFullError],
    ["stopped", ActorStoppedError],
  ] as const
) {
  Deno.test(`Asks.ask() rejects with ${type.name} when tell says "${verdict}"`, async () => {
    const { ask, clean } = setup(verdict);
    await assertRejects(() => ask(), type, "oracle");
    await clean();
  });
}

Deno.test("Asks.ask() may be answered in any order, with others asked in between", async () => {
  for (const order of ["012", "021", "102", "120", "201", "210"]) {
    const { ask, asks, sent, clean } = setup();
    const answers = [ask(), ask(), ask()];
    sent[Number(order[0])].reply(1);
    assertEquals(asks.size, 2);
    answers.push(ask());
    sent[Number(order[1])].reply(2);
    asks.fail(sent[Number(order[2])], new Error("boom"));
    assertEquals(asks.size, 1);
    answers.push(ask());
    asks.close();
    const outcomes = await Promise.allSettled(answers);
    const seen = outcomes.map((o) =>
      o.status === "fulfilled" ? o.value : o.reason.cause?.message ?? "stopped"
    );
    const expected: unknown[] = ["", "", "", "stopped", "stopped"];
    expected[Number(order[0])] = 1;
    expected[Number(order[1])] = 2;
    expected[Number(order[2])] = "boom";
    assertEquals(seen, expected, order);
    await clean();
  }
});

Deno.test("Asks.close() rejects all that wait", async () => {
  const { ask, asks, sent, clean } = setup();
  const [a, b] = [ask(), ask()];
  asks.close();
  await assertRejects(() => a, ActorStoppedError, "it has stopped");
  await assertRejects(() => b, ActorStoppedError, "it has stopped");
  sent[0].reply(1);
  await clean();
});

Deno.test("Asks.fail() rejects the question that the failed turn had taken, with the failure as cause", async () => {
  const { ask, asks, sent, clean } = setup();
  const [a, b] = [ask(), ask()];
  asks.fail(sent[0], new Error("boom"));
  const error = await assertRejects(() => a, ActorStoppedError, "crashed");
  assertEquals((error.cause as Error).message, "boom");
  sent[1].reply(2);
  assertEquals(await b, 2);
  await clean();
});

for (const timeoutMs of [0, -1, NaN, Infinity]) {
  Deno.test(`Asks.ask() refuses timeoutMs ${timeoutMs}`, async () => {
    const { ask, sent, clean } = setup();
    await assertRejects(
      () => ask({ timeoutMs }),
      RangeError,
      `'timeoutMs' must be a positive number, current value is ${timeoutMs}`,
    );
    await assertRejects(
      () => ask({ timeoutMs: "5" as never }),
      RangeError,
      'current value is "5"',
    );
    assertEquals(sent, []);
    await clean();
  });
}

Deno.test("Asks.ask() rejects with what make throws, and sends nothing", async () => {
  const { asks, tell, sent, clean } = setup();
  await assertRejects(
    () =>
      asks.ask<Question, number>(tell, () => {
        throw new Error("no question");
      }),
    Error,
    "no question",
  );
  assertEquals(sent, []);
  await clean();
});

Deno.test("Asks.ask() whose make answers by itself sends nothing", async () => {
  const { asks, tell, sent, clean } = setup();
  const answer = await asks.ask<Question, number>(tell, (reply) => {
    reply(5);
    return { reply };
  });
  assertEquals(answer, 5);
  assertEquals(sent, []);
  await clean();
});

Deno.test("Asks.ask() lets go of its signal when it is answered", async () => {
  const { ask, sent, clean } = setup();
  const { signal, listeners } = watchedSignal();
  const answer = ask({ signal });
  assertEquals(listeners(), 1);
  sent[0].reply(1);
  await answer;
  assertEquals(listeners(), 0);
  await clean();
});

Deno.test("Asks.ask() shares one timer, set to the earliest deadline, among all that wait", async () => {
  const { ask, sent, clock, clean } = setup();
  const outcomes: string[] = [];
  const watch = (name: string, timeoutMs: number) =>
    ask({ timeoutMs }).then(
      (value) => outcomes.push(`${name} got ${value}`),
      (error) => outcomes.push(`${name}: ${error.afterMs} ms`),
    );
  watch("long", 100);
  watch("short", 30);
  watch("same", 30);
  watch("answered", 20);
  watch("longest", 200);
  assertEquals(clock.pendingTimers, 1);
  sent[3].reply(1);
  await clock.advance(29);
  assertEquals(outcomes, ["answered got 1"]);
  await clock.advance(1);
  assertEquals(outcomes.slice(1), ["short: 30 ms", "same: 30 ms"]);
  assertEquals(clock.pendingTimers, 1);
  await clock.advance(70);
  assertEquals(outcomes.slice(3), ["long: 100 ms"]);
  await clock.advance(100);
  assertEquals(outcomes.slice(4), ["longest: 200 ms"]);
  await clean();
});

Deno.test("Asks.ask() lets its timer go one task after the last answer, and not when another question came", async () => {
  const { ask, sent, clock, clean } = setup();
  const one = ask();
  sent[0].reply(1);
  await one;
  assertEquals(clock.pendingTimers, 1);
  const two = ask();
  await clock.settle();
  assertEquals(clock.pendingTimers, 1);
  sent[1].reply(2);
  await two;
  await clean();
  const three = ask();
  assertEquals(clock.pendingTimers, 1);
  sent[2].reply(3);
  await three;
  await clean();
});

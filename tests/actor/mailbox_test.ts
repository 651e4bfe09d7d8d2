import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ActorStoppedError } from "../../src/errors.ts";
import { Mailbox, type TellVerdict } from "../../src/actor/mod.ts";
import { watchedSignal } from "./watched_signal.ts";

function drain<M>(mailbox: Mailbox<M>): M[] {
  const out: M[] = [];
  while (mailbox.size > 0) out.push(mailbox.shift());
  return out;
}

Deno.test("Mailbox gives back what was told, in order, across growth and wrap-around", () => {
  const mailbox = new Mailbox<number>("m", { capacity: 100 });
  const seen: number[] = [];
  let next = 0;
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < round % 13 + 1; i++) {
      if (mailbox.size < 100) mailbox.tell(next++);
    }
    for (let i = 0; i < round % 7 && mailbox.size > 0; i++) {
      seen.push(mailbox.shift());
    }
  }
  seen.push(...drain(mailbox));
  assertEquals(seen, Array.from({ length: next }, (_, i) => i));
});

Deno.test("Mailbox is first in, first out for every coming and going, also of undefined", () => {
  // Above 0: so many come; below: so many go.
  const moves = fc.array(fc.integer({ min: -80, max: 80 }), { maxLength: 60 });
  fc.assert(fc.property(moves, (moves) => {
    const mailbox = new Mailbox<number | undefined>("m", {
      capacity: Infinity,
    });
    const model: (number | undefined)[] = [];
    let next = 0;
    for (const move of moves) {
      for (let i = 0; i < move; i++) {
        const message = next++ % 3 === 0 ? undefined : next;
        assertEquals(mailbox.tell(message), "accepted");
        model.push(message);
      }
      for (let i = move; i < 0 && model.length > 0; i++) {
        assertEquals(mailbox.shift(), model.shift());
      }
      assertEquals(mailbox.size, model.length);
    }
    assertEquals(drain(mailbox), model);
  }));
});

const FULL: [
  "reject" | "dropNewest" | "dropOldest",
  TellVerdict,
  number[],
  number,
][] = [
  ["reject", "full", [1, 2], 0],
  ["dropNewest", "dropped", [1, 2], 1],
  ["dropOldest", "accepted", [2, 3], 1],
];
for (const [overflow, verdict, left, dropped] of FULL) {
  Deno.test(`Mailbox.tell() on a full mailbox with overflow "${overflow}" says "${verdict}"`, () => {
    const mailbox = new Mailbox<number>("m", { capacity: 2, overflow });
    let drops = 0;
    mailbox.onDrop = (count) => drops += count;
    assertEquals(mailbox.tell(1), "accepted");
    assertEquals(mailbox.tell(2), "accepted");
    assertEquals(mailbox.tell(3), verdict);
    assertEquals(mailbox.size, 2);
    assertEquals(drops, dropped);
    assertEquals(drain(mailbox), left);
  });
}

Deno.test("Mailbox.onMail is called once per message that comes into an empty mailbox", () => {
  const mailbox = new Mailbox<number>("m");
  let calls = 0;
  mailbox.onMail = () => calls++;
  mailbox.tell(1);
  mailbox.tell(2);
  assertEquals(calls, 1);
  drain(mailbox);
  void mailbox.deliver(3);
  assertEquals(calls, 2);
});

Deno.test("Mailbox.deliver() waits for room and gets in behind the rest", async () => {
  const mailbox = new Mailbox<string>("m", { capacity: 1 });
  mailbox.tell("a");
  const order: string[] = [];
  const b = mailbox.deliver("b").then(() => order.push("b in"));
  const c = mailbox.deliver("c").then(() => order.push("c in"));
  assertEquals(mailbox.size, 1);
  assertEquals(mailbox.shift(), "a");
  await b;
  assertEquals(order, ["b in"]);
  assertEquals(mailbox.size, 1);
  assertEquals(mailbox.shift(), "b");
  await c;
  assertEquals(mailbox.shift(), "c");
  assertEquals(mailbox.size, 0);
});

for (
  const [overflow, verdict] of [
    ["reject", "full"],
    ["dropNewest", "dropped"],
    ["dropOldest", "full"],
  ] as const
) {
  Deno.test(`Mailbox.tell() with overflow "${overflow}" does not overtake a waiting deliver()`, async () => {
    const mailbox = new Mailbox<string>("m", { capacity: 1, overflow });
    mailbox.tell("a");
    const b = mailbox.deliver("b");
    assertEquals(mailbox.tell("c"), verdict);
    assertEquals(mailbox.shift(), "a");
    await b;
    assertEquals(drain(mailbox), ["b"]);
  });
}

Deno.test("Mailbox.deliver() that is aborted rejects with the signal's reason and never gets in", async () => {
  const mailbox = new Mailbox<string>("m", { capacity: 1 });
  mailbox.tell("a");
  const first = new AbortController();
  const middle = new AbortController();
  const b = mailbox.deliver("b", { signal: first.signal });
  const c = mailbox.deliver("c", { signal: middle.signal });
  const d = mailbox.deliver("d");
  middle.abort(new Error("changed my mind"));
  await assertRejects(() => c, Error, "changed my mind");
  first.abort(new Error("so did I"));
  await assertRejects(() => b, Error, "so did I");
  mailbox.shift();
  await d;
  assertEquals(drain(mailbox), ["d"]);
  await assertRejects(
    () => mailbox.deliver("e", { signal: first.signal }),
    Error,
    "so did I",
  );
  assertEquals(mailbox.size, 0);
});

Deno.test("Mailbox.deliver() does not listen to its signal after it got in, or was refused", async () => {
  const mailbox = new Mailbox<string>("m", { capacity: 1 });
  const { signal, listeners } = watchedSignal();
  mailbox.tell("a");
  const b = mailbox.deliver("b", { signal });
  const c = mailbox.deliver("c", { signal });
  assertEquals(listeners(), 2);
  mailbox.shift();
  await b;
  assertEquals(listeners(), 1);
  mailbox.close();
  await assertRejects(() => c, ActorStoppedError);
  assertEquals(listeners(), 0);
});

Deno.test("Mailbox.close() discards what waits, refuses who waits and who comes later", async () => {
  const mailbox = new Mailbox<string>("postman", { capacity: 1 });
  let drops = 0;
  mailbox.onDrop = (count) => drops += count;
  mailbox.tell("a");
  const b = mailbox.deliver("b");
  const c = mailbox.deliver("c");
  mailbox.close();
  mailbox.close();
  await assertRejects(() => b, ActorStoppedError, "postman");
  await assertRejects(() => c, ActorStoppedError, "postman");
  assertEquals(mailbox.size, 0);
  assertEquals(mailbox.tell("d"), "stopped");
  await assertRejects(() => mailbox.deliver("e"), ActorStoppedError);
  assertEquals(drops, 0);
});

for (const capacity of [0, -1, 1.5, NaN, -Infinity]) {
  Deno.test(`Mailbox refuses capacity ${capacity}`, () => {
    assertThrows(
      () => new Mailbox("m", { capacity }),
      RangeError,
      `'capacity' must be a positive integer or Infinity, current value is ${capacity}`,
    );
  });
}

Deno.test("Mailbox refuses an unknown overflow rule", () => {
  assertThrows(
    () => new Mailbox("m", { overflow: "explode" as "reject" }),
    RangeError,
    "'overflow' must be one of reject, dropNewest, dropOldest, current value is \"explode\"",
  );
});

Deno.test("Mailbox of capacity Infinity takes everything", () => {
  const mailbox = new Mailbox<number>("m", { capacity: Infinity });
  for (let i = 0; i < 10_000; i++) assertEquals(mailbox.tell(i), "accepted");
  assertEquals(drain(mailbox).length, 10_000);
});

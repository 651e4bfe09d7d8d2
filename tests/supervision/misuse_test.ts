/** Mistakes that types would find, and that run all the same where nobody looks at types: each is told at the call. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { actorChild, spawn, supervise } from "../../actor.ts";
import { idle } from "./foreign.ts";

const factory = () => ({ receive() {} });

Deno.test("supervise() refuses what are no children, and starts nothing", async () => {
  await using ref = spawn(factory, { name: "worker" });
  let started = false;
  const first = idle("first", {
    start() {
      started = true;
      throw new Error("not to be started");
    },
  });
  const wrong: [unknown, string][] = [
    [
      undefined,
      'Cannot make supervisor "supervisor": its children must be an array, current value is undefined',
    ],
    [
      first,
      'Cannot make supervisor "supervisor": its children must be an array, current value is of type Object',
    ],
    [
      [first, undefined],
      "Cannot add child: it must be an object with 'name' and 'start', current value is undefined",
    ],
    [
      [first, factory],
      "Cannot add child: it must be an object with 'name' and 'start', current value is of type Function",
    ],
    [
      [first, {}],
      "Cannot add child: 'name' must be a string, current value is undefined",
    ],
    [
      [first, { name: "a", start: "now" }],
      'Cannot add child "a": \'start\' must be a function, current value is "now"',
    ],
    [
      [first, ref],
      "Cannot add child \"worker\": 'start' must be a function, current value is undefined (what runs already is no child; see actorChild)",
    ],
  ];
  for (const [children, message] of wrong) {
    const error = await assertRejects(
      () => supervise(children as never),
      TypeError,
    );
    assertEquals(error.message, message);
  }
  assertEquals(started, false);
});

Deno.test("Supervisor.add() refuses what is no child", async () => {
  await using tree = await supervise([]);
  for (const spec of [undefined, null, "a", {}, { name: "a" }] as never[]) {
    await assertRejects(() => tree.add(spec), TypeError, "Cannot add child");
  }
  assertEquals(tree.children, []);
});

const OPTIONS: [Record<string, unknown>, string][] = [
  [{ onEvent: "x" }, "'onEvent' must be a function, current value is \"x\""],
  [{ onEvent: null }, "'onEvent' must be a function, current value is null"],
  [{ mailbox: 5 }, "'mailbox' must be an object, current value is 5"],
  [{ mailbox: null }, "'mailbox' must be an object, current value is null"],
];
const RESTART: [Record<string, unknown>, string][] = [
  [{ restart: true }, "the limits must be an object, current value is true"],
  [{ restart: null }, "the limits must be an object, current value is null"],
  [{ restart: false }, "the limits must be an object, current value is false"],
  [
    { restart: { backoff: 5 } },
    "'backoff' must be an object, current value is 5",
  ],
];
for (const [options, message] of [...OPTIONS, ...RESTART]) {
  Deno.test(`spawn() refuses ${JSON.stringify(options)}`, () => {
    assertThrows(() => spawn(factory, options), TypeError, message);
  });
}
for (const [options, message] of OPTIONS) {
  Deno.test(`actorChild() refuses ${JSON.stringify(options)}`, () => {
    assertThrows(() => actorChild("a", factory, options), TypeError, message);
  });
}

Deno.test("supervise() refuses an 'onEvent' that is no function", async () => {
  await assertRejects(
    () => supervise([], { onEvent: "x" as never }),
    TypeError,
    "'onEvent' must be a function, current value is \"x\"",
  );
});

Deno.test("spawn() and actorChild() refuse a factory that is no function", () => {
  const message =
    'Cannot make actor "a": its factory must be a function, current value is of type Object';
  const behavior = factory() as never;
  assertThrows(() => spawn(behavior, { name: "a" }), TypeError, message);
  assertThrows(() => actorChild("a", behavior), TypeError, message);
});

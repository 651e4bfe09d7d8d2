/** What `connect` leaves behind when it is called off or fails: nothing. What it refuses before it begins, as servers do. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { connect, connectionChild, lines, serve } from "../../mod.ts";
import { memoryPair } from "../../testing.ts";
import { serveUdp } from "../../udp.ts";

/** A network whose streams remember whether they were closed. */
function watched() {
  const [near, far] = memoryPair();
  let isClosed = false;
  const close = near.close.bind(near);
  near.close = () => {
    isClosed = true;
    close();
  };
  const dialled = Promise.withResolvers<typeof near>();
  const network = {
    listen: () => {
      throw new Error("nobody listens here");
    },
    connect: () => dialled.promise,
  };
  return { network, near, far, dialled, isClosed: () => isClosed };
}

// However many steps the call still takes when the network has connected, each is one in which it may be called off.
for (let steps = 0; steps < 16; steps++) {
  Deno.test(`connect() whose signal aborts ${steps} microtasks after the network has connected leaves nothing open`, async () => {
    const { network, near, far, dialled, isClosed } = watched();
    const control = new AbortController();
    const connected = connect({
      transport: "custom",
      network,
      codec: lines(),
      signal: control.signal,
    });
    dialled.resolve(near);
    for (let i = 0; i < steps; i++) await undefined;
    control.abort(new Error("called off"));
    const [outcome] = await Promise.allSettled([connected]);
    if (outcome.status === "fulfilled") {
      assertEquals(await outcome.value.closed, { by: "shutdown" });
    } else assertEquals(outcome.reason.message, "called off");
    assertEquals(isClosed(), true);
    far.close();
  });
}

Deno.test("connect() with a codec that gives no decoder leaves nothing open", async () => {
  const { network, near, far, dialled, isClosed } = watched();
  dialled.resolve(near);
  const codec = {
    ...lines(),
    decoder() {
      throw new Error("no decoder");
    },
  };
  await assertRejects(
    () => connect({ transport: "custom", network, codec }),
    Error,
    "no decoder",
  );
  assertEquals(isClosed(), true);
  far.close();
});

Deno.test("connectionChild() needs a handler, as nobody else could read", () => {
  assertThrows(
    () => connectionChild("c", { port: 1, codec: lines() }, undefined as never),
    TypeError,
    "'handler' must be a function, called anew for each connection or peer: current value is undefined",
  );
});

Deno.test("connectionChild() refuses delays that are no options", () => {
  for (const reconnect of [5, "100", true, null] as never[]) {
    assertThrows(
      () =>
        connectionChild(
          "c",
          { port: 1, codec: lines(), reconnect },
          () => ({ frame() {} }),
        ),
      TypeError,
      "Cannot use options: 'reconnect' must be an object: current value is ",
    );
  }
});

/** What a program that is not type-checked may hand in, and what it is told. */
const nonsense = [
  { part: { codec: undefined }, words: "'codec' must be a codec" },
  { part: { codec: lines }, words: "of type Function (call it: lines())" },
  { part: { signal: {} }, words: "'signal' must be an AbortSignal" },
  { part: { handler: { frame() {} } }, words: "'handler' must be a function" },
  { part: { onEvent: "x" }, words: "'onEvent' must be a function" },
  { part: { mailbox: 5 }, words: "'mailbox' must be an object" },
  { part: { restart: true }, words: "the limits must be an object" },
] as const;

for (const { part, words } of nonsense) {
  Deno.test(`serve(), connect(), connectionChild() and serveUdp() open nothing where ${words}`, async () => {
    const handler = () => ({ frame() {} });
    const options = { port: 0, codec: lines(), handler, ...part } as never;
    const given = "handler" in part ? part.handler : handler;
    const use = given as typeof handler;
    assertThrows(() => serve(options, use), TypeError, words);
    assertThrows(() => serveUdp(options, use), TypeError, words);
    assertThrows(
      () => connectionChild("child", options, use),
      TypeError,
      words,
    );
    await assertRejects(() => connect(options, use), TypeError, words);
  });
}

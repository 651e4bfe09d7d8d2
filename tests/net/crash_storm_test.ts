/**
 * Five seconds of 200 connections whose handlers fail on one frame in a hundred, at random. What is measured is
 * the server's process, so that nothing of the clients is in the numbers.
 */

import { assert, assertEquals } from "@std/assert";
import { connect, lines } from "../../mod.ts";
import { startChild } from "../support/child.ts";
import { isPoison } from "../support/poison.ts";
import type { Held } from "../support/storm_server.ts";

const CONNECTIONS = 200;
/** How long there is load. No assertion is about it. */
const STORM_MS = 5_000;
/** Unanswered lines of one connection: enough that turns come many at a time. */
const IN_FLIGHT = 100;

/** Asks until `untilMs` and checks every answer; gives how many lines it sent, and how many of them were poison. */
async function weather(
  port: number,
  name: string,
  untilMs: number,
): Promise<{ sent: number; poison: number }> {
  await using client = await connect({ port, codec: lines() });
  const text = (i: number) => `${name} ${i}`;
  let sent = 0;
  let next = 0;
  let poison = 0;
  let wake: () => void = () => {};
  const passPoison = () => {
    while (next < sent && isPoison(text(next))) {
      next++;
      poison++;
    }
  };
  const reading = (async () => {
    for await (const line of client) {
      passPoison();
      if (next === sent || line !== text(next)) {
        throw new Error(`"${line}" came instead of "${text(next)}"`);
      }
      next++;
      wake();
    }
    passPoison();
  })();
  let isOver = false;
  const end = () => {
    isOver = true;
    wake();
  };
  reading.then(end, end);
  while (!isOver && performance.now() < untilMs) {
    while (sent - next < IN_FLIGHT) client.send(text(sent++));
    await new Promise<void>((resolve) => wake = resolve);
  }
  await client.endWrite();
  await reading;
  assertEquals(next, sent, "the last answers are missing");
  return { sent, poison };
}

async function storm(port: number, durationMs: number) {
  const untilMs = performance.now() + durationMs;
  // Another poison each time: the name is part of the line.
  const salt = crypto.randomUUID();
  const all = await Promise.all(
    Array.from(
      { length: CONNECTIONS },
      (_, i) => weather(port, `${salt} ${i}`, untilMs),
    ),
  );
  return {
    sent: all.reduce((sum, { sent }) => sum + sent, 0),
    poison: all.reduce((sum, { poison }) => sum + poison, 0),
  };
}

async function measure(port: number): Promise<Held> {
  await using client = await connect({ port, codec: lines() });
  client.send("measure");
  for await (const line of client) return JSON.parse(line);
  throw new Error("the server did not answer");
}

Deno.test("crash storm: 200 connections, 1 frame in 100 crashes its handler for 5 s; all others are answered in order, and no timer, descriptor or memory is kept", async () => {
  await using server = startChild(Deno.execPath(), [
    "run",
    "--quiet",
    "--allow-all",
    "--v8-flags=--expose-gc",
    new URL("../support/storm_server.ts", import.meta.url).pathname,
  ]);
  const port = Number(await server.line());
  // What a process keeps for good, such as compiled code, is there after a small storm.
  await storm(port, STORM_MS / 5);
  const before = await measure(port);
  const { sent, poison } = await storm(port, STORM_MS);
  const after = await measure(port);

  assert(sent > CONNECTIONS * IN_FLIGHT, `only ${sent} lines were sent`);
  assertEquals(after.crashes - before.crashes, poison);
  assert(poison > sent / 200, `only ${poison} of ${sent} lines were poison`);
  assertEquals(
    [after.timers, after.descriptors],
    [before.timers, before.descriptors],
  );
  // Some of it is code that was compiled meanwhile; an error that is kept has a thousand bytes, for each crash.
  const grown = after.heapBytes - before.heapBytes;
  assert(grown < 1_000_000, `the heap has grown by ${grown} bytes`);

  server.kill("SIGTERM");
  assertEquals((await server.status).code, 0);
});

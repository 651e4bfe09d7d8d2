/** Deadlines are looked at now and then: no timer is set, and no clock is read, for a frame. */

import { assert, assertEquals } from "@std/assert";
import { connect, lines, type NetEvent, serve } from "../../mod.ts";
import type { Clock } from "../../src/clock.ts";
import { manualClock, memoryNetwork } from "../../testing.ts";

Deno.test("10,000 frames over a connection with every deadline set arm no timer and read no clock of their own", async () => {
  const inner = manualClock();
  let timers = 0;
  let looks = 0;
  const clock: Clock = {
    now() {
      looks++;
      return inner.now();
    },
    after(delayMs, run) {
      timers++;
      return inner.after(delayMs, run);
    },
  };
  const network = memoryNetwork();
  const ends: string[] = [];
  const options = {
    transport: "custom",
    network,
    codec: lines(),
    clock,
    idleTimeoutMs: 1_000,
    frameTimeoutMs: 1_000,
    onEvent: (event: NetEvent) =>
      event.kind === "closed" && ends.push(event.reason.by),
  } as const;
  const server = serve(options, (connection) => ({
    frame: (line) => connection.send(line),
  }));
  const client = await connect(options);
  const answers = client[Symbol.asyncIterator]();
  const ask = async (line: string) => {
    client.send(line);
    assertEquals((await answers.next()).value, line);
  };
  await ask("first");
  const [timersBefore, looksBefore] = [timers, looks];
  for (let i = 0; i < 10_000; i++) await ask(String(i));
  assertEquals([timers - timersBefore, looks - looksBefore], [0, 0]);
  // They are looked at all the same.
  await inner.advance(1_250);
  await client.closed;
  assert(timers > timersBefore);
  const stopped = server.stop();
  await inner.settle();
  await stopped;
  // Whichever end looked first, the other one saw its peer leave.
  assertEquals(ends.toSorted(), ["idle", "peer"]);
  assertEquals(inner.pendingTimers, 0);
});

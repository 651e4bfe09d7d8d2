/**
 * What `tell` promises, for each of the four that have a mailbox: a message is served once or not at all, whatever
 * crashes and whatever is lost; one that was not accepted is never served; and those of one sender come in order.
 */

import { assert, assertEquals } from "@std/assert";
import {
  actorChild,
  type ActorRef,
  connect,
  connectionChild,
  lines,
  serve,
  spawn,
  supervise,
} from "../../mod.ts";
import { manualClock, memoryNetwork } from "../../testing.ts";
import { serveUdp } from "../../udp.ts";

const MESSAGES = 300;
/** Small, so that many of the messages find it full. */
const mailbox = { capacity: 16 };
const restart = { maxRestarts: Infinity };

/** A handler of messages that fails on every fifth: at once, or in the middle of a turn. */
function failing(served: number[]) {
  return (message: number): unknown => {
    served.push(message);
    if (message % 10 === 0) throw new Error("at once");
    if (message % 5 === 0) return Promise.reject(new Error("later"));
    return message % 3 === 0 ? Promise.resolve() : undefined;
  };
}

/** Tells `ref` all messages, some at a time, and compares what was accepted with what was served. */
async function check(ref: ActorRef<number>, served: number[]): Promise<void> {
  const accepted: number[] = [];
  for (let message = 1; message <= MESSAGES; message++) {
    if (ref.tell(message) === "accepted") accepted.push(message);
    if (message % 25 === 0) {
      while (ref.mailboxSize > 0 || ref.phase === "restarting") {
        assert(served.length <= accepted.length, `served twice: ${served}`);
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
  }
  assert(accepted.length < MESSAGES, "the mailbox was never full");
  assert(served.some((message) => message % 5 === 0), "nothing failed");
  assertEquals(served, accepted);
}

Deno.test("tell() to an actor: what was accepted is served once, in order, and the rest never, over every crash", async () => {
  const served: number[] = [];
  await using ref = spawn<number>(() => ({ receive: failing(served) }), {
    mailbox,
    restart,
  });
  await check(ref, served);
});

Deno.test("tell() to a supervised actor: what was accepted is served once, in order, and the rest never, over every crash", async () => {
  const served: number[] = [];
  const child = actorChild<number>("child", () => ({
    receive: failing(served),
  }), { mailbox });
  await using _tree = await supervise([child], restart);
  await check(child.ref, served);
});

Deno.test("tell() to a connection: what was accepted is served once, in order, and the rest never, over every crash", async () => {
  const served: number[] = [];
  const network = memoryNetwork();
  const where = { transport: "custom", network, codec: lines() } as const;
  await using server = serve<string, string, number>(
    { ...where, mailbox, restart },
    () => ({ frame() {}, message: failing(served) }),
  );
  await using _client = await connect(where);
  while (server.connections.size === 0) await Promise.resolve();
  const [connection] = server.connections.values();
  await check(connection, served);
});

Deno.test("tell() to a UDP peer: what was accepted is served once, in order, and the rest never, over every crash", async () => {
  const served: number[] = [];
  await using server = serveUdp<string, string, number>(
    { port: 0, codec: lines(), mailbox, restart },
    () => ({ frame() {}, message: failing(served) }),
  );
  const peer = server.peer({ hostname: "127.0.0.1", port: 9 });
  await check(peer, served);
});

Deno.test("tell() to a client that connects again: a message that was handed over when the connection broke is not sent twice", async () => {
  const clock = manualClock();
  const network = memoryNetwork();
  const served: number[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const where = { transport: "custom", network, codec: lines() } as const;
  await using server = serve({ ...where, clock }, () => ({ frame() {} }));
  const child = connectionChild<string, string, number>("client", {
    ...where,
    clock,
    graceMs: 0,
  }, () => ({
    frame() {},
    message(message) {
      served.push(message);
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      return gate.promise;
    },
  }));
  await using _tree = await supervise([child], { clock });
  for (const message of [1, 2, 3]) child.ref.tell(message);
  await clock.settle();
  assertEquals(served, [1]);
  for (const connection of server.connections.values()) connection.abort();
  // The first message's turn ends with the connection; the others wait for the next one.
  await clock.advance(60_000);
  while (gates.length > 0) {
    gates.shift()!.resolve();
    await clock.advance(1_000);
  }
  assertEquals(served, [1, 2, 3]);
});

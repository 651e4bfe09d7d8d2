/**
 * A server that tells each of its connections more than they ever read, in a process of its own so that its
 * memory can be measured. Prints its port; once all of COUNT peers are connected it floods them until each has
 * ended, and prints how by how many bytes its RSS grew at the most, and how often each error ended a connection.
 *
 *     deno run flood_server.ts COUNT MAX_OUTBOX_BYTES
 */

import { lines, serve } from "../../mod.ts";

const [count, maxOutboxBytes] = Deno.args.map(Number);
const line = "x".repeat(1_000);
const ends: Record<string, number> = {};
let open = 0;
const all = Promise.withResolvers<void>();

const server = serve<string, string, string>({
  port: 0,
  codec: lines({ maxFrameBytes: 2_000 }),
  maxOutboxBytes,
  // Never waits between turns, so that only the bound is left to hold it.
  highWaterBytes: maxOutboxBytes,
  onListen: (addr) => console.log((addr as Deno.NetAddr).port),
  onEvent(event) {
    if (event.kind === "opened" && ++open === count) all.resolve();
    if (event.kind !== "closed") return;
    const { reason } = event;
    const name = reason.by === "failure"
      ? (reason.error as Error).name
      : reason.by;
    ends[name] = (ends[name] ?? 0) + 1;
  },
}, (connection) => ({
  frame() {},
  message(text) {
    connection.send(text);
    connection.send(text);
  },
}));

await all.promise;
const { rss } = Deno.memoryUsage();
let most = 0;
// A gibibyte for each would be a million messages; far fewer are enough to meet the bound.
for (let i = 0; i < 200_000 && server.connections.size > 0; i++) {
  for (const connection of server.connections.values()) connection.tell(line);
  if (i % 100 === 0) {
    most = Math.max(most, Deno.memoryUsage().rss - rss);
    await new Promise((resolve) => setTimeout(resolve));
  }
}
console.log(JSON.stringify({ most, ends }));
await server.stop();

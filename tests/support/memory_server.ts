/**
 * An echo in a process of its own, so that its memory can be measured. Prints its port. Three frames are questions: "rss"
 * for its resident memory in bytes, after a collection (it wants `--v8-flags=--expose-gc`), "open" for its connections,
 * "bytesIn" for what it has read.
 *
 *     deno run --v8-flags=--expose-gc memory_server.ts
 */

import { lengthPrefixed, serve, text } from "../../mod.ts";

const { gc } = globalThis as unknown as { gc(): void };

const QUESTIONS: Record<string, () => number> = {
  rss() {
    gc();
    return Deno.memoryUsage().rss;
  },
  open: () => server.stats.open,
  bytesIn: () => server.stats.bytesIn,
};

const server = serve({
  port: 0,
  codec: text(lengthPrefixed()),
  onListen: (addr) => console.log((addr as Deno.NetAddr).port),
}, (connection) => ({
  frame: (line) => connection.send(String(QUESTIONS[line]?.() ?? line)),
}));
await server.exited;

/**
 * What 10,000 silent peers cost, and what is left of them when they have ended.
 *
 *     deno run --unstable-net --allow-net=127.0.0.1 --v8-flags=--expose-gc bench/udp/peers.ts
 *
 * @module
 */

import { lines } from "@packetboat/net";
import { type PeerHandler, serveUdp } from "@packetboat/net/udp";

const PEERS = 10_000;

const HANDLERS: Record<string, PeerHandler<string, string, never>> = {
  callbacks: (peer) => ({ frame: (line) => peer.send(line) }),
  script: async (peer) => {
    for await (const line of peer) peer.send(line);
  },
};

/** After everything that can be collected is. */
async function memory(): Promise<Deno.MemoryUsage> {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("Needs --v8-flags=--expose-gc");
  gc();
  await new Promise((resolve) => setTimeout(resolve, 50));
  gc();
  return Deno.memoryUsage();
}

for (const [name, handler] of Object.entries(HANDLERS)) {
  await using server = serveUdp({ port: 0, codec: lines() }, handler);
  const make = (count: number) => {
    for (let i = 0; i < count; i++) {
      server.peer({ hostname: `127.0.1.${1 + i % 250}`, port: 1_000 + i });
    }
  };
  const end = () => {
    for (const peer of server.peers.values()) peer.close();
  };
  // Compilers and tables have their fill before anything is measured.
  make(1_000);
  end();
  const before = await memory();
  make(PEERS);
  const full = await memory();
  end();
  const after = await memory();
  console.log(JSON.stringify({
    handler: name,
    heapBytesPerPeer: Math.round((full.heapUsed - before.heapUsed) / PEERS),
    residentBytesPerPeer: Math.round((full.rss - before.rss) / PEERS),
    leftOnHeapPerPeer: Math.round((after.heapUsed - before.heapUsed) / PEERS),
  }));
}

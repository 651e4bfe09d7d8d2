/** Ours with lines, as it comes: supervised, each line a string. Prints its port. */
import { lines, serve } from "@packetboat/net";

serve({
  port: 0,
  maxConnections: 100_000,
  codec: lines({ maxFrameBytes: 4 << 20 }),
  onListen: (addr) => console.log((addr as Deno.NetAddr).port),
}, (connection) => ({ frame: (line) => connection.send(line) }));

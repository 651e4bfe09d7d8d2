/** Ours as it comes: supervised, framed, frames to keep. Prints its port. */
import { lengthPrefixed, serve } from "@packetboat/net";

serve({
  port: 0,
  maxConnections: 100_000,
  codec: lengthPrefixed({ maxFrameBytes: 4 << 20 }),
  onListen: (addr) => console.log((addr as Deno.NetAddr).port),
}, (connection) => ({ frame: (bytes) => connection.send(bytes) }));

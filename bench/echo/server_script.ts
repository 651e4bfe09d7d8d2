/** Ours, the handler a script that loops over its frames. Prints its port. */
import { lengthPrefixed, serve } from "@packetboat/net";

serve({
  port: 0,
  codec: lengthPrefixed({ maxFrameBytes: 4 << 20 }),
  onListen: (addr) => console.log((addr as Deno.NetAddr).port),
}, async (connection) => {
  for await (const frame of connection) {
    if (!connection.send(frame)) await connection.drained();
  }
});

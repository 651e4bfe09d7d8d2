/** Ours with lines, the handler a script that loops over them. Prints its port. */
import { lines, serve } from "@packetboat/net";

serve({
  port: 0,
  codec: lines({ maxFrameBytes: 4 << 20 }),
  onListen: (addr) => console.log((addr as Deno.NetAddr).port),
}, async (connection) => {
  for await (const line of connection) {
    if (!connection.send(line)) await connection.drained();
  }
});

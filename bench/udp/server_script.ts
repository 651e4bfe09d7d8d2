/** Ours: a supervised script for each peer. Prints its port. */
import { datagram, serveUdp } from "@packetboat/net/udp";

const { addr } = serveUdp({ port: 0, codec: datagram() }, async (peer) => {
  for await (const bytes of peer) peer.send(bytes);
});
console.log((addr as Deno.NetAddr).port);

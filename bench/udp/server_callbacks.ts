/** Ours: a supervised actor for each peer, a callback for each frame. Prints its port. */
import { datagram, serveUdp } from "@packetboat/net/udp";

const { addr } = serveUdp({ port: 0, codec: datagram() }, (peer) => ({
  frame: (bytes) => peer.send(bytes),
}));
console.log((addr as Deno.NetAddr).port);

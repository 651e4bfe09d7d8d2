/** Ours: a supervised actor for each peer, a callback for each frame, whose memory is only lent. Prints its port. */
import { datagram, serveUdp } from "@packetboat/net/udp";

const { addr } = serveUdp(
  { port: 0, codec: datagram(), frames: "borrowed" },
  (peer) => ({
    frame: (bytes) => peer.send(bytes),
  }),
);
console.log((addr as Deno.NetAddr).port);

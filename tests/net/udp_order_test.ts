/** The order in which datagrams of one turn leave. */

import { assertEquals } from "@std/assert";
import { raw } from "../../mod.ts";
import { datagram, serveUdp } from "../../udp.ts";

Deno.test("send() keeps the order of one turn, also for the first datagrams of a socket", async () => {
  const sizes = [1, 20, 6_500, 18, 29, 2, 3, 4];
  for (let round = 0; round < 5; round++) {
    const seen: number[] = [];
    const all = Promise.withResolvers<void>();
    await using receiver = serveUdp({ port: 0, codec: datagram() }, () => ({
      frame(bytes) {
        if (seen.push(bytes.length) === sizes.length) all.resolve();
      },
    }));
    await using sender = serveUdp({ port: 0, codec: raw() }, () => ({
      frame() {},
    }));
    const { port } = receiver.addr as Deno.NetAddr;
    const peer = sender.peer({ hostname: "127.0.0.1", port });
    for (const size of sizes) peer.send(new Uint8Array(size));
    await all.promise;
    assertEquals(seen, sizes);
  }
});

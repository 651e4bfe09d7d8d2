/** What the last callback of a peer may do to its server: everything, also while the server ends or makes room. */

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ActorStoppedError, lines } from "../../mod.ts";
import { type Peer, serveUdp, type UdpServer } from "../../udp.ts";

type Server = UdpServer<string, string, never>;

/** The peer that is made first does this at its end; all tell what they hear. */
function serveFirst(
  maxPeers: number,
  closed: (server: Server) => void,
): { server: Server; heard: string[]; first: Promise<void> } {
  const heard: string[] = [];
  const first = Promise.withResolvers<void>();
  const server: Server = serveUdp<string>(
    { port: 0, codec: lines(), maxPeers },
    ({ id }) => ({
      frame(line) {
        heard.push(line);
        first.resolve();
      },
      closed: () => id === 1 ? closed(server) : undefined,
    }),
  );
  return { server, heard, first: first.promise };
}

const at = (port: number) => ({ hostname: "127.0.0.1", port });

for (const how of ["stop", "kill"] as const) {
  Deno.test(`a peer whose end is the server's ${how}() can make no other`, async () => {
    const { server } = serveFirst(10, (server) => {
      assertThrows(() => server.peer(at(10)), ActorStoppedError);
    });
    server.peer(at(9));
    void server[how]();
    assertEquals(server.peers.size, 0);
    await server.exited;
    assertEquals(server.peers.size, 0);
  });
}

Deno.test("a peer that makes room may make the one for which it does", async () => {
  let made: Peer<string> | undefined;
  const { server } = serveFirst(2, (server) => made = server.peer(at(11)));
  await using _ = server;
  server.peer(at(9));
  server.peer(at(10));
  assertStrictEquals(server.peer(at(11)), made);
  assertEquals([...server.peers.keys()], ["127.0.0.1:10", "127.0.0.1:11"]);
});

Deno.test("a peer that makes room may make the one whose datagram has just come, which is not lost", async () => {
  await using client: Server = serveUdp({ port: 0, codec: lines() }, () => ({
    frame() {},
  }));
  const { server, heard, first } = serveFirst(
    1,
    (server) => void server.peer(client.addr as Deno.NetAddr),
  );
  await using _ = server;
  server.peer(at(9));
  client.peer(server.addr as Deno.NetAddr).send("ahoy");
  await first;
  assertEquals(heard, ["ahoy"]);
  assertEquals([...server.peers.values()].map(({ id }) => id), [2]);
});

Deno.test("a peer that makes room may end the server: no other is made", async () => {
  for (const how of ["stop", "kill"] as const) {
    const { server } = serveFirst(1, (server) => void server[how]());
    server.peer(at(9));
    assertThrows(() => server.peer(at(10)), ActorStoppedError);
    await server.exited;
    assertEquals(server.peers.size, 0);
  }
});

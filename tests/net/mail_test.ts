/** Messages to handlers that take none: who is told, and what becomes of those that came while nobody knew. */

import { assertEquals, assertRejects } from "@std/assert";
import { connect, lines, MailboxFullError, serve } from "../../mod.ts";
import { memoryNetwork } from "../../testing.ts";
import type { PeerHandler } from "../../udp.ts";
import { open } from "./scripted_datagrams.ts";

Deno.test("ask() of a connection whose handler has no message callback names what is missing", async () => {
  const wire = {
    transport: "custom",
    network: memoryNetwork(),
    codec: lines(),
  } as const;
  const opened = Promise.withResolvers<void>();
  await using server = serve<string, string, unknown>(wire, () => {
    opened.resolve();
    return { frame() {} };
  });
  await using _client = await connect(wire);
  await opened.promise;
  const [connection] = server.connections.values();
  await assertRejects(
    () => connection.ask((reply) => reply),
    TypeError,
    "Cannot ask server#1: its handler has no 'message' callback",
  );
});

Deno.test("ask() of a connection is refused at once when its question is discarded for a later message", async () => {
  const wire = {
    transport: "custom",
    network: memoryNetwork(),
    codec: lines(),
  } as const;
  const gate = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  await using _server = serve(wire, () => ({ frame() {} }));
  await using client = await connect<string, string, unknown>(
    { ...wire, mailbox: { capacity: 1, overflow: "dropOldest" } },
    () => ({
      frame() {},
      message() {
        taken.resolve();
        return gate.promise;
      },
    }),
  );
  client.tell("busy");
  await taken.promise;
  const discarded = assertRejects(
    () => client.ask((reply) => reply),
    MailboxFullError,
    'Cannot ask "client": its mailbox is full',
  );
  client.tell("later");
  await discarded;
  gate.resolve();
});

type Handler = PeerHandler<string, string, unknown>;

const callbacks: Handler = () => ({
  frame() {
    throw new Error("as you wish");
  },
});

for (
  const { what, again } of [
    {
      what: "a handler without message callback",
      again: (() => ({ frame() {} })) as Handler,
    },
    {
      what: "a script",
      again: (() => new Promise<void>(() => {})) as Handler,
    },
  ]
) {
  Deno.test(`a peer that is restarted as ${what} drops the messages that came meanwhile, and goes on`, async () => {
    let handler: Handler = callbacks;
    const { server, socket, clock, of } = open<unknown>(
      ((peer) => handler(peer)) as Handler,
      { restart: { backoff: { minMs: 100, jitter: 0 } } },
    );
    socket.peer(5, "crash");
    await clock.settle();
    handler = again;
    const [peer] = server.peers.values();
    assertEquals(peer.phase, "restarting");
    assertEquals(peer.tell("nobody knows yet"), "accepted");
    const asked = assertRejects(
      () => peer.ask((reply) => reply),
      TypeError,
      "has no 'message' callback",
    );
    await clock.advance(100);
    await asked;
    assertEquals([peer.phase, peer.mailboxSize], ["running", 0]);
    assertEquals(of("crashed").length, 1, "what others send is no crash");
    assertEquals(
      of("dropped").map((event) => "count" in event && event.count),
      [2],
    );
    server.kill();
    await server.exited;
  });
}

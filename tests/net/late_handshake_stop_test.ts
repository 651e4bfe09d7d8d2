/** A server that stops while newcomers shake hands: they have connected before, so they are let in and served. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { lines, type NetEvent, serve } from "../../mod.ts";
import { manualClock } from "../../testing.ts";
import { tlsCertificate as tls } from "../support/tls_certificate.ts";

const needsTls = { ignore: tls === undefined };

/** A TLS echo, a newcomer that has not said anything yet, and waits for what becomes of them. */
async function start() {
  const clock = manualClock();
  const kinds: NetEvent["kind"][] = [];
  const server = serve({
    transport: "tls",
    port: 0,
    ...tls,
    codec: lines(),
    clock,
    graceMs: 5_000,
    handshakeTimeoutMs: 60_000,
    onEvent: ({ kind }) => kinds.push(kind),
  }, (connection) => ({ frame: (line) => connection.send(line) }));
  const { hostname, port } = server.addr as Deno.NetAddr;
  const newcomer = await Deno.connect({ hostname, port });
  let isOver = false;
  const exited = server.exited.finally(() => isOver = true);
  /** When the listener is closed, all that came before has been taken in. */
  const deaf = async () => {
    for (;;) {
      try {
        (await Deno.connect({ hostname, port })).close();
      } catch (error) {
        if (error instanceof Deno.errors.ConnectionRefused) return;
        // It was in the queue when the listener closed.
        assertInstanceOf(error, Deno.errors.ConnectionReset);
      }
    }
  };
  return { clock, server, kinds, newcomer, deaf, exited, over: () => isOver };
}

Deno.test({
  name: "stop() serves a newcomer whose TLS handshake is under way",
  ...needsTls,
  async fn() {
    const { server, newcomer, deaf } = await start();
    const stopped = server.stop();
    await deaf();
    using client = await Deno.startTls(newcomer, {
      hostname: "localhost",
      caCerts: [tls!.cert],
    });
    await client.write(new TextEncoder().encode("in time\n"));
    const answer = new Uint8Array(20);
    assertEquals(await client.read(answer), 8);
    assertEquals(new TextDecoder().decode(answer.subarray(0, 8)), "in time\n");
    assertEquals(await client.read(answer), null);
    assertEquals(await stopped, { kind: "shutdown" });
    assertEquals(server.stats.accepted, 1);
  },
});

Deno.test({
  name: "stop() waits for a silent newcomer no longer than the nearest grace",
  ...needsTls,
  async fn() {
    for (const graces of [[100], [5_000, 100], [100, 5_000]]) {
      const { server, clock, newcomer, deaf, exited, over } = await start();
      using _ = newcomer;
      for (const graceMs of graces) void server.stop({ graceMs });
      await deaf();
      await clock.advance(99);
      assertEquals(over(), false, `${graces}`);
      await clock.advance(1);
      assertEquals(await exited, { kind: "shutdown" });
      const { pendingTimers } = clock;
      void server.stop({ graceMs: 7 });
      assertEquals(clock.pendingTimers, pendingTimers);
    }
  },
});

Deno.test({
  name:
    "stop() does not wait for a newcomer that is late already, nor kill() for any",
  ...needsTls,
  async fn() {
    {
      const { server, clock, kinds, newcomer } = await start();
      using _ = newcomer;
      // One that speaks no TLS comes behind it: it is known to have been taken in.
      const { hostname, port } = server.addr as Deno.NetAddr;
      using second = await Deno.connect({ hostname, port });
      await second.write(new TextEncoder().encode("no TLS at all\n"));
      await second.read(new Uint8Array(100));
      await clock.advance(60_000);
      assertEquals(kinds, ["listening", "malformed", "malformed"]);
      assertEquals(await server.stop(), { kind: "shutdown" });
      assertEquals(clock.pendingTimers, 0);
    }
    const { server, newcomer, deaf } = await start();
    using _ = newcomer;
    const stopped = server.stop();
    await deaf();
    server.kill();
    assertEquals(await stopped, { kind: "shutdown" });
  },
});

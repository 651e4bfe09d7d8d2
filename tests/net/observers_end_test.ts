/** Whoever is told of an event may end what it tells of, at that very moment. */

import { assertEquals, assertRejects } from "@std/assert";
import {
  type Connection,
  type ConnectionHandlers,
  lines,
  type NetEvent,
  serve,
} from "../../mod.ts";
import { ConnectionActor } from "../../src/net/connection.ts";
import { resolveConnectionOptions } from "../../src/net/options.ts";
import { type Peer, serveUdp } from "../../udp.ts";
import { inDir } from "../support/temp_dir.ts";
import { ScriptedStream, settle } from "./scripted_stream.ts";

const WAYS = ["close", "abort", "kill", "stop"] as const;

/** A connection that ends in this way when it hears of `kind`. */
function endedBy(
  way: (typeof WAYS)[number],
  kind: NetEvent["kind"],
  handlers: ConnectionHandlers<string>,
) {
  const stream = new ScriptedStream();
  const events: NetEvent[] = [];
  const codec = lines();
  const connection: Connection<string> = new ConnectionActor<
    string,
    string,
    never
  >(1, stream, {
    server: "test",
    codec,
    handler: () => handlers,
    settings: resolveConnectionOptions({
      onEvent(event) {
        events.push(event);
        if (event.kind === kind) void connection[way]();
      },
    }, codec),
  });
  return {
    stream,
    connection: connection as ConnectionActor<string, string, never>,
    kinds: () => events.map(({ kind }) => kind),
  };
}

for (const way of WAYS) {
  Deno.test(`a connection ends by ${way}() as it tells of a crash`, async () => {
    const told: string[] = [];
    const { stream, connection, kinds } = endedBy(way, "crashed", {
      frame(line) {
        told.push(line);
        if (line === "a") throw new Error("crash");
      },
      closed: ({ by }) => told.push(by),
    });
    connection.open();
    stream.peer("a\n");
    const { by } = await connection.closed;
    assertEquals(by, way === "stop" ? "shutdown" : "local");
    assertEquals(told, ["a", by]);
    assertEquals(
      kinds().filter((kind) => kind !== "restarted"),
      ["opened", "crashed", "closed"],
    );
  });

  Deno.test(`a connection ends by ${way}() as it tells of its opening`, async () => {
    const told: string[] = [];
    const { connection, kinds } = endedBy(way, "opened", {
      frame() {},
      closed: ({ by }) => told.push(by),
    });
    connection.open();
    const { by } = await connection.closed;
    assertEquals([told, kinds()], [[by], ["opened", "closed"]]);
  });
}

for (const way of ["close", "abort", "kill"] as const) {
  Deno.test(`a connection that ends by ${way}() as it tells of bad bytes has no further turn`, async () => {
    const told: string[] = [];
    const { stream, connection } = endedBy(way, "malformed", {
      frame: (line) => told.push(line),
      caughtUp: () => told.push("caught up"),
      malformed: () => told.push("malformed"),
      closed: ({ by }) => told.push(by),
    });
    connection.open();
    stream.peer(new Uint8Array([0x61, 0x0a, 0xff, 0x0a]));
    await connection.closed;
    assertEquals(told, ["a", "local"]);
  });
}

for (const way of ["close", "stop", "kill"] as const) {
  Deno.test(`a UDP peer ends by ${way}() as it tells of its opening`, async () => {
    const told: string[] = [];
    const closed = Promise.withResolvers<void>();
    await using server = serveUdp({
      port: 0,
      codec: lines(),
      onEvent(event) {
        if (event.kind === "closed") closed.resolve();
        if (event.kind !== "opened") return;
        const [peer] = server.peers.values() as Iterable<Peer<string>>;
        void peer[way]();
      },
    }, () => ({
      frame: (line) => told.push(line),
      closed: ({ by }) => told.push(by),
    }));
    server.peer({ hostname: "127.0.0.1", port: 9 });
    await closed.promise;
    await settle();
    assertEquals(told, [way === "stop" ? "shutdown" : "local"]);
    assertEquals(server.peers.size, 0);
  });
}

Deno.test("a UDP server that is killed as it tells of a new peer ends", async () => {
  const server = serveUdp({
    port: 0,
    codec: lines(),
    onEvent: ({ kind }) => kind === "opened" && server.kill(),
  }, () => ({ frame() {} }));
  server.peer({ hostname: "127.0.0.1", port: 9 });
  assertEquals(await server.exited, { kind: "killed" });
});

Deno.test("a server that is killed as it tells that it listens in the place of a dead one does not listen", async () => {
  await inDir(async (dir) => {
    const path = `${dir}/s`;
    // Deno leaves the file of a datagram socket behind; nobody answers on it.
    Deno.listenDatagram({ transport: "unixpacket", path }).close();
    const server = serve({
      transport: "unix",
      path,
      codec: lines(),
      onListen: () => server.kill(),
    }, () => ({ frame() {} }));
    assertEquals(await server.exited, { kind: "killed" });
    await assertRejects(
      () => Deno.connect({ transport: "unix", path }),
      Deno.errors.NotFound,
    );
  });
});

/** Socket files that are in the way of a Unix datagram socket: those of the dead are replaced, all else is respected. */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { lines, ListenError, type NetEvent } from "../../mod.ts";
import { serveUdp, type UdpOptions } from "../../udp.ts";
import { resolveUdpOptions } from "../../src/net/udp/options.ts";
import { DatagramServer } from "../../src/net/udp/serve_udp.ts";
import { openDatagrams } from "../../src/transport/datagram.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { startChild } from "../support/child.ts";
import { ScriptedDatagrams } from "./scripted_datagrams.ts";

const CHILD = `
  import { lines } from "@packetboat/net";
  import { serveUdp } from "@packetboat/net/udp";
  const [path] = Deno.args;
  serveUdp({ transport: "unixpacket", path, codec: lines() }, () => ({ frame() {} }));
  console.log("up");
`;

async function tempFolder() {
  const folder = await Deno.makeTempDir();
  return {
    path: (name: string) => `${folder}/${name}`,
    files: () => [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** A server that answers in upper case. */
function upper(path: string, onEvent?: (event: NetEvent) => void) {
  return serveUdp(
    { transport: "unixpacket", path, codec: lines(), onEvent },
    (peer) => ({ frame: (line) => void peer.send(line.toUpperCase()) }),
  );
}

/** The same once it is bound: before, nobody can reach it. */
async function bound(path: string, onEvent?: (event: NetEvent) => void) {
  const listening = Promise.withResolvers<void>();
  const server = upper(path, (event) => {
    onEvent?.(event);
    if (event.kind === "listening") listening.resolve();
  });
  await listening.promise;
  return server;
}

/** What the server at `to` answers. */
async function ask(path: string, to: string, line: string): Promise<string> {
  const answer = Promise.withResolvers<string>();
  await using client = serveUdp(
    { transport: "unixpacket", path, codec: lines() },
    () => ({ frame: answer.resolve }),
  );
  client.peer({ path: to }).send(line);
  return await answer.promise;
}

/** A socket that is not ours. */
function bare(path: string) {
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  return { socket, [Symbol.dispose]: () => socket.close() };
}

/** The files of a datagram socket that is no more. */
function leaveBehind(...paths: string[]): void {
  for (const path of paths) {
    // Deno does not remove them.
    bare(path).socket.close();
  }
}

Deno.test("serveUdp() on unixpacket takes the place of a server that was killed", async () => {
  await using folder = await tempFolder();
  const path = folder.path("s");
  const script = folder.path("child.ts");
  await Deno.writeTextFile(script, CHILD);
  {
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const flags = ["--quiet", "--config", config, "--allow-all"];
    await using child = startChild(Deno.execPath(), [
      "run",
      ...flags,
      script,
      path,
    ]);
    assertEquals(await child.line(), "up");
  }
  assertEquals(folder.files(), ["child.ts", "s", "s.wake"]);
  const events: NetEvent["kind"][] = [];
  {
    await using server = await bound(
      path,
      ({ kind }) => void events.push(kind),
    );
    assertEquals(server.addr, { transport: "unixpacket", path });
    assertEquals(await ask(folder.path("c"), path, "ahoy"), "AHOY");
  }
  assertEquals(events, ["listening", "opened", "closed"]);
  assertEquals(folder.files(), ["child.ts"]);
});

Deno.test("serveUdp() on unixpacket sends in order what was sent before it could be bound", async () => {
  await using folder = await tempFolder();
  const path = folder.path("early");
  leaveBehind(path, `${path}.wake`);
  await using server = upper(folder.path("s"));
  const heard: string[] = [];
  const all = Promise.withResolvers<void>();
  await using client = serveUdp(
    { transport: "unixpacket", path, codec: lines() },
    () => ({ frame: (line) => heard.push(line) === 3 && all.resolve() }),
  );
  const peer = client.peer({ path: folder.path("s") });
  for (const line of ["a", "b", "c"]) assertEquals(peer.send(line), true);
  await all.promise;
  assertEquals(heard, ["A", "B", "C"]);
  assertEquals(server.peers.size, 1);
});

Deno.test("serveUdp() on unixpacket replaces either file where only that one was left behind", async () => {
  await using folder = await tempFolder();
  for (const left of ["s", "s.wake"]) {
    leaveBehind(folder.path(left));
    await using _server = await bound(folder.path("s"));
    assertEquals(
      await ask(folder.path("c"), folder.path("s"), left),
      left.toUpperCase(),
    );
  }
  assertEquals(folder.files(), []);
});

Deno.test("serveUdp() on unixpacket respects a living socket, ours or anybody's, and a file that is no socket", async () => {
  await using folder = await tempFolder();
  const refused = async (
    path: string,
    words = "the address is in use",
    taken = path,
  ) => {
    const events: NetEvent["kind"][] = [];
    const { exited, peers } = upper(path, ({ kind }) => void events.push(kind));
    const exit = await exited;
    assert(exit.kind === "failed");
    assertInstanceOf(exit.error, ListenError);
    assertEquals(exit.error.code, "ADDR_IN_USE");
    assertEquals(
      exit.error.message,
      `Cannot listen on ${taken}: ${words}`,
    );
    assertInstanceOf(exit.error.cause, Deno.errors.AddrInUse);
    assertEquals([peers.size, events], [0, []]);
  };
  {
    await using _ours = upper(folder.path("ours"));
    await refused(folder.path("ours"));
    assertEquals(await ask(folder.path("c"), folder.path("ours"), "x"), "X");
  }
  {
    using theirs = bare(folder.path("theirs"));
    await refused(folder.path("theirs"));
    using stream = Deno.listen({
      transport: "unix",
      path: folder.path("stream"),
    });
    const accepted = stream.accept();
    await refused(folder.path("stream"));
    (await accepted).close();
    // Nothing was sent to find that out: the first datagram is the one that is sent now.
    using sender = bare(folder.path("sender"));
    await sender.socket.send(Uint8Array.of(7), theirs.socket.addr);
    assertEquals((await theirs.socket.receive())[0], Uint8Array.of(7));
  }
  await Deno.writeTextFile(folder.path("plain"), "precious");
  const noSocket = "the file there is not a socket";
  await refused(folder.path("plain"), noSocket);
  assertEquals(await Deno.readTextFile(folder.path("plain")), "precious");
  await Deno.writeTextFile(folder.path("x.wake"), "precious");
  await refused(folder.path("x"), noSocket, folder.path("x.wake"));
  await Deno.mkdir(folder.path("y"));
  await refused(folder.path("y"), "there is a directory of that name");
  assertEquals(folder.files(), ["plain", "sender", "theirs", "x.wake", "y"]);
});

Deno.test("a server on unixpacket that stops while a file is looked into leaves nothing open, and no file", async () => {
  await using folder = await tempFolder();
  const path = folder.path("s");
  for (const how of ["at once", "with a receive pending", "killed"]) {
    leaveBehind(path, `${path}.wake`);
    const events: NetEvent["kind"][] = [];
    const server = upper(path, ({ kind }) => void events.push(kind));
    server.peer({ path: folder.path("nobody") }).send("lost");
    if (how === "with a receive pending") await undefined;
    if (how === "killed") server.kill();
    else await server.stop({ graceMs: 0 });
    await server.exited;
    assertEquals(events.includes("listening"), false);
    assertEquals(folder.files(), [], how);
  }
});

Deno.test("openDatagrams() on unixpacket: what was pending when it could not be bound settles at close()", async () => {
  await using folder = await tempFolder();
  const path = folder.path("plain");
  await Deno.writeTextFile(path, "precious");
  for (const closesFirst of [true, false]) {
    const socket = openDatagrams({ transport: "unixpacket", path });
    const pending = [
      socket.receive(new Uint8Array(10)),
      socket.send(new Uint8Array(1), socket.addr),
      socket.join({ group: "239.66.88.1" }),
    ];
    const settled = Promise.allSettled(pending);
    if (closesFirst) socket.close();
    assertInstanceOf(
      await socket.bound!.catch((error: unknown) => error),
      ListenError,
    );
    if (!closesFirst) socket.close();
    const reasons = (await settled).map((result) =>
      result.status === "rejected" && result.reason
    );
    assertInstanceOf(reasons[0], Deno.errors.Interrupted);
    assertInstanceOf(reasons[1], Deno.errors.Interrupted);
    assertInstanceOf(reasons[2], TypeError);
  }
});

Deno.test("openDatagrams() on unixpacket that is closed before it is bound leaves nothing open, and no file", async () => {
  await using folder = await tempFolder();
  const path = folder.path("s");
  leaveBehind(path, `${path}.wake`);
  const socket = openDatagrams({ transport: "unixpacket", path });
  const settled = Promise.allSettled([
    socket.receive(new Uint8Array(10)),
    socket.send(new Uint8Array(1), socket.addr),
  ]);
  socket.close();
  await socket.bound;
  assertEquals(
    (await settled).map(({ status }) => status),
    ["rejected", "rejected"],
  );
  assertEquals(folder.files(), []);
});

Deno.test("a send on unixpacket that comes after close() rejects, also while a receive is ending", async () => {
  await using folder = await tempFolder();
  for (const receives of [true, false]) {
    const path = folder.path("s");
    const socket = openDatagrams({ transport: "unixpacket", path });
    const receive = receives ? socket.receive(new Uint8Array(10)) : undefined;
    socket.close();
    const [sent] = await Promise.allSettled([
      socket.send(new Uint8Array(1), socket.addr),
      receive,
    ]);
    assertEquals(sent.status, "rejected");
  }
});

/** A socket that is bound when the test says so. */
class Late extends ScriptedDatagrams {
  readonly #bound = Promise.withResolvers<void>();
  readonly bound = this.#bound.promise;
  bind = this.#bound.resolve;
  refuse = this.#bound.reject;
}

function serveLate() {
  const socket = new Late();
  const clock = manualClock();
  const events: NetEvent["kind"][] = [];
  const options: UdpOptions<string, string> = {
    port: 0,
    codec: lines(),
    clock,
    onEvent: ({ kind }) => void events.push(kind),
  };
  const settings = resolveUdpOptions(options);
  const server = new DatagramServer<string, string, never>(
    socket,
    options,
    settings,
    () => ({ frame() {} }),
  );
  return { socket, clock, events, server };
}

Deno.test("a server whose socket is bound late listens then, and not when it has stopped", async () => {
  const { socket, clock, events, server } = serveLate();
  assertEquals(events, []);
  socket.bind();
  await socket.bound;
  assertEquals(events, ["listening"]);
  const stopping = server.stop();
  await clock.advance(5_000);
  await stopping;

  const late = serveLate();
  let isOver = false;
  const stopped = late.server.stop({ graceMs: 0 }).then(() => isOver = true);
  await late.clock.advance(0);
  assertEquals([late.socket.closed, isOver], [true, false]);
  late.socket.bind();
  await stopped;
  assertEquals(late.events, []);
});

Deno.test("a server whose socket cannot be bound late ends with the error", async () => {
  const { socket, server } = serveLate();
  const error = new ListenError("no", "ADDR_IN_USE");
  socket.refuse(error);
  assertEquals(await server.exited, { kind: "failed", error });
});

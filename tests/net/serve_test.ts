/** Servers and clients over real sockets on loopback. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  connect,
  ConnectError,
  type Connection,
  encodeFrame,
  lengthPrefixed,
  lines,
  ListenError,
  type NetEvent,
  raw,
  RestartLimitError,
  serve,
  type Server,
} from "../../mod.ts";
import { memoryNetwork } from "../../testing.ts";
import { reportedErrors } from "../support/reported_errors.ts";

function port({ addr }: { addr: Deno.Addr }): number {
  return (addr as Deno.NetAddr).port;
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}

const u32be = lengthPrefixed();
const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("serve() and connect() exchange frames", async () => {
  await using server = serve({ port: 0, codec: lines() }, (connection) => ({
    frame: (line) => connection.send(line.toUpperCase()),
  }));
  await using client = await connect({ port: port(server), codec: lines() });
  for (const line of ["one", "two", "three"]) client.send(line);
  await client.endWrite();
  assertEquals(await collect(client), ["ONE", "TWO", "THREE"]);
});

Deno.test("serve() answers a peer that shuts down its write side, to the last frame", async () => {
  const letters = "abcdefghijklmno";
  await using server = serve({
    port: 0,
    codec: lines(),
    highWaterBytes: 16_000_000,
  }, (connection) => ({
    async frame(line) {
      await new Promise((resolve) => queueMicrotask(() => resolve(null)));
      // All together more than the system's buffers hold, so that much still waits when the input has ended.
      connection.send(line.repeat(1_000_000));
    },
  }));
  using peer = await Deno.connect({
    hostname: "127.0.0.1",
    port: port(server),
  });
  await peer.write(bytes([...letters].join("\n") + "\n"));
  await peer.closeWrite();
  const answers = (await new Response(peer.readable).text()).split("\n");
  assertEquals(answers.map((line) => line[0] ?? "").join(""), letters);
  assertEquals(
    answers.map(({ length }) => length),
    [...Array<number>(15).fill(1_000_000), 0],
  );
});

Deno.test("serve() restarts a handler that throws on every 10th of 1,000 frames: 900 answers in order, 100 crashes, one socket", async () => {
  const events: NetEvent[] = [];
  let made = 0;
  await using server = serve({
    port: 0,
    codec: lines(),
    restart: { maxRestarts: 1_000 },
    onEvent: (event) => events.push(event),
  }, (connection) => {
    made++;
    return {
      frame(line) {
        if (Number(line) % 10 === 9) throw new Error(`poison ${line}`);
        connection.send(line);
      },
    };
  });
  await using client = await connect({ port: port(server), codec: lines() });
  for (let i = 0; i < 1_000; i++) client.send(String(i));
  await client.endWrite();
  const expected = Array.from({ length: 1_000 }, (_, i) => String(i)).filter((
    line,
  ) => !line.endsWith("9"));
  assertEquals(await collect(client), expected);
  assertEquals(events.filter(({ kind }) => kind === "crashed").length, 100);
  assertEquals(events.filter(({ kind }) => kind === "restarted").length, 100);
  assertEquals(events.filter(({ kind }) => kind === "opened").length, 1);
  assertEquals(made, 101);
  assertEquals(server.stats.restarts, 100);
});

Deno.test("serve() with default limits closes a handler that keeps crashing, and a second connection is untouched", async () => {
  const closed = Promise.withResolvers<NetEvent>();
  await using server = serve({
    port: 0,
    codec: lines(),
    onEvent: (event) => {
      if (event.kind === "closed" && event.connection === 1) {
        closed.resolve(event);
      }
    },
  }, (connection) => ({
    frame(line) {
      if (line === "bad") throw new Error("choked");
      connection.send(line);
    },
  }));
  await using bad = await connect({ port: port(server), codec: lines() });
  await using good = await connect({ port: port(server), codec: lines() });
  const answers = good[Symbol.asyncIterator]();
  good.send("before");
  assertEquals((await answers.next()).value, "before");
  for (let i = 0; i < 5; i++) bad.send("bad");
  const event = await closed.promise;
  const error = event.kind === "closed" && event.reason.by === "failure" &&
    event.reason.error;
  assertInstanceOf(error, RestartLimitError);
  assertEquals(error.history.length, 4);
  good.send("after");
  assertEquals((await answers.next()).value, "after");
});

Deno.test("serve() lets a peer's bad bytes cost that peer's connection only", async () => {
  const events: NetEvent[] = [];
  await using server = serve({
    port: 0,
    codec: u32be,
    onEvent: (event) => events.push(event),
  }, (connection) => ({
    frame: (frame) => connection.send(frame),
  }));
  await using good = await connect({ port: port(server), codec: u32be });
  const answers = good[Symbol.asyncIterator]();
  for (const noise of ["GET / HTTP/1.1\r\n\r\n", "\xff\xff\xff\xff", "\x7f"]) {
    using bad = await Deno.connect({
      hostname: "127.0.0.1",
      port: port(server),
    });
    await bad.write(bytes(noise));
    await bad.closeWrite();
    assertEquals(await bad.read(new Uint8Array(10)), null);
    good.send(bytes(noise));
    assertEquals((await answers.next()).value, bytes(noise));
    const malformed = events.findLast(({ kind }) => kind === "malformed");
    assertEquals(
      malformed?.kind === "malformed" && malformed.remoteAddr,
      bad.localAddr,
    );
  }
  assertEquals(events.filter(({ kind }) => kind === "malformed").length, 3);
  assertEquals(events.filter(({ kind }) => kind === "closed").length, 3);
  assertEquals(server.status, "running");
});

Deno.test("serve() and connect() take a codec without a limit", async () => {
  await using server = serve({ port: 0, codec: raw() }, (connection) => ({
    frame: (chunk) => connection.send(chunk),
  }));
  await using client = await connect({ port: port(server), codec: raw() });
  client.send(bytes("as it is"));
  await client.endWrite();
  const chunks = await collect(client);
  assertEquals(
    chunks.map((chunk) => new TextDecoder().decode(chunk)).join(""),
    "as it is",
  );
});

Deno.test("serve() runs a script for each connection", async () => {
  await using server = serve(
    { port: 0, codec: lines() },
    async (connection) => {
      connection.send("name?");
      for await (const name of connection) {
        connection.send(`hello ${name}`);
        if (name === "quit") break;
      }
    },
  );
  await using client = await connect({ port: port(server), codec: lines() });
  for (const line of ["ann", "ben", "quit", "too late"]) client.send(line);
  assertEquals(await collect(client), [
    "name?",
    "hello ann",
    "hello ben",
    "hello quit",
  ]);
});

Deno.test("connect() with a handler runs it as serve() would", async () => {
  await using server = serve({ port: 0, codec: lines() }, (connection) => ({
    frame: (line) => connection.send(line),
  }));
  const seen: string[] = [];
  const connection = await connect(
    { port: port(server), codec: lines() },
    (connection) => {
      connection.send("one");
      return {
        frame(line) {
          seen.push(line);
          if (line === "one") connection.send("two");
          else void connection.close();
        },
      };
    },
  );
  assertEquals(await connection.closed, { by: "local" });
  assertEquals(seen, ["one", "two"]);
});

Deno.test("connections tell each other", async () => {
  type Say = { line: string };
  const room = new Set<Connection<string, string, Say>>();
  await using server = serve<string, string, Say>(
    { port: 0, codec: lines() },
    (connection) => {
      room.add(connection);
      return {
        frame: (line) => {
          for (const other of room) other.tell({ line });
        },
        message: ({ line }) =>
          connection.send(`#${connection.id} hears ${line}`),
        closed: () => room.delete(connection),
      };
    },
  );
  await using ann = await connect({ port: port(server), codec: lines() });
  const annHears = ann[Symbol.asyncIterator]();
  ann.send("first");
  assertEquals((await annHears.next()).value, "#1 hears first");
  await using ben = await connect({ port: port(server), codec: lines() });
  ben.send("second");
  assertEquals(
    (await ben[Symbol.asyncIterator]().next()).value,
    "#2 hears second",
  );
  assertEquals((await annHears.next()).value, "#1 hears second");
});

Deno.test("serve() throws ListenError for a port in use, and the port is free again right after stop()", async () => {
  const server = serve({ port: 0, codec: lines() }, () => ({ frame() {} }));
  const taken = port(server);
  const error = assertThrows(
    () => serve({ port: taken, codec: lines() }, () => ({ frame() {} })),
    ListenError,
    `Cannot listen on 127.0.0.1:${taken}: the address is in use`,
  );
  assertEquals(error.code, "ADDR_IN_USE");
  assertEquals(await server.stop(), { kind: "shutdown" });
  await using again = serve(
    { port: taken, codec: lines() },
    () => ({ frame() {} }),
  );
  assertEquals(port(again), taken);
});

Deno.test("serve() refuses a mailbox that cannot be at the door, and not when somebody tells", () => {
  assertThrows(
    () =>
      serve(
        { port: 0, codec: lines(), mailbox: { capacity: -1 } },
        () => ({ frame() {}, message() {} }),
      ),
    RangeError,
    "'capacity'",
  );
});

Deno.test("serve() on a Unix socket says that its folder is missing", () => {
  const path = "/nosuchfolder/socket";
  const error = assertThrows(
    () =>
      serve(
        { transport: "unix", path, codec: lines() },
        () => ({ frame() {} }),
      ),
    ListenError,
    `Cannot listen on ${path}: there is no such folder`,
  );
  assertEquals(error.code, "NOT_FOUND");
});

Deno.test("serve() and connect() refuse options that are out of range, by name and value", async () => {
  const handler = () => ({ frame() {} });
  const codec = lines();
  const wrong: [Record<string, unknown>, string][] = [
    [
      { port: 70_000 },
      "'port' must be an integer from 0 to 65535: current value is 70000",
    ],
    [{ port: 1.5 }, "'port'"],
    [
      { port: "8800" },
      "'port' must be an integer from 0 to 65535: current value is \"8800\"",
    ],
    [
      { idleTimeoutMs: "5" },
      "'idleTimeoutMs' must be a number of at least 1: current value is \"5\"",
    ],
    [
      { graceMs: 5n },
      "'graceMs' must be a number of at least 0: current value is 5n",
    ],
    [{ onCrash: ["close"] }, "current value is of type Array"],
    [
      { maxConnections: 0 },
      "'maxConnections' must be a number of at least 1: current value is 0",
    ],
    [{ maxConnectionsPerIp: NaN }, "'maxConnectionsPerIp'"],
    [{ idleTimeoutMs: 0 }, "'idleTimeoutMs'"],
    [{ frameTimeoutMs: -1 }, "'frameTimeoutMs'"],
    [{ highWaterBytes: 0 }, "'highWaterBytes'"],
    [{ maxOutboxBytes: 10 }, "'maxOutboxBytes'"],
    [
      { maxOutboxBytes: 100_000 },
      "'maxOutboxBytes' must hold one frame of codec lines, 1048576 bytes",
    ],
    [{ graceMs: -1 }, "'graceMs'"],
    [{ onCrash: "ignore" }, "'onCrash'"],
    [{ restart: { maxRestarts: -1 } }, "'maxRestarts'"],
    [{ backlog: 0 }, "'backlog'"],
  ];
  for (const [option, message] of wrong) {
    assertThrows(
      () => serve({ port: 0, codec, ...option } as never, handler),
      RangeError,
      message,
    );
  }
  assertThrows(
    () => serve({ transport: "smoke", codec } as never, handler),
    TypeError,
    "'transport'",
  );
  await assertRejects(
    () => connect({ port: 1, codec, connectTimeoutMs: 0 }),
    RangeError,
    "'connectTimeoutMs'",
  );
});

Deno.test("connect() rejects with ConnectError where nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const error = await assertRejects(
    () => connect({ port, codec: lines() }),
    ConnectError,
    `Cannot connect to 127.0.0.1:${port}: the connection was refused`,
  );
  assertEquals(error.code, "CONNECTION_REFUSED");
});

Deno.test("connect() with an aborted signal leaves nothing open", async () => {
  await using server = serve(
    { port: 0, codec: lines() },
    () => ({ frame() {} }),
  );
  const reason = new Error("changed my mind");
  await assertRejects(
    () =>
      connect({
        port: port(server),
        codec: lines(),
        signal: AbortSignal.abort(reason),
      }),
    Error,
    "changed my mind",
  );
  const aborter = new AbortController();
  const attempt = connect({
    port: port(server),
    codec: lines(),
    signal: aborter.signal,
  });
  aborter.abort(reason);
  await assertRejects(() => attempt, Error, "changed my mind");
});

Deno.test("a signal stops an open connection, and a server", async () => {
  const aborter = new AbortController();
  const server = serve(
    { port: 0, codec: lines(), signal: aborter.signal },
    () => ({ frame() {} }),
  );
  const client = await connect({
    port: port(server),
    codec: lines(),
    signal: aborter.signal,
  });
  aborter.abort();
  assertEquals(await client.exited, { kind: "shutdown" });
  assertEquals(await server.exited, { kind: "shutdown" });
  assertEquals(server.status, "stopped");
});

Deno.test("serve() refuses at the door: above maxConnections, per IP, and while suspended", async () => {
  const refused: string[] = [];
  const isRefused = async (server: Server<string, string, never>) => {
    using peer = await Deno.connect({
      hostname: "127.0.0.1",
      port: port(server),
    });
    assertEquals(await peer.read(new Uint8Array(1)), null);
  };
  const onEvent = (event: NetEvent) => {
    if (event.kind === "refused") refused.push(event.why);
  };
  const greet = (connection: Connection<string>) => {
    connection.send("in");
    return { frame() {} };
  };
  for (const limit of [{ maxConnections: 1 }, { maxConnectionsPerIp: 1 }]) {
    await using server = serve(
      { port: 0, codec: lines(), onEvent, ...limit },
      greet,
    );
    const first = await connect({ port: port(server), codec: lines() });
    assertEquals((await first[Symbol.asyncIterator]().next()).value, "in");
    await isRefused(server);
    server.suspend();
    assertEquals(server.status, "suspended");
    await isRefused(server);
    server.resume();
    const { length } = refused;
    const gone = Array.from(server.connections.values())[0].closed;
    await first.close();
    await gone;
    await using second = await connect({ port: port(server), codec: lines() });
    assertEquals((await second[Symbol.asyncIterator]().next()).value, "in");
    assertEquals(
      [refused.length, server.stats.refused, server.stats.accepted],
      [length, 2, 2],
    );
  }
  assertEquals(refused, [
    "maxConnections",
    "suspended",
    "maxConnectionsPerIp",
    "suspended",
  ]);
});

Deno.test("stop() answers what 200 peers have asked, though it takes longer to read than each is listened to", async () => {
  const server = serve({ port: 0, codec: lines() }, (connection) => ({
    frame(line) {
      // Work that lets nobody else run: the reads of all others wait for it.
      const untilMs = performance.now() + 1;
      while (performance.now() < untilMs);
      connection.send(line.toUpperCase());
    },
  }));
  const peers: Deno.TcpConn[] = [];
  for (let i = 0; i < 200; i++) {
    peers.push(await Deno.connect({ port: port(server) }));
  }
  for (const peer of peers) await peer.write(bytes("first\n"));
  // More than a first read takes in; nothing of it has been read when the stop begins.
  const second = "x".repeat(2_000);
  const asked = peers.map((peer) => peer.write(bytes(`${second}\n`)));
  const stopped = server.stop();
  await Promise.all(asked);
  assertEquals(await stopped, { kind: "shutdown" });
  const answers = await Promise.all(
    peers.map((peer) => new Response(peer.readable).text()),
  );
  const answer = `FIRST\n${second.toUpperCase()}\n`;
  assertEquals(answers.filter((text) => text !== answer), []);
});

Deno.test("stop() lets the turn under way finish and its answer leave", async () => {
  const started = Promise.withResolvers<void>();
  const server = serve({ port: 0, codec: lines() }, (connection) => ({
    async frame(line) {
      started.resolve();
      await new Promise((resolve) => setTimeout(resolve, 20));
      connection.send(line);
    },
  }));
  await using client = await connect({ port: port(server), codec: lines() });
  client.send("late");
  await started.promise;
  const [exit, answers] = await Promise.all([server.stop(), collect(client)]);
  assertEquals(exit, { kind: "shutdown" });
  assertEquals(answers, ["late"]);
});

Deno.test("kill() ends a server and its connections at once", async () => {
  const server = serve(
    { port: 0, codec: lines() },
    () => ({ frame: () => new Promise(() => {}) }),
  );
  await using client = await connect({ port: port(server), codec: lines() });
  client.send("hang");
  await client.drained();
  server.kill();
  assertEquals(await server.exited, { kind: "killed" });
});

Deno.test("a client that vanishes while the server never reads leaves nothing behind", async () => {
  const server = serve(
    { port: 0, codec: lines(), graceMs: 50 },
    (connection) => {
      // Far more than the socket's buffers hold, to a peer that never reads.
      for (let i = 0; i < 15; i++) connection.send("x".repeat(1_000_000));
      return { frame() {} };
    },
  );
  using peer = await Deno.connect({
    hostname: "127.0.0.1",
    port: port(server),
  });
  await peer.write(bytes("hello\n"));
  assertEquals(await server.stop(), { kind: "shutdown" });
  assertEquals(server.connections.size, 0);
});

Deno.test("a peer that resets costs its own connection; the server goes on", async () => {
  const { connect: nodeConnect } = await import("node:net");
  const gone = Promise.withResolvers<NetEvent>();
  await using server = serve({
    port: 0,
    codec: lines(),
    onEvent: (event) =>
      event.kind === "closed" && event.connection === 1 && gone.resolve(event),
  }, (connection) => ({ frame: (line) => connection.send(line) }));
  const socket = nodeConnect(port(server), "127.0.0.1");
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  socket.write("half a li");
  await new Promise((resolve) => setTimeout(resolve, 10));
  socket.resetAndDestroy();
  const event = await gone.promise;
  assertEquals(event.kind === "closed" && event.reason.by, "failure");
  await using client = await connect({ port: port(server), codec: lines() });
  client.send("fine");
  assertEquals((await client[Symbol.asyncIterator]().next()).value, "fine");
});

Deno.test("stats add up over open and closed connections", async () => {
  await using server = serve(
    { port: 0, codec: lines() },
    (connection) => ({ frame: (line) => connection.send(line) }),
  );
  for (let i = 0; i < 3; i++) {
    await using client = await connect({ port: port(server), codec: lines() });
    client.send("four");
    await client.endWrite();
    assertEquals(await collect(client), ["four"]);
  }
  const { framesIn, framesOut, bytesIn, bytesOut, accepted } = server.stats;
  assertEquals({ framesIn, framesOut, bytesIn, bytesOut, accepted }, {
    framesIn: 3,
    framesOut: 3,
    bytesIn: 15,
    bytesOut: 15,
    accepted: 3,
  });
});

Deno.test("serve() on a Unix socket: removes a file left behind, respects a living server and a file that is no socket", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/s`;
  try {
    // A child that is killed leaves its socket file behind.
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `Deno.listen({ transport: "unix", path: Deno.args[0] }).accept(); console.log("up")`,
        path,
      ],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    assertEquals((await Deno.lstat(path)).isSocket, true);

    const listening = Promise.withResolvers<void>();
    const server = serve({
      transport: "unix",
      path,
      codec: lines(),
      onListen: () => listening.resolve(),
    }, (connection) => ({
      frame: (line) => connection.send(line),
    }));
    await listening.promise;
    await using client = await connect({
      transport: "unix",
      path,
      codec: lines(),
    });
    client.send("over a file");
    assertEquals(
      (await client[Symbol.asyncIterator]().next()).value,
      "over a file",
    );

    const second = serve(
      { transport: "unix", path, codec: lines() },
      () => ({ frame() {} }),
    );
    const exit = await second.exited;
    assertInstanceOf(exit.kind === "failed" && exit.error, ListenError);
    await server.stop();

    await Deno.writeTextFile(`${dir}/plain`, "precious");
    const third = serve({
      transport: "unix",
      path: `${dir}/plain`,
      codec: lines(),
    }, () => ({ frame() {} }));
    assertEquals((await third.exited).kind, "failed");
    assertEquals(await Deno.readTextFile(`${dir}/plain`), "precious");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("serve() on a Unix socket says what is in its place: a directory, or a file that is not a socket", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const exitOn = async (path: string) => {
      const where = { transport: "unix", path, codec: lines() } as const;
      const { exited } = serve(where, () => ({ frame() {} }));
      const exit = await exited;
      assert(exit.kind === "failed");
      assertInstanceOf(exit.error, ListenError);
      const { code, message, cause } = exit.error;
      assertInstanceOf(cause, Deno.errors.AddrInUse);
      return { code, message };
    };
    const says = (path: string, words: string) => ({
      code: "ADDR_IN_USE",
      message: `Cannot listen on ${path}: ${words}`,
    });
    assertEquals(
      await exitOn(dir),
      says(dir, "there is a directory of that name"),
    );
    const plain = `${dir}/plain`;
    await Deno.writeTextFile(plain, "precious");
    assertEquals(
      await exitOn(plain),
      says(plain, "the file there is not a socket"),
    );
    const living = `${dir}/living`;
    using _listener = Deno.listen({ transport: "unix", path: living });
    const link = `${dir}/link`;
    await Deno.symlink(living, link);
    for (const path of [living, link]) {
      assertEquals(await exitOn(path), says(path, "the address is in use"));
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("encodeFrame bytes torn one per write arrive as whole frames", async () => {
  await using server = serve(
    { port: 0, codec: u32be },
    (connection) => ({ frame: (frame) => connection.send(frame) }),
  );
  using peer = await Deno.connect({
    hostname: "127.0.0.1",
    port: port(server),
  });
  peer.setNoDelay(true);
  const wire = encodeFrame(u32be, bytes("torn"));
  for (const byte of wire) await peer.write(new Uint8Array([byte]));
  await peer.closeWrite();
  const back = new Uint8Array(await new Response(peer.readable).arrayBuffer());
  assertEquals(back, wire);
});

Deno.test("an observer that throws harms no connection, and is reported", async () => {
  using reported = reportedErrors();
  const failure = new Error("observer");
  {
    await using server = serve({
      port: 0,
      codec: lines(),
      onEvent: ({ kind }) => {
        if (kind === "opened") throw failure;
      },
    }, (connection) => ({ frame: (line) => connection.send(line) }));
    await using client = await connect({ port: port(server), codec: lines() });
    client.send("fine");
    assertEquals((await client[Symbol.asyncIterator]().next()).value, "fine");
  }
  assertEquals(reported.errors, [failure]);
});

Deno.test("serve() whose onListen throws throws the same, and listens no more", async () => {
  let port = 0;
  assertThrows(
    () =>
      serve({
        port: 0,
        codec: lines(),
        onListen(addr) {
          ({ port } = addr as Deno.NetAddr);
          throw new Error("no place to write it down");
        },
      }, () => ({ frame() {} })),
    Error,
    "no place to write it down",
  );
  await assertRejects(
    () => Deno.connect({ port }),
    Deno.errors.ConnectionRefused,
  );
});

Deno.test("serve() with a codec that gives no decoder closes the newcomer, frees its place, tells, and goes on", async () => {
  const network = memoryNetwork();
  const events: NetEvent[] = [];
  let fails = true;
  const codec = {
    ...lines(),
    decoder() {
      if (fails) throw new Error("no decoder");
      return lines().decoder();
    },
  };
  await using server = serve({
    transport: "custom",
    network,
    codec,
    maxConnections: 1,
    onEvent: (event) => events.push(event),
  }, (connection) => ({ frame: (line) => connection.send(line) }));
  const unlucky = await network.connect();
  assertEquals(await unlucky.read(new Uint8Array(1)), null);
  unlucky.close();
  fails = false;
  await using client = await connect({
    transport: "custom",
    network,
    codec: lines(),
  });
  client.send("ahoy");
  await client.endWrite();
  assertEquals(await Array.fromAsync(client), ["ahoy"]);
  assertEquals(
    events.slice(1, 3).map((event) =>
      event.kind === "acceptFailed"
        ? (event.error as Error).message
        : event.kind
    ),
    ["no decoder", "opened"],
  );
  assertEquals(server.stats.accepted, 1);
});

/** What peers and systems do to a server, one test for each fault; the server goes on through all of them. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { connect as nodeConnect, type Socket } from "node:net";
import {
  connect,
  connectionChild,
  ConnectionLostError,
  encodeFrame,
  FrameError,
  lengthPrefixed,
  lines,
  type NetEvent,
  serve,
  type Server,
  supervise,
  TruncatedFrameError,
} from "../../mod.ts";
import { startChaosServer, startSupportServer } from "../support/child.ts";

const codec = lengthPrefixed();
const frame = encodeFrame(codec, new TextEncoder().encode("payload"));
type Closed = NetEvent & { kind: "closed" };

/** An echo server, and the end of each of its connections. */
function echoServer() {
  const ends: Closed[] = [];
  let wake: () => void = () => {};
  const server = serve({
    port: 0,
    codec,
    onEvent: (event) => {
      if (event.kind === "closed") {
        ends.push(event);
        wake();
      }
    },
  }, (connection) => ({ frame: (bytes) => connection.send(bytes) }));
  const end = async () => {
    while (ends.length === 0) await new Promise<void>((done) => wake = done);
    return ends.shift()!;
  };
  return { server, end, port: (server.addr as Deno.NetAddr).port };
}

async function stillServes(
  server: Server<Uint8Array, Uint8Array, never>,
): Promise<void> {
  const { port } = server.addr as Deno.NetAddr;
  await using client = await connect({ port, codec });
  client.send(new Uint8Array([1, 2, 3]));
  assertEquals(
    (await client[Symbol.asyncIterator]().next()).value,
    new Uint8Array([1, 2, 3]),
  );
}

function socketTo(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = nodeConnect(port, "127.0.0.1", () => resolve(socket));
  });
}

/** Writes, and waits until the server has answered as many bytes: then it has read everything before them. */
async function sendAndAwait(
  socket: Socket,
  bytes: Uint8Array,
  answerBytes: number,
): Promise<void> {
  let seen = 0;
  const answered = new Promise<void>((resolve) =>
    socket.on("data", (data: Uint8Array) => {
      seen += data.length;
      if (seen >= answerBytes) resolve();
    })
  );
  socket.write(bytes);
  if (answerBytes > 0) await answered;
}

const RESETS: Record<string, { bytes: Uint8Array; answerBytes: number }> = {
  "before any frame": { bytes: new Uint8Array(0), answerBytes: 0 },
  "inside a frame": {
    bytes: new Uint8Array([...frame, ...frame.subarray(0, 6)]),
    answerBytes: frame.length,
  },
  "between frames": { bytes: frame, answerBytes: frame.length },
};

for (const [where, { bytes, answerBytes }] of Object.entries(RESETS)) {
  Deno.test(`a peer that resets ${where} costs its own connection`, async () => {
    const { server, end, port } = echoServer();
    await using _ = server;
    const socket = await socketTo(port);
    if (bytes.length > 0) await sendAndAwait(socket, bytes, answerBytes);
    socket.resetAndDestroy();
    const { reason, stats } = await end();
    assertInstanceOf(
      reason.by === "failure" && reason.error,
      ConnectionLostError,
    );
    assertEquals(stats.framesIn, bytes.length >= frame.length ? 1 : 0);
    await stillServes(server);
  });
}

for (const [where, cut] of [["header", 2], ["payload", 6]] as const) {
  Deno.test(`a peer that ends its stream in a ${where} gets the answers to what was whole, then the connection closes`, async () => {
    const { server, end, port } = echoServer();
    await using _ = server;
    using peer = await Deno.connect({ hostname: "127.0.0.1", port });
    await peer.write(new Uint8Array([...frame, ...frame.subarray(0, cut)]));
    await peer.closeWrite();
    assertEquals(
      new Uint8Array(await new Response(peer.readable).arrayBuffer()),
      frame,
    );
    const { reason } = await end();
    assertInstanceOf(
      reason.by === "failure" && reason.error,
      TruncatedFrameError,
    );
    await stillServes(server);
  });
}

Deno.test("a peer that sends noise is closed with a FrameError", async () => {
  const { server, end, port } = echoServer();
  await using _ = server;
  using peer = await Deno.connect({ hostname: "127.0.0.1", port });
  await peer.write(
    crypto.getRandomValues(new Uint8Array(1_000)).map((byte, i) =>
      i === 0 ? 0xff : byte
    ),
  );
  const { reason } = await end();
  assertInstanceOf(reason.by === "failure" && reason.error, FrameError);
  await stillServes(server);
});

Deno.test("a peer that never reads stops being read from: memory stays bounded, and others are served", async () => {
  const { server, port } = echoServer();
  await using _ = server;
  using peer = await Deno.connect({ hostname: "127.0.0.1", port });
  await using other = await connect({ port, codec });
  const answers = other[Symbol.asyncIterator]();
  const large = encodeFrame(codec, new Uint8Array(60_000));
  // More than the buffers of both kernels hold, so that not all of it is taken unless the server goes on reading.
  const most = 250_000_000;
  let taken = 0;
  let writing: Promise<void> | undefined;
  // Until nothing more is taken while another peer is answered again and again, by the same process.
  for (let quiet = 0; quiet < 200 && taken < most; quiet++) {
    writing ??= peer.write(large).then((count) => {
      taken += count;
      quiet = 0;
      writing = undefined;
    });
    other.send(new Uint8Array([1]));
    assertEquals((await answers.next()).value, new Uint8Array([1]));
  }
  const [connection] = server.connections.values();
  const { bufferedBytes, framesIn } = connection.stats;
  assertEquals(
    bufferedBytes < 1_000_000,
    true,
    `${bufferedBytes} bytes are held`,
  );
  assertEquals(framesIn > 0 && framesIn < taken / 60_000, true);
  assertEquals(taken < most, true, `${taken} bytes were taken`);
  connection.abort();
  // How it fails is the system's choice.
  await writing?.catch(() => {});
});

Deno.test("100 peers that never read, each sent without end by tell(): SlowConsumerError, and memory below the stated bound", async () => {
  const bound = 1_000_000;
  const mailboxBytes = 1_024 * 1_000;
  await using server = startSupportServer("flood_server.ts", [
    "100",
    String(bound),
  ]);
  const port = Number(await server.line());
  const peers = await Promise.all(
    Array.from(
      { length: 100 },
      () => Deno.connect({ hostname: "127.0.0.1", port }),
    ),
  );
  try {
    const { most, ends } = JSON.parse(await server.line());
    assertEquals(ends, { SlowConsumerError: 100 });
    // An outbox takes up to twice its size while it grows, beside the one being written.
    assertEquals(
      most < 100 * (3 * bound + mailboxBytes),
      true,
      `RSS grew by ${most} bytes`,
    );
  } finally {
    for (const peer of peers) peer.close();
  }
});

Deno.test("a server out of file descriptors says so, waits, and takes connections again", async () => {
  await using server = startChaosServer(
    ["--events", "acceptFailed"],
    "ulimit -n 48;",
  );
  const port = Number(await server.line());
  const peers: Deno.TcpConn[] = [];
  try {
    const failed = server.line();
    let isFailed = false;
    void failed.then(() => isFailed = true);
    // The kernel's queue takes them in; the server's accept is what fails.
    for (let i = 0; i < 60 && !isFailed; i++) {
      peers.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    }
    assertEquals(await failed, "acceptFailed");
    for (const peer of peers.splice(0)) peer.close();
    await using client = await connect({ port, codec: lines() });
    client.send("recovered");
    assertEquals(
      (await client[Symbol.asyncIterator]().next()).value,
      "recovered",
    );
  } finally {
    for (const peer of peers) peer.close();
  }
});

Deno.test("a port with connections in TIME_WAIT is bound again at once", async () => {
  let port = 0;
  for (let round = 0; round < 3; round++) {
    const server = serve({ port, codec: lines() }, (connection) => ({
      frame(line) {
        connection.send(line);
        // Closing first is what leaves the server's side in TIME_WAIT.
        void connection.close();
      },
    }));
    port = (server.addr as Deno.NetAddr).port;
    for (let i = 0; i < 5; i++) {
      await using client = await connect({ port, codec: lines() });
      client.send("once");
      const answers: string[] = [];
      for await (const line of client) answers.push(line);
      assertEquals(answers, ["once"]);
    }
    await server.stop();
  }
});

Deno.test("SIGTERM in the middle of 100 connections' work: every question that was sent is answered", async () => {
  await using server = startChaosServer(["--delay", "5"]);
  const port = Number(await server.line());
  const clients = await Promise.all(
    Array.from({ length: 100 }, () => connect({ port, codec: lines() })),
  );
  const first = Promise.withResolvers<void>();
  const asked = Array.from({ length: 20 }, (_, i) => `question ${i}`);
  const answers = clients.map(async (client) => {
    for (const line of asked) client.send(line);
    const seen: string[] = [];
    for await (const line of client) {
      seen.push(line);
      first.resolve();
    }
    return seen;
  });
  await first.promise;
  server.kill("SIGTERM");
  for (const seen of await Promise.all(answers)) assertEquals(seen, asked);
  assertEquals((await server.status).code, 0);
  for (const client of clients) await client.close();
});

Deno.test("SIGTERM before 200 newcomers are taken in: every question that they have sent is answered", async () => {
  await using server = startChaosServer([]);
  const port = Number(await server.line());
  // Its handler for the signal is there once it has served somebody.
  await using client = await connect({ port, codec: lines() });
  client.send("first");
  assertEquals((await client[Symbol.asyncIterator]().next()).value, "first");
  server.kill("SIGSTOP");
  const peers: Deno.TcpConn[] = [];
  for (let i = 0; i < 200; i++) peers.push(await Deno.connect({ port }));
  for (const peer of peers) {
    await peer.write(new TextEncoder().encode("question\n"));
  }
  server.kill("SIGTERM");
  server.kill("SIGCONT");
  const answers = await Promise.all(
    peers.map((peer) => new Response(peer.readable).text()),
  );
  assertEquals(answers, peers.map(() => "question\n"));
  assertEquals((await server.status).code, 0);
});

Deno.test("SIGKILL of the server: connectionChild comes back by itself when there is one again", async () => {
  const seen: string[] = [];
  let wake: () => void = () => {};
  const next = async () => {
    while (seen.length === 0) await new Promise<void>((done) => wake = done);
    return seen.shift();
  };
  const see = (what: string) => {
    seen.push(what);
    wake();
  };
  const first = startChaosServer([]);
  const port = Number(await first.line());
  const child = connectionChild<string, string, string>("client", {
    port,
    codec: lines(),
    reconnect: { minMs: 5, maxMs: 50 },
    onEvent: ({ kind }) => kind === "opened" && see(kind),
  }, (connection) => ({
    frame: see,
    message: (line) => connection.send(line),
  }));
  await using _tree = await supervise([child]);
  assertEquals(await next(), "opened");
  child.ref.tell("one");
  assertEquals(await next(), "one");
  await first[Symbol.asyncDispose]();
  await using second = startChaosServer(["--port", String(port)]);
  await second.line();
  // The system may still have answered for the first server while it took it down, so nobody says which one opened.
  assertEquals(await next(), "opened");
  let answer: string | undefined = "opened";
  while (answer === "opened") {
    child.ref.tell("again");
    answer = await next();
  }
  assertEquals(answer, "again");
});

/** Whoever comes to the wrong port, or too slowly, is told apart from a fault of ours, and costs nobody else anything. */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  connect,
  ConnectError,
  encodeFrame,
  FrameError,
  lengthPrefixed,
  lines,
  type NetEvent,
  serve,
  type Server,
  TimeoutError,
} from "../../mod.ts";
import { manualClock, memoryNetwork } from "../../testing.ts";
import { tlsCertificate as tls } from "../support/tls_certificate.ts";

const codec = lengthPrefixed();
const needsTls = { ignore: tls === undefined };

function port({ addr }: { addr: Deno.Addr }): number {
  return (addr as Deno.NetAddr).port;
}

/** An echo server, and the first of its events of each kind. */
function echoServer(transport: "tcp" | "tls") {
  const events = new Map<string, PromiseWithResolvers<NetEvent>>();
  const first = (kind: NetEvent["kind"]) => {
    const known = events.get(kind) ?? Promise.withResolvers<NetEvent>();
    events.set(kind, known);
    return known;
  };
  const server = serve({
    ...(transport === "tls"
      ? { transport, port: 0, ...tls }
      : { transport, port: 0 }),
    codec,
    onEvent: (event) => first(event.kind).resolve(event),
  }, (connection) => ({ frame: (frame) => connection.send(frame) }));
  return { server, first: (kind: NetEvent["kind"]) => first(kind).promise };
}

async function stillServes(
  server: Server<Uint8Array, Uint8Array, never>,
  transport: "tcp" | "tls",
): Promise<void> {
  await using client = await connect({
    ...(transport === "tls"
      ? { transport, hostname: "localhost", caCerts: [tls!.cert] }
      : { transport }),
    port: port(server),
    codec,
  });
  client.send(new Uint8Array([1, 2, 3]));
  assertEquals(
    (await client[Symbol.asyncIterator]().next()).value,
    new Uint8Array([1, 2, 3]),
  );
}

Deno.test({
  name:
    "a TLS client at a plain port: the server says what came, the client says that TLS failed",
  ...needsTls,
  async fn() {
    const { server, first } = echoServer("tcp");
    await using _ = server;
    const attempt = connect({
      transport: "tls",
      hostname: "localhost",
      port: port(server),
      caCerts: [tls!.cert],
      codec,
    });
    const error = await attempt.then(() => undefined, (error) => error);
    assertInstanceOf(error, ConnectError);
    assert(
      ["TLS", "UNEXPECTED_EOF", "CONNECTION_RESET"].includes(error.code),
      error.code,
    );
    const malformed = await first("malformed");
    assert(malformed.kind === "malformed");
    assertInstanceOf(malformed.error, FrameError);
    assertEquals(malformed.error.hint, "looks like a TLS ClientHello");
    await stillServes(server, "tcp");
  },
});

Deno.test({
  name:
    "a plain client at a TLS port: its connection ends, and the server says that the handshake failed",
  ...needsTls,
  async fn() {
    const { server, first } = echoServer("tls");
    await using _ = server;
    const client = await connect({ port: port(server), codec });
    client.send(new TextEncoder().encode("not a handshake"));
    // What it is given is an alert of TLS, which is no frame; or nothing.
    const next = client[Symbol.asyncIterator]().next();
    const error = await next.then(({ done }) => done, (error) => error);
    assert(error === true || error instanceof FrameError, `${error}`);
    await client.closed;
    const malformed = await first("malformed");
    assert(malformed.kind === "malformed");
    assertInstanceOf(malformed.error, Deno.errors.InvalidData);
    assertEquals(server.stats.accepted, 0);
    await stillServes(server, "tls");
  },
});

Deno.test({
  name:
    "a TLS handshake under way has its place under maxConnections; one that fails gives it back",
  ...needsTls,
  async fn() {
    const clock = manualClock();
    const events: NetEvent["kind"][] = [];
    let wake: () => void = () => {};
    await using server = serve({
      transport: "tls",
      port: 0,
      ...tls,
      codec,
      clock,
      maxConnections: 1,
      handshakeTimeoutMs: 1_000,
      onEvent: ({ kind }) => {
        events.push(kind);
        wake();
      },
    }, (connection) => ({ frame: (frame) => connection.send(frame) }));
    const told = async (kind: NetEvent["kind"], times: number) => {
      while (events.filter((other) => other === kind).length < times) {
        await new Promise<void>((resolve) => wake = resolve);
      }
    };
    const visit = () =>
      Deno.connect({ hostname: "127.0.0.1", port: port(server) });
    const silent = await visit();
    // Refused, so the silent one is in.
    using _second = await visit();
    await told("refused", 1);
    await clock.advance(1_000);
    await told("malformed", 1);
    // Late, reported, and still there: so its place is taken.
    using _third = await visit();
    await told("refused", 2);
    silent.close();
    // Its end is seen when it is seen; who comes before that is refused like the others.
    let answer: Uint8Array | undefined;
    while (answer === undefined) {
      const client = await connect({
        transport: "tls",
        hostname: "localhost",
        port: port(server),
        caCerts: [tls!.cert],
        codec,
      });
      client.send(new Uint8Array([7]));
      const next = client[Symbol.asyncIterator]().next();
      answer = await next.then(({ value }) => value, () => undefined);
      await client.close();
    }
    assertEquals(answer, new Uint8Array([7]));
    assertEquals(server.stats.accepted, 1);
    assertEquals(events.filter((kind) => kind === "malformed").length, 1);
  },
});

Deno.test({
  name:
    "newcomers that are refused before their TLS handshake and stay are no more than the backlog; the next one waits until one leaves",
  ...needsTls,
  async fn() {
    let refused = 0;
    let wake: () => void = () => {};
    const toldOf = async (times: number) => {
      while (refused < times) {
        await new Promise<void>((resolve) => wake = resolve);
      }
    };
    const server = serve({
      transport: "tls",
      port: 0,
      ...tls,
      codec,
      maxConnections: 1,
      backlog: 2,
      onEvent: ({ kind }) => {
        if (kind === "refused") refused++;
        wake();
      },
    }, (connection) => ({ frame: (frame) => connection.send(frame) }));
    await using client = await connect({
      transport: "tls",
      hostname: "localhost",
      port: port(server),
      caCerts: [tls!.cert],
      codec,
    });
    const answers = client[Symbol.asyncIterator]();
    const ask = async () => {
      client.send(new Uint8Array([7]));
      assertEquals((await answers.next()).value, new Uint8Array([7]));
    };
    await ask();
    const visit = () =>
      Deno.connect({ hostname: "127.0.0.1", port: port(server) });
    const first = await visit();
    using _second = await visit();
    await toldOf(2);
    using _third = await visit();
    // Were it accepted, it would be in so many turns of the server.
    for (let i = 0; i < 50; i++) await ask();
    assertEquals(refused, 2);
    first.close();
    await toldOf(3);
    // Who is inside is served all the time.
    await ask();
    // The door is crowded again. It opens when there is room inside, though nobody leaves the door.
    const late = connect({
      transport: "tls",
      hostname: "localhost",
      port: port(server),
      caCerts: [tls!.cert],
      codec,
    });
    await client.close();
    await using next = await late;
    next.send(new Uint8Array([8]));
    const { value } = await next[Symbol.asyncIterator]().next();
    assertEquals([value, refused], [new Uint8Array([8]), 3]);
    // Those at the door hold up no end.
    assertEquals(await server.stop(), { kind: "shutdown" });
  },
});

Deno.test("a peer that sends one byte each 10 ms is served, however long its stream takes, as long as each frame comes in time", async () => {
  const clock = manualClock();
  const network = memoryNetwork();
  const lost: NetEvent[] = [];
  const seen: string[] = [];
  const server = serve({
    transport: "custom",
    network,
    codec: lines(),
    clock,
    frameTimeoutMs: 1_000,
    idleTimeoutMs: 1_000,
    onEvent: (event) => event.kind === "closed" && lost.push(event),
  }, () => ({ frame: (line) => void seen.push(line) }));
  const peer = await network.connect();
  const trickle = async (text: string) => {
    for (const byte of new TextEncoder().encode(text)) {
      if (lost.length > 0) return;
      await peer.write(new Uint8Array([byte]));
      await clock.advance(10);
    }
  };
  // 50 ms each: both limits pass many times over, but never within one frame, and never in silence.
  const asked = Array.from({ length: 100 }, (_, i) => `f${i + 100}`);
  for (const line of asked) await trickle(`${line}\n`);
  assertEquals(seen, asked);
  assertEquals(lost, []);
  // One frame that takes longer than it may.
  await trickle("x".repeat(150));
  const [event] = lost;
  assert(event?.kind === "closed" && event.reason.by === "failure");
  assertInstanceOf(event.reason.error, TimeoutError);
  assertEquals(seen, asked);
  assertEquals(clock.pendingTimers, 0, "nobody is left to look at");
  peer.close();
  await server.stop();
});

Deno.test("a frame that trickles in byte by byte leaves at most itself in memory", async () => {
  const clock = manualClock();
  const network = memoryNetwork();
  const large = lengthPrefixed({ maxFrameBytes: 100_000 });
  await using server = serve(
    { transport: "custom", network, codec: large, clock },
    () => ({ frame() {} }),
  );
  const peer = await network.connect();
  const wire = encodeFrame(large, new Uint8Array(90_000));
  for (let at = 0; at < 3_000; at++) {
    await peer.write(wire.subarray(at, at + 1));
    await clock.settle();
    const [connection] = server.connections.values();
    assertEquals(connection.stats.bufferedBytes, at + 1);
  }
  peer.close();
});

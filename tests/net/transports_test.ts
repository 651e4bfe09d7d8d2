/** Every transport passes one contract, and carries the same connections. */

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  type ByteStream,
  connect,
  ConnectError,
  type Endpoint,
  lengthPrefixed,
  type NetEvent,
  serve,
  TimeoutError,
} from "../../mod.ts";
import {
  checkTransport,
  manualClock,
  memoryNetwork,
  memoryPair,
} from "../../testing.ts";
import { dial, listen } from "../../src/transport/mod.ts";
import { tlsCertificate } from "../support/tls_certificate.ts";
import { inDir } from "../support/temp_dir.ts";

const tls = tlsCertificate;
const codec = lengthPrefixed({ maxFrameBytes: 8 << 20 });

interface Kind {
  missing?: string;
  /** Where to listen; `client` turns the address that came of it into where to connect. */
  server(dir: string): Endpoint;
  client(server: Endpoint, addr: Deno.Addr): Endpoint;
}

const tcpPort = (addr: Deno.Addr) => (addr as Deno.NetAddr).port;

const KINDS: Record<string, Kind> = {
  tcp: {
    server: () => ({ port: 0 }),
    client: (_, addr) => ({ port: tcpPort(addr) }),
  },
  tls: {
    ...(tls === undefined ? { missing: "openssl" } : {}),
    server: () => ({ transport: "tls", port: 0, ...tls }),
    client: (_, addr) => ({
      transport: "tls",
      hostname: "localhost",
      port: tcpPort(addr),
      caCerts: [tls!.cert],
    }),
  },
  unix: {
    server: (dir) => ({ transport: "unix", path: `${dir}/socket` }),
    client: (server) => server,
  },
  memory: {
    server: () => ({
      transport: "custom",
      network: memoryNetwork({ sliceBytes: 1_000 }),
    }),
    client: (server) => server,
  },
};

for (const [name, kind] of Object.entries(KINDS)) {
  const label = kind.missing === undefined
    ? name
    : `${name} (ignored: no ${kind.missing})`;
  const ignore = kind.missing !== undefined;

  Deno.test({
    name: `checkTransport() passes: ${label}`,
    ignore,
    fn: () =>
      inDir(async (dir) => {
        const endpoint = kind.server(dir);
        const acceptor = listen(endpoint, { backlog: 10, reusePort: false });
        try {
          await checkTransport(async () => {
            const [near, far] = await Promise.all([
              dial(kind.client(endpoint, acceptor.addr), { timeoutMs: 5_000 }),
              acceptor.accept().then(async (stream) => {
                await (stream as Partial<Deno.TlsConn>).handshake?.();
                return stream;
              }),
            ]);
            return [near, far] as [ByteStream, ByteStream];
          });
        } finally {
          acceptor.close();
        }
      }),
  });

  Deno.test({
    name:
      `serve() and connect() carry frames of any size, half-close and shutdown: ${label}`,
    ignore,
    fn: () =>
      inDir(async (dir) => {
        const endpoint = kind.server(dir);
        const server = serve(
          { ...endpoint, codec },
          (connection) => ({ frame: (frame) => connection.send(frame) }),
        );
        const where = kind.client(endpoint, server.addr);
        {
          await using client = await connect({ ...where, codec });
          const sizes = [0, 1, 100, 65_536, 3 << 20];
          for (const size of sizes) {
            client.send(new Uint8Array(size).fill(size));
          }
          await client.endWrite();
          const back: number[] = [];
          for await (const frame of client) {
            back.push(frame.length);
            assertEquals(
              frame.every((byte) => byte === (frame.length & 0xff)),
              true,
            );
          }
          assertEquals(back, sizes);
        }
        await using idle = await connect({ ...where, codec });
        const first = idle[Symbol.asyncIterator]();
        idle.send(new Uint8Array(1));
        await first.next();
        assertEquals(await server.stop(), { kind: "shutdown" });
        assertEquals(await first.next(), { done: true, value: undefined });
      }),
  });
}

Deno.test("checkTransport() finds a transport that loses bytes", async () => {
  await assertRejects(
    () =>
      checkTransport(() => {
        const [near, far] = memoryPair();
        const write = near.write;
        near.write = (bytes) =>
          write(bytes.length > 1_000 ? bytes.subarray(1) : bytes).then((
            count,
          ) => count + 1);
        return Promise.resolve([near, far]);
      }),
    Error,
    'fails the check "bytes arrive in order"',
  );
});

Deno.test("memoryNetwork() delays by its clock and resets", async () => {
  const [near, far] = memoryPair();
  const reading = far.read(new Uint8Array(1));
  near.reset();
  await assertRejects(() => reading, Error, "ConnectionReset");
  await assertRejects(
    () => near.write(new Uint8Array(1)),
    Error,
    "ConnectionReset",
  );
});

Deno.test({
  name:
    "serve() over TLS: ALPN is agreed, and a bad handshake or a silent newcomer costs nobody else anything",
  ignore: tls === undefined,
  async fn() {
    const clock = manualClock();
    const events: NetEvent[] = [];
    const malformed = Promise.withResolvers<void>();
    await using server = serve({
      transport: "tls",
      port: 0,
      ...tls,
      alpnProtocols: ["boat"],
      codec,
      clock,
      onEvent: (event) => {
        events.push(event);
        if (events.filter(({ kind }) => kind === "malformed").length === 2) {
          malformed.resolve();
        }
      },
    }, (connection) => ({ frame: (frame) => connection.send(frame) }));
    const port = tcpPort(server.addr);
    // One speaks no TLS, one says nothing at all.
    using plain = await Deno.connect({ hostname: "127.0.0.1", port });
    await plain.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    using _silent = await Deno.connect({ hostname: "127.0.0.1", port });
    await using good = await connect({
      transport: "tls",
      hostname: "localhost",
      port,
      caCerts: [tls!.cert],
      alpnProtocols: ["boat"],
      codec,
    });
    good.send(new Uint8Array(3));
    assertEquals((await good[Symbol.asyncIterator]().next()).value?.length, 3);
    // The silent one came in before the good one, so its time has begun.
    await clock.advance(5_000);
    await malformed.promise;
    const errors = events.flatMap((event) =>
      event.kind === "malformed" ? [event.error] : []
    );
    assertEquals(
      errors.filter((error) => error instanceof TimeoutError).length,
      1,
    );
    assertEquals(server.connections.size, 1);
  },
});

Deno.test({
  name:
    "connect() over TLS says what is wrong: an unknown certificate, a peer that speaks no TLS",
  ignore: tls === undefined,
  async fn() {
    await using server = serve(
      { transport: "tls", port: 0, ...tls, codec },
      () => ({ frame() {} }),
    );
    const unknown = await assertRejects(
      () =>
        connect({
          transport: "tls",
          hostname: "localhost",
          port: tcpPort(server.addr),
          codec,
        }),
      ConnectError,
      "TLS",
    );
    assertEquals(unknown.code, "TLS");
    await using plain = serve({ port: 0, codec }, () => ({ frame() {} }));
    const error = await assertRejects(() =>
      connect({
        transport: "tls",
        hostname: "localhost",
        port: tcpPort(plain.addr),
        caCerts: [tls!.cert],
        codec,
        connectTimeoutMs: 2_000,
      })
    );
    assertInstanceOf(error, ConnectError);
  },
});

/** An attempt to connect can be ended in each of its phases, and leaves nothing open behind. */

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { ConnectError } from "../../src/errors.ts";
import { manualClock, memoryPair } from "../../testing.ts";
import {
  addrText,
  type ByteStream,
  checkEndpoint,
  dial,
  endpointText,
} from "../../src/transport/mod.ts";

const REASON = new Error("changed my mind");

/** A network whose `connect` takes as long as the test wants, and heeds no signal, as a name server does. */
function slowNetwork() {
  const answer = Promise.withResolvers<ByteStream>();
  let closed = 0;
  const [stream] = memoryPair();
  const close = stream.close;
  stream.close = () => {
    closed++;
    close();
  };
  return {
    endpoint: {
      transport: "custom" as const,
      network: {
        listen(): never {
          throw new Error("not here");
        },
        connect: () => answer.promise,
      },
    },
    answer,
    stream,
    closed: () => closed,
  };
}

Deno.test("dial() with a signal that has aborted asks nobody", async () => {
  let asked = 0;
  const { endpoint } = slowNetwork();
  endpoint.network.connect = () => {
    asked++;
    return Promise.reject(new Error("asked"));
  };
  const error = await assertRejects(() =>
    dial(endpoint, { timeoutMs: 1_000, signal: AbortSignal.abort(REASON) })
  );
  assertStrictEquals(error, REASON);
  assertEquals(asked, 0);
});

Deno.test("dial() aborted while whoever is asked heeds no signal rejects at once, and closes what comes too late", async () => {
  const { endpoint, answer, stream, closed } = slowNetwork();
  const clock = manualClock();
  const aborter = new AbortController();
  const attempt = dial(endpoint, {
    timeoutMs: 1_000,
    signal: aborter.signal,
    clock,
  });
  aborter.abort(REASON);
  assertStrictEquals(await assertRejects(() => attempt), REASON);
  assertEquals(clock.pendingTimers, 0);
  answer.resolve(stream);
  await clock.settle();
  assertEquals(closed(), 1);
});

Deno.test("dial() aborted while whoever is asked heeds no signal does not mind a late failure", async () => {
  const { endpoint, answer } = slowNetwork();
  const clock = manualClock();
  const aborter = new AbortController();
  const attempt = dial(endpoint, {
    timeoutMs: Infinity,
    signal: aborter.signal,
    clock,
  });
  assertEquals(clock.pendingTimers, 0, "no deadline, no timer");
  aborter.abort(REASON);
  assertStrictEquals(await assertRejects(() => attempt), REASON);
  // Were nobody to listen, this would be an unhandled rejection, which fails the test.
  answer.reject(new Error("no such name"));
  await clock.settle();
});

Deno.test("dial() past its deadline says TIMED_OUT, and closes what comes too late", async () => {
  const { endpoint, answer, stream, closed } = slowNetwork();
  const clock = manualClock();
  const attempt = dial(endpoint, { timeoutMs: 1_000, clock });
  const failed = assertRejects(() => attempt, ConnectError);
  await clock.advance(999);
  answer.promise.then(() => {});
  await clock.advance(1);
  const error = await failed;
  assertEquals(
    [error.code, error.message],
    [
      "TIMED_OUT",
      "Cannot connect to the custom network: no answer within 1000 ms",
    ],
  );
  answer.resolve(stream);
  await clock.settle();
  assertEquals(closed(), 1);
});

Deno.test("dial() that succeeds lets go of its timer and its signal", async () => {
  const { endpoint, answer, stream, closed } = slowNetwork();
  const clock = manualClock();
  const aborter = new AbortController();
  answer.resolve(stream);
  assertStrictEquals(
    await dial(endpoint, { timeoutMs: 1_000, signal: aborter.signal, clock }),
    stream,
  );
  assertEquals(clock.pendingTimers, 0);
  aborter.abort(REASON);
  await clock.advance(1_000);
  assertEquals(closed(), 0);
  stream.close();
});

Deno.test({
  name: "dial() aborted while TCP waits for an answer gives up",
  // Elsewhere a full queue refuses instead of keeping silent.
  ignore: Deno.build.os !== "linux",
  async fn() {
    using listener = Deno.listen({
      hostname: "127.0.0.1",
      port: 0,
      tcpBacklog: 1,
    });
    const { port } = listener.addr;
    // Nobody accepts. A queue of 1 holds 2, and whoever comes next is not answered.
    using _first = await Deno.connect({ hostname: "127.0.0.1", port });
    using _second = await Deno.connect({ hostname: "127.0.0.1", port });
    const aborter = new AbortController();
    const attempt = dial({ port }, {
      timeoutMs: 60_000,
      signal: aborter.signal,
    });
    const failed = assertRejects(() => attempt);
    await isAsking(port);
    aborter.abort(REASON);
    assertStrictEquals(await failed, REASON);
  },
});

/** Waits until a connection to `port` has sent its SYN and has no answer. */
async function isAsking(port: number): Promise<void> {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const SYN_SENT = "02";
  const asks = (line: string) => {
    const columns = line.trim().split(/\s+/);
    return columns[2]?.endsWith(remote) && columns[3] === SYN_SENT;
  };
  // By another program, because Deno keeps /proc to those who may do everything.
  const table = new Deno.Command("cat", { args: ["/proc/net/tcp"] });
  for (;;) {
    const { stdout } = await table.output();
    if (new TextDecoder().decode(stdout).split("\n").some(asks)) return;
  }
}

Deno.test("dial() aborted in the middle of a TLS handshake gives up, and closes its socket", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const aborter = new AbortController();
  const attempt = dial({
    transport: "tls",
    hostname: "127.0.0.1",
    port: listener.addr.port,
  }, { timeoutMs: 60_000, signal: aborter.signal });
  const failed = assertRejects(() => attempt);
  using silent = await listener.accept();
  // Its first words have come, and ours do not.
  const into = new Uint8Array(4_096);
  assertEquals(await silent.read(into) !== null, true);
  assertEquals(into[0], 0x16);
  aborter.abort(REASON);
  assertStrictEquals(await failed, REASON);
});

for (const phase of ["connects", "shakes hands"]) {
  Deno.test(`dial() aborted while TLS ${phase} closes its socket, whatever the runtime does`, async () => {
    const { connectTls } = Deno;
    const connected = Promise.withResolvers<void>();
    const shaking = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    Deno.connectTls = async () => {
      await connected.promise;
      return {
        handshake() {
          shaking.resolve();
          return new Promise(() => {});
        },
        close: () => closed.resolve(),
      } as unknown as Deno.TlsConn;
    };
    try {
      const aborter = new AbortController();
      const attempt = dial({ transport: "tls", port: 1 }, {
        timeoutMs: Infinity,
        signal: aborter.signal,
      });
      const failed = assertRejects(() => attempt);
      if (phase === "shakes hands") {
        connected.resolve();
        await shaking.promise;
      }
      aborter.abort(REASON);
      assertStrictEquals(await failed, REASON);
      connected.resolve();
      await closed.promise;
    } finally {
      Deno.connectTls = connectTls;
    }
  });
}

Deno.test("dial() says what is wrong, by kind of endpoint", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const missing = await assertRejects(
      () =>
        dial({ transport: "unix", path: `${dir}/none` }, { timeoutMs: 1_000 }),
      ConnectError,
      `Cannot connect to ${dir}/none: there is no such socket file`,
    );
    assertEquals(missing.code, "NOT_FOUND");

    await Deno.writeTextFile(`${dir}/plain`, "");
    await Deno.symlink(dir, `${dir}/link`);
    // Deno leaves the file of a datagram socket behind.
    Deno.listenDatagram({ transport: "unixpacket", path: `${dir}/dead` })
      .close();
    for (
      const [name, words] of [
        ["", "there is a directory of that name"],
        ["/link", "there is a directory of that name"],
        ["/plain", "the file there is not a socket"],
        ["/dead", "the connection was refused: nobody listens there"],
      ]
    ) {
      const path = dir + name;
      const { message, code, cause } = await assertRejects(
        () => dial({ transport: "unix", path }, { timeoutMs: 1_000 }),
        ConnectError,
      );
      assertEquals(message, `Cannot connect to ${path}: ${words}`);
      assertEquals(code, "CONNECTION_REFUSED");
      assertInstanceOf(cause, Deno.errors.ConnectionRefused);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
  const { endpoint, answer } = slowNetwork();
  answer.reject(new Error("the tunnel has fallen in"));
  const custom = await assertRejects(
    () => dial(endpoint, { timeoutMs: 1_000 }),
    ConnectError,
    "Cannot connect to the custom network: the tunnel has fallen in",
  );
  assertInstanceOf(custom.cause, Error);
  await assertRejects(
    () => dial({ port: -1 }, { timeoutMs: 1_000 }),
    RangeError,
    "'port' must be an integer from 0 to 65535: current value is -1",
  );
  // A mistake of the caller's is told as it is.
  const { endpoint: broken, answer: never } = slowNetwork();
  never.reject(new TypeError("not a network"));
  await assertRejects(
    () => dial(broken, { timeoutMs: 1_000 }),
    TypeError,
    "not a network",
  );
});

Deno.test("checkEndpoint() counts the bytes of a path, not its letters, and knows four transports", () => {
  checkEndpoint({ transport: "unix", path: "x".repeat(107) });
  for (const [path, byteLength] of [["", 0], ["é".repeat(54), 108]] as const) {
    assertThrows(
      () => checkEndpoint({ transport: "unix", path }),
      RangeError,
      `'path' must have 1 to 107 bytes: current value has ${byteLength}`,
    );
  }
  assertThrows(
    () => checkEndpoint({ transport: "unix" } as never),
    TypeError,
    "'path' must be a string: current value is undefined",
  );
  assertThrows(
    () => checkEndpoint({ transport: "smoke" } as never),
    TypeError,
    'current value is "smoke"',
  );
});

Deno.test("endpointText() and addrText() write addresses as people do", () => {
  assertEquals(
    [
      endpointText({ port: 80 }),
      endpointText({ hostname: "::1", port: 80 }),
      endpointText({ transport: "unix", path: "/run/s" }),
      addrText({ transport: "tcp", hostname: "::1", port: 80 }),
      addrText({ transport: "unix", path: "/run/s" }),
      // What `accept` tells of a client on a Unix socket.
      addrText({ transport: "unix", path: null } as never),
      addrText({ transport: "vsock", cid: 1, port: 2 } as never),
    ],
    [
      "127.0.0.1:80",
      "[::1]:80",
      "/run/s",
      "[::1]:80",
      "/run/s",
      "(unnamed)",
      "vsock",
    ],
  );
});

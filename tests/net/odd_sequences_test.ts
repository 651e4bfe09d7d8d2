/** What is allowed though nobody should write it: odd handlers, and streams left in the middle. */

import { assertEquals, assertThrows } from "@std/assert";
import {
  type Codec,
  connect,
  type ConnectionHandler,
  lines,
  type NetEvent,
  serve,
} from "../../mod.ts";
import { memoryNetwork } from "../../testing.ts";
import { reportedErrors } from "../support/reported_errors.ts";
import { openConnection } from "./scripted_connection.ts";
import { settle } from "./scripted_stream.ts";

const open = (handler?: ConnectionHandler<string, string, never>) =>
  openConnection(lines(), handler, { restart: { maxRestarts: 1 } });

/** A crash, a restart, and a crash that is one too many. */
const TWICE: NetEvent["kind"][] = ["crashed", "restarted", "crashed"];

/** A script as no `async` function makes one. */
type Then = (done: () => void, failed: (error: unknown) => void) => void;

Deno.test("a script that is a thenable may settle at once, and twice", async () => {
  const cases: [string, Then, NetEvent["kind"][]][] = [
    ["ends at once", (done) => done(), []],
    ["fails at once", (_, failed) => failed(new Error("x")), TWICE],
    ["ends twice", (done) => {
      done();
      done();
    }, []],
    ["throws", () => {
      throw new Error("x");
    }, TWICE],
  ];
  for (const [what, then, between] of cases) {
    const { connection, kinds } = open(() => ({ then }) as Promise<void>);
    const { by } = await connection.closed;
    assertEquals(by, between.length === 0 ? "local" : "failure", what);
    assertEquals(kinds(), ["opened", ...between, "closed"], what);
  }
});

Deno.test("readable that is cancelled while a read waits takes no frame", async () => {
  const { connection, stream } = open();
  const reader = connection.readable.getReader();
  const read = reader.read();
  await settle();
  await reader.cancel();
  assertEquals(await read, { done: true, value: undefined });
  stream.peer("one\ntwo\n");
  stream.peer(null);
  assertEquals(await Array.fromAsync(connection), ["one", "two"]);
  assertEquals(await connection.closed, { by: "peer" });
});

Deno.test("readable that is cancelled leaves those who wait beside it", async () => {
  const { connection, stream } = open();
  const frames = connection[Symbol.asyncIterator]();
  const first = frames.next();
  const reader = connection.readable.getReader();
  const read = reader.read();
  const third = frames.next();
  await settle();
  await reader.cancel();
  await read;
  stream.peer("one\ntwo\n");
  assertEquals([(await first).value, (await third).value], ["one", "two"]);
  await connection.close();
});

Deno.test("switchCodec() to what is no codec changes nothing", async () => {
  const network = memoryNetwork();
  const wire = { transport: "custom", network, codec: lines() } as const;
  await using _server = serve(wire, (connection) => ({
    frame: (line) => connection.send(line),
  }));
  await using client = await connect(wire);
  assertThrows(
    () => client.switchCodec(undefined as unknown as Codec<string>),
    TypeError,
  );
  client.send("still lines");
  await client.endWrite();
  assertEquals(await Array.fromAsync(client), ["still lines"]);
});

Deno.test("a stream that is closed under a connection is a loss, and one that cannot be closed is told of", async () => {
  {
    const { connection, stream, kinds } = open(() => ({ frame() {} }));
    stream.close();
    assertEquals((await connection.closed).by, "failure");
    assertEquals(kinds(), ["opened", "closed"]);
  }
  using reported = reportedErrors();
  const { connection, stream } = open(() => ({ frame() {} }));
  const close = stream.close.bind(stream);
  stream.close = () => {
    close();
    throw new Error("the tunnel is stuck");
  };
  assertEquals(await connection.close(), { by: "local" });
  assertEquals(reported.errors.map(String), ["Error: the tunnel is stuck"]);
});

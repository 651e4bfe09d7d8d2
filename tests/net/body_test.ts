/** Bodies outside frames, changes of codec, Web Streams, borrowed frames. */

import {
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  type ByteCodec,
  type Codec,
  connect,
  type Connection,
  type ConnectionHandler,
  ConnectionLostError,
  type ConnectionOptions,
  delimited,
  encodeFrame,
  lengthPrefixed,
  lines,
  serve,
} from "../../mod.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { openConnection } from "./scripted_connection.ts";
import { settle } from "./scripted_stream.ts";

function open<F>(
  codec: Codec<F>,
  handler: ConnectionHandler<F, F, never> | undefined,
  options: ConnectionOptions = {},
) {
  const clock = manualClock();
  return { ...openConnection(codec, handler, { clock, ...options }), clock };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);

/** Reads bodies that headers announce: `5` means that 5 bytes follow. */
function bodies(
  seen: string[],
): ConnectionHandler<string, string, never> {
  return (connection) => ({
    async frame(header) {
      const body = connection.body(Number(header));
      seen.push(
        await new Response(body)
          .text(),
      );
    },
  });
}

Deno.test("body() gives the bytes after a header, and the next frame comes after them, for every cut", async () => {
  const wire = "5\nhello0\n3\nabc";
  for (let cut = 0; cut <= wire.length; cut++) {
    const seen: string[] = [];
    const { connection, stream } = open(lines(), bodies(seen));
    for (const part of [wire.slice(0, cut), wire.slice(cut)]) {
      if (part !== "") stream.peer(part);
      await settle();
    }
    stream.peer(null);
    assertEquals(await connection.closed, { by: "peer" });
    assertEquals(seen, ["hello", "", "abc"]);
  }
});

Deno.test("body() byte by byte", async () => {
  const seen: string[] = [];
  const { connection, stream } = open(lines(), bodies(seen));
  for (const letter of "5\nhello0\n3\nabc") {
    stream.peer(letter);
    await settle();
  }
  assertEquals(seen, ["hello", "", "abc"]);
  await connection.close();
});

Deno.test("body() copies nothing that was read for it, though frames of this codec reuse their memory", async () => {
  const chunks: Uint8Array[] = [];
  const { connection, stream } = open(lines(), (connection) => ({
    async frame() {
      for await (const chunk of connection.body(10)) chunks.push(chunk);
    },
  }));
  const targets: Uint8Array[] = [];
  const read = stream.read.bind(stream);
  stream.read = (into) => {
    targets.push(into);
    return read(into);
  };
  for (const part of ["header\nhello", "again"]) {
    stream.peer(part);
    await settle();
  }
  await connection.close();
  // The first came with the header, into memory of the frames, which will be read into again; so that is a copy.
  assertEquals(chunks.map(text), ["hello", "again"]);
  assertStrictEquals(targets.some((t) => t.buffer === chunks[0].buffer), false);
  assertStrictEquals(targets.some((t) => t.buffer === chunks[1].buffer), true);
});

Deno.test("body() that is cancelled is passed over", async () => {
  const seen: string[] = [];
  const { connection, stream } = open(lines(), (connection) => ({
    async frame(line) {
      seen.push(line);
      if (line === "6") await connection.body(6).cancel();
    },
  }));
  stream.peer("6\nabc");
  await settle();
  stream.peer("def");
  stream.peer("next\n");
  await settle();
  assertEquals(seen, ["6", "next"]);
  await connection.close();
});

Deno.test("body() errors with ConnectionLostError when the stream ends inside it", async () => {
  let error: unknown;
  const { connection, stream } = open(lines(), (connection) => ({
    frame: () =>
      connection.body(10).pipeTo(new WritableStream()).catch((e) => error = e),
  }));
  stream.peer("10\nabc");
  stream.peer(null);
  await connection.closed;
  assertEquals(
    (error as Error).message.endsWith(
      "in the middle of a body: 7 bytes are missing",
    ),
    true,
    `${error}`,
  );
  assertEquals(error instanceof ConnectionLostError, true);
});

Deno.test("body() errors when the connection is aborted while it waits", async () => {
  const failed = Promise.withResolvers<unknown>();
  const { connection, stream } = open(lines(), (connection) => ({
    frame: () =>
      connection.body(10).pipeTo(new WritableStream()).catch(failed.resolve),
  }));
  stream.peer("10\nabc");
  await settle();
  const error = new Error("enough");
  connection.abort(error);
  assertStrictEquals(await failed.promise, error);
  await connection.closed;
});

Deno.test("body() refuses a second one, and a length that is none", async () => {
  const { connection, stream } = open(lines(), undefined);
  assertThrows(() => connection.body(-1), RangeError, "'byteLength'");
  assertThrows(() => connection.body(1.5), RangeError, "'byteLength'");
  const body = connection.body(3);
  assertThrows(() => connection.body(3), TypeError, "another one is under way");
  stream.peer("abc");
  assertEquals(
    text(
      await new Response(body)
        .bytes(),
    ),
    "abc",
  );
  await connection.close();
});

Deno.test("sendBody() sends after the frames queued before and in front of those sent meanwhile", async () => {
  const { connection, stream } = open(lines(), undefined);
  connection.send("before");
  async function* source() {
    yield bytes("one ");
    connection.send("meanwhile");
    await settle();
    yield bytes("two\n");
  }
  await connection.sendBody(source());
  connection.send("after");
  await connection.close();
  assertEquals(stream.written(), "before\none two\nmeanwhile\nafter\n");
});

Deno.test("sendBody() waits for a peer that reads slowly", async () => {
  const { connection, stream } = open(lines(), undefined, {
    highWaterBytes: 1_000,
  });
  stream.takesWrites = false;
  let done = false;
  const sent = connection.sendBody(new Uint8Array(100_000)).then(() =>
    done = true
  );
  await settle();
  assertEquals(done, false);
  assertEquals(connection.stats.bufferedBytes <= 1_000, true);
  stream.takeWrites();
  await sent;
  await connection.close();
  assertEquals(
    stream.writes.reduce((sum, { length }) => sum + length, 0),
    100_000,
  );
});

Deno.test("sendBody() with a source that fails ends the connection", async () => {
  const { connection } = open(lines(), undefined);
  const error = new Error("disk");
  async function* source() {
    yield bytes("half");
    await Promise.reject(error);
  }
  await assertRejects(() => connection.sendBody(source()), Error, "disk");
  assertEquals(await connection.closed, { by: "failure", error });
  await assertRejects(
    () => connection.sendBody(bytes("more")),
    ConnectionLostError,
    "closed",
  );
});

Deno.test("switchCodec() takes the next bytes as another format, also those that have come already", async () => {
  const seen: unknown[] = [];
  const binary: ByteCodec = lengthPrefixed();
  const { connection, stream } = open<string>(lines(), async (connection) => {
    for await (const line of connection) {
      seen.push(line);
      if (line === "upgrade") break;
    }
    connection.send("ok");
    const framed = connection.switchCodec(binary);
    for await (const frame of framed) {
      seen.push(text(frame));
      framed.send(frame);
    }
  });
  stream.peer("hello\nupgrade\n");
  const frames = [
    encodeFrame(binary, bytes("one")),
    encodeFrame(binary, bytes("two")),
  ];
  await settle();
  stream.peer(frames[0].subarray(0, 5));
  await settle();
  stream.peer(frames[0].subarray(5));
  stream.peer(frames[1]);
  stream.peer(null);
  await connection.closed;
  assertEquals(seen, ["hello", "upgrade", "one", "two"]);
  assertEquals(stream.written(), "ok\n" + text(frames[0]) + text(frames[1]));
});

Deno.test("switchCodec() in one chunk: what follows in it is the other format", async () => {
  const seen: string[] = [];
  const { connection, stream } = open<string>(lines(), (connection) => ({
    frame(frame: string | Uint8Array) {
      seen.push(typeof frame === "string" ? frame : text(frame));
      if (frame === "upgrade") connection.switchCodec(delimited(";"));
    },
  }));
  stream.peer("upgrade\na;b;");
  await settle();
  assertEquals(seen, ["upgrade", "a", "b"]);
  await connection.close();
});

Deno.test("readable and writable are the connection as Web Streams", async () => {
  await using server = serve(
    { port: 0, codec: lines() },
    (connection: Connection<string>) =>
      connection.readable
        .pipeThrough(
          new TransformStream({
            transform: (line, out) => out.enqueue(line.toUpperCase()),
          }),
        )
        .pipeTo(connection.writable),
  );
  const { port } = server.addr as Deno.NetAddr;
  await using client = await connect({ port, codec: lines() });
  await ReadableStream.from(["one", "two"]).pipeTo(client.writable);
  const seen: string[] = [];
  for await (const line of client.readable) seen.push(line);
  assertEquals(seen, ["ONE", "TWO"]);
});

Deno.test("frames: 'poisoned' overwrites a frame after its turn, so that a kept view is found out", async () => {
  const kept: Uint8Array[] = [];
  const during: string[] = [];
  const { connection, stream } = open<Uint8Array>(delimited("\n"), () => ({
    async frame(frame) {
      kept.push(frame);
      await settle();
      during.push(text(frame));
    },
  }), { frames: "poisoned" });
  for (const part of ["one\ntw", "o\nthree\n"]) stream.peer(part);
  for (let i = 0; i < 10; i++) await settle();
  assertEquals(
    during,
    ["one", "two", "three"],
    "valid until the turn ends, its promise included",
  );
  for (const frame of kept) {
    assertEquals(frame.every((byte) => byte === 0xdb), true);
  }
  await connection.close();
});

Deno.test("frames: 'borrowed' gives whole frames for every cut, and reads into the same memory again", async () => {
  const sent = Array.from(
    { length: 300 },
    (_, i) => `frame ${i} ${"x".repeat(i)}`,
  );
  const wire = bytes(sent.join("\n") + "\n");
  for (const step of [1, 7, 1_000, 30_000]) {
    const seen: string[] = [];
    const memory = new Set<ArrayBufferLike>();
    const { connection, stream } = open<Uint8Array>(delimited("\n"), () => ({
      frame(frame) {
        seen.push(text(frame));
        memory.add(frame.buffer);
      },
    }), { frames: "borrowed" });
    for (let at = 0; at < wire.length; at += step) {
      stream.peer(wire.subarray(at, at + step));
      await settle();
    }
    for (let i = 0; i < 100 && seen.length < sent.length; i++) await settle();
    assertEquals(seen, sent);
    if (step === 30_000) assertNotEquals(memory.size, sent.length);
    await connection.close();
  }
});

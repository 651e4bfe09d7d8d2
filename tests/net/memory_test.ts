/**
 * What connections cost in memory, measured from outside: the resident set of a server that is a process of its own,
 * after a collection, before and after. The bounds are those of docs/limits.md; how much it is in truth is for
 * `deno task bench:idle` to say.
 */

import { assertEquals, assertLess } from "@std/assert";
import { connect, lengthPrefixed, text } from "../../mod.ts";
import { startSupportServer } from "../support/child.ts";

const KIB = 1_024;
const codec = text(lengthPrefixed());

/** A server in a process of its own, and how much memory it holds. */
async function startServer() {
  const child = startSupportServer("memory_server.ts", [], {
    // What the engine sets aside for young objects is the same for any number of connections: a small share of it.
    flags: ["--v8-flags=--expose-gc,--max-semi-space-size=1"],
  });
  const port = Number(await child.line());
  const control = await connect({ port, codec });
  const answers = control[Symbol.asyncIterator]();
  const conns: Deno.TcpConn[] = [];
  const ask = async (question: string) => {
    control.send(question);
    return Number((await answers.next()).value);
  };
  return {
    rss: () => ask("rss"),
    /** Bytes that the server has read, over all its connections. */
    bytesIn: () => ask("bytesIn"),
    async open(count: number): Promise<Deno.TcpConn[]> {
      const opened: Deno.TcpConn[] = [];
      while (opened.length < count) {
        opened.push(
          ...await Promise.all(
            Array.from({ length: 100 }, () => Deno.connect({ port })),
          ),
        );
      }
      conns.push(...opened);
      // The first one was there before them.
      while (await ask("open") !== 1 + conns.length);
      return opened;
    },
    async [Symbol.asyncDispose]() {
      for (const conn of conns) conn.close();
      await control.close();
      await child[Symbol.asyncDispose]();
    },
  };
}

Deno.test("an idle connection takes less than 10 KiB of resident memory", async () => {
  await using server = await startServer();
  // So that the heap has grown to its working size.
  await server.open(1_000);
  const before = await server.rss();
  await server.open(2_000);
  const each = (await server.rss() - before) / 2_000;
  assertLess(each, 10 * KIB, `${each} bytes each`);
});

Deno.test("a connection in the middle of a large frame takes that frame's memory and one read buffer, not more", async () => {
  const frameBytes = 256 * KIB;
  await using server = await startServer();
  await server.open(100);
  const conns = await server.open(100);
  const before = await server.rss();
  const most = new Uint8Array(frameBytes - 1);
  new DataView(most.buffer).setUint32(0, frameBytes - 4);
  const bytesIn = await server.bytesIn();
  for (const conn of conns) {
    for (let at = 0; at < most.length;) {
      at += await conn.write(most.subarray(at));
    }
  }
  while (await server.bytesIn() < bytesIn + conns.length * most.length);
  const each = (await server.rss() - before) / conns.length;
  assertLess(each, frameBytes + 65 * KIB, `${each} bytes each`);
  assertEquals(conns.length, 100);
});

Deno.test("a connection whose peer has sent large frames, and is waited for now, takes little", async () => {
  await using server = await startServer();
  const frame = new Uint8Array(4 + 60_000);
  new DataView(frame.buffer).setUint32(0, 60_000);
  const answer = new Uint8Array(frame.length);
  /** All send it, one after the other, so that no more than one frame is under way. */
  const burst = async (conns: Deno.TcpConn[]) => {
    for (const conn of conns) {
      for (let at = 0; at < frame.length;) {
        at += await conn.write(frame.subarray(at));
      }
      for (let left = frame.length; left > 0;) {
        left -= await conn.read(answer) ?? 0;
      }
    }
  };
  // So that the heap and the buffers that all share have grown to their working size.
  await burst(await server.open(100));
  const conns = await server.open(1_000);
  const before = await server.rss();
  // A buffer to read into grows by every burst.
  for (let i = 0; i < 4; i++) await burst(conns);
  const each = (await server.rss() - before) / conns.length;
  assertLess(each, 16 * KIB, `${each} bytes each`);
});

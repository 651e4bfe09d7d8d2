/** Frames that are only lent: valid for their turn, whatever comes meanwhile, and their memory is used again. */

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import {
  type Codec,
  delimited,
  lengthPrefixed,
  type NetEvent,
} from "../../mod.ts";
import { datagram, type PeerHandler, serveUdp } from "../../udp.ts";
import type { UdpOptions } from "../../udp.ts";
import { resolveUdpOptions } from "../../src/net/udp/options.ts";
import { DatagramServer } from "../../src/net/udp/serve_udp.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { ScriptedDatagrams } from "./scripted_datagrams.ts";

type Bytes = Uint8Array;

/** Handlers may hold so many buffers at a time; what is above is copied. */
const MOST_LENT = 16;

const decoder = new TextDecoder();

function text(frame: Bytes): string {
  return decoder.decode(frame);
}

function isPoisoned(frame: Bytes): boolean {
  return frame.length > 0 && frame.every((byte) => byte === 0xdb);
}

/** A server of bytes, on a socket and a clock that the test plays. */
function open(
  handler: PeerHandler<Bytes, Bytes, string>,
  frames: "kept" | "borrowed" | "poisoned",
  codec: Codec<Bytes> = datagram(),
) {
  const socket = new ScriptedDatagrams();
  const clock = manualClock();
  const events: NetEvent[] = [];
  const options: UdpOptions<Bytes, Bytes> = {
    port: 0,
    codec,
    frames,
    clock,
    onEvent: (event) => void events.push(event),
  };
  const server = new DatagramServer<Bytes, Bytes, string>(
    socket,
    options,
    resolveUdpOptions(options),
    handler,
  );
  return { server, socket, clock, events };
}

/** Turns that end when the test says so. */
function gates() {
  const waiting: (() => void)[] = [];
  return {
    wait: () => new Promise<void>((resolve) => waiting.push(resolve)),
    openOne: () => waiting.shift()?.(),
    openAll: () => waiting.splice(0).forEach((open) => open()),
    get count() {
      return waiting.length;
    },
  };
}

Deno.test("frames: 'poisoned' overwrites a frame after its turn, its promise included, and 'kept' never", async () => {
  for (const frames of ["poisoned", "kept"] as const) {
    const kept: Bytes[] = [];
    const during: string[] = [];
    const turns = gates();
    const { server, socket, clock } = open(
      () => ({
        async frame(frame) {
          kept.push(frame);
          await turns.wait();
          during.push(text(frame));
        },
      }),
      frames,
      delimited("\n"),
    );
    for (const content of ["one\ntwo\n", "three\n", "four\n"]) {
      socket.peer(5, content);
      socket.peer(6, content.toUpperCase());
    }
    await clock.settle();
    while (turns.count > 0) {
      turns.openOne();
      await clock.settle();
    }
    const said = ["one", "two", "three", "four"];
    const shouted = said.map((line) => line.toUpperCase());
    assertEquals(during.filter((line) => said.includes(line)), said);
    assertEquals(during.filter((line) => shouted.includes(line)), shouted);
    assertEquals(kept.map(isPoisoned), kept.map(() => frames === "poisoned"));
    await server.stop();
  }
});

Deno.test("frames: 'poisoned' overwrites what a script kept when it asks for the next, or has failed", async () => {
  const kept: Bytes[] = [];
  const { server, socket, clock, events } = open(async (peer) => {
    for await (const frame of peer) {
      kept.push(frame);
      await undefined;
      const said = text(frame);
      if (said === "bad") throw new Error("choked");
      peer.send(frame);
    }
  }, "poisoned");
  for (const content of ["a", "bad", "b", "c"]) socket.peer(5, content);
  await clock.advance(0);
  assertEquals(socket.sent, ["5 a", "5 b", "5 c"]);
  assertEquals(kept.map(isPoisoned), [true, true, true, true]);
  assertEquals(events.filter(({ kind }) => kind === "crashed").length, 1);
  await server.stop();
});

Deno.test("frames: 'poisoned' tells a crash with the frame as it was, and goes on behind it", async () => {
  let told = "";
  const kept: Bytes[] = [];
  const codec = lengthPrefixed({ bytes: 1, maxFrameBytes: 200 });
  await using server = serveUdp({
    port: 0,
    codec,
    frames: "poisoned",
    onEvent(event) {
      if (event.kind === "crashed") told = text(event.frame!);
    },
  }, (peer) => ({
    frame(frame) {
      kept.push(frame);
      if (text(frame) === "bad") throw new Error("choked");
      peer.send(frame);
    },
  }));
  const heard = Promise.withResolvers<string>();
  await using client = serveUdp(
    { port: 0, codec },
    () => ({ frame: (frame) => heard.resolve(text(frame)) }),
  );
  const peer = client.peer(server.addr as Deno.NetAddr);
  peer.send(new TextEncoder().encode("bad"));
  peer.send(new TextEncoder().encode("good"));
  assertEquals(await heard.promise, "good");
  assertEquals(told, "bad");
  // Overwritten when its turn was over, and then by the next datagram.
  assertNotEquals(text(kept[0]), "bad");
  assert(isPoisoned(kept[1]));
});

Deno.test("frames: 'borrowed' receives into the memory of frames whose turn is over, and of no other", async () => {
  for (const how of ["callback", "promise", "script"]) {
    for (const size of [0, 10, 5_000, 65_507]) {
      const memory = new Set<ArrayBufferLike>();
      const seen: number[] = [];
      const wrong: number[] = [];
      const look = (frame: Bytes) => {
        memory.add(frame.buffer);
        seen.push(frame.length);
        if (frame.some((byte) => byte !== frame[0])) wrong.push(frame[0]);
      };
      const { server, socket, clock } = open(
        how === "script"
          ? async (peer) => {
            for await (const frame of peer) look(frame);
          }
          : () => ({
            async frame(frame) {
              if (how === "promise") await undefined;
              look(frame);
            },
          }),
        "borrowed",
      );
      for (let i = 0; i < 100; i++) {
        socket.peer(5 + i % 3, new Uint8Array(size).fill(i));
        await clock.settle();
      }
      assertEquals(seen, Array(100).fill(size));
      assertEquals(wrong, []);
      assert(memory.size <= 4, `${how}, ${size}: ${memory.size} buffers`);
      await server.stop();
    }
  }
});

Deno.test("frames: 'borrowed' leaves a frame alone until its turn ends, however many turns there are", async () => {
  const turns = gates();
  const seen: string[] = [];
  const lent = new Set<ArrayBufferLike>();
  const { server, socket, clock } = open((peer) => ({
    async frame(frame) {
      if (frame.buffer.byteLength === 65_536) lent.add(frame.buffer);
      const before = text(frame);
      await turns.wait();
      assertEquals(text(frame), before);
      seen.push(`${(peer.remoteAddr as Deno.NetAddr).port} ${before}`);
    },
  }), "borrowed");
  const expected: string[] = [];
  for (let round = 0; round < 3; round++) {
    // More than there are buffers to lend, and some that wait behind them.
    for (let port = 1; port <= 2 * MOST_LENT; port++) {
      const content = `round ${round} ${"x".repeat(port * 100)}`;
      socket.peer(port, content);
      expected.push(`${port} ${content}`);
    }
    await clock.settle();
    if (round === 1) turns.openAll();
    await clock.settle();
  }
  while (turns.count > 0) {
    turns.openOne();
    await clock.settle();
  }
  assertEquals(seen.toSorted(), expected.toSorted());
  assertEquals(lent.size, MOST_LENT, "above that, copies");
  assertEquals(
    seen.filter((line) => line.startsWith("7 ")),
    expected.filter((line) => line.startsWith("7 ")),
  );
  await server.stop();
});

Deno.test("frames: 'borrowed' leaves the later frames of a datagram alone, too", async () => {
  const turns = gates();
  const seen: string[] = [];
  const { server, socket, clock } = open(
    (peer) => ({
      async frame(frame) {
        if (peer.id > 1) return;
        await turns.wait();
        seen.push(text(frame));
      },
    }),
    "borrowed",
    delimited("\n"),
  );
  socket.peer(5, "one\ntwo\nthree\n");
  for (let port = 6; seen.length < 3; port++) {
    await clock.settle();
    socket.peer(port, "xxxxxxxxxxxxxxxxxxxx\n");
    await clock.settle();
    turns.openAll();
    await clock.settle();
  }
  assertEquals(seen, ["one", "two", "three"]);
  await server.stop();
});

Deno.test("frames: 'borrowed' gets its memory back from a peer that ends with frames unserved", async () => {
  for (const waits of [false, true]) {
    const memory = new Set<ArrayBufferLike>();
    const { server, socket, clock } = open(
      (peer) => ({
        async frame(frame) {
          memory.add(frame.buffer);
          peer.close();
          if (waits) await undefined;
        },
      }),
      "borrowed",
      delimited("\n"),
    );
    for (let i = 0; i < 50; i++) {
      socket.peer(5, "one\ntwo\nthree\n");
      await clock.settle();
    }
    assert(memory.size <= 2, `${memory.size} buffers`);
    await server.stop();
  }
});

Deno.test("frames: 'borrowed' does not touch the frame of a turn that was killed, and lends on", async () => {
  const turns = gates();
  const cut: { frame: Bytes; said: string }[] = [];
  const memory = new Set<ArrayBufferLike>();
  const { server, socket, clock } = open((peer) => ({
    frame(frame) {
      const said = text(frame);
      if (said === "sync") return void memory.add(frame.buffer);
      cut.push({ frame, said });
      if (said === "kill at once") peer.kill();
      return turns.wait();
    },
    message() {},
  }), "borrowed");
  for (let port = 1; port <= 3 * MOST_LENT; port++) {
    socket.peer(port, port % 2 === 0 ? "kill at once" : `killed ${port}`);
    await clock.settle();
    for (const peer of server.peers.values()) peer.kill();
  }
  for (let i = 0; i < 10; i++) {
    socket.peer(1_000, "sync");
    await clock.settle();
  }
  assertEquals(cut.map(({ frame }) => text(frame)), cut.map((it) => it.said));
  assertEquals(cut.length, 3 * MOST_LENT);
  assertEquals(memory.size, 1, "lent again and again");
  turns.openAll();
  await server.stop();
});

Deno.test("frames: 'borrowed' keeps the frame of the first of several pulls at once", async () => {
  const { server, socket, clock } = open(async (peer) => {
    const frames = peer[Symbol.asyncIterator]();
    const [first, second] = [frames.next(), frames.next()];
    const early = (await first).value;
    const late = (await second).value;
    peer.send(early);
    if (late !== undefined) peer.send(late);
    await frames.next();
  }, "borrowed");
  socket.peer(5, "first");
  await clock.settle();
  socket.peer(5, "second");
  socket.peer(6, "x".repeat(20));
  await clock.settle();
  assertEquals(socket.sent, ["5 first", "5 second"]);
  await server.stop();
  assertEquals(socket.sent.at(-1), `6 ${"x".repeat(20)}`);
});

Deno.test("frames: anything else is refused", () => {
  assertThrows(
    () =>
      serveUdp({
        port: 0,
        codec: datagram(),
        frames: "stolen" as "borrowed",
      }, () => ({ frame() {} })),
    RangeError,
    "'frames'",
  );
});

/** Crashes of a peer's handler that come late: from a promise, a message, a script, the very end. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import type { NetEvent, ReplyTo } from "../../mod.ts";
import { reportedErrors } from "../support/reported_errors.ts";
import { open } from "./scripted_datagrams.ts";
import type { PeerHandler } from "../../udp.ts";

type Crash = NetEvent & { kind: "crashed" };
type Closed = NetEvent & { kind: "closed" };

Deno.test("a peer's turn whose promise rejects is a crash like a throw: the next frame comes to a fresh handler", async () => {
  const { server, socket, clock, of } = open((peer) => {
    let count = 0;
    return {
      async frame(line) {
        await Promise.resolve();
        if (line === "bad") throw new Error("late");
        peer.send(`${line} ${++count}`);
      },
    };
  });
  socket.peer(5, "a\nbad\nb");
  await clock.advance(0);
  assertEquals(socket.sent, ["5 a 1", "5 b 1"]);
  const [crash] = of("crashed") as Crash[];
  assertEquals((crash.error as Error).message, "late");
  await server.stop();
});

Deno.test("a peer that crashes on a question fails it, with the crash as its cause, and keeps the others", async () => {
  type Mail = { ask: number; reply: ReplyTo<number> };
  const { server, socket, clock } = open<Mail>(() => ({
    frame() {},
    message({ ask, reply }) {
      if (ask === 1) throw new Error("no answer to that");
      reply(ask);
    },
  }));
  socket.peer(5, "hello");
  await clock.settle();
  const [peer] = server.peers.values();
  const asked = [1, 2].map((ask) =>
    peer.ask<number>((reply) => ({ ask, reply }))
  );
  const failed = assertRejects(() => asked[0], Error);
  await clock.advance(0);
  assertEquals(((await failed).cause as Error).message, "no answer to that");
  assertEquals(await asked[1], 2);
  await server.stop();
});

Deno.test("a peer's script that returns something is a crash, and the address gets a fresh one", async () => {
  let made = 0;
  const handler = async (peer: AsyncIterable<string>) => {
    made++;
    for await (const line of peer) if (line === "odd") return 7;
  };
  const { server, socket, clock, of } = open(
    handler as unknown as PeerHandler<string, string, never>,
  );
  socket.peer(5, "odd\nmore");
  await clock.advance(0);
  const [crash] = of("crashed") as Crash[];
  assertInstanceOf(crash.error, TypeError);
  assertEquals([crash.willRestart, made], [true, 2]);
  await server.stop();
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("a peer whose closed callback fails is gone all the same, and the failure is told", async () => {
  for (const isAsync of [false, true]) {
    const { server, socket, clock, of } = open(() => ({
      frame() {},
      closed() {
        const error = new Error("choked at the end");
        if (isAsync) return Promise.reject(error);
        throw error;
      },
    }));
    socket.peer(5, "hello");
    await clock.settle();
    const [peer] = server.peers.values();
    void peer.close();
    await clock.settle();
    assertEquals(server.peers.size, 0);
    const crashes = of("crashed") as Crash[];
    assertEquals(
      crashes.map(({ error, willRestart }) => [
        (error as Error).message,
        willRestart,
      ]),
      [["choked at the end", false]],
    );
    const [end] = of("closed") as Closed[];
    assertEquals(end.reason, { by: "local" });
    await server.stop();
  }
});

Deno.test("a peer that is killed in the middle of a turn ends at once; what the turn throws later is told, not thrown", async () => {
  const late = Promise.withResolvers<void>();
  const { server, socket, clock, of } = open(() => ({
    frame: () => late.promise,
  }));
  socket.peer(5, "work");
  await clock.settle();
  const [peer] = server.peers.values();
  peer.kill();
  await clock.settle();
  assertEquals(await peer.exited, { kind: "killed" });
  assertEquals(server.peers.size, 0);
  late.reject(new Error("too late"));
  await clock.settle();
  const [crash] = of("crashed") as Crash[];
  assertEquals([(crash.error as Error).message, crash.willRestart], [
    "too late",
    false,
  ]);
  assertEquals(clock.pendingTimers, 0);
  await server.stop();
});

Deno.test("a peer's handler that feeds its own mailbox without end lets others in", async () => {
  let turns = 0;
  const { server, socket, clock } = open<string>((peer) => ({
    frame: (line) => void peer.send(line),
    message(text) {
      if (++turns < 10_000) peer.tell(text);
    },
  }));
  socket.peer(5, "hello");
  await clock.settle();
  const [peer] = server.peers.values();
  peer.tell("again");
  await Promise.resolve();
  await Promise.resolve();
  assert(turns > 0 && turns < 10_000, `${turns} turns at a stretch`);
  while (turns < 10_000) await clock.advance(0);
  socket.peer(6, "other");
  await clock.settle();
  assertEquals(socket.sent, ["5 hello", "6 other"]);
  await server.stop();
});

Deno.test("an observer that throws harms no peer, and is reported", async () => {
  using reported = reportedErrors();
  const { server, socket, clock } = open(
    (peer) => ({
      frame(line) {
        if (line === "bad") throw new Error("choked");
        peer.send(line);
      },
    }),
    {
      onEvent: ({ kind }) => {
        throw kind;
      },
    },
  );
  socket.peer(5, "bad\ngood");
  await clock.advance(0);
  assertEquals(socket.sent, ["5 good"]);
  await server.stop();
  assertEquals(reported.errors, [
    "listening",
    "opened",
    "crashed",
    "restarted",
    "closed",
  ]);
});

Deno.test("a peer's turn whose result fails when it is asked for 'then' is a crash, and the next frame comes", async () => {
  const frames: string[] = [];
  const { server, socket, clock, of } = open(() => ({
    frame(line) {
      frames.push(line);
      if (line !== "trap") return;
      return {
        get then() {
          throw new Error("looked at");
        },
      };
    },
  }));
  socket.peer(5, "a\ntrap\nb");
  await clock.advance(0);
  assertEquals(frames, ["a", "trap", "b"]);
  const [crash] = of("crashed") as Crash[];
  assertEquals((crash.error as Error).message, "looked at");
  await server.stop();
});

/** How peers end: silence, too many of them, shutdown, kill. On a clock moved by hand. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  ActorStoppedError,
  type CloseReason,
  type NetEvent,
} from "../../mod.ts";
import type { Clock } from "../../mod.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import { open, upper } from "./scripted_datagrams.ts";

const LOCAL = "127.0.0.1";

function reasons(events: NetEvent[]): CloseReason["by"][] {
  return events.flatMap((event) =>
    event.kind === "closed" ? [event.reason.by] : []
  );
}

Deno.test("a silent peer ends after peerIdleMs, and its address then gets a fresh one", async () => {
  const closed: CloseReason[] = [];
  let made = 0;
  const { server, socket, clock } = open(() => {
    made++;
    return { frame() {}, closed: (reason) => void closed.push(reason) };
  }, { peerIdleMs: 6_400 });
  socket.peer(5, "a");
  await clock.settle();
  const [first] = server.peers.values();
  await clock.advance(6_399);
  assertEquals(server.peers.size, 1);
  await clock.advance(101);
  assertEquals(server.peers.size, 0);
  assertEquals(closed, [{ by: "idle" }]);
  assertEquals(await first.exited, { kind: "normal" });
  assert(first.signal.aborted);
  assertEquals(first.send("late"), false);
  assertEquals(clock.pendingTimers, 0, "no peers, no timer");
  socket.peer(5, "b");
  await clock.settle();
  const [second] = server.peers.values();
  assertEquals([second.id, made], [2, 2]);
  await server.stop();
});

Deno.test("a live peer is never collected: each datagram counts, an empty or malformed one too", async () => {
  const { server, socket, clock, events } = open(upper, { peerIdleMs: 1_000 });
  for (let round = 0; round < 60; round++) {
    socket.peer(5, ["", "line", Uint8Array.of(0xff)][round % 3]);
    socket.peer(6, "line");
    if (round === 10) socket.peer(7, "once");
    await clock.advance(900);
  }
  assertEquals(reasons(events), ["idle"], "only the one that fell silent");
  assertEquals([...server.peers.values()].map(({ id }) => id), [1, 2]);
  await server.stop();
});

Deno.test("a peer is not collected while its handler is busy, nor while datagrams wait", async () => {
  let release = () => {};
  const seen: string[] = [];
  const { server, socket, clock, events } = open(() => ({
    async frame(line) {
      seen.push(line);
      await new Promise<void>((resolve) => release = resolve);
    },
  }), { peerIdleMs: 1_000 });
  socket.peer(5, "a");
  socket.peer(5, "b");
  await clock.advance(10_000);
  assertEquals(reasons(events), []);
  release();
  await clock.settle();
  assertEquals(seen, ["a", "b"]);
  socket.peer(5, "c");
  await clock.settle();
  release();
  await clock.settle();
  assertEquals(reasons(events), [], "heard again in time");
  release();
  await clock.advance(2_000);
  assertEquals(reasons(events), ["idle"]);
  await server.stop();
});

Deno.test("nobody is ended at a tick that comes far too late: what came meanwhile is read first", async () => {
  const clock = manualClock();
  let skippedMs = 0;
  // A process that stood still: its timers run late, and its socket is full.
  const jumping: Clock = {
    now: () => clock.now() + skippedMs,
    after: (delayMs, run) => clock.after(delayMs, run),
  };
  const { server, socket, events } = open(upper, {
    peerIdleMs: 6_400,
    clock: jumping,
  });
  socket.peer(5, "a");
  socket.peer(6, "a");
  await clock.settle();
  skippedMs = 60_000;
  await clock.advance(100);
  assertEquals(reasons(events), []);
  socket.peer(5, "still here");
  await clock.advance(100);
  assertEquals(reasons(events), ["idle"]);
  assertEquals([...server.peers.keys()], ["127.0.0.1:5"]);
  await server.stop();
});

Deno.test("messages do not keep a silent peer alive", async () => {
  const { server, socket, clock, events } = open<string>(() => ({
    frame() {},
    message() {},
  }), { peerIdleMs: 1_000 });
  socket.peer(5, "a");
  for (let i = 0; i < 12; i++) {
    await clock.advance(100);
    server.peers.get("127.0.0.1:5")?.tell("still there?");
  }
  assertEquals(reasons(events), ["idle"]);
  await server.stop();
});

Deno.test("answers do not keep a peer alive that came to us; sending does keep one that we made", async () => {
  const { server, socket, clock, events } = open(upper, { peerIdleMs: 1_000 });
  socket.peer(5, "a");
  await clock.settle();
  const theirs = server.peers.get("127.0.0.1:5")!;
  const ours = server.peer({ hostname: LOCAL, port: 6 });
  for (let i = 0; i < 5; i++) {
    theirs.send("to you");
    ours.send("to you");
    await clock.advance(500);
  }
  assertEquals([...server.peers.values()], [ours]);
  await clock.advance(2_000);
  assertEquals(reasons(events), ["idle", "idle"]);
  await server.stop();
});

Deno.test("maxPeers holds: the one that has been silent longest goes", async () => {
  const { server, socket, clock, events } = open(upper, { maxPeers: 3 });
  for (const port of [5, 6, 7]) socket.peer(port, "a");
  await clock.advance(10);
  socket.peer(5, "I am still here");
  await clock.advance(10);
  socket.peer(8, "a");
  await clock.settle();
  assertEquals([...server.peers.keys()], [
    "127.0.0.1:5",
    "127.0.0.1:7",
    "127.0.0.1:8",
  ]);
  server.peer({ hostname: LOCAL, port: 9 });
  assertEquals(server.peers.has("127.0.0.1:7"), false);
  assertEquals(server.peers.size, 3);
  assertEquals(reasons(events), ["limit", "limit"]);
  await server.stop();
});

Deno.test("a handler may fill the server up while it is being made itself", async () => {
  const { server, socket, clock } = open((peer) => {
    if (peer.id === 1) {
      for (const port of [7, 8]) server.peer({ hostname: LOCAL, port });
    }
    return { frame: (line) => void peer.send(line) };
  }, { maxPeers: 2 });
  socket.peer(5, "a");
  await clock.settle();
  assertEquals([...server.peers.keys()], ["127.0.0.1:7", "127.0.0.1:8"]);
  assertEquals(socket.sent, []);
  await server.stop();
});

Deno.test("10,000 peers made and ended by silence leave nothing behind; maxPeers is never passed", async () => {
  let most = 0;
  let alive = 0;
  const { server, socket, clock } = open((peer) => {
    alive++;
    return {
      frame(line) {
        peer.send(line);
        most = Math.max(most, server.peers.size);
      },
      closed: () => void alive--,
    };
  }, { maxPeers: 4_000, peerIdleMs: 1_000, onEvent: () => {} });
  for (let port = 1; port <= 10_000; port++) {
    socket.peer(port, "x");
    if (port % 1_000 === 0) await clock.advance(100);
  }
  assertEquals(socket.sent.length, 10_000);
  assertEquals([most, server.peers.size, alive], [4_000, 4_000, 4_000]);
  await clock.advance(2_000);
  assertEquals([server.peers.size, alive, clock.pendingTimers], [0, 0, 0]);
  await server.stop();
});

Deno.test("stop() serves what is at hand, then ends every peer, then the socket", async () => {
  const seen: string[] = [];
  let release = () => {};
  const { server, socket, clock, events } = open((peer) => ({
    async frame(line) {
      await new Promise<void>((resolve) => release = resolve);
      seen.push(line);
      peer.send(line);
    },
    closed: (reason) => void seen.push(`closed by ${reason.by}`),
  }));
  socket.peer(5, "a");
  socket.peer(5, "b");
  await clock.settle();
  const stopped = server.stop();
  socket.peer(5, "too late");
  socket.peer(6, "too late");
  for (let i = 0; i < 2; i++) {
    await clock.settle();
    release();
  }
  assertEquals(await stopped, { kind: "shutdown" });
  assertEquals(seen, ["a", "b", "closed by shutdown"]);
  assertEquals(socket.sent, ["5 a", "5 b"]);
  assertEquals(reasons(events), ["shutdown"]);
  assert(socket.closed);
  assertEquals(clock.pendingTimers, 0);
  assertThrows(
    () => server.peer({ hostname: LOCAL, port: 7 }),
    ActorStoppedError,
  );
});

Deno.test("stop() does not wait longer than the grace for a handler that hangs, nor for one that hangs in closed", async () => {
  const never = new Promise<void>(() => {});
  const { server, socket, clock } = open((peer) => ({
    frame: () => peer.id === 1 ? never : undefined,
    closed: () => peer.id === 2 ? never : undefined,
  }), { graceMs: 300 });
  socket.peer(5, "hangs");
  socket.peer(6, "hangs later");
  await clock.settle();
  const stopped = server.stop();
  await clock.advance(299);
  assert(!socket.closed);
  await clock.advance(301);
  assertEquals(await stopped, { kind: "shutdown" });
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("stop() that is called again may shorten the grace, and does not lengthen it", async () => {
  for (const graces of [[5_000, 100], [100, 5_000]]) {
    const { server, socket, clock } = open(() => ({
      frame: () => new Promise(() => {}),
    }), { graceMs: 300 });
    socket.peer(5, "hangs");
    await clock.settle();
    for (const graceMs of graces) void server.stop({ graceMs });
    await clock.advance(99);
    assert(!socket.closed);
    await clock.advance(1);
    assertEquals(await server.exited, { kind: "shutdown" });
    await server.stop({ graceMs: 7 });
    assertEquals(clock.pendingTimers, 0);
  }
});

Deno.test("stop() does not wait longer than the grace for sends that hang", async () => {
  const { server, socket, clock, of } = open(upper, { graceMs: 300 });
  socket.takesSends = false;
  socket.peer(5, "a");
  await clock.settle();
  const stopped = server.stop();
  await clock.advance(300);
  assertEquals(await stopped, { kind: "shutdown" });
  assertEquals(of("sendFailed").length, 1);
});

Deno.test("kill() ends everything at once, also during stop()", async () => {
  const never = new Promise<void>(() => {});
  const { server, socket, clock } = open(() => ({ frame: () => never }));
  socket.peer(5, "hangs");
  socket.peer(6, "hangs");
  await clock.settle();
  const [one, other] = server.peers.values();
  one.kill();
  assertEquals(await one.exited, { kind: "killed" });
  void server.stop();
  server.kill();
  assertEquals(await other.exited, { kind: "killed" });
  await server.exited;
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("a peer that closes itself is gone at once; its turn may finish, and what waits is dropped", async () => {
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const { server, socket, clock } = open((peer) => ({
    async frame(line) {
      seen.push(`${peer.id} ${line}`);
      if (line !== "bye") return;
      assertEquals(peer.send("farewell"), true);
      peer.close();
      assertEquals(peer.send("too late"), false);
      await gate.promise;
      seen.push("turn over");
    },
    closed: (reason) => void seen.push(`closed by ${reason.by}`),
  }));
  socket.peer(5, "bye\nnever seen");
  await clock.settle();
  socket.peer(5, "fresh");
  await clock.settle();
  assertEquals(seen, ["1 bye", "2 fresh"], "the new one does not wait");
  gate.resolve();
  await clock.settle();
  assertEquals(seen.slice(2), ["turn over", "closed by local"]);
  assertEquals(socket.sent, ["5 farewell"]);
  await server.stop();
});

Deno.test("a signal that aborts stops the server; one that has aborted already too", async () => {
  const controller = new AbortController();
  const { server } = open(upper, { signal: controller.signal });
  controller.abort();
  assertEquals(await server.exited, { kind: "shutdown" });
  const late = open(upper, { signal: controller.signal });
  assertEquals(await late.server.exited, { kind: "shutdown" });
});

Deno.test("an exit that is asked for afterwards is still told", async () => {
  const { server, socket, clock } = open(upper);
  socket.peer(5, "a");
  await clock.settle();
  const [peer] = server.peers.values();
  peer.close();
  assertEquals(await peer.exited, { kind: "normal" });
  assertEquals(peer.phase, "stopped");
  await peer[Symbol.asyncDispose]();
  await server.stop();
});

Deno.test("a handler that closes its peer while it is called is told of the end by what it then hands out", async () => {
  const told: CloseReason[] = [];
  const { server, socket, clock, events } = open((peer) => {
    peer.close();
    return { frame() {}, closed: (reason) => void told.push(reason) };
  });
  socket.peer(5, "a");
  await clock.settle();
  assertEquals(told, [{ by: "local" }]);
  assertEquals(reasons(events), ["local"]);
  await server.stop();
});

Deno.test("a script that closes its peer at once is waited for before the peer has ended", async () => {
  const gate = Promise.withResolvers<void>();
  const { server, socket, clock, events } = open(async (peer) => {
    peer.close();
    await gate.promise;
  });
  socket.peer(5, "a");
  await clock.settle();
  assertEquals(reasons(events), []);
  gate.resolve();
  await clock.settle();
  assertEquals(reasons(events), ["local"]);
  await server.stop();
});

Deno.test("a peer whose last turn hangs, and whose 'closed' hangs as well, ends after the grace of each", async () => {
  const { server, socket, clock, events } = open(() => ({
    frame: () => new Promise(() => {}),
    closed: () => new Promise(() => {}),
  }), { graceMs: 100 });
  socket.peer(5, "a");
  await clock.settle();
  const stopped = server.stop();
  await clock.advance(100);
  assertEquals(reasons(events), []);
  await clock.advance(100);
  assertEquals(reasons(events), ["shutdown"]);
  await stopped;
  assertEquals(clock.pendingTimers, 0);
});

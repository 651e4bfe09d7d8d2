/** Peers on a scripted socket and a clock moved by hand: turns, order, crashes, bounds, the end. */

import {
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  ActorStoppedError,
  EncodeError,
  lengthPrefixed,
  lines,
  type NetEvent,
  raw,
  type ReplyTo,
  RestartLimitError,
  TruncatedFrameError,
} from "../../mod.ts";
import { datagram, type Peer } from "../../udp.ts";
import { DatagramServer } from "../../src/net/udp/serve_udp.ts";
import { resolveUdpOptions } from "../../src/net/udp/options.ts";
import { open, ScriptedDatagrams, upper } from "./scripted_datagrams.ts";

Deno.test("serveUdp() gives each address a peer of its own, made at its first datagram", async () => {
  let made = 0;
  const { server, socket, clock } = open((peer) => {
    made++;
    let count = 0;
    return { frame: (line) => void peer.send(`${line} ${++count}`) };
  });
  socket.peer(5, "a");
  socket.peer(6, "b");
  socket.peer(5, "c");
  await clock.settle();
  assertEquals(socket.sent, ["5 a 1", "6 b 1", "5 c 2"]);
  assertEquals(made, 2);
  assertEquals([...server.peers.keys()], ["127.0.0.1:5", "127.0.0.1:6"]);
  await server.stop();
  assertEquals(server.peers.size, 0);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("serveUdp() tells peers of one port on several hosts apart, also when one has ended", async () => {
  const { server, socket, clock } = open((peer) => {
    let count = 0;
    return {
      frame(line) {
        peer.send(`${peer.id} ${line} ${++count}`);
        if (line === "bye") peer.close();
      },
    };
  });
  const hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.1", "127.0.0.2"];
  for (const host of hosts) socket.peer(5, host, host);
  for (const line of ["bye", "again"]) socket.peer(5, line, "127.0.0.2");
  socket.peer(5, "127.0.0.1");
  await clock.settle();
  assertEquals(socket.sent.map((sent) => sent.slice(2)), [
    "1 127.0.0.1 1",
    "2 127.0.0.2 1",
    "1 127.0.0.1 2",
    "2 127.0.0.2 2",
    "2 bye 3",
    "3 again 1",
    "1 127.0.0.1 3",
  ]);
  await server.stop();
});

Deno.test("serveUdp() hands out several frames of one datagram in order, and none of an empty one", async () => {
  const { server, socket, clock } = open(upper);
  socket.peer(5, "");
  await clock.settle();
  assertEquals(server.peers.size, 1, "an empty datagram is a sign of life");
  socket.peer(5, "a\nb\nc");
  await clock.settle();
  assertEquals(socket.sent, ["5 A", "5 B", "5 C"]);
  await server.stop();
});

Deno.test("datagram() hands out an empty datagram, and sends one", async () => {
  const socket = new ScriptedDatagrams();
  const options = { port: 0, codec: datagram() };
  const seen: number[] = [];
  await using server = new DatagramServer<Uint8Array, Uint8Array, never>(
    socket,
    options,
    resolveUdpOptions(options),
    (peer) => ({
      frame(bytes) {
        seen.push(bytes.length);
        peer.send(bytes);
      },
    }),
  );
  socket.peer(5, "");
  socket.peer(5, "abc");
  socket.peer(5, "");
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(seen, [0, 3, 0]);
  assertEquals(socket.sent, ["5 ", "5 abc", "5 "]);
  assertEquals(server.peers.size, 1);
});

Deno.test("serveUdp() never re-enters a handler, and keeps the order of frames and messages", async () => {
  const seen: string[] = [];
  let inside = 0;
  const gates: (() => void)[] = [];
  const turn = async (what: string) => {
    assertEquals(++inside, 1);
    await new Promise<void>((resolve) => gates.push(resolve));
    seen.push(what);
    inside--;
  };
  const { server, socket, clock } = open<string>(() => ({
    frame: turn,
    message: turn,
  }));
  socket.peer(5, "f1\nf2");
  await clock.settle();
  const peer = server.peers.get("127.0.0.1:5")!;
  socket.peer(5, "f3");
  peer.tell("m1");
  peer.tell("m2");
  while (seen.length < 5) {
    await clock.settle();
    gates.splice(0).forEach((open) => open());
  }
  assertEquals(seen.filter((s) => s.startsWith("f")), ["f1", "f2", "f3"]);
  assertEquals(seen.filter((s) => s.startsWith("m")), ["m1", "m2"]);
  assertEquals(seen.slice(0, 4), ["f1", "m1", "f2", "m2"], "by turns");
  await server.stop();
});

Deno.test("serveUdp() keeps the datagrams that wait for a busy handler within bounds, and tells of the others", async () => {
  let release = () => {};
  const seen: string[] = [];
  const { server, socket, clock, of } = open(() => ({
    async frame(line) {
      seen.push(line);
      if (line === "busy") {
        await new Promise<void>((resolve) => release = resolve);
      }
    },
  }), { maxQueuedDatagrams: 3 });
  socket.peer(5, "busy");
  for (let i = 0; i < 5; i++) socket.peer(5, `d${i}`);
  await clock.settle();
  assertEquals(of("dropped").length, 2);
  assertEquals(server.peers.get("127.0.0.1:5")!.stats.bufferedBytes, 6);
  release();
  await clock.settle();
  assertEquals(seen, ["busy", "d0", "d1", "d2"], "the newest were dropped");
  socket.peer(5, "d9");
  await clock.settle();
  assertEquals(seen.at(-1), "d9");
  await server.stop();
});

Deno.test("serveUdp() bounds what waits for all handlers together, and gets the room back when a peer ends", async () => {
  const never = new Promise<void>(() => {});
  const { server, socket, clock, of } = open(() => ({ frame: () => never }), {
    maxQueuedBytes: 65_536,
  });
  const large = "x".repeat(30_000);
  for (const port of [5, 6, 7]) socket.peer(port, "busy");
  for (const port of [5, 6, 7]) socket.peer(port, large);
  await clock.settle();
  assertEquals(of("dropped").length, 1, "two of three fit");
  server.peers.get("127.0.0.1:5")!.kill();
  socket.peer(7, large);
  await clock.settle();
  assertEquals(of("dropped").length, 1);
  server.kill();
  await server.exited;
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("frames of a codec that aliases may be kept: later datagrams do not overwrite them", async () => {
  for (const size of [10, 5_000, 40_000]) {
    const socket = new ScriptedDatagrams();
    const options = { port: 0, codec: raw() };
    const kept: Uint8Array[] = [];
    await using _server = new DatagramServer<Uint8Array, Uint8Array, never>(
      socket,
      options,
      resolveUdpOptions(options),
      () => ({ frame: (bytes) => void kept.push(bytes) }),
    );
    for (let i = 1; i <= 3; i++) socket.peer(5, new Uint8Array(size).fill(i));
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals(kept.map((bytes) => [bytes.length, bytes[0], bytes.at(-1)]), [
      [size, 1, 1],
      [size, 2, 2],
      [size, 3, 3],
    ]);
  }
});

Deno.test("what waits for a busy handler is not overwritten, whatever the codec", async () => {
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const { server, socket, clock } = open(() => ({
    frame(line) {
      seen.push(line);
      return gate.promise;
    },
  }));
  for (const line of ["one", "two", "six\nten"]) socket.peer(5, line);
  await clock.settle();
  socket.peer(6, "xxxxxxxxxxx");
  await clock.settle();
  gate.resolve();
  await clock.settle();
  assertEquals(seen, ["one", "xxxxxxxxxxx", "two", "six", "ten"]);
  await server.stop();
});

Deno.test("a handler that throws is restarted without the frame it failed on; the rest of the datagram comes next", async () => {
  let made = 0;
  const { server, socket, clock, of } = open((peer) => {
    made++;
    let state = 0;
    return {
      frame(line) {
        if (line === "bad") throw new Error("choked");
        peer.send(`${line} ${++state}`);
      },
    };
  });
  socket.peer(5, "a\nb\nbad\nc");
  socket.peer(5, "d");
  socket.peer(6, "other");
  await clock.advance(0);
  assertEquals(socket.sent.filter((s) => s.startsWith("5")), [
    "5 a 1",
    "5 b 2",
    "5 c 1",
    "5 d 2",
  ]);
  assertEquals(socket.sent.filter((s) => s.startsWith("6")), ["6 other 1"]);
  assertEquals(made, 3);
  const [crash] = of("crashed");
  assertEquals(crash.kind === "crashed" && crash.willRestart, true);
  assertEquals(of("restarted").length, 1);
  await server.stop();
});

Deno.test("a handler that keeps crashing ends its peer with RestartLimitError, and the address starts again", async () => {
  const reasons: unknown[] = [];
  const { server, socket, clock } = open((peer) => ({
    frame(line) {
      if (line === "bad") throw new Error("choked");
      peer.send(line);
    },
    closed: (reason) =>
      void reasons.push(reason.by === "failure" && reason.error),
  }));
  for (let i = 0; i < 4; i++) socket.peer(5, "bad");
  await clock.advance(0);
  assertEquals(server.peers.size, 0);
  assertInstanceOf(reasons[0], RestartLimitError);
  socket.peer(5, "again");
  await clock.settle();
  assertEquals(socket.sent, ["5 again"]);
  assertEquals([...server.peers.values()].map(({ id }) => id), [2]);
  await server.stop();
});

Deno.test("onCrash: close ends the peer with the error itself; backoff waits on the clock", async () => {
  const closing = open(() => ({
    frame() {
      throw new Error("once");
    },
  }), { onCrash: "close" });
  closing.socket.peer(5, "x");
  await closing.clock.settle();
  const [end] = closing.of("closed") as (NetEvent & { kind: "closed" })[];
  assertEquals(end.reason.by, "failure");
  assertEquals(closing.server.peers.size, 0);
  await closing.server.stop();

  const waiting = open((peer) => ({
    frame(line) {
      if (line === "bad") throw new Error("once");
      peer.send(line);
    },
  }), { restart: { backoff: { minMs: 100, jitter: 0 } } });
  waiting.socket.peer(5, "bad");
  waiting.socket.peer(5, "next");
  await waiting.clock.advance(99);
  assertEquals(waiting.socket.sent, []);
  await waiting.clock.advance(1);
  assertEquals(waiting.socket.sent, ["5 next"]);
  await waiting.server.stop();
});

Deno.test("a script reads with for await; its end is its peer's, and a crash restarts it", async () => {
  let made = 0;
  const { server, socket, clock, of } = open(async (peer) => {
    made++;
    for await (const line of peer) {
      if (line === "bad") throw new Error("choked");
      if (line === "bye") return;
      peer.send(line.toUpperCase());
    }
    peer.send("drained");
  });
  socket.peer(5, "a\nbad\nb");
  await clock.advance(0);
  assertEquals(socket.sent, ["5 A", "5 B"]);
  assertEquals(made, 2);
  socket.peer(5, "bye");
  await clock.settle();
  assertEquals(server.peers.size, 0);
  const [end] = of("closed") as (NetEvent & { kind: "closed" })[];
  assertEquals([end.reason, end.stats.restarts], [{ by: "local" }, 1]);
  socket.peer(5, "c");
  await clock.settle();
  await server.stop();
  assertEquals(socket.sent, ["5 A", "5 B", "5 C", "5 drained"]);
});

Deno.test("a script of callbacks and pulls at once is refused", async () => {
  const peers: Peer<string>[] = [];
  const { server, socket, clock } = open((peer) => {
    peers.push(peer);
    return { frame() {} };
  });
  socket.peer(5, "a");
  await clock.settle();
  assertThrows(() => peers[0][Symbol.asyncIterator](), TypeError);
  await server.stop();
});

Deno.test("a handler that returns neither callbacks nor a promise crashes, and the server goes on", async () => {
  const { server, socket, clock, of } = open(
    (() => 7) as unknown as typeof upper,
  );
  socket.peer(5, "a");
  await clock.advance(0);
  assertEquals(server.peers.size, 0);
  assertEquals(of("crashed").length, 4);
  await server.stop();
});

Deno.test("tell, deliver and ask reach a peer; without a message callback they are dropped", async () => {
  type Mail = { say: string } | { count: ReplyTo<number> } | "crash";
  const { server, socket, clock } = open<Mail>((peer) => {
    let count = 0;
    return {
      frame: () => void count++,
      message(mail) {
        if (mail === "crash") throw new Error("asked to");
        if ("say" in mail) peer.send(mail.say);
        else mail.count(count);
      },
    };
  });
  socket.peer(5, "a\nb");
  await clock.settle();
  const peer = server.peers.get("127.0.0.1:5")!;
  assertEquals(peer.tell({ say: "told" }), "accepted");
  await peer.deliver({ say: "delivered" });
  assertEquals(await peer.ask<number>((count) => ({ count })), 2);
  assertEquals(socket.sent, ["5 told", "5 delivered"]);
  await server.stop();
  assertEquals(peer.tell({ say: "late" }), "stopped");
  await assertRejects(() => peer.deliver({ say: "late" }), ActorStoppedError);
  await assertRejects(
    () => peer.ask<number>((count) => ({ count })),
    ActorStoppedError,
  );

  const deaf = open<string>(() => ({ frame() {} }));
  deaf.socket.peer(5, "a");
  await deaf.clock.settle();
  const other = deaf.server.peers.get("127.0.0.1:5")!;
  assertEquals(other.tell("x"), "dropped");
  await assertRejects(() => other.deliver("x"), TypeError);
  await deaf.server.stop();
});

Deno.test("a malformed datagram is an event with its sender; nothing of it counts, and the loop goes on", async () => {
  const socket = new ScriptedDatagrams();
  const events: NetEvent[] = [];
  const options = {
    port: 0,
    codec: lengthPrefixed({ bytes: 1, maxFrameBytes: 100 }),
    onEvent: (event: NetEvent) => void events.push(event),
  };
  const seen: string[] = [];
  await using server = new DatagramServer<Uint8Array, Uint8Array, never>(
    socket,
    options,
    resolveUdpOptions(options),
    () => ({
      frame: (frame) => void seen.push(new TextDecoder().decode(frame)),
    }),
  );
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  socket.peer(5, "\x05ab");
  await settle();
  assertEquals(server.peers.size, 0, "a stranger that talks rubbish");
  socket.peer(5, "\x02ab");
  socket.peer(5, "\x02cd\x09ef");
  socket.peer(5, "\x02gh");
  await settle();
  assertEquals(seen, ["ab", "gh"]);
  const malformed = events.flatMap((event) =>
    event.kind === "malformed" ? [event] : []
  );
  assertEquals(malformed.map(({ connection }) => connection), [undefined, 1]);
  for (const { error, remoteAddr } of malformed) {
    assertInstanceOf(error, TruncatedFrameError);
    assertEquals((remoteAddr as Deno.NetAddr).port, 5);
  }
  assertEquals(
    (malformed[1].error as TruncatedFrameError).offset,
    3,
    "counted from the start of the datagram",
  );
});

Deno.test("a codec that throws anything at all is a malformed datagram, not the server's end", async () => {
  const codec = {
    ...lines(),
    decoder: () => {
      throw new TypeError("a bug of the codec");
    },
  };
  const { server, socket, clock, of } = open(upper, { codec });
  socket.peer(5, "a");
  socket.peer(5, "b");
  await clock.settle();
  assertEquals(of("malformed").length, 2);
  await server.stop();
});

Deno.test("a datagram as large as the receive buffer was cut off, and is malformed", async () => {
  const { server, socket, clock, of } = open(upper);
  socket.peer(5, new Uint8Array(65_536));
  await clock.settle();
  assertEquals(of("malformed").length, 1);
  assertEquals(server.peers.size, 0);
  await server.stop();
});

Deno.test("Peer.send() throws EncodeError with the peer's address for more than UDP carries, and sends nothing", async () => {
  const { server, socket, clock, of } = open(upper);
  const peer = server.peer({ hostname: "127.0.0.1", port: 5 });
  const error = assertThrows(
    () => peer.send("x".repeat(65_507)),
    EncodeError,
    "127.0.0.1:5",
  );
  assertEquals(
    error.message,
    "Cannot send to 127.0.0.1:5: the datagram has 65508 bytes, limit is 65507",
  );
  assertThrows(() => peer.send("two\nlines"), EncodeError);
  assertEquals(peer.send("x".repeat(65_506)), true);
  peer.send("small");
  await clock.settle();
  assertEquals(socket.sent.length, 2);
  assertEquals(socket.sent[1], "5 small");
  assertEquals(of("crashed").length, 0);
  await server.stop();
});

Deno.test("Peer.send() keeps the order, and copies: later sends do not overwrite earlier ones that wait", async () => {
  const { server, socket, clock } = open(upper);
  socket.takesSends = false;
  const peer = server.peer({ hostname: "127.0.0.1", port: 5 });
  const expected: string[] = [];
  for (let i = 0; i < 300; i++) {
    const line = String(i).repeat(i % 50 === 0 ? 2_000 : 3);
    expected.push(`5 ${line}`);
    peer.send(line);
  }
  await clock.settle();
  assertEquals(socket.sent, []);
  // From now on the system takes what it is handed, also what waited for the first to be through.
  socket.takesSends = true;
  socket.takeSends();
  await clock.settle();
  assertEquals(socket.sent, expected);
  await server.stop();
});

Deno.test("Peer.send() drops what is above maxOutboxBytes, and says so", async () => {
  const { server, socket, clock, of } = open(upper, { maxOutboxBytes: 65_536 });
  socket.takesSends = false;
  const peer = server.peer({ hostname: "127.0.0.1", port: 5 });
  assertEquals(peer.send("x".repeat(40_000)), true);
  assertEquals(peer.send("y".repeat(40_000)), false);
  assertEquals(of("dropped"), [{ kind: "dropped", actor: "udp#1", count: 1 }]);
  socket.takeSends();
  await clock.settle();
  socket.takesSends = true;
  assertEquals(peer.send("z"), true);
  await server.stop();
  assertFalse(peer.send("late"));
  assertEquals(socket.sent.length, 2);
});

Deno.test("a send that the system refuses is an event, and the peer goes on", async () => {
  const { server, socket, clock, of } = open(upper);
  const refused = new Deno.errors.ConnectionRefused("nobody");
  socket.failSends = refused;
  socket.peer(5, "a");
  await clock.settle();
  const [event] = of("sendFailed");
  assertEquals(event, {
    kind: "sendFailed",
    server: "udp",
    remoteAddr: { transport: "udp", hostname: "127.0.0.1", port: 5 },
    error: refused,
  });
  socket.failSends = undefined;
  socket.peer(5, "b");
  await clock.settle();
  assertEquals(socket.sent, ["5 B"]);
  await server.stop();
});

Deno.test("a receive that fails is told and tried again: at once, then after 100 ms, 200 ms, …", async () => {
  const { server, socket, clock, of } = open(upper);
  const waits = () =>
    of("receiveFailed").map((event) =>
      event.kind === "receiveFailed" && event.retryInMs
    );
  for (let i = 0; i < 4; i++) {
    socket.fail(new Deno.errors.ConnectionReset("reset"));
  }
  socket.peer(5, "a");
  await clock.settle();
  assertEquals(waits(), [0, 100]);
  await clock.advance(100);
  assertEquals(waits(), [0, 100, 200]);
  await clock.advance(200);
  assertEquals(waits(), [0, 100, 200, 400]);
  await clock.advance(400);
  assertEquals(socket.sent, ["5 A"]);
  socket.fail(new Error("once more"));
  await clock.settle();
  assertEquals(waits().at(-1), 0, "counted anew after a success");
  await server.stop();
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("a server that stops in the middle of a retry does not wait for it", async () => {
  const { server, socket, clock } = open(upper);
  socket.fail(new Error("one"));
  socket.fail(new Error("two"));
  await clock.settle();
  assertEquals(await server.stop(), { kind: "shutdown" });
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("a socket that is closed under the server ends it with the error", async () => {
  const { server, socket, clock } = open(upper);
  socket.peer(5, "a");
  await clock.settle();
  const gone = new Deno.errors.BadResource("gone");
  socket.fail(gone);
  assertEquals(await server.exited, { kind: "failed", error: gone });
  assertEquals(server.peers.size, 0);
});

Deno.test("a datagram of many frames is served to its end, though no time passes", async () => {
  let count = 0;
  const { server, socket, clock } = open(() => ({ frame: () => void count++ }));
  socket.peer(5, "a\n".repeat(3_000));
  await clock.settle();
  assertEquals(count, 3_000);
  await server.stop();
});

/** Servers and clients under a supervisor. */

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  ActorStoppedError,
  type Clock,
  connect,
  connectionChild,
  FrameError,
  lines,
  type NetEvent,
  type ReplyTo,
  serve,
  serverChild,
  supervise,
} from "../../mod.ts";
import { manualClock, memoryNetwork } from "../../testing.ts";

Deno.test("serverChild() listens again when its server is killed", async () => {
  const ports: number[] = [];
  let listening = Promise.withResolvers<void>();
  await using tree = await supervise([
    serverChild("echo", {
      port: 0,
      codec: lines(),
      onListen: (addr) => {
        ports.push((addr as Deno.NetAddr).port);
        listening.resolve();
      },
    }, (connection) => ({ frame: (line) => connection.send(line) })),
  ]);
  await listening.promise;
  listening = Promise.withResolvers();
  tree.children[0].child!.kill();
  await listening.promise;
  await using client = await connect({ port: ports[1], codec: lines() });
  client.send("back again");
  assertEquals(
    (await client[Symbol.asyncIterator]().next()).value,
    "back again",
  );
  assertEquals(tree.children[0].restarts, 1);
});

Deno.test("serverChild() past the limits is its supervisor's failure", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    let failure: unknown;
    try {
      await using _tree = await supervise([
        serverChild(
          "echo",
          { port: taken.addr.port, codec: lines() },
          () => ({ frame() {} }),
        ),
      ]);
    } catch (error) {
      failure = error;
    }
    assertInstanceOf(failure, Error);
  } finally {
    taken.close();
  }
});

/** A client that answers what it is told, on a network that comes and goes. */
function client(options: { capacity?: number } = {}) {
  const clock = manualClock();
  const network = memoryNetwork();
  const events: NetEvent[] = [];
  const received: string[] = [];
  const listen = () =>
    serve({ transport: "custom", network, codec: lines(), clock }, () => ({
      frame: (line) => received.push(line),
    }));
  const child = connectionChild<string, string, string>("client", {
    transport: "custom",
    network,
    codec: lines(),
    clock,
    mailbox: { capacity: options.capacity ?? 1_024 },
    reconnect: { minMs: 100, maxMs: 1_000, jitter: 0 },
    onEvent: (event) => events.push(event),
  }, (connection) => ({
    frame(line) {
      if (line === "bye") void connection.close();
    },
    message: (line) => connection.send(line),
  }));
  return { clock, network, events, received, listen, child };
}

Deno.test("connectionChild() tries again with growing delays until there is a server, and loses no message meanwhile", async () => {
  const { clock, events, received, listen, child } = client();
  await using _tree = await supervise([child], { clock });
  for (let i = 0; i < 5; i++) assertEquals(child.ref.tell(`m${i}`), "accepted");
  await clock.advance(1_000);
  assertEquals(
    events.flatMap((event) =>
      event.kind === "reconnecting" ? [event.inMs] : []
    ),
    [100, 200, 400, 800],
  );
  await using _server = listen();
  await clock.advance(500);
  assertEquals(received, ["m0", "m1", "m2", "m3", "m4"]);
});

Deno.test("connectionChild() connects again when the server goes away and comes back", async () => {
  const { clock, received, listen, child, events } = client();
  const first = listen();
  await using _tree = await supervise([child], { clock });
  child.ref.tell("one");
  await clock.settle();
  assertEquals(received, ["one"]);
  first.kill();
  await first.exited;
  await clock.settle();
  child.ref.tell("two");
  child.ref.tell("three");
  await using _second = listen();
  await clock.advance(100);
  assertEquals(received, ["one", "two", "three"]);
  assertEquals(events.filter(({ kind }) => kind === "opened").length, 2);
});

Deno.test("connectionChild() hands what a lost connection had not served to the next one, in order", async () => {
  const clock = manualClock();
  const network = memoryNetwork();
  const seen: string[] = [];
  let gate = Promise.withResolvers<void>();
  const child = connectionChild<string, string, string>("client", {
    transport: "custom",
    network,
    codec: lines(),
    clock,
    reconnect: { jitter: 0 },
  }, () => ({
    frame() {},
    async message(line) {
      seen.push(line);
      await gate.promise;
    },
  }));
  const first = serve(
    { transport: "custom", network, codec: lines(), clock },
    () => ({ frame() {} }),
  );
  await using _tree = await supervise([child], { clock });
  const sent = Array.from({ length: 200 }, (_, i) => `m${i}`);
  for (const line of sent) child.ref.tell(line);
  await clock.settle();
  assertEquals(seen, ["m0"], "the first is being served, the others wait");
  first.kill();
  await first.exited;
  gate.resolve();
  gate = Promise.withResolvers();
  gate.resolve();
  await clock.settle();
  await using _second = serve({
    transport: "custom",
    network,
    codec: lines(),
    clock,
  }, () => ({ frame() {} }));
  await clock.advance(200);
  assertEquals(seen, sent, "at most once, none lost, none doubled");
});

Deno.test("connectionChild() keeps its mailbox's bound while there is no connection, and a stop waits for one no longer than the grace", async () => {
  const { clock, child } = client({ capacity: 3 });
  const tree = await supervise([child], { clock });
  await clock.settle();
  const verdicts = ["a", "b", "c", "d", "e"].map((line) =>
    child.ref.tell(line)
  );
  assertEquals(
    verdicts.filter((verdict) => verdict === "full").length > 0,
    true,
  );
  const stopped = tree.stop();
  await clock.advance(5_000);
  await stopped;
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("connectionChild() ends when its handler closes the connection", async () => {
  const clock = manualClock();
  const network = memoryNetwork();
  await using _server = serve({
    transport: "custom",
    network,
    codec: lines(),
    clock,
  }, (connection) => {
    connection.send("bye");
    return { frame() {} };
  });
  const child = connectionChild("client", {
    transport: "custom",
    network,
    codec: lines(),
    clock,
  }, (connection) => ({
    frame: () => void connection.close(),
  }));
  await using tree = await supervise([{ ...child, restart: "onFailure" }], {
    clock,
  });
  await clock.settle();
  assertEquals(tree.children[0].phase, "stopped");
});

Deno.test("connectionChild() fails when the peer breaks the format: its supervisor decides", async () => {
  const clock = manualClock();
  const network = memoryNetwork();
  await using _server = serve<Uint8Array>({
    transport: "custom",
    network,
    codec: (await import("../../mod.ts")).raw(),
    clock,
  }, (connection) => {
    connection.send(new Uint8Array([0xff, 0x0a]));
    return { frame() {} };
  });
  const child = connectionChild("client", {
    transport: "custom",
    network,
    codec: lines(),
    clock,
  }, () => ({ frame() {} }));
  const tree = await supervise([{
    ...child,
    restart: "never",
    significant: true,
  }], { clock, autoShutdown: "anySignificant" });
  let reason: unknown;
  void child.ref.exited.then((exit) =>
    reason = exit.kind === "failed" && exit.error
  );
  await clock.settle();
  await tree.exited;
  assertInstanceOf(reason, FrameError);
});

Deno.test("connectionChild() refuses wrong options when it is made", () => {
  assertThrows(
    () =>
      connectionChild(
        "client",
        { port: 1, codec: lines(), graceMs: -1 },
        () => ({ frame() {} }),
      ),
    RangeError,
    "'graceMs'",
  );
  assertThrows(
    () =>
      connectionChild("client", {
        port: 1,
        codec: lines(),
        reconnect: { minMs: -1 },
      }, () => ({ frame() {} })),
    RangeError,
    "minMs",
  );
  assertThrows(
    () =>
      connectionChild(
        "client",
        { port: 70_000, codec: lines() },
        () => ({ frame() {} }),
      ),
    RangeError,
    "'port'",
  );
  assertThrows(
    () =>
      connectionChild(
        "client",
        { port: 1, codec: lines(), connectTimeoutMs: -1 },
        () => ({ frame() {} }),
      ),
    RangeError,
    "'connectTimeoutMs'",
  );
});

/** A server on a network in memory that takes everything and answers nothing. */
function silentServer(clock: Clock) {
  const where = {
    transport: "custom",
    network: memoryNetwork(),
    codec: lines(),
    clock,
  } as const;
  const server = serve(where, () => ({ frame() {} }));
  return { where, server };
}

Deno.test("connectionChild() whose handler is past its limits hands what it had not served to its next incarnation, in order", async () => {
  const clock = manualClock();
  const { where, server } = silentServer(clock);
  const seen: string[] = [];
  const child = connectionChild<string, string, string>(
    "client",
    { ...where, restart: { maxRestarts: 1 } },
    () => ({
      frame() {},
      message(line) {
        seen.push(line);
        if (line === "bad") throw new Error("as you wish");
      },
    }),
  );
  await using tree = await supervise([child], { clock });
  await clock.settle();
  const sent = ["bad", "bad", "a", "b", "a"];
  for (const line of sent) child.ref.tell(line);
  await clock.advance(0);
  assertEquals(tree.children[0].restarts, 1);
  child.ref.tell("c");
  await clock.settle();
  assertEquals(seen, [...sent, "c"], "at most once, none lost, none doubled");
  await server.stop();
});

Deno.test("connectionChild() that its supervisor was done with begins again without what waited for it", async () => {
  const clock = manualClock();
  const { where, server } = silentServer(clock);
  const seen: string[] = [];
  const child = connectionChild<string, string, string>(
    "client",
    { ...where, onCrash: "close" },
    () => ({
      frame() {},
      message(line) {
        seen.push(line);
        if (line === "bad") throw new Error("as you wish");
      },
    }),
  );
  const first = await supervise([{ ...child, restart: "never" }], { clock });
  await clock.settle();
  for (const line of ["bad", "old"]) child.ref.tell(line);
  await clock.settle();
  assertEquals(child.ref.phase, "stopped");
  await first.stop();
  await using _second = await supervise([child], { clock });
  child.ref.tell("new");
  await clock.settle();
  assertEquals(seen, ["bad", "new"]);
  await server.stop();
});

Deno.test("connectionChild() that is killed ends when its connection is closed, and does not wait for the handler", async () => {
  const clock = manualClock();
  const { where, server } = silentServer(clock);
  const events: string[] = [];
  const child = connectionChild<string, string, string>("client", {
    ...where,
    onEvent: ({ kind }) => events.push(kind),
  }, () => ({ frame() {}, message: () => new Promise(() => {}) }));
  const tree = await supervise([child], { clock });
  await clock.settle();
  child.ref.tell("a turn without end");
  await clock.settle();
  tree.kill();
  await tree.exited;
  assertEquals(events, ["opened", "closed"]);
  await server.stop();
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("connectionChild() whose handler closes the connection ends normally, also while a message waits", async () => {
  const clock = manualClock();
  const network = memoryNetwork({ bufferBytes: 1_024 });
  const acceptor = network.listen();
  const child = connectionChild<string, string, string>("client", {
    transport: "custom",
    network,
    codec: lines(),
    clock,
  }, (connection) => ({
    frame() {},
    message(line) {
      connection.send(line);
      void connection.close();
    },
  }));
  const tree = await supervise([{ ...child, restart: "onFailure" }], { clock });
  const peer = await acceptor.accept();
  child.ref.tell("more than the peer takes".repeat(1_000));
  await clock.settle();
  child.ref.tell("too late");
  await clock.advance(5_000);
  assertEquals(await child.ref.exited, { kind: "normal" });
  peer.close();
  acceptor.close();
  await tree.stop();
});

Deno.test("connectionChild() that is killed as it tells of a wait does not wait", async () => {
  const clock = manualClock();
  const child = connectionChild<string, string, string>("client", {
    transport: "custom",
    network: memoryNetwork(),
    codec: lines(),
    clock,
    onEvent: ({ kind }) => kind === "reconnecting" && child.ref.kill(),
  }, () => ({ frame() {} }));
  const tree = await supervise([{ ...child, restart: "never" }], { clock });
  await clock.settle();
  assertEquals(await child.ref.exited, { kind: "killed" });
  assertEquals(clock.pendingTimers, 0);
  await tree.stop();
});

Deno.test("connectionChild() whose handler crashes on a question refuses it at once, with the crash as cause", async () => {
  const clock = manualClock();
  const { where, server } = silentServer(clock);
  const crash = new Error("as you wish");
  const child = connectionChild<string, string, ReplyTo<string>>(
    "client",
    where,
    (connection) => ({
      frame() {},
      async message(reply) {
        if (connection.stats.restarts > 0) return reply("here again");
        await connection.drained();
        throw crash;
      },
    }),
  );
  await using _tree = await supervise([child], { clock });
  const refused = assertRejects(
    () => child.ref.ask<string>((reply) => reply),
    ActorStoppedError,
    'Cannot ask "client": it crashed on the question',
  );
  const answered = child.ref.ask<string>((reply) => reply);
  await clock.advance(0);
  assertEquals((await refused).cause, crash);
  assertEquals(await answered, "here again");
  await server.stop();
});

Deno.test("connectionChild() whose handler takes no messages refuses a question at once", async () => {
  const clock = manualClock();
  const { where, server } = silentServer(clock);
  const child = connectionChild<string, string, ReplyTo<string>>(
    "client",
    where,
    () => ({ frame() {} }),
  );
  await using _tree = await supervise([child], { clock });
  await clock.settle();
  const refused = assertRejects(
    () => child.ref.ask<string>((reply) => reply),
    TypeError,
    "Cannot ask client: its handler has no 'message' callback",
  );
  await clock.settle();
  await refused;
  await server.stop();
});

Deno.test("connectionChild() whose handler takes no messages any more refuses the questions that waited for it", async () => {
  const clock = manualClock();
  const { where, server } = silentServer(clock);
  const child = connectionChild<string, string, ReplyTo<string>>(
    "client",
    where,
    (connection) => ({
      frame() {},
      ...(connection.stats.restarts > 0 ? {} : {
        message() {
          throw new Error("as you wish");
        },
      }),
    }),
  );
  await using _tree = await supervise([child], { clock });
  await clock.settle();
  const ask = () => child.ref.ask<string>((reply) => reply);
  const refused = [
    assertRejects(ask, ActorStoppedError),
    assertRejects(ask, TypeError, "its handler has no 'message' callback"),
  ];
  await clock.advance(0);
  await Promise.all(refused);
  await server.stop();
});

Deno.test("connectionChild() whose peer is silent connects again, with growing delays, for as long as it takes", async () => {
  const clock = manualClock();
  const { where, server } = silentServer(clock);
  const log: unknown[] = [];
  const child = connectionChild("client", {
    ...where,
    idleTimeoutMs: 1_000,
    reconnect: { minMs: 100, maxMs: 400, jitter: 0 },
    onEvent(event) {
      if (event.kind === "closed") log.push(event.reason.by);
      if (event.kind === "reconnecting") log.push(event.inMs);
    },
  }, () => ({ frame() {} }));
  await using tree = await supervise([child], { clock });
  await clock.advance(12_000);
  assertEquals(log.slice(0, 10), [
    ...["idle", 100, "idle", 200, "idle", 400, "idle", 400, "idle", 400],
  ]);
  assertEquals(tree.children[0].restarts, 0);
  await server.stop();
});

Deno.test("connectionChild() hands what a connection that ended by silence had not served to the next one, in order", async () => {
  const clock = manualClock();
  const { where, server } = silentServer(clock);
  const seen: string[] = [];
  const child = connectionChild<string, string, string>(
    "client",
    { ...where, idleTimeoutMs: 1_000, reconnect: { jitter: 0 } },
    () => ({
      frame() {},
      message(line) {
        seen.push(line);
        // Longer than the silence that is allowed.
        if (line === "m0") {
          return new Promise<void>((resolve) => {
            clock.after(3_000, () => resolve());
          });
        }
      },
    }),
  );
  await using tree = await supervise([child], { clock });
  await clock.settle();
  const sent = Array.from({ length: 200 }, (_, i) => `m${i}`);
  for (const line of sent) assertEquals(child.ref.tell(line), "accepted");
  await clock.advance(3_050);
  assertEquals(seen, ["m0"], "the others wait for the next connection");
  await clock.advance(200);
  assertEquals(seen, sent, "at most once, none lost, none doubled");
  assertEquals(tree.children[0].restarts, 0);
  await server.stop();
});

/** Datagram servers under a supervisor. */

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { lines, ListenError, type NetEvent, supervise } from "../../mod.ts";
import { serveUdp, udpChild, type UdpOptions } from "../../udp.ts";

const LOCAL = "127.0.0.1";

/** A child that answers in upper case, and where it is bound each time. */
function upper(options: Partial<UdpOptions<string, string>> = {}) {
  const events: NetEvent[] = [];
  let listening = Promise.withResolvers<number>();
  const child = udpChild("upper", {
    port: 0,
    codec: lines(),
    onEvent(event) {
      events.push(event);
      if (event.kind === "listening") {
        listening.resolve((event.addr as Deno.NetAddr).port);
      }
    },
    ...options,
  } as UdpOptions<string, string>, (peer) => ({
    frame: (line) => void peer.send(line.toUpperCase()),
  }));
  return {
    child,
    events,
    /** The port of the next one that is bound. */
    async nextPort() {
      const port = await listening.promise;
      listening = Promise.withResolvers();
      return port;
    },
  };
}

async function ask(port: number, line: string): Promise<string> {
  const answer = Promise.withResolvers<string>();
  await using client = serveUdp({ port: 0, codec: lines() }, () => ({
    frame: answer.resolve,
  }));
  client.peer({ hostname: LOCAL, port }).send(line);
  return await answer.promise;
}

Deno.test("udpChild() binds again when its server is killed, and its peers begin anew", async () => {
  const { child, events, nextPort } = upper();
  await using tree = await supervise([child]);
  assertEquals(await ask(await nextPort(), "before"), "BEFORE");
  tree.children[0].child!.kill();
  assertEquals(await ask(await nextPort(), "after"), "AFTER");
  assertEquals(tree.children[0].restarts, 1);
  const opened = events.flatMap((event) =>
    event.kind === "opened" ? [`${event.server}#${event.connection}`] : []
  );
  assertEquals(opened, ["upper#1", "upper#1"]);
});

Deno.test("udpChild() takes the name of its options for events, and their grace for the supervisor", () => {
  const { child } = upper({ graceMs: 70 });
  assertEquals([child.name, child.graceMs], ["upper", 70]);
  assertEquals("graceMs" in upper().child, false);
});

Deno.test("udpChild() whose name is in its options is told of by that one", async () => {
  const { child, events, nextPort } = upper({ name: "loud" });
  await using _tree = await supervise([child]);
  await nextPort();
  const [listening] = events;
  assertEquals(listening.kind === "listening" && listening.server, "loud");
});

Deno.test("udpChild() that cannot be bound, or whose socket fails for ever, is its supervisor's failure", async () => {
  const taken = Deno.listenDatagram({
    transport: "udp",
    hostname: LOCAL,
    port: 0,
  });
  try {
    const { port } = taken.addr as Deno.NetAddr;
    await assertRejects(() => supervise([upper({ port }).child]));
  } finally {
    taken.close();
  }
  // Set aside for documentation (RFC 5737): no machine has it.
  const group = { group: "239.66.88.7", interface: "192.0.2.1" };
  const { child, events } = upper({ multicast: [group] });
  const tree = await supervise([child]);
  const exit = await tree.exited;
  assertEquals(exit.kind, "failed");
  assertEquals(
    events.map(({ kind }) => kind),
    Array(4).fill("listening"),
    "the first, and three restarts",
  );
  assertInstanceOf(
    exit.kind === "failed" && (exit.error as Error).cause,
    ListenError,
  );
});

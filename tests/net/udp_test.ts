/** Datagram servers over real sockets on loopback. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  EncodeError,
  lengthPrefixed,
  lines,
  ListenError,
  type NetEvent,
} from "../../mod.ts";
import {
  datagram,
  type Peer,
  serveUdp,
  type UdpOptions,
  type UdpServer,
} from "../../udp.ts";

const LOCAL = "127.0.0.1";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

function port({ addr }: { addr: Deno.Addr }): number {
  return (addr as Deno.NetAddr).port;
}

/** A bare socket, to be the other side. */
function bare(hostname = LOCAL) {
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  const into = new Uint8Array(65_536);
  return {
    socket,
    send: (content: string | Uint8Array, to: number, host = hostname) =>
      socket.send(
        typeof content === "string" ? encoder.encode(content) : content,
        { transport: "udp", hostname: host, port: to },
      ),
    receive: async () => (await socket.receive(into))[0].slice(),
    [Symbol.dispose]: () => socket.close(),
  };
}

/** A server whose frames are pulled one by one. */
function inbox<In, Out>(options: UdpOptions<In, Out>) {
  const frames: In[] = [];
  const waits: ((frame: In) => void)[] = [];
  const server = serveUdp<In, Out>(options, () => ({
    frame(frame) {
      const wait = waits.shift();
      if (wait === undefined) frames.push(frame);
      else wait(frame);
    },
  }));
  const next = () =>
    frames.length > 0
      ? Promise.resolve(frames.shift()!)
      : new Promise<In>((resolve) => waits.push(resolve));
  return { server, next, frames };
}

Deno.test("serveUdp() answers each of several clients", async () => {
  await using server = serveUdp({ port: 0, codec: lines() }, (peer) => {
    let count = 0;
    return { frame: (line) => void peer.send(`${line} ${++count}`) };
  });
  using one = bare();
  using other = bare();
  for (const client of [one, other, one]) {
    await client.send("hello", port(server));
    await client.receive().then((bytes) =>
      assertEquals(decoder.decode(bytes).startsWith("hello"), true)
    );
  }
  await one.send("x", port(server));
  assertEquals(decoder.decode(await one.receive()), "x 3\n");
  assertEquals(server.peers.size, 2);
});

Deno.test("a script talks to a peer made from the other side, over IPv4, IPv6 and both", async () => {
  for (
    const [hostname, to] of [[LOCAL, LOCAL], ["::1", "0:0::1"], ["::", LOCAL]]
  ) {
    await using server = serveUdp(
      { hostname, port: 0, codec: lengthPrefixed() },
      async (peer) => {
        for await (const frame of peer) peer.send(frame);
      },
    );
    const mine = hostname === "::" ? LOCAL : hostname;
    const { server: client, next } = inbox({
      hostname: mine,
      port: 0,
      codec: lengthPrefixed(),
    });
    await using _client = client;
    const peer = client.peer({ hostname: to, port: port(server) });
    peer.send(encoder.encode("ahoy"));
    assertEquals(decoder.decode(await next()), "ahoy");
    assertEquals([...client.peers.values()], [peer], "the answer is its own");
  }
});

Deno.test("a datagram of 65,507 bytes goes both ways; one byte more is an EncodeError with the address", async () => {
  await using server = serveUdp({ port: 0, codec: datagram() }, (peer) => ({
    frame: (bytes) => void peer.send(bytes),
  }));
  const { server: client, next } = inbox({ port: 0, codec: datagram() });
  await using _client = client;
  const peer = client.peer({ hostname: LOCAL, port: port(server) });
  const most = Uint8Array.from({ length: 65_507 }, (_, i) => i * 31);
  peer.send(most);
  assertEquals(await next(), most);
  const error = assertThrows(
    () => peer.send(new Uint8Array(65_508)),
    EncodeError,
  );
  assert(error.message.includes(`127.0.0.1:${port(server)}`));
  peer.send(new Uint8Array(0));
  assertEquals(await next(), new Uint8Array(0));
  peer.send(most.subarray(0, 40_000));
  assertEquals(await next(), most.subarray(0, 40_000));
});

Deno.test("broadcast on loopback reaches two receivers on one port", async () => {
  const options = {
    hostname: "0.0.0.0",
    port: 0,
    reuseAddress: true,
    codec: lines(),
  };
  const one = inbox(options);
  const other = inbox({ ...options, port: port(one.server) });
  await using _one = one.server;
  await using _other = other.server;
  const { server: sender } = inbox({ port: 0, codec: lines() });
  await using _sender = sender;
  sender.peer({ hostname: "127.255.255.255", port: port(one.server) })
    .send("everybody");
  assertEquals(await one.next(), "everybody");
  assertEquals(await other.next(), "everybody");
});

Deno.test("multicast on loopback reaches two receivers on one port", async () => {
  const options = {
    hostname: "0.0.0.0",
    port: 0,
    reuseAddress: true,
    codec: lines(),
    multicast: [{ group: "239.66.88.3", interface: LOCAL }],
  };
  const one = inbox(options);
  const other = inbox({ ...options, port: port(one.server) });
  await using _one = one.server;
  await using _other = other.server;
  const { server: sender } = inbox({ port: 0, codec: lines() });
  await using _sender = sender;
  sender.peer({ hostname: "239.66.88.3", port: port(one.server) })
    .send("everybody");
  assertEquals(await one.next(), "everybody");
  assertEquals(await other.next(), "everybody");
});

Deno.test("UdpServer.join() hears a group until it is left, and can join again", async () => {
  const membership = { group: "239.66.88.5", interface: LOCAL };
  const { server, next } = inbox({
    hostname: "0.0.0.0",
    port: 0,
    codec: lines(),
  });
  await using _server = server;
  const { server: sender } = inbox({ port: 0, codec: lines() });
  await using _sender = sender;
  const all = sender.peer({ hostname: membership.group, port: port(server) });
  const direct = sender.peer({ hostname: LOCAL, port: port(server) });
  // Loopback keeps the order, so what is addressed directly comes after what was not heard.
  const say = (text: string) => {
    all.send(`all ${text}`);
    direct.send(`direct ${text}`);
  };
  say("0");
  assertEquals(await next(), "direct 0");
  const joined = await server.join(membership);
  say("1");
  assertEquals([await next(), await next()], ["all 1", "direct 1"]);
  await joined.leave();
  await joined.leave();
  say("2");
  assertEquals(await next(), "direct 2");
  await using _again = await server.join(membership);
  say("3");
  assertEquals([await next(), await next()], ["all 3", "direct 3"]);
});

Deno.test("a group that cannot be joined: RangeError at the door, else the server's end", async () => {
  assertThrows(
    () =>
      serveUdp({
        port: 0,
        codec: lines(),
        multicast: [{ group: "127.0.0.1" }],
      }, () => ({ frame() {} })),
    RangeError,
    "127.0.0.1",
  );
  const server = serveUdp({
    port: 0,
    codec: lines(),
    // Set aside for documentation (RFC 5737): no machine has it.
    multicast: [{ group: "239.66.88.4", interface: "192.0.2.1" }],
  }, () => ({ frame() {} }));
  const reason = await server.exited;
  assert(reason.kind === "failed");
  assertInstanceOf(reason.error, ListenError);
  assert(reason.error.message.includes("239.66.88.4"));

  await using over6 = serveUdp(
    { hostname: "::1", port: 0, codec: lines() },
    () => ({ frame() {} }),
  );
  await assertRejects(() => over6.join({ group: "239.66.88.4" }), TypeError);
  await assertRejects(() => over6.join({ group: "x" }), RangeError);
});

Deno.test("malformed datagrams from a stranger and from a peer: events with the sender, and the loop goes on", async () => {
  const events: NetEvent[] = [];
  await using server = serveUdp({
    port: 0,
    codec: lengthPrefixed({ maxFrameBytes: 1_000 }),
    onEvent: (event) => void events.push(event),
  }, (peer) => ({ frame: (frame) => void peer.send(frame) }));
  using client = bare();
  await client.send("\xff\xff\xff\xff not a frame", port(server));
  await client.send(Uint8Array.of(0, 0, 0, 9, 1), port(server));
  await client.send(new Uint8Array(65_507), port(server));
  await client.send(Uint8Array.of(0, 0, 0, 1, 7), port(server));
  // 65,507 zeros are 16,376 empty frames and three bytes too many: nothing of it counts.
  assertEquals(await client.receive(), Uint8Array.of(0, 0, 0, 1, 7));
  const malformed = events.flatMap((event) =>
    event.kind === "malformed" ? [event] : []
  );
  assertEquals(malformed.length, 3);
  for (const { remoteAddr } of malformed) {
    assertEquals(remoteAddr, client.socket.addr);
  }
});

Deno.test("a peer that is not there costs nothing: sends to it are lost, and others go on", async () => {
  const gone = bare();
  const nobody = port({ addr: gone.socket.addr });
  gone.socket.close();
  const { server, next } = inbox({ port: 0, codec: lines() });
  await using _server = server;
  const dead = server.peer({ hostname: LOCAL, port: nobody });
  for (let i = 0; i < 10; i++) assertEquals(dead.send("anybody?"), true);
  using alive = bare();
  await alive.send("here", port(server));
  assertEquals(await next(), "here");
});

Deno.test("unixpacket: the same peers on socket files, which are removed at the end", async () => {
  const folder = await Deno.makeTempDir();
  const path = (name: string) => `${folder}/${name}`;
  {
    await using server = serveUdp({
      transport: "unixpacket",
      path: path("server"),
      codec: lines(),
    }, (peer) => ({ frame: (line) => void peer.send(line.toUpperCase()) }));
    const events: NetEvent[] = [];
    const { server: client, next } = inbox({
      transport: "unixpacket",
      path: path("client"),
      codec: lines(),
      onEvent: (event) => void events.push(event),
    });
    await using _client = client;
    const peer = client.peer({ path: path("server") });
    peer.send("ahoy");
    assertEquals(await next(), "AHOY");
    assertEquals([...client.peers.keys()], [path("server")]);
    assertEquals(server.peers.has(path("client")), true);
    assertThrows(
      () => peer.send("x".repeat(65_535)),
      EncodeError,
      path("server"),
    );
    client.peer({ path: path("nobody") }).send("anybody?");
    peer.send("again");
    assertEquals(await next(), "AGAIN");
    assertEquals(events.filter(({ kind }) => kind === "sendFailed").length, 1);
  }
  assertEquals([...Deno.readDirSync(folder)], []);
  await Deno.remove(folder);
});

Deno.test("unixpacket: two with much to say to each other at once get through, in order", async () => {
  const folder = await Deno.makeTempDir();
  const path = (name: string) => `${folder}/${name}`;
  {
    const open = (name: string) =>
      inbox({ transport: "unixpacket", path: path(name), codec: lines() });
    const [one, other] = [open("one"), open("other")];
    await using _one = one.server;
    await using _other = other.server;
    // More than the queue of a socket holds, both ways, and nobody has read anything.
    const count = 300;
    const said = Array.from({ length: count }, (_, i) => String(i));
    const toOther = one.server.peer({ path: path("other") });
    const toOne = other.server.peer({ path: path("one") });
    for (const line of said) {
      toOther.send(line);
      toOne.send(line);
    }
    const heard = async (inbox: typeof one) => {
      const lines: string[] = [];
      while (lines.length < count) lines.push(await inbox.next());
      return lines;
    };
    assertEquals(await Promise.all([heard(one), heard(other)]), [said, said]);
  }
  await Deno.remove(folder);
});

Deno.test("options and addresses are checked at the door", async () => {
  const attempt = (options: Partial<UdpOptions<string, string>>) => () =>
    serveUdp(
      { port: 0, codec: lines(), ...options } as UdpOptions<string, string>,
      () => ({ frame() {} }),
    );
  for (
    const [options, says] of [
      [{ maxPeers: 0 }, "'maxPeers'"],
      [{ peerIdleMs: 0 }, "'peerIdleMs'"],
      [
        { peerIdleMs: "5" as never },
        "'peerIdleMs' must be a number of at least 1: current value is \"5\"",
      ],
      [{ maxQueuedDatagrams: 0 }, "'maxQueuedDatagrams'"],
      [{ maxQueuedBytes: 1 }, "'maxQueuedBytes'"],
      [{ maxOutboxBytes: 1 }, "'maxOutboxBytes'"],
      [{ graceMs: -1 }, "'graceMs'"],
      [{ mailbox: { capacity: 0 } }, "'capacity'"],
      [{ restart: { withinMs: 0 } }, "'withinMs'"],
      [{ onCrash: "shrug" as "close" }, "'onCrash'"],
      [{ port: 70_000 }, "'port'"],
    ] as const
  ) assertThrows(attempt(options), RangeError, says);

  await using server = attempt({})();
  const taken = assertThrows(
    attempt({ port: port(server) }),
    ListenError,
    `127.0.0.1:${port(server)}`,
  );
  assertEquals(taken.code, "ADDR_IN_USE");
  assertThrows(
    () => server.peer({ hostname: "example.com", port: 1 }),
    RangeError,
    "example.com",
  );
});

Deno.test("a peer that is made twice is the same one; a server in a server's handler is fine", async () => {
  const peers: Peer<string>[] = [];
  await using server: UdpServer<string, string, never> = serveUdp(
    { port: 0, codec: lines() },
    (peer) => {
      peers.push(peer);
      return { frame() {} };
    },
  );
  const one = server.peer({ hostname: LOCAL, port: 9 });
  assertEquals(server.peer({ hostname: "localhost", port: 9 }), one);
  assertEquals(peers, [one]);
  one.close();
  assert(server.peer({ hostname: LOCAL, port: 9 }) !== one);
});

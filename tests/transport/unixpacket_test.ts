/** Unix datagram sockets: a send while a receive is pending, what is refused, what is left behind. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ListenError } from "../../src/errors.ts";
import { type DatagramSocket, openDatagrams } from "../../src/transport/mod.ts";
import { inDir } from "../support/temp_dir.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

const at = (path: string): DatagramSocket =>
  openDatagrams({ transport: "unixpacket", path });

const namesIn = (dir: string) =>
  Array.from(Deno.readDirSync(dir), ({ name }) => name).sort();

Deno.test("a Unix datagram socket sends while it receives, in order, and leaves no file behind", () =>
  inDir(async (dir) => {
    const [one, other] = [at(`${dir}/one`), at(`${dir}/other`)];
    const into = new Uint8Array(64);
    const hears = one.receive(new Uint8Array(64));
    // More than go out at one waking.
    const sent = Array.from(
      { length: 9 },
      (_, i) => one.send(bytes(i), other.addr),
    );
    for (let i = 0; i < 9; i++) {
      const [datagram, from] = await other.receive(into);
      assertEquals([...datagram], [i]);
      assertEquals(from, one.addr);
    }
    assertEquals(await Promise.all(sent), Array(9).fill(1));
    await other.send(bytes(42), one.addr);
    assertEquals((await hears)[0], bytes(42));
    one.close();
    other.close();
    assertEquals(namesIn(dir), []);
  }));

Deno.test("a Unix datagram socket that is closed ends what is pending: the receive and the sends that wait", () =>
  inDir(async (dir) => {
    const socket = at(`${dir}/s`);
    const receiving = assertRejects(() => socket.receive(new Uint8Array(8)));
    const to: Deno.UnixAddr = { transport: "unixpacket", path: `${dir}/none` };
    const sends = [1, 2, 3].map((n) =>
      assertRejects(() => socket.send(bytes(n), to))
    );
    socket.close();
    await receiving;
    await Promise.all(sends);
    await assertRejects(() => socket.send(bytes(4), to));
    // Once more changes nothing.
    socket.close();
    assertEquals(namesIn(dir), []);
  }));

Deno.test("a send to nobody rejects, and the next one goes out", () =>
  inDir(async (dir) => {
    const [one, other] = [at(`${dir}/one`), at(`${dir}/other`)];
    const nobody: Deno.UnixAddr = {
      transport: "unixpacket",
      path: `${dir}/none`,
    };
    const receiving = assertRejects(() => one.receive(new Uint8Array(8)));
    const lost = assertRejects(() => one.send(bytes(1), nobody));
    const sent = one.send(bytes(2), other.addr);
    await lost;
    assertEquals(await sent, 1);
    assertEquals((await other.receive(new Uint8Array(8)))[0], bytes(2));
    one.close();
    await receiving;
    other.close();
  }));

Deno.test("a Unix datagram socket whose waker's path is taken is not opened, and leaves nothing behind", () =>
  inDir(async (dir) => {
    await Deno.writeTextFile(`${dir}/s.wake`, "precious");
    const { bound } = at(`${dir}/s`);
    const error = await assertRejects(() => bound!, ListenError);
    assertEquals(error.code, "ADDR_IN_USE");
    assertEquals(namesIn(dir), ["s.wake"]);
    assertEquals(await Deno.readTextFile(`${dir}/s.wake`), "precious");
  }));

Deno.test("a Unix datagram socket joins no multicast group, nor does a UDP socket of IPv6", async () => {
  await inDir(async (dir) => {
    const socket = at(`${dir}/s`);
    await assertRejects(
      () => socket.join({ group: "239.1.2.3" }),
      TypeError,
      "a Unix socket has none",
    );
    socket.close();
  });
  const over6 = openDatagrams({ hostname: "::1", port: 0 });
  await assertRejects(
    () => over6.join({ group: "239.1.2.3" }),
    TypeError,
    "is not of IPv4",
  );
  over6.close();
});

Deno.test("a UDP socket may be closed twice, and a membership left after that", async () => {
  const socket = openDatagrams({ hostname: "0.0.0.0", port: 0 });
  const membership = await socket.join({
    group: "239.66.88.9",
    interface: "127.0.0.1",
  });
  socket.close();
  socket.close();
  await membership.leave();
});

Deno.test("openDatagrams() says that the port is in use", () => {
  const socket = openDatagrams({ port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  const error = assertThrows(
    () => openDatagrams({ port }),
    ListenError,
    `Cannot listen on 127.0.0.1:${port}: the address is in use`,
  );
  assert(error.code === "ADDR_IN_USE");
  socket.close();
});

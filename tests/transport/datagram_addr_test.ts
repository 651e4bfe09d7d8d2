import { assertEquals, assertThrows } from "@std/assert";
import {
  checkDatagramEndpoint,
  peerAddr,
} from "../../src/transport/datagram_addr.ts";

const over4: Deno.Addr = { transport: "udp", hostname: "0.0.0.0", port: 1 };
const over6: Deno.Addr = { transport: "udp", hostname: "::", port: 1 };
const unix: Deno.Addr = { transport: "unixpacket", path: "/tmp/x" };

function hostname(host: string, ours: Deno.Addr): string {
  return (peerAddr({ hostname: host, port: 9 }, ours) as Deno.NetAddr).hostname;
}

Deno.test("peerAddr() writes an address as receive will report it", () => {
  assertEquals(hostname("127.0.0.1", over4), "127.0.0.1");
  assertEquals(hostname("localhost", over4), "127.0.0.1");
  assertEquals(hostname("255.255.255.255", over4), "255.255.255.255");
  assertEquals(hostname("localhost", over6), "::1");
  assertEquals(hostname("0:0:0:0:0:0:0:1", over6), "::1");
  assertEquals(hostname("FE80::00A:1", over6), "fe80::a:1");
  assertEquals(hostname("127.0.0.1", over6), "::ffff:127.0.0.1");
  assertEquals(hostname("::FFFF:7f00:1", over6), "::ffff:127.0.0.1");
  assertEquals(
    hostname("::ffff:192.168.10.250", over6),
    "::ffff:192.168.10.250",
  );
  assertEquals(peerAddr({ path: "/tmp/y" }, unix), {
    transport: "unixpacket",
    path: "/tmp/y",
  });
});

Deno.test("peerAddr() refuses what could never answer under that address", () => {
  for (
    const [to, ours] of [
      [{ hostname: "example.com", port: 9 }, over4],
      [{ hostname: "127.1", port: 9 }, over4],
      [{ hostname: "010.0.0.1", port: 9 }, over4],
      [{ hostname: "256.0.0.1", port: 9 }, over4],
      [{ hostname: "", port: 9 }, over4],
      [{ hostname: "::1]/x:", port: 9 }, over6],
      [{ hostname: "::1", port: 9 }, over4],
      [{ hostname: "127.0.0.1", port: 0 }, over4],
      [{ hostname: "127.0.0.1", port: 70_000 }, over4],
      [{ hostname: "127.0.0.1", port: 1.5 }, over4],
      [{ path: "" }, unix],
    ] as const
  ) {
    assertThrows(() => peerAddr(to, ours), RangeError, "Cannot use");
  }
  assertThrows(() => peerAddr({ path: "/tmp/y" }, over4), TypeError);
  assertThrows(
    () => peerAddr({ hostname: "127.0.0.1", port: 9 }, unix),
    TypeError,
  );
});

Deno.test("checkDatagramEndpoint() refuses what cannot be meant, by name and value", () => {
  checkDatagramEndpoint({ port: 0 });
  checkDatagramEndpoint({ hostname: "::", port: 65_535 });
  checkDatagramEndpoint({ port: 1, multicast: [{ group: "239.1.2.3" }] });
  const refused = (
    endpoint: Parameters<typeof checkDatagramEndpoint>[0],
    says: string,
  ) => assertThrows(() => checkDatagramEndpoint(endpoint), RangeError, says);
  refused({ port: -1 }, "'port'");
  refused({ hostname: "example.com", port: 1 }, "example.com");
  refused({ port: 1, multicast: [{ group: "10.0.0.1" }] }, "10.0.0.1");
  refused({ port: 1, multicast: [{ group: "240.0.0.1" }] }, "240.0.0.1");
  refused({ port: 1, multicast: [{ group: "nonsense" }] }, "nonsense");
  refused({
    port: 1,
    multicast: [{ group: "239.1.2.3", interface: "eth0" }],
  }, "eth0");
  refused({ transport: "unixpacket", path: "" }, "'path'");
  assertThrows(
    () =>
      checkDatagramEndpoint(
        { transport: "tcp", port: 1 } as unknown as { port: number },
      ),
    TypeError,
    "tcp",
  );
});

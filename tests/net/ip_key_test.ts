import { assertEquals } from "@std/assert";
import { ipKey } from "../../src/net/ip_key.ts";

const at = (hostname: string): Deno.Addr => ({
  transport: "tcp",
  hostname,
  port: 1,
});

Deno.test("ipKey() is the address itself for IPv4, also where it is written as IPv6", () => {
  assertEquals(ipKey(at("192.0.2.7")), "192.0.2.7");
  assertEquals(ipKey(at("::ffff:192.0.2.7")), "192.0.2.7");
  assertEquals(ipKey(at("::FFFF:192.0.2.7")), "192.0.2.7");
});

Deno.test("ipKey() is the first 64 bits for IPv6, however they are written", () => {
  const same: Record<string, string[]> = {
    "2001:db8:1:2::/64": [
      "2001:db8:1:2::",
      "2001:db8:1:2::1",
      "2001:db8:1:2:3:4:5:6",
      "2001:0db8:0001:0002:ffff:ffff:ffff:ffff",
      "2001:DB8:1:2::a%eth0",
    ],
    "2001:db8:0:0::/64": ["2001:db8::", "2001:db8::1", "2001:db8::5:6:7:8"],
    // The gap ends within the first 64 bits.
    "2001:0:0:2::/64": ["2001::2:3:4:5:6"],
    "0:0:0:0::/64": ["::", "::1"],
    "fe80:0:0:0::/64": ["fe80::1%lo", "fe80::2"],
  };
  for (const [key, addresses] of Object.entries(same)) {
    for (const address of addresses) {
      assertEquals(ipKey(at(address)), key, address);
    }
  }
});

Deno.test("ipKey() of what is no IP address is undefined", () => {
  assertEquals(ipKey({ transport: "unix", path: "/run/s" }), undefined);
});

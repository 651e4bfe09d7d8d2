/**
 * Decides which remote addresses count as one for a limit per IP: an IPv4 address by itself, also where it
 * is written as IPv6, and an IPv6 address by its first 64 bits, since one host is given that many to choose from.
 *
 * Source: RFC 4291 §2.2 and §2.5, RFC 6177.
 *
 * @module
 */

/** The key of an address as `Deno.Addr` writes it; `undefined` for one that is no IP address. */
export function ipKey(addr: Deno.Addr): string | undefined {
  if (!("hostname" in addr)) return undefined;
  const { hostname } = addr;
  if (!hostname.includes(":")) return hostname;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(hostname);
  if (mapped !== null) return mapped[1];
  const [head, tail] = hostname.split("%")[0].split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const after = tail === "" ? [] : tail.split(":");
    while (groups.length + after.length < 8) groups.push("0");
    groups.push(...after);
  }
  const prefix = groups.slice(0, 4).map((group) => parseInt(group, 16));
  return prefix.map((group) => group.toString(16)).join(":") + "::/64";
}

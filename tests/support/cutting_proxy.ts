/**
 * A network that breaks at a certain byte: passes a TCP connection on, up to so many bytes in one direction.
 *
 * @module
 */

/** Where the cut is: bytes that still come through, by direction. */
export interface Cut {
  toServer?: number;
  toClient?: number;
}

/** Listens on a port of its own, for one connection to `port`. At the cut both sides see the connection end. */
export function cuttingProxy(
  port: number,
  { toServer = Infinity, toClient = Infinity }: Cut,
): AsyncDisposable & { port: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const passing = (async () => {
    using client = await listener.accept();
    using server = await Deno.connect({ hostname: "127.0.0.1", port });
    await Promise.race([
      pass(client, server, toServer),
      pass(server, client, toClient),
    ]);
  })();
  return {
    port: String(listener.addr.port),
    async [Symbol.asyncDispose]() {
      listener.close();
      await passing.catch(() => {/* nobody came */});
    },
  };
}

async function pass(
  from: Deno.Conn,
  to: Deno.Conn,
  mostBytes: number,
): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (let left = mostBytes; left > 0;) {
      const n = await from.read(buffer.subarray(0, left));
      if (n === null) break;
      for (let at = 0; at < n;) at += await to.write(buffer.subarray(at, n));
      left -= n;
    }
  } catch { /* The other direction ended first. */ }
}

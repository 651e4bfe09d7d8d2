/** The floor: the bare read and write loop, which knows nothing of frames. Prints its port. */
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log((listener.addr as Deno.NetAddr).port);

async function echo(conn: Deno.TcpConn) {
  conn.setNoDelay(true);
  const buffer = new Uint8Array(65_536);
  try {
    for (;;) {
      const n = await conn.read(buffer);
      if (n === null) break;
      for (let at = 0; at < n;) at += await conn.write(buffer.subarray(at, n));
    }
  } finally {
    conn.close();
  }
}

for await (const conn of listener) void echo(conn);

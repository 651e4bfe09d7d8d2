/**
 * Opens connections and holds them, for `idle.ts`. Prints "open" when all of them have been accepted, then
 * obeys lines: "burst" sends frames on each connection, awaits the echoes and prints "quiet".
 *
 *     deno run --allow-net bench/idle_client.ts PORT CONNECTIONS BURST_FRAMES BURST_FRAME_BYTES
 *
 * @module
 */

const [port, connections, frames, frameBytes] = Deno.args.map(Number);

/** How many connections are opened, or burst, at a time: fewer than any backlog. */
const AT_ONCE = 100;

function connect(): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}

function frame(byteLength: number): Uint8Array {
  const bytes = new Uint8Array(4 + byteLength);
  new DataView(bytes.buffer).setUint32(0, byteLength);
  return bytes;
}

async function echo(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  const sending = (async () => {
    for (let at = 0; at < bytes.length;) {
      at += await conn.write(bytes.subarray(at));
    }
  })();
  const into = new Uint8Array(65_536);
  for (let left = bytes.length; left > 0;) {
    const count = await conn.read(into);
    if (count === null) throw new Error("the server closed a connection");
    left -= count;
  }
  await sending;
}

const conns: Deno.TcpConn[] = [];
while (conns.length < connections) {
  const count = Math.min(AT_ONCE, connections - conns.length);
  conns.push(...await Promise.all(Array.from({ length: count }, connect)));
}
// Connections are accepted in their order: when the newest is answered, all are served.
const last = await connect();
await echo(last, frame(16));
console.log("open");

const burst = new Uint8Array(frames * (4 + frameBytes));
for (let i = 0; i < frames; i++) {
  burst.set(frame(frameBytes), i * (4 + frameBytes));
}
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
for await (const line of lines) {
  if (!line.includes("burst")) continue;
  for (let at = 0; at < conns.length; at += AT_ONCE) {
    const some = conns.slice(at, at + AT_ONCE);
    await Promise.all(some.map((conn) => echo(conn, burst)));
  }
  console.log("quiet");
}

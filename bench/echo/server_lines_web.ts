/** A peer: lines over the Web Streams of Deno's sockets, as its standard library offers them. Prints its port. */
import { TextLineStream } from "@std/streams";

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log((listener.addr as Deno.NetAddr).port);

const encoder = new TextEncoder();

async function echo(conn: Deno.TcpConn) {
  conn.setNoDelay(true);
  const writer = conn.writable.getWriter();
  const lines = conn.readable
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    await writer.write(encoder.encode(line + "\n"));
  }
  await writer.close();
}

for await (const conn of listener) void echo(conn);

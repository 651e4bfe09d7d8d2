/**
 * The shortest loop that frames: a view of each frame, one copy of it into what is written next, memory used again. No
 * actor, no limits, no supervision, and a handler that may only send: what a server that frames cannot get past. A frame
 * that does not fit the buffer ends the connection. Prints its port.
 */
const BUFFER_BYTES = 2_097_152;

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log((listener.addr as Deno.NetAddr).port);

type Handler = (frame: Uint8Array, send: (frame: Uint8Array) => void) => void;
const handler: Handler = (frame, send) => send(frame);

async function serve(conn: Deno.TcpConn) {
  conn.setNoDelay(true);
  const input = new Uint8Array(BUFFER_BYTES);
  const memory = input.buffer;
  const output = new Uint8Array(2 * BUFFER_BYTES);
  let have = 0;
  let gathered = 0;
  const send = (frame: Uint8Array) => {
    const { length } = frame;
    output[gathered] = length >>> 24;
    output[gathered + 1] = length >>> 16;
    output[gathered + 2] = length >>> 8;
    output[gathered + 3] = length;
    output.set(frame, gathered + 4);
    gathered += 4 + length;
  };
  try {
    for (;;) {
      const count = await conn.read(input.subarray(have));
      if (!count) break;
      have += count;
      let at = 0;
      while (have - at >= 4) {
        const length = input[at] << 24 | input[at + 1] << 16 |
          input[at + 2] << 8 | input[at + 3];
        if (have - at - 4 < length) break;
        handler(new Uint8Array(memory, at + 4, length), send);
        at += 4 + length;
      }
      if (at < have) input.copyWithin(0, at, have);
      have -= at;
      for (let sent = 0; sent < gathered;) {
        sent += await conn.write(output.subarray(sent, gathered));
      }
      gathered = 0;
    }
  } finally {
    conn.close();
  }
}

for await (const conn of listener) void serve(conn);

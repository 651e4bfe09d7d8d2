/**
 * The load generator on Linux's own calls, in one loop without a promise: cheaper than anything that it
 * measures. Sources: socket(7), ip(7), poll(2), recv(2), send(2), memcmp(3).
 *
 * @module
 */

import { type Load, STEP_BYTES } from "./load.ts";

const AF_INET = 2;
const SOCK_STREAM = 1;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const POLLIN = 1;
const POLLOUT = 4;
/** A server that says nothing for so long has lost something. */
const PATIENCE_MS = 10_000;

/** Runs the load on all connections; throws when an answer is wrong, or none comes. */
export function runOnLinux(load: Load) {
  const { wireBytes, inFlight, circle, period } = load;
  // Sizes are declared as 32 bits, because 64 would come and go as bigint: none here is so large.
  const libc = Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    setsockopt: {
      parameters: ["i32", "i32", "i32", "buffer", "u32"],
      result: "i32",
    },
    poll: { parameters: ["buffer", "u32", "i32"], result: "i32" },
    recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
    send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
    memcmp: { parameters: ["buffer", "buffer", "u32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const { socket, connect, setsockopt, poll, recv, send, memcmp, close } =
    libc.symbols;
  const one = new Uint8Array(new Int32Array([1]).buffer);
  const address = new Uint8Array(16);
  new Uint16Array(address.buffer)[0] = AF_INET;
  address.set([load.port >> 8, load.port & 0xff, 127, 0, 0, 1], 2);

  // struct pollfd { int fd; short events; short revents }
  const polled = new Uint8Array(load.connections * 8);
  const fds = new Int32Array(polled.buffer);
  const shorts = new Int16Array(polled.buffer);
  const conns = Array.from({ length: load.connections }, (_, i) => {
    const fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, one, 4);
    if (fd < 0 || connect(fd, address, address.length) !== 0) {
      throw new Error(`cannot connect to port ${load.port}`);
    }
    fds[i * 2] = fd;
    return { fd, due: 0, sent: 0, came: 0 };
  });
  const into = new Uint8Array(STEP_BYTES);

  /** Sends what is due and what the socket takes; the rest goes when there is room again. */
  const push = (conn: typeof conns[number], slot: number) => {
    while (conn.sent < conn.due) {
      const from = conn.sent % period;
      const step = Math.min(conn.due - conn.sent, STEP_BYTES);
      const count = send(
        conn.fd,
        circle.subarray(from, from + step),
        step,
        MSG_DONTWAIT | MSG_NOSIGNAL,
      );
      if (count <= 0) break;
      conn.sent += count;
    }
    shorts[slot] = conn.sent < conn.due ? POLLIN | POLLOUT : POLLIN;
  };

  const startMs = performance.now();
  const untilMs = startMs + load.forMs;
  conns.forEach((conn, i) => {
    conn.due = wireBytes * inFlight;
    push(conn, i * 4 + 2);
  });
  let open = conns.length;
  while (open > 0) {
    if (poll(polled, conns.length, PATIENCE_MS) <= 0) {
      throw new Error(`no answer within ${PATIENCE_MS} ms`);
    }
    const goesOn = performance.now() < untilMs;
    for (let i = 0; i < conns.length; i++) {
      const slot = i * 4 + 2;
      const ready = shorts[slot + 1];
      if (ready === 0) continue;
      const conn = conns[i];
      if ((ready & ~POLLOUT) !== 0) {
        const count = recv(conn.fd, into, STEP_BYTES, MSG_DONTWAIT);
        if (count <= 0) throw new Error("the server closed the connection");
        const phase = conn.came % period;
        if (memcmp(into, circle.subarray(phase), count) !== 0) {
          throw new Error(
            `an answer is wrong, in the ${count} bytes from ${conn.came}`,
          );
        }
        const before = Math.floor(conn.came / wireBytes);
        conn.came += count;
        const whole = Math.floor(conn.came / wireBytes) - before;
        if (goesOn) conn.due += whole * wireBytes;
      }
      push(conn, slot);
      if (conn.came === conn.due) {
        // poll(2) passes over negative descriptors.
        fds[i * 2] = -1;
        open--;
      }
    }
  }
  const elapsedMs = performance.now() - startMs;
  for (const { fd } of conns) close(fd);
  libc.close();
  return {
    frames: conns.reduce((sum, { came }) => sum + came, 0) / wireBytes,
    elapsedMs,
  };
}

/**
 * The puzzle of the sticky packets, and its cure: the same 21 messages through a bare `read` and through a codec.
 *
 * Teaches: TCP carries a stream of bytes, and knows nothing of messages. What one `read` returns is what happened
 * to be there: many messages stuck together, or a part of one. A codec puts the borders back.
 *
 *     deno task sticky
 *     deno task sticky --buffer 65536
 *
 * @module
 */

import { equals } from "@std/bytes";
import { encodeFrame, lengthPrefixed, serve } from "@packetboat/net";
import { draw, type Row } from "./sticky/drawing.ts";
import { command, runCli } from "./kit/cli.ts";
import { tcpFlags } from "./kit/where.ts";
import { writeAll } from "./kit/write_all.ts";

const SMALL = 20;
const BIG_BYTES = 100_000;

/** Twenty small messages, with a big one in their middle. */
const MESSAGES = Array.from({ length: SMALL + 1 }, (_, i) => {
  const text = `message ${i + 1}`;
  return new TextEncoder().encode(
    i === SMALL / 2 ? text.padEnd(BIG_BYTES, ".") : text,
  );
});

type Where = { hostname: string; port: number };

const sticky = command({
  summary:
    "Send the same messages twice: to a bare read loop, and to a server with a codec. Draw what arrived.",
  flags: {
    ...tcpFlags(0),
    buffer: {
      type: "integer",
      min: 1,
      max: 16_777_216,
      default: 1_024,
      help: "bytes that the bare loop asks for",
    },
  },
  async run({ hostname, port, buffer }) {
    const framed = await throughCodec({ hostname, port });
    const bare = await throughBareRead({ hostname, port }, buffer);
    console.log(
      `${MESSAGES.length} messages: ${SMALL} small ones, and in their middle one of ${BIG_BYTES} bytes.\n`,
    );
    draw(`read(${buffer})`, bare, "lengthPrefixed()", framed);
  },
});

/** As the tutorials have it: each `read` is taken for a message. */
async function throughBareRead(
  where: Where,
  bufferBytes: number,
): Promise<Row[]> {
  using listener = Deno.listen(where);
  const [client, server] = await Promise.all([
    Deno.connect({ ...where, port: listener.addr.port }),
    listener.accept(),
  ]);
  using _closedAtTheEnd = server;
  const tenSent = Promise.withResolvers<void>();
  const firstRead = Promise.withResolvers<void>();
  const sending = sendAll(client, (message) => message, () => {
    tenSent.resolve();
    return firstRead.promise;
  });
  // The server does something else for a moment. That is all it takes.
  await tenSent.promise;
  const buffer = new Uint8Array(bufferBytes);
  const rows: Row[] = [];
  let at = 0;
  for (let n; (n = await server.read(buffer)) !== null; at += n) {
    rows.push(rowOfRange(at, at + n));
    firstRead.resolve();
  }
  await sending;
  return rows;
}

/** The same, through a codec: each frame is a message. */
async function throughCodec(where: Where): Promise<Row[]> {
  const codec = lengthPrefixed();
  const rows: Row[] = [];
  const done = Promise.withResolvers<void>();
  await using server = serve({ ...where, codec }, () => ({
    frame: (frame) => void rows.push(rowOfFrame(frame)),
    closed: () => done.resolve(),
  }));
  const { port } = server.addr as Deno.NetAddr;
  const client = await Deno.connect({ ...where, port });
  await sendAll(client, (message) => encodeFrame(codec, message), () => {});
  await done.promise;
  return rows;
}

/** Each message is a write of its own, and leaves at once. */
async function sendAll(
  client: Deno.TcpConn,
  frameOf: (message: Uint8Array) => Uint8Array,
  onHalfSent: () => void | Promise<void>,
): Promise<void> {
  using conn = client;
  conn.setNoDelay(true);
  for (const [i, message] of MESSAGES.entries()) {
    if (i === SMALL / 2) await onHalfSent();
    await writeAll(conn, frameOf(message));
  }
}

/** Which messages lie in these bytes of the stream: only who knows all messages can tell. */
function rowOfRange(start: number, end: number): Row {
  const whole: number[] = [];
  const parts: number[] = [];
  let at = 0;
  for (const [i, { length }] of MESSAGES.entries()) {
    if (at < end && at + length > start) {
      (at >= start && at + length <= end ? whole : parts).push(i + 1);
    }
    at += length;
  }
  const bytes = end - start;
  const names = `${whole[0]}${whole.length > 1 ? ` to ${whole.at(-1)}` : ""}`;
  if (parts.length === 0) {
    return whole.length === 1
      ? { bytes, kind: "whole", words: names }
      : { bytes, kind: "stuck", words: `${names} stuck together` };
  }
  const torn = parts.map((n) => `a part of ${n}`).join(" and ");
  const words = whole.length === 0 ? torn : `${names} and ${torn}`;
  return { bytes, kind: "torn", words };
}

function rowOfFrame(frame: Uint8Array): Row {
  const n = MESSAGES.findIndex((message) => equals(message, frame)) + 1;
  if (n === 0) throw new Error("This is a bug: a frame is no message");
  return { bytes: frame.length, kind: "whole", words: String(n) };
}

await runCli("sticky", { "": sticky });

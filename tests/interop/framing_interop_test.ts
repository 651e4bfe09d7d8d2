/**
 * Framing against programs that we did not write: Python's struct, Twisted's receivers, Erlang's `packet`
 * option. Each peer reads our frames, in odd pieces, and answers with their bytes reversed, so both directions
 * are shown at once. A peer ends itself after 30 s; a peer that is not installed is ignored, by name.
 */

import { assertEquals } from "@std/assert";
import {
  type Codec,
  decodeFrames,
  delimited,
  encodeFrame,
  lengthPrefixed,
  netstring,
} from "../../src/framing/mod.ts";

interface Peer {
  command: string;
  args: string[];
}

const file = (name: string) => new URL(name, import.meta.url).pathname;
const PYTHON = "/usr/bin/python3";
const struct = (format: string): Peer => ({
  command: PYTHON,
  args: [file("struct_peer.py"), format],
});
const twisted = (receiver: string): Peer => ({
  command: PYTHON,
  args: [file("twisted_peer.py"), receiver],
});
const erlang = (width: number): Peer => ({
  command: "escript",
  args: [file("erlang_peer.escript"), String(width)],
});

/** Whether a command runs here and ends well. */
function runs(command: string, ...args: string[]): boolean {
  try {
    const options = { args, stdout: "null", stderr: "null" } as const;
    return new Deno.Command(command, options).outputSync().success;
  } catch {
    return false;
  }
}

const has = {
  python3: runs(PYTHON, "-c", "import struct"),
  twisted: runs(PYTHON, "-c", "import twisted.protocols.basic"),
  erlang: runs("erl", "-noshell", "-eval", "halt(0)."),
};

function frames(largest: number): Uint8Array[] {
  const sizes = [1, 0, 3, 13, 64, 200, 255, 1000, 5000, 65_000, 1];
  return sizes.filter((size) => size <= largest).map((size) =>
    new Uint8Array(size).map((_, i) => (i * 7 + size) % 251)
  );
}

async function exchange(
  peer: Peer,
  codec: Codec<Uint8Array>,
  sent: Uint8Array[],
): Promise<void> {
  await using process = new Deno.Command(peer.command, {
    args: peer.args,
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = process.stdout.pipeThrough(new TextDecoderStream())
    .getReader();
  let line = "";
  while (!line.includes("\n")) {
    const { value, done } = await output.read();
    if (done) throw new Error(`${peer.command} ended before it listened`);
    line += value;
  }
  const conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: Number(line),
  });
  conn.setNoDelay();
  const writing = writeInPieces(conn, codec, sent);
  const received: Uint8Array[] = [];
  // Leaving the loop closes the connection. No half-close before: Twisted drops what it has not sent yet.
  for await (const frame of decodeFrames(codec, conn.readable)) {
    if (received.push(frame) === sent.length) break;
  }
  await writing;
  assertEquals(received, sent.map((frame) => frame.toReversed()));
  await output.cancel();
  await process.status;
}

/** In pieces of 1, 2, 3, … bytes, so that few cuts fall between frames. */
async function writeInPieces(
  conn: Deno.TcpConn,
  codec: Codec<Uint8Array>,
  sent: Uint8Array[],
): Promise<void> {
  const wire = new Uint8Array(
    sent.flatMap((frame) => [...encodeFrame(codec, frame)]),
  );
  for (let at = 0, size = 1; at < wire.length; size++) {
    at += await conn.write(wire.subarray(at, at + size));
  }
}

function interop(
  program: keyof typeof has,
  name: string,
  peer: Peer,
  codec: Codec<Uint8Array>,
  sent: Uint8Array[],
): void {
  Deno.test({
    name: has[program] ? name : `${name} (ignored: no ${program} here)`,
    ignore: !has[program],
    fn: () => exchange(peer, codec, sent),
  });
}

for (
  const [format, options] of [
    ["B", { bytes: 1 }],
    [">H", { bytes: 2 }],
    [">I", {}],
    ["<i", { littleEndian: true }],
    ["<q", { bytes: 8, littleEndian: true }],
  ] as const
) {
  interop(
    "python3",
    `lengthPrefixed() speaks with Python's struct "${format}"`,
    struct(format),
    lengthPrefixed(options),
    frames(format === "B" ? 255 : format === ">H" ? 65_000 : Infinity),
  );
}

interop(
  "twisted",
  "lengthPrefixed() speaks with Twisted's Int32StringReceiver",
  twisted("Int32StringReceiver"),
  lengthPrefixed(),
  frames(Infinity),
);
interop(
  "twisted",
  "lengthPrefixed() speaks with Twisted's Int16StringReceiver",
  twisted("Int16StringReceiver"),
  lengthPrefixed({ bytes: 2 }),
  frames(65_000),
);
interop(
  "twisted",
  "netstring() speaks with Twisted's NetstringReceiver",
  twisted("NetstringReceiver"),
  netstring(),
  frames(Infinity),
);
interop(
  "twisted",
  "delimited() speaks with Twisted's LineReceiver",
  twisted("LineReceiver"),
  delimited("\r\n"),
  frames(5000).map((frame) =>
    frame.filter((byte) => byte !== 0x0d && byte !== 0x0a)
  ),
);
for (const width of [1, 2, 4] as const) {
  interop(
    "erlang",
    `lengthPrefixed() speaks with Erlang's {packet, ${width}}`,
    erlang(width),
    lengthPrefixed({ bytes: width }),
    frames([0, 255, 65_000, 0, Infinity][width]),
  );
}

/**
 * The wires of the tutorials, for their clients: a command line goes out, its whole output comes back. Each knows the
 * length before the output, so the output is gathered first, and has a limit.
 *
 * @module
 */

import { concat } from "@std/bytes";
import { split } from "shlex";
import {
  type Codec,
  type Connection,
  encodeFrame,
  lengthPrefixed,
  raw,
} from "@packetboat/net";
import { execute, Refusal, type Rules } from "./execute.ts";

/** Gathered for one reply at most. */
const MOST_OUTPUT_BYTES = 64 * 1_048_576;

type Bytes = Connection<Uint8Array>;

interface TutorialWire {
  codec: Codec<Uint8Array>;
  /** Sends one reply. `requests` is what the client sends next, where a reply waits for it. */
  reply(
    connection: Bytes,
    output: Uint8Array,
    requests: AsyncIterator<Uint8Array>,
  ): Promise<unknown>;
}

const i64le = lengthPrefixed({ bytes: 8, littleEndian: true });
const long64 = lengthPrefixed({
  bytes: 8,
  littleEndian: true,
  maxFrameBytes: MOST_OUTPUT_BYTES + 8,
});
const long32 = lengthPrefixed({
  littleEndian: true,
  maxFrameBytes: MOST_OUTPUT_BYTES + 4,
});

/** By name; the requests of `i32le` and `ascii` have no framing, so each has to come in one read. */
export const TUTORIAL_WIRES: Readonly<Record<string, TutorialWire>> = {
  /** Both ways `struct.pack("<q", len(body)) + body`. */
  i64le: {
    codec: i64le,
    reply: (connection, output) =>
      connection.sendBody(encodeFrame(long64, output)),
  },
  /** The reply `struct.pack("<i", len(body)) + body`. */
  i32le: {
    codec: raw(),
    reply: (connection, output) =>
      connection.sendBody(encodeFrame(long32, output)),
  },
  /** The reply's length in ASCII digits; after any bytes from the client, the reply. */
  ascii: {
    codec: raw(),
    async reply(connection, output, requests) {
      connection.send(new TextEncoder().encode(String(output.length)));
      if ((await requests.next()).done) return;
      await connection.sendBody(output);
    },
  },
};

/**
 * How a browser begins. A page from anywhere may have it send a form to this machine, whose lines would be taken for
 * commands; so whoever begins like that is no client.
 */
const HTTP = /^[A-Z]+ (\/|\*|https?:)/;

/** Serves one client until it goes, sends nothing, or turns out to be a browser. */
export async function serveTutorial(
  connection: Bytes,
  { reply }: TutorialWire,
  rules: Rules,
): Promise<void> {
  const requests = connection[Symbol.asyncIterator]();
  for (let next; !(next = await requests.next()).done;) {
    const line = new TextDecoder().decode(next.value).trim();
    if (line === "" || HTTP.test(line)) return;
    await reply(
      connection,
      await outputOf(line, rules, connection.signal),
      requests,
    );
  }
}

/** Everything that the command wrote: stdout, then stderr; what was wrong is part of it. */
async function outputOf(
  line: string,
  rules: Rules,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const written: Record<"stdout" | "stderr", Uint8Array[]> = {
    stdout: [],
    stderr: [],
  };
  const say = (text: string) =>
    written.stderr.push(new TextEncoder().encode(`remote: ${text}\n`));
  let bytesLeft = MOST_OUTPUT_BYTES - 1_000;
  try {
    const words = rules.shell ? [line] : wordsOf(line);
    const { note } = await execute(words, rules, signal, (kind, bytes) => {
      bytesLeft -= bytes.length;
      if (bytesLeft < 0) {
        throw new Refusal(`more than ${MOST_OUTPUT_BYTES} bytes of output`);
      }
      written[kind].push(bytes);
    });
    if (note !== undefined) say(note);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say(error.message);
  }
  return concat([...written.stdout, ...written.stderr]);
}

/** Words as a shell cuts them, and nothing else of a shell. */
function wordsOf(line: string): string[] {
  try {
    return split(line);
  } catch {
    throw new Refusal("a quotation has no end");
  }
}

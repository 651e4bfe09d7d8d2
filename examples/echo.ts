/**
 * Echo: the smallest service, on any wire, over TCP or a Unix socket.
 *
 * Teaches: a handler is one callback per whole frame, however the bytes were cut; `send` queues, and all
 * that is sent in one turn leaves in one write; the codec is a value, so the wire is a flag.
 *
 *     deno task echo serve --wire u32be
 *     deno task echo send --wire u32be hello "to you"
 *
 * @module
 */

import { connect, type Endpoint, serve } from "@packetboat/net";
import { command, type Flag, runCli, UsageError } from "./kit/cli.ts";
import { untilSignal } from "./kit/until_signal.ts";
import { WIRES } from "./kit/wires.ts";

const WHERE = {
  hostname: {
    type: "string",
    placeholder: "HOST",
    default: "127.0.0.1",
    help: "name or address",
  },
  port: {
    type: "integer",
    min: 0,
    max: 65_535,
    default: 8800,
    help: "TCP port",
  },
  unix: {
    type: "string",
    placeholder: "PATH",
    help: "a Unix socket instead of TCP",
  },
  wire: {
    type: "choice",
    choices: Object.keys(WIRES),
    default: "lines",
    help: "the wire format",
  },
} as const satisfies Record<string, Flag>;

function endpoint(
  { hostname, port, unix }: { hostname: string; port: number; unix?: string },
): Endpoint {
  return unix === undefined
    ? { hostname, port }
    : { transport: "unix", path: unix };
}

function addrText(addr: Deno.Addr): string {
  if ("path" in addr) return addr.path;
  return "hostname" in addr ? `${addr.hostname}:${addr.port}` : addr.transport;
}

const serveCommand = command({
  summary: "Answer every frame: in upper case, or as it is.",
  flags: {
    ...WHERE,
    reply: {
      type: "choice",
      choices: ["upper", "same"],
      default: "upper",
      help: "how to answer",
    },
  },
  async run({ wire, reply, ...where }) {
    await using server = serve({
      ...endpoint(where),
      codec: WIRES[wire].codec,
      name: "echo",
      onListen: (addr) =>
        console.log(`echo: ${wire} on ${addrText(addr)}, Ctrl-C ends`),
      onEvent: (event) => {
        if (event.kind === "malformed" || event.kind === "crashed") {
          console.error(`echo: ${(event.error as Error).message}`);
        }
      },
    }, (connection) => {
      // A read without framing may end inside a character; the rest of it then comes with the next.
      const decoder = new TextDecoder();
      const encoder = new TextEncoder();
      const stream = wire === "raw";
      return {
        frame: (bytes) =>
          connection.send(
            reply === "same" ? bytes : encoder.encode(
              decoder.decode(bytes, { stream }).toUpperCase(),
            ),
          ),
      };
    });
    await untilSignal(server);
  },
});

const sendCommand = command({
  summary: "Send each TEXT as a frame and print each reply on a line.",
  words: "TEXT…",
  flags: WHERE,
  async run({ wire, ...where }, texts) {
    if (texts.length === 0) throw new UsageError("Cannot send without a TEXT");
    await using connection = await connect({
      ...endpoint(where),
      codec: WIRES[wire].codec,
    });
    for (const text of texts) {
      connection.send(new TextEncoder().encode(text));
    }
    await connection.endWrite();
    const decoder = new TextDecoder();
    for await (const bytes of connection) console.log(decoder.decode(bytes));
  },
});

if (import.meta.main) {
  await runCli("echo", { serve: serveCommand, send: sendCommand });
}

/**
 * Echo: the smallest service, on any wire, over TCP, TLS or a Unix socket.
 *
 * Teaches: a handler is one callback per whole frame, however the bytes were cut; `send` queues, and all that
 * is sent in one turn leaves in one write; a codec is a value, so the wire is a flag.
 *
 *     deno task echo serve --wire u32be
 *     deno task echo send --wire u32be hello "to you"
 *
 * @module
 */

import { connect, serve } from "@packetboat/net";
import { command, printError, runCli, UsageError } from "./kit/cli.ts";
import { untilSignal } from "./kit/until_signal.ts";
import {
  addrText,
  endpointOf,
  tcpFlags,
  TLS_CLIENT_FLAGS,
  TLS_SERVER_FLAGS,
  UNIX_FLAG,
} from "./kit/where.ts";
import { WIRE_NAMES, WIRES } from "./kit/wires.ts";

/** More than a command line can hold: replies are read, however much waits to be sent. */
const MOST_WAITING_BYTES = 16_777_216;

const WIRE_FLAG = {
  wire: {
    type: "choice",
    choices: WIRE_NAMES,
    default: "lines",
    help: "the format",
  },
} as const;

const serveCommand = command({
  summary: "Answer every frame, in upper case or as it is.",
  flags: {
    ...tcpFlags(8800),
    ...UNIX_FLAG,
    ...WIRE_FLAG,
    reply: {
      type: "choice",
      choices: ["upper", "same"],
      default: "upper",
      help: "how to answer",
    },
    ...TLS_SERVER_FLAGS,
  },
  async run({ wire, reply, ...where }) {
    await using server = serve({
      ...await endpointOf(where),
      codec: WIRES[wire],
      name: "echo",
      onListen: (addr) =>
        console.log(`echo: listening on ${addrText(addr)}, wire ${wire}`),
      onEvent(event) {
        if (event.kind === "malformed" || event.kind === "crashed") {
          printError("echo", event.error);
        }
      },
    }, (connection) => {
      // A frame is a whole text. A read without framing may end inside a character: then the rest is waited for.
      const stream = wire === "raw";
      const decoder = new TextDecoder();
      const encoder = new TextEncoder();
      return {
        frame(bytes) {
          if (reply === "same") return connection.send(bytes);
          const text = decoder.decode(bytes, { stream }).toUpperCase();
          connection.send(encoder.encode(text));
        },
      };
    });
    await untilSignal(server);
  },
});

const sendCommand = command({
  summary: "Send each TEXT as a frame, and print each reply on a line.",
  words: "TEXT…",
  flags: {
    ...tcpFlags(8800),
    ...UNIX_FLAG,
    ...WIRE_FLAG,
    ...TLS_CLIENT_FLAGS,
  },
  async run({ wire, ...where }, texts) {
    if (texts.length === 0) throw new UsageError("Cannot send without a TEXT");
    await using connection = await connect({
      ...await endpointOf(where),
      codec: WIRES[wire],
      highWaterBytes: MOST_WAITING_BYTES,
    });
    const encoder = new TextEncoder();
    for (const text of texts) connection.send(encoder.encode(text));
    // Not awaited: a server whose replies nobody reads takes no more.
    void connection.endWrite();

    // Without framing nobody knows where a reply ends: they come as the network cut them, until the server is done.
    const stream = wire === "raw";
    const wanted = stream ? Infinity : texts.length;
    const decoder = new TextDecoder();
    let replies = 0;
    for await (const bytes of connection) {
      console.log(decoder.decode(bytes, { stream }));
      if (++replies === wanted) return;
    }
    if (stream && replies > 0) return;
    throw new Error(
      `Cannot wait for more replies: the server closed the connection after ${replies} of ${texts.length}`,
    );
  },
});

await runCli("echo", { serve: serveCommand, send: sendCommand });

/**
 * A key-value server that Redis clients take for a Redis: `redis-cli`, `redis-benchmark` and client libraries.
 *
 * Teaches: a wire format of one's own by `defineCodec`; state in one supervised actor that connections ask; a
 * pipeline answered in order with one question for all commands at hand (`caughtUp`); last words to a peer who
 * breaks the protocol (`malformed`); values too large for a buffer sent as bodies.
 *
 *     deno task kv
 *     redis-cli set greeting ahoy
 *
 * @module
 */

import {
  type Connection,
  ConnectionLostError,
  FrameTooLargeError,
  serverChild,
  supervise,
  TruncatedFrameError,
} from "@packetboat/net";
import { command, printError, runCli } from "./kit/cli.ts";
import { untilSignal } from "./kit/until_signal.ts";
import { addrText, endpointOf, tcpFlags } from "./kit/where.ts";
import { isQuit } from "./kv/commands.ts";
import {
  type Command,
  errorReply,
  ProtocolError,
  type Reply,
  resp,
} from "./kv/resp.ts";
import { storeChild } from "./kv/store.ts";

const MIB = 1_048_576;
/** An answer above this goes out piece by piece, as the peer takes it. */
const LARGE_BYTES = 65_536;
/** Around an item of an array: its length and two line ends; an integer has no more. */
const MOST_ITEM_OVERHEAD_BYTES = 24;
/** The store is in this process, so it is late only when the process is. */
const ANSWER_MS = 60_000;

type Client = Connection<Command, Reply>;

const serveCommand = command({
  summary: "Serve keys and values to Redis clients (RESP2). All is in memory.",
  flags: {
    ...tcpFlags(6379),
    "max-value": {
      type: "integer",
      min: 1,
      max: 512,
      default: 64,
      placeholder: "MIB",
      help: "largest key or value",
    },
  },
  async run({ "max-value": maxMib, ...where }) {
    const maxValueBytes = maxMib * MIB;
    const store = storeChild(maxValueBytes);
    const codec = resp(maxValueBytes);
    const server = serverChild("kv", {
      ...await endpointOf(where),
      codec,
      // Larger than any frame, as it must be; what we send is cut smaller.
      maxOutboxBytes: codec.maxFrameBytes,
      onListen: (addr) => console.log(`kv: listening on ${addrText(addr)}`),
      onEvent(event) {
        if (event.kind === "malformed" || event.kind === "crashed") {
          printError("kv", event.error);
        }
      },
    }, (client: Client) => {
      let gathered: Command[] = [];
      return {
        frame(command) {
          // An empty line is no command, and has no answer.
          if (command.length > 0) gathered.push(command);
        },
        async caughtUp() {
          let commands = gathered;
          gathered = [];
          while (commands.length > 0) {
            const replies = await store.ref.ask<Reply[]>(
              (reply) => ({ commands, reply }),
              { timeoutMs: ANSWER_MS },
            );
            for (const reply of replies) {
              // An await for each small one would cost as much as the answer.
              const sending = answer(client, reply);
              if (sending !== undefined) await sending;
            }
            if (isQuit(commands[replies.length - 1])) {
              return void client.close();
            }
            commands = commands.slice(replies.length);
          }
        },
        malformed(error) {
          if (error instanceof TruncatedFrameError) return;
          client.send(errorReply(`Protocol error: ${fault(error)}`));
        },
      };
    });
    await using tree = await supervise([store, server], {
      name: "kv",
      // No number of crashes is too many: each costs its command, and the data is not in what restarts.
      maxRestarts: Infinity,
      onEvent(event) {
        if (event.kind === "crashed") {
          printError(`kv: ${event.actor}`, event.error);
        }
      },
    });
    await untilSignal(tree);
  },
});

function fault(error: Error): string {
  if (error.cause instanceof ProtocolError) return error.cause.message;
  // Each value is small enough, all of them together are not.
  if (error instanceof FrameTooLargeError) return "invalid bulk length";
  return error.message;
}

/** Sends one reply; waits where it is large, and where a pipeline of small ones comes faster than it is read. */
function answer(client: Client, reply: Reply): void | Promise<void> {
  if (!isSmall(reply)) return answerLarge(client, reply);
  if (!client.send(reply)) return client.drained();
}

function isSmall(reply: Reply): boolean {
  if (reply instanceof Uint8Array) return reply.length < LARGE_BYTES;
  if (!Array.isArray(reply)) return true;
  // Many empty items are large, too.
  let bytes = reply.length * MOST_ITEM_OVERHEAD_BYTES;
  for (const item of reply) {
    if (item instanceof Uint8Array) bytes += item.length;
  }
  return bytes < LARGE_BYTES;
}

async function answerLarge(client: Client, reply: Reply): Promise<void> {
  if (Array.isArray(reply)) {
    client.send(`*${reply.length}\r\n`);
    for (const item of reply) {
      const sending = answer(client, item);
      if (sending !== undefined) await sending;
    }
  } else if (reply instanceof Uint8Array) {
    client.send(`$${reply.length}\r\n`);
    try {
      await client.sendBody(reply);
    } catch (error) {
      // Who has left in the middle of an answer is no fault of the handler.
      if (!(error instanceof ConnectionLostError)) throw error;
    }
    client.send("\r\n");
  }
}

await runCli("kv", { "": serveCommand });

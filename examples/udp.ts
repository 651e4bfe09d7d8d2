/**
 * Datagrams: a server that answers each of its peers, and clients that ask one, or whoever hears a broadcast.
 *
 * Teaches: a remote address is an actor; a client is a server too, with a peer that it makes itself; one frame is
 * one datagram, which may be lost, so who waits for an answer sets a limit; how servers on a network are found.
 *
 *     deno task udp serve
 *     deno task udp send hello "to you"
 *     deno task udp discover
 *
 * @module
 */

import type { NetEvent } from "@packetboat/net";
import { datagram, type Peer, serveUdp } from "@packetboat/net/udp";
import {
  command,
  type Flag,
  printError,
  runCli,
  UsageError,
} from "./kit/cli.ts";
import { untilSignal } from "./kit/until_signal.ts";
import { addrText, tcpFlags } from "./kit/where.ts";

/** ASCII's own question and answer: "who is there?" and "I am". No text begins with either. */
const ENQ = 0x05;
const ACK = 0x06;

/** Every socket on this machine that listens to broadcasts, whether there is a network or not. */
const THIS_MACHINE = "127.255.255.255";
/** The same for the network that this machine is in; routers do not pass it on. */
const THIS_NETWORK = "255.255.255.255";

const PORT_FLAG = { port: tcpFlags(8803).port };

const WAIT_FLAG = {
  "wait-ms": {
    type: "integer",
    min: 1,
    max: 3_600_000,
    default: 1_000,
    help: "how long to wait for replies",
  },
} as const satisfies Record<string, Flag>;

type BytePeer = Peer<Uint8Array>;

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const serveCommand = command({
  summary: "Answer every datagram, in upper case or as it is.",
  flags: {
    ...tcpFlags(8803),
    reply: {
      type: "choice",
      choices: ["upper", "same"],
      default: "upper",
      help: "how to answer",
    },
  },
  async run({ hostname, port, reply }) {
    // Who is asked twice answers twice with the same name, so that it counts once.
    const name = crypto.randomUUID();
    const answer = (bytes: Uint8Array, peer: BytePeer) => {
      if (bytes.length === 1 && bytes[0] === ENQ) {
        peer.send(encode(`${String.fromCharCode(ACK)}${name} reply ${reply}`));
      } else if (reply === "same") peer.send(bytes);
      else peer.send(encode(decode(bytes).toUpperCase()));
    };
    await using server = serveUdp({
      hostname,
      port,
      codec: datagram(),
      onEvent: complain,
    }, (peer) => ({ frame: (bytes) => answer(bytes, peer) }));
    await using _ear = listenToBroadcasts(
      server.addr as Deno.NetAddr,
      (bytes, from) =>
        answer(bytes, server.peer(from.remoteAddr as Deno.NetAddr)),
    );
    console.log(`udp: listening on ${addrText(server.addr)}`);
    await untilSignal(server);
  },
});

/**
 * A socket of one address does not hear what is sent to all, so a second one, bound to the broadcast address,
 * listens for it. What it hears is answered by the first: an answer has to come from where the server is.
 */
function listenToBroadcasts(
  { hostname, port }: Deno.NetAddr,
  heard: (bytes: Uint8Array, from: BytePeer) => void,
): AsyncDisposable | undefined {
  // These hear broadcasts themselves, or, with IPv6, there are none.
  if (hostname === "0.0.0.0" || hostname.includes(":")) return undefined;
  try {
    return serveUdp({
      hostname: hostname.startsWith("127.") ? THIS_MACHINE : THIS_NETWORK,
      port,
      reuseAddress: true,
      codec: datagram(),
      onEvent: complain,
    }, (peer) => ({ frame: (bytes) => heard(bytes, peer) }));
  } catch (error) {
    // Not every system binds to such an address. Who knows where the server is can do without.
    console.error(`udp: cannot be discovered: ${(error as Error).message}`);
    return undefined;
  }
}

function complain(event: NetEvent): void {
  if (event.kind === "crashed" || event.kind === "sendFailed") {
    printError("udp", event.error);
  }
}

const sendCommand = command({
  summary: "Send each TEXT as a datagram and print each reply on a line.",
  words: "TEXT…",
  flags: { ...tcpFlags(8803), ...WAIT_FLAG },
  async run({ hostname, port, "wait-ms": waitMs }, texts) {
    if (texts.length === 0) throw new UsageError("Cannot send without a TEXT");
    await using client = openClient(hostname);
    const server = client.peer({ hostname, port });
    let missing = 0;
    for (const text of texts) {
      server.send(encode(text));
      const reply = await client.next(waitMs);
      if (reply === undefined) missing++;
      else console.log(decode(reply.bytes));
    }
    if (missing > 0) {
      const where = addrText({ transport: "udp", hostname, port });
      throw client.failure ?? new Error(
        `No reply from ${where} within ${waitMs} ms to ${missing} of ${texts.length}`,
      );
    }
  },
});

const broadcastCommand = command({
  summary: "Send TEXT to all servers at once and print who replies what.",
  words: "TEXT",
  flags: {
    ...PORT_FLAG,
    to: {
      type: "string",
      placeholder: "ADDRESS",
      default: THIS_MACHINE,
      help: `${THIS_NETWORK} is the whole network`,
    },
    ...WAIT_FLAG,
  },
  async run({ port, to, "wait-ms": waitMs }, texts) {
    if (texts.length !== 1) {
      throw new UsageError("Cannot broadcast without exactly one TEXT");
    }
    await using client = openClient(to);
    client.peer({ hostname: to, port }).send(encode(texts[0]));
    await eachReply(client, waitMs, ({ bytes, from }) => {
      console.log(`${from} ${decode(bytes)}`);
      return true;
    });
  },
});

const discoverCommand = command({
  summary: "Find all servers on this machine and this network, and list them.",
  flags: { ...PORT_FLAG, ...WAIT_FLAG },
  async run({ port, "wait-ms": waitMs }) {
    await using client = openClient(THIS_NETWORK);
    for (const hostname of [THIS_MACHINE, THIS_NETWORK]) {
      client.peer({ hostname, port }).send(Uint8Array.of(ENQ));
    }
    const known = new Set<string>();
    await eachReply(client, waitMs, ({ bytes, from }) => {
      const [name, ...about] = decode(bytes.subarray(1)).split(" ");
      if (bytes[0] !== ACK || known.has(name)) return false;
      known.add(name);
      console.log(`${from} ${about.join(" ")}`);
      return true;
    });
  },
});

interface Reply {
  bytes: Uint8Array;
  from: string;
}

/** A socket that asks, and whose answers are taken one by one. */
function openClient(to: string) {
  const replies: Reply[] = [];
  let wake = () => {};
  let failure: unknown;
  const server = serveUdp({
    hostname: to.includes(":") ? "::" : "0.0.0.0",
    port: 0,
    codec: datagram(),
    onEvent(event) {
      if (event.kind !== "sendFailed") return;
      const words = (event.error as Error).message;
      const where = addrText(event.remoteAddr);
      failure = new Error(`Cannot send to ${where}: ${words}`);
    },
  }, (peer) => ({
    frame(bytes) {
      replies.push({ bytes, from: addrText(peer.remoteAddr) });
      wake();
    },
  }));
  return {
    peer: server.peer.bind(server),
    /** What the system said of the last datagram that it did not take. */
    get failure() {
      return failure;
    },
    /** The next reply; `undefined` = none came within `waitMs`. */
    async next(waitMs: number): Promise<Reply | undefined> {
      if (replies.length === 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, waitMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return replies.shift();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Shows whatever comes within `waitMs` altogether; `show` tells whether it counts. */
async function eachReply(
  client: ReturnType<typeof openClient>,
  waitMs: number,
  show: (reply: Reply) => boolean,
): Promise<void> {
  const untilMs = performance.now() + waitMs;
  let count = 0;
  for (let leftMs = waitMs; leftMs > 0; leftMs = untilMs - performance.now()) {
    const reply = await client.next(leftMs);
    if (reply !== undefined && show(reply)) count++;
  }
  if (count === 0) {
    throw client.failure ?? new Error(`Nobody replied within ${waitMs} ms`);
  }
}

if (import.meta.main) {
  await runCli("udp", {
    serve: serveCommand,
    send: sendCommand,
    broadcast: broadcastCommand,
    discover: discoverCommand,
  });
}

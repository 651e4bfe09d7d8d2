/**
 * An authoritative name server for one small zone, over UDP and over TCP.
 *
 * Teaches: one handler for two transports, since a datagram and a frame both are whole messages; a supervisor over
 * both servers; bytes that a stranger sends are answered or dropped, and cost nobody else anything.
 *
 *     deno task dns
 *     dig @127.0.0.1 -p 5353 www.example.test
 *
 * @module
 */

import { lengthPrefixed, serverChild, supervise } from "@packetboat/net";
import { datagram, serveUdp } from "@packetboat/net/udp";
import { command, runCli } from "./kit/cli.ts";
import { readFile } from "./kit/files.ts";
import { untilSignal } from "./kit/until_signal.ts";
import { addrText, endpointOf, tcpFlags } from "./kit/where.ts";
import { answer, MOST_TCP_BYTES } from "./dns/answer.ts";
import { parseZone } from "./dns/zone.ts";

/** RFC 7766 asks for some seconds, so that more than one question pays for the connection. */
const TCP_IDLE_MS = 10_000;
/** An asker uses a new port for nearly every question. */
const UDP_IDLE_MS = 1_000;
const LENGTH_BYTES = 2;

const serveCommand = command({
  summary: "Answer questions about the names of one zone, over UDP and TCP.",
  flags: {
    ...tcpFlags(5353),
    zone: {
      type: "string",
      placeholder: "FILE",
      default: "examples/dns/example.zone",
      help: "A, AAAA, TXT and CNAME records as in RFC 1035",
    },
  },
  async run({ zone: path, ...where }) {
    const zone = parseZone(new TextDecoder().decode(await readFile(path)));
    const { hostname } = where;
    let { port } = where;

    /** The handler, for whatever carries whole messages. */
    const serving =
      (transport: "udp" | "tcp") =>
      (asker: { send(message: Uint8Array): boolean }) => ({
        frame(query: Uint8Array) {
          const reply = answer(zone, query, transport);
          if (reply !== undefined) asker.send(reply);
        },
      });

    const tcp = serverChild("dns tcp", {
      ...await endpointOf(where),
      codec: lengthPrefixed({
        bytes: LENGTH_BYTES,
        maxFrameBytes: LENGTH_BYTES + MOST_TCP_BYTES,
      }),
      idleTimeoutMs: TCP_IDLE_MS,
      // With port 0 the system chooses one; the other transport has to have the same.
      onListen: (addr) => port = (addr as Deno.NetAddr).port,
    }, serving("tcp"));
    const udp = {
      name: "dns udp",
      start: () =>
        serveUdp({
          hostname,
          port,
          codec: datagram(),
          name: "dns udp",
          peerIdleMs: UDP_IDLE_MS,
        }, serving("udp")),
    };
    await using tree = await supervise([tcp, udp], { name: "dns" });
    console.log(
      `dns: listening on ${
        addrText({ transport: "udp", hostname, port })
      }, UDP and TCP, zone ${zone.origin}`,
    );
    await untilSignal(tree);
  },
});

await runCli("dns", { "": serveCommand });

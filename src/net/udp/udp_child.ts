/**
 * A datagram server as a child of a supervisor: bound when the supervisor starts it, and again when it is restarted.
 *
 * @module
 */

import type { ChildSpec } from "../../supervision/mod.ts";
import { serveUdp } from "./serve_udp.ts";
import type { PeerHandler, UdpOptions } from "./types.ts";

/**
 * Makes a child that is a datagram server. If its socket fails, the supervisor binds it again, on the same endpoint;
 * its peers begin anew.
 *
 * @param name Unique among its siblings; also the server's name in events, unless the options have one.
 * @param options As for `serveUdp`; `graceMs` is also the supervisor's.
 * @param handler As for `serveUdp`.
 *
 * @example
 * ```ts
 * import { lines, supervise } from "@packetboat/net";
 * import { serveUdp, udpChild } from "@packetboat/net/udp";
 * import { assertEquals } from "@std/assert";
 *
 * const port = Promise.withResolvers<number>();
 * await using _tree = await supervise([
 *   udpChild("echo", {
 *     port: 0,
 *     codec: lines(),
 *     onEvent(event) {
 *       if (event.kind === "listening") {
 *         port.resolve((event.addr as Deno.NetAddr).port);
 *       }
 *     },
 *   }, (peer) => ({ frame: (line) => peer.send(line) })),
 * ]);
 *
 * const answer = Promise.withResolvers<string>();
 * await using client = serveUdp({ port: 0, codec: lines() }, () => ({
 *   frame: (line) => answer.resolve(line),
 * }));
 * client.peer({ hostname: "127.0.0.1", port: await port.promise }).send("ahoy");
 * assertEquals(await answer.promise, "ahoy");
 * ```
 */
export function udpChild<In, Out = In, M = never>(
  name: string,
  options: UdpOptions<In, Out>,
  handler: PeerHandler<In, Out, M>,
): ChildSpec {
  return {
    name,
    start: () => serveUdp({ name, ...options }, handler),
    ...(options.graceMs === undefined ? {} : { graceMs: options.graceMs }),
  };
}

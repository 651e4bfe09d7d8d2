/**
 * A datagram socket without a network: a test plays every peer, and decides when sends settle and what fails.
 *
 * @module
 */

import type { NetEvent } from "../../mod.ts";
import type { PeerHandler, UdpOptions } from "../../udp.ts";
import { resolveUdpOptions } from "../../src/net/udp/options.ts";
import { DatagramServer } from "../../src/net/udp/serve_udp.ts";
import { manualClock } from "../../src/testing/manual_clock.ts";
import type {
  DatagramSocket,
  Membership,
} from "../../src/transport/datagram_types.ts";
import { lines } from "../../mod.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class ScriptedDatagrams implements DatagramSocket {
  readonly addr: Deno.Addr;
  /** What was sent, as `PORT text`, in order. */
  readonly sent: string[] = [];
  /** Where `receive` puts what comes. */
  into: Uint8Array | undefined;
  /** While false, sends wait for `takeSends`. */
  takesSends = true;
  failSends: unknown;
  closed = false;
  #receiving: PromiseWithResolvers<[Uint8Array, Deno.Addr]> | undefined;
  #backlog: [Uint8Array, Deno.Addr][] = [];
  #failures: unknown[] = [];
  #sends: (() => void)[] = [];

  constructor(hostname = "127.0.0.1") {
    this.addr = { transport: "udp", hostname, port: 1 };
  }

  /** The peer on `port` sends a datagram. */
  peer(
    port: number,
    content: string | Uint8Array,
    hostname = "127.0.0.1",
  ): void {
    const bytes = typeof content === "string"
      ? encoder.encode(content)
      : content;
    this.#backlog.push([bytes, {
      transport: "udp",
      hostname,
      port,
    }]);
    this.#serve();
  }

  /** The next `receive` fails. */
  fail(error: unknown): void {
    this.#failures.push(error);
    this.#serve();
  }

  /** Lets the sends through that wait. */
  takeSends(): void {
    for (const settle of this.#sends.splice(0)) settle();
  }

  receive(into: Uint8Array): Promise<[Uint8Array, Deno.Addr]> {
    this.into = into;
    this.#receiving = Promise.withResolvers();
    const { promise } = this.#receiving;
    this.#serve();
    return promise;
  }

  async send(bytes: Uint8Array, to: Deno.Addr): Promise<number> {
    if (!this.takesSends) {
      await new Promise<void>((resolve) => this.#sends.push(resolve));
    }
    if (this.closed) throw new Deno.errors.BadResource("closed");
    if (this.failSends !== undefined) throw this.failSends;
    const { port } = to as Deno.NetAddr;
    this.sent.push(`${port} ${decoder.decode(bytes).trimEnd()}`);
    return bytes.length;
  }

  join(): Promise<Membership> {
    return Promise.reject(new Error("no multicast here"));
  }

  close(): void {
    this.closed = true;
    this.takeSends();
    this.#receiving?.reject(new Deno.errors.Interrupted("closed"));
  }

  #serve(): void {
    const receiving = this.#receiving;
    if (receiving === undefined) return;
    if (this.#failures.length > 0) {
      this.#receiving = undefined;
      return receiving.reject(this.#failures.shift());
    }
    const next = this.#backlog.shift();
    if (next === undefined) return;
    this.#receiving = undefined;
    const [bytes, from] = next;
    this.into!.set(bytes);
    receiving.resolve([this.into!.subarray(0, bytes.length), from]);
  }
}

/** A server of lines, on a socket and a clock that the test plays. */
export function open<M = never>(
  handler: PeerHandler<string, string, M>,
  options: Partial<UdpOptions<string, string>> = {},
) {
  const socket = new ScriptedDatagrams();
  const clock = manualClock();
  const events: NetEvent[] = [];
  const all = {
    port: 0,
    codec: lines(),
    clock,
    onEvent: (event: NetEvent) => void events.push(event),
    ...options,
  } as UdpOptions<string, string>;
  const server = new DatagramServer<string, string, M>(
    socket,
    all,
    resolveUdpOptions(all),
    handler,
  );
  const of = (kind: NetEvent["kind"]) =>
    events.filter((event) => event.kind === kind);
  return { server, socket, clock, events, of };
}

/** Answers each line in upper case. */
export const upper: PeerHandler<string, string, never> = (peer) => ({
  frame: (line) => void peer.send(line.toUpperCase()),
});

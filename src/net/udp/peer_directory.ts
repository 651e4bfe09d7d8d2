/**
 * Which address is whose: the peers of one server, by address and by how long they have been silent. Decides who goes
 * when there are too many: whoever has been silent longest.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import type { CloseReason } from "../../observe/mod.ts";
import { addrText } from "../../transport/mod.ts";
import { type Place, Silence } from "./silence.ts";

/** What is kept here. */
export interface Listed<P> {
  readonly remoteAddr: Deno.Addr;
  /** The address as text. */
  readonly key: string;
  /** Where it stands in the order of silence. */
  place: Place<P> | undefined;
  silenced(): void;
  end(reason: CloseReason): void;
}

/** The peers of one server. */
export class PeerDirectory<P extends Listed<P>> {
  /** Those that live. */
  readonly peers = new Map<string, P>();
  /** The peer that was last heard from a port: found without writing its address as text. */
  readonly #lastHeard = new Map<number, P>();
  /** Peers whose end has begun: a last turn may still run. */
  readonly #leaving = new Set<P>();
  readonly #silence: Silence<P>;
  readonly #maxPeers: number;

  constructor(
    { clock, peerIdleMs, maxPeers }: {
      readonly clock: Clock;
      readonly peerIdleMs: number;
      readonly maxPeers: number;
    },
  ) {
    this.#silence = new Silence(clock, peerIdleMs, (peer) => peer.silenced());
    this.#maxPeers = maxPeers;
  }

  /** The peer whose address it is. */
  find(from: Deno.Addr): P | undefined {
    if (from.transport !== "udp") return this.peers.get(addrText(from));
    const { hostname, port } = from;
    const last = this.#lastHeard.get(port);
    if ((last?.remoteAddr as Deno.NetAddr | undefined)?.hostname === hostname) {
      return last;
    }
    const known = this.peers.get(addrText(from));
    if (known !== undefined) this.#lastHeard.set(port, known);
    return known;
  }

  /** Makes room for one more, as long as it is wanted: those who have to go may do anything in their last callback. */
  makeRoom(isWanted: () => boolean): void {
    while (this.peers.size >= this.#maxPeers && isWanted()) {
      this.#silence.longest!.end({ by: "limit" });
    }
  }

  /** Takes a new one in, as heard just now. There is room for it. */
  add(peer: P): void {
    this.peers.set(peer.key, peer);
    peer.place = this.#silence.add(peer);
  }

  /** It has just been heard. */
  heard(peer: P): void {
    this.#silence.heard(peer.place!);
  }

  /** Its end has begun: the address is free. */
  free(peer: P): void {
    this.peers.delete(peer.key);
    const { remoteAddr } = peer;
    if (
      remoteAddr.transport === "udp" &&
      this.#lastHeard.get(remoteAddr.port) === peer
    ) this.#lastHeard.delete(remoteAddr.port);
    this.#silence.remove(peer.place!);
    this.#leaving.add(peer);
  }

  /** It has ended. */
  forget(peer: P): void {
    this.#leaving.delete(peer);
  }

  /** Those that live, and those that are about to end. */
  all(): P[] {
    return [...this.peers.values(), ...this.#leaving];
  }
}

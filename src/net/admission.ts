/**
 * Decides who is let in: at most so many connections, so many of one address, nobody while it is suspended, and
 * with TLS only who has shaken hands in time. Counts those inside and never looks into what they send; what
 * becomes of those it lets in is its owner's business.
 *
 * | a newcomer | without TLS | with TLS |
 * |---|---|---|
 * | has a place | is let in | is let in once it has shaken hands |
 * | has none | is closed | is closed once its handshake is over, see `turned_away.ts` |
 *
 * @module
 */

import type { Clock, Timer } from "../clock.ts";
import { TimeoutError } from "../errors.ts";
import type { NetEvent } from "../observe/mod.ts";
import { addrText, type ByteStream, handshake } from "../transport/mod.ts";
import { Grace } from "./grace.ts";
import { ipKey } from "./ip_key.ts";
import type { AdmissionSettings } from "./options.ts";
import { TurnedAway } from "./turned_away.ts";

/** Why a newcomer is refused. */
export type RefusalReason = (NetEvent & { kind: "refused" })["why"];

/** What an admission tells its server. */
export interface AdmissionOwner {
  /** `stream` has a place, until the owner says by `left` that it is gone. */
  onAdmitted(stream: ByteStream): void;
  onRefused(remoteAddr: Deno.Addr, why: RefusalReason): void;
  /** Late or broken. Nobody else is harmed. */
  onHandshakeFailed(remoteAddr: Deno.Addr, error: unknown): void;
}

/** The admission of one server. */
export class Admission {
  readonly #settings: AdmissionSettings;
  readonly #owner: AdmissionOwner;
  readonly #clock: Clock;
  /** Let in, and not gone yet: open connections and handshakes under way. */
  #inside = 0;
  readonly #perIp = new Map<string, number>();
  readonly #handshakes = new Set<ByteStream>();
  /** Those of them that are not late. */
  readonly #inTime = new Set<ByteStream>();
  /** Somebody waits until there are none. */
  #greeted: PromiseWithResolvers<void> | undefined;
  readonly #grace: Grace;
  #endMs = Infinity;
  readonly #turnedAway: TurnedAway;
  #isSuspended = false;

  constructor(
    settings: AdmissionSettings,
    owner: AdmissionOwner,
    clock: Clock,
  ) {
    this.#settings = settings;
    this.#owner = owner;
    this.#clock = clock;
    this.#turnedAway = new TurnedAway(settings.backlog);
    this.#grace = new Grace(clock, () => this.closeAll());
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** Refuses every newcomer until `resume`. Who is inside stays. */
  suspend(): void {
    this.#isSuspended = true;
  }

  resume(): void {
    this.#isSuspended = false;
    this.#turnedAway.letOn();
  }

  /** Lets a newcomer in or refuses it. A promise = the next newcomer has to wait for it. */
  admit(stream: ByteStream): Promise<void> | undefined {
    const { remoteAddr } = stream;
    const key = ipKey(remoteAddr);
    const why = this.#whyRefused(key);
    if (why !== undefined) {
      this.#owner.onRefused(remoteAddr, why);
      if (this.#settings.isTls) {
        const crowded = this.#turnedAway.add(stream);
        // One address that has enough must not close the door to the others.
        return why === "maxConnectionsPerIp" ? undefined : crowded;
      }
      stream.close();
      return undefined;
    }
    this.#inside++;
    if (key !== undefined) {
      this.#perIp.set(key, (this.#perIp.get(key) ?? 0) + 1);
    }
    if (this.#settings.isTls) void this.#greet(stream);
    else this.#owner.onAdmitted(stream);
    return undefined;
  }

  /** One that was let in is gone: its place is free. */
  left(remoteAddr: Deno.Addr): void {
    this.#inside--;
    this.#turnedAway.letOn();
    const key = ipKey(remoteAddr);
    if (key === undefined) return;
    const others = this.#perIp.get(key)! - 1;
    if (others === 0) this.#perIp.delete(key);
    else this.#perIp.set(key, others);
  }

  /** The end of the service is near: so much is left until it at most. */
  endWithin(graceMs: number): void {
    this.#endMs = Math.min(this.#endMs, this.#clock.now() + graceMs);
    if (this.#greeted !== undefined) this.#grace.atMost(graceMs);
  }

  /** What is left until the end of the service. */
  get leftMs(): number {
    return Math.max(0, this.#endMs - this.#clock.now());
  }

  /** Lets go of those that were refused, and of who waits for room. */
  closeDoor(): void {
    this.#turnedAway.closeAll();
  }

  /** Resolves when no handshake is under way but late ones, and at the end of the service. */
  async greeted(): Promise<void> {
    if (this.#inTime.size === 0) return;
    this.#greeted = Promise.withResolvers();
    this.#grace.atMost(this.leftMs);
    await this.#greeted.promise;
    this.#greeted = undefined;
    this.#grace.cancel();
  }

  /** Lets go of all that are not inside yet: of handshakes under way, and of those at the door. */
  closeAll(): void {
    for (const stream of this.#handshakes) stream.close();
    this.#handshakes.clear();
    this.#inTime.clear();
    this.#greeted?.resolve();
    this.closeDoor();
  }

  #whyRefused(key: string | undefined): RefusalReason | undefined {
    const { maxConnections, maxConnectionsPerIp } = this.#settings;
    if (this.#isSuspended) return "suspended";
    if (this.#inside >= maxConnections) return "maxConnections";
    if (
      key !== undefined && (this.#perIp.get(key) ?? 0) >= maxConnectionsPerIp
    ) return "maxConnectionsPerIp";
    return undefined;
  }

  /**
   * TLS: a newcomer that does not shake hands in time, or badly, costs nobody else anything.
   *
   * Deno keeps the socket of a TLS stream that is closed in the middle of its handshake until the peer leaves.
   * So a late one is reported, and keeps its place under `maxConnections`, but is not closed before it settles:
   * then what is counted is what is really held.
   */
  async #greet(stream: ByteStream): Promise<void> {
    const { handshakeTimeoutMs } = this.#settings;
    const { remoteAddr } = stream;
    const report = (error: unknown) =>
      this.#owner.onHandshakeFailed(remoteAddr, error);
    let isLate = false;
    const timer: Timer = this.#clock.after(handshakeTimeoutMs, () => {
      isLate = true;
      this.#noLonger(stream);
      report(
        new TimeoutError(
          `Cannot wait longer for ${
            addrText(remoteAddr)
          }: no TLS handshake within ${handshakeTimeoutMs} ms`,
          handshakeTimeoutMs,
        ),
      );
    });
    this.#handshakes.add(stream);
    this.#inTime.add(stream);
    let failure: { error: unknown } | undefined;
    try {
      await handshake(stream);
    } catch (error) {
      failure = { error };
    }
    timer.cancel();
    const isStopped = !this.#handshakes.delete(stream);
    this.#noLonger(stream);
    if (failure === undefined && !isLate && !isStopped) {
      return this.#owner.onAdmitted(stream);
    }
    if (!isStopped) stream.close();
    this.left(remoteAddr);
    if (failure !== undefined && !isLate && !isStopped) report(failure.error);
  }

  /** Nobody has to wait for the handshake of `stream`. */
  #noLonger(stream: ByteStream): void {
    this.#inTime.delete(stream);
    if (this.#inTime.size === 0) this.#greeted?.resolve();
  }
}

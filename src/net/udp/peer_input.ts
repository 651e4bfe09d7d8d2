/**
 * What waits for the handler of one peer: the frames of the datagram being served, and whole datagrams behind it.
 * Those wait undecoded, so that what waits is what came, within bounds for the peer and for all peers together.
 * Holds nothing that was handed out: an idle peer keeps no frame alive.
 *
 * @module
 */

import { poison } from "../turns.ts";

const NO_FRAMES: readonly never[] = [];

/** Whose datagrams they are. */
export interface Sender {
  readonly id: number;
  readonly remoteAddr: Deno.Addr;
}

/** What the input needs of its server. */
export interface PeerInputHost<In> {
  /** The frames of a datagram; none where it is malformed, which has then been told. */
  decode(bytes: Uint8Array, from: Sender): readonly In[];
  /** A datagram is about to wait; `false` = there is no room for it. */
  reserve(byteLength: number): boolean;
  /** It waits no longer. */
  release(byteLength: number): void;
  /** A lent datagram is not taken from any more. Unless it is `free`, somebody may still look at it. */
  giveBack(bytes: Uint8Array, free: boolean): void;
  /** Frames are overwritten when their turn is over. */
  readonly poisons: boolean;
}

/** The receiving half of one peer. */
export class PeerInput<In> {
  readonly #maxDatagrams: number;
  #frames: readonly In[] = NO_FRAMES;
  #at = 0;
  // Made when first needed: most peers never have to wait.
  #datagrams: Uint8Array[] | undefined;
  /** The datagram that the frames lie in, if its memory has to be given back. */
  #lent: Uint8Array | undefined;

  constructor(maxDatagrams: number) {
    this.#maxDatagrams = maxDatagrams;
  }

  /** Nothing waits. */
  get isEmpty(): boolean {
    return this.#at === this.#frames.length &&
      (this.#datagrams === undefined || this.#datagrams.length === 0);
  }

  /** Bytes of the datagrams that wait. */
  get bufferedBytes(): number {
    return this.#datagrams?.reduce((sum, { length }) => sum + length, 0) ?? 0;
  }

  /** The frames to serve next; the input is empty. `lent` = the memory they lie in is only lent. */
  serve(
    frames: readonly In[],
    lent: Uint8Array | undefined,
    host: Pick<PeerInputHost<In>, "giveBack">,
  ): void {
    // Of several pulls at once the first may still look at its frame.
    this.#letGo(host, false);
    this.#frames = frames;
    this.#at = 0;
    this.#lent = lent;
  }

  /** Whether `bytes` are lent to it, and still looked at. */
  holds(bytes: Uint8Array): boolean {
    return this.#lent === bytes;
  }

  /** Lets a datagram wait; `false` = there is no room. `bytes` are copied unless they are `owned`. */
  put(
    bytes: Uint8Array,
    owned: boolean,
    host: Pick<PeerInputHost<In>, "reserve">,
  ): boolean {
    const datagrams = this.#datagrams ??= [];
    if (datagrams.length >= this.#maxDatagrams || !host.reserve(bytes.length)) {
      return false;
    }
    datagrams.push(owned ? bytes : bytes.slice());
    return true;
  }

  /** The next frame; `undefined` = none at hand. */
  take(
    host: Pick<PeerInputHost<In>, "decode" | "release">,
    from: Sender,
  ): In | undefined {
    while (this.#at === this.#frames.length) {
      this.#frames = NO_FRAMES;
      this.#at = 0;
      const bytes = this.#datagrams?.shift();
      if (bytes === undefined) return undefined;
      host.release(bytes.length);
      this.#frames = host.decode(bytes, from);
    }
    return this.#frames[this.#at++];
  }

  /** The turn of the frame that was taken last is over: its memory may be used again. */
  frameOver(host: Pick<PeerInputHost<In>, "giveBack" | "poisons">): void {
    if (host.poisons) poison(this.#frames[this.#at - 1]);
    if (this.#at === this.#frames.length) this.#letGo(host, true);
  }

  /** Forgets everything that has not been taken. */
  clear(host: Pick<PeerInputHost<In>, "release">): void {
    this.#frames = this.#frames.slice(0, this.#at);
    for (const { length } of this.#datagrams?.splice(0) ?? []) {
      host.release(length);
    }
  }

  /** Nothing is taken any more; a turn that was cut may still look at its frame. */
  end(host: Pick<PeerInputHost<In>, "giveBack">): void {
    this.#frames = NO_FRAMES;
    this.#at = 0;
    this.#letGo(host, false);
  }

  #letGo(host: Pick<PeerInputHost<In>, "giveBack">, free: boolean): void {
    const lent = this.#lent;
    if (lent === undefined) return;
    this.#lent = undefined;
    host.giveBack(lent, free);
  }
}

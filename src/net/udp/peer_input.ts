/**
 * What waits for the handler of one peer: the frames of the datagram being served, and whole datagrams behind it.
 * Those wait undecoded, so that what waits is what came, within bounds for the peer and for all peers together.
 * Holds nothing that was handed out: an idle peer keeps no frame alive.
 *
 * @module
 */

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
}

/** The receiving half of one peer. */
export class PeerInput<In> {
  readonly #maxDatagrams: number;
  #frames: readonly In[] = NO_FRAMES;
  #at = 0;
  // Made when first needed: most peers never have to wait.
  #datagrams: Uint8Array[] | undefined;

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

  /** The frames to serve next; the input is empty. */
  serve(frames: readonly In[]): void {
    this.#frames = frames;
    this.#at = 0;
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
    host: Omit<PeerInputHost<In>, "reserve">,
    from: Sender,
  ): In | undefined {
    while (this.#at === this.#frames.length) {
      this.serve(NO_FRAMES);
      const bytes = this.#datagrams?.shift();
      if (bytes === undefined) return undefined;
      host.release(bytes.length);
      this.#frames = host.decode(bytes, from);
    }
    return this.#frames[this.#at++];
  }

  /** Forgets everything. */
  clear(host: Pick<PeerInputHost<In>, "release">): void {
    this.serve(NO_FRAMES);
    for (const { length } of this.#datagrams?.splice(0) ?? []) {
      host.release(length);
    }
  }
}

/**
 * The scanner face of both engines. Decides what becomes of frames that a visitor has not let come, because it threw:
 * the next call visits them. It does not let a visitor scan, as the loop that called it would go on in the wrong chunk.
 *
 * @module
 */

import type { FrameScanner } from "./codec.ts";

/** Is called with each frame as a range of `bytes`. */
export type Visit = (bytes: Uint8Array, start: number, end: number) => void;

/** What an engine has for this face. */
export interface ScanningDecoder {
  feed(chunk: Uint8Array): void;
  end(): void;
  /** Visits all whole frames at hand. */
  scan(visit: Visit): void;
}

/** A scanner over a decoder of its own. */
export class EngineScanner implements FrameScanner {
  readonly #decoder: ScanningDecoder;
  #scanning = false;

  constructor(decoder: ScanningDecoder) {
    this.#decoder = decoder;
  }

  scan(chunk: Uint8Array, visit: Visit): void {
    this.#checkIdle();
    this.#decoder.feed(chunk);
    this.#scan(visit);
  }

  end(visit: Visit = () => {}): void {
    this.#checkIdle();
    this.#decoder.end();
    this.#scan(visit);
  }

  #checkIdle(): void {
    if (this.#scanning) {
      throw new TypeError("Cannot scan from within a visit");
    }
  }

  #scan(visit: Visit): void {
    this.#scanning = true;
    try {
      this.#decoder.scan(visit);
    } finally {
      this.#scanning = false;
    }
  }
}

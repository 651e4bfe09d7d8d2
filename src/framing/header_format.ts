/**
 * What a length-prefixed format is to the engine: how its header is read. Holds no state of a stream; each
 * codec brings one of these, and `PrefixDecoder` does the rest.
 *
 * @module
 */

/** `parse` needs bytes beyond `end`. */
export const NEED_MORE = -1;
/** `parse` found bytes that no header can hold; `reading.fault` says which. */
export const FAULT = -2;

/** Where `parse` puts what it found besides the header's length. One per decoder, written over at each header. */
export class HeaderReading {
  /** Bytes of payload after the header. */
  bodyBytes = 0;
  /** In: how many bytes of this header an earlier `parse` has seen already, so that a search can go on there. */
  seenBytes = 0;
  /** What is wrong, for the message. */
  fault = "";
  /** How many bytes of the header it took to see that. */
  faultBytes = 0;
}

/** How a header says how long its frame is. Stateless, one per codec, shared by all of its decoders. */
export interface HeaderFormat {
  readonly codec: string;
  /** Header, payload and trailer together. */
  readonly maxFrameBytes: number;
  /** `parse` is not called with fewer. Also the header's length, where that is always the same. */
  readonly minHeaderBytes: number;
  /** The byte that must follow the payload, or -1 for none. */
  readonly trailer: number;
  readonly keepHeader: boolean;
  /** The header's length, `NEED_MORE` or `FAULT`. */
  parse(
    bytes: Uint8Array,
    start: number,
    end: number,
    reading: HeaderReading,
  ): number;
  /**
   * Present where the header is one binary field in a place of its own. The engine then reads it itself on its
   * fast path: a call through this interface costs much of a small frame's time once a program has
   * several formats.
   */
  readonly field?: BinaryField;
  /** A guess why this header declares too much or, cut off at the wrong byte, is none. */
  hint?(header: Uint8Array): string | undefined;
}

/** An unsigned binary length. */
export interface BinaryField {
  /** Bytes in front of it. */
  readonly offset: number;
  readonly bytes: number;
  readonly littleEndian: boolean;
  /** Added to its value to get the bytes that follow it. */
  readonly adjust: number;
}

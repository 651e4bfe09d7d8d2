/**
 * Frames with a length of variable width in front, seven bits a byte, lowest first. Decides how that length
 * is read, checked and written; reassembly is `PrefixDecoder`'s.
 *
 * Source: Protocol Buffers, "Encoding", base 128 varints; MQTT 5.0, 1.5.5.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import type { ByteCodec, ByteSink, FrameOptions } from "./codec.ts";
import { foreignProtocolHint } from "./hints.ts";
import {
  checkEncodedBytes,
  checkInteger,
  resolveMaxFrameBytes,
} from "./limits.ts";
import { prefixCodec } from "./prefix_codec.ts";
import {
  FAULT,
  type HeaderFormat,
  HeaderReading,
  NEED_MORE,
} from "./header_format.ts";

const NAME = "varintPrefixed";
/** 64 bits at seven a byte. */
const LONGEST = 10;

/**
 * Options of {@linkcode varintPrefixed}.
 *
 * @example
 * ```ts
 * import { decodeAll, varintPrefixed, type VarintPrefixedOptions } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * // MQTT: a packet type in front of the length, and both belong to the packet.
 * const mqtt: VarintPrefixedOptions = { offset: 1, keepHeader: true };
 * const pingreqAndDisconnect = Uint8Array.of(0xc0, 0, 0xe0, 0);
 * assertEquals(decodeAll(varintPrefixed(mqtt), pingreqAndDisconnect), [
 *   Uint8Array.of(0xc0, 0),
 *   Uint8Array.of(0xe0, 0),
 * ]);
 * ```
 */
export interface VarintPrefixedOptions extends FrameOptions {
  /** Bytes in front of the length. @default {0} */
  offset?: number;
  /** Hand out the header with the payload. @default {false} */
  keepHeader?: boolean;
}

/**
 * Frames with a LEB128 length in front: Protocol Buffers' delimited messages, and with `offset: 1` MQTT.
 *
 * ```text
 *            on the wire                                   frames
 * varintPrefixed()
 *   03 41 41 41 ac 02 … 300 bytes              →  41 41 41 | … 300 bytes
 * varintPrefixed({ offset: 1, keepHeader: true })          MQTT
 *   c0 00 30 03 41 41 41                       →  c0 00 | 30 03 41 41 41
 * ```
 *
 * A length that is written with more bytes than it needs is taken, up to 10 bytes. With `keepHeader` a frame
 * given to `encode` begins with its header, whose length must be right. Without it, a format that has an
 * `offset` can be decoded but not encoded, as nobody knows the bytes in front of the length.
 *
 * A frame within one chunk is a view on that chunk: `slice()` it to keep few bytes of many.
 *
 * @param options `maxFrameBytes` counts the header as well.
 * @throws {RangeError} when an option is wrong.
 *
 * @example
 * ```ts
 * import { decodeAll, encodeFrame, varintPrefixed } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = encodeFrame(varintPrefixed(), new Uint8Array(300));
 * assertEquals(wire.subarray(0, 2), Uint8Array.of(0xac, 0x02));
 * assertEquals(decodeAll(varintPrefixed(), wire), [new Uint8Array(300)]);
 * ```
 */
export function varintPrefixed(
  options: VarintPrefixedOptions = {},
): ByteCodec {
  const { offset = 0, keepHeader = false } = options;
  checkInteger(NAME, "offset", offset, 0);
  const maxFrameBytes = resolveMaxFrameBytes(
    NAME,
    options.maxFrameBytes,
    offset + 1,
  );
  const varint = new Varint(maxFrameBytes, offset, keepHeader);
  return prefixCodec(varint, (frame, sink) => varint.encode(frame, sink));
}

class Varint implements HeaderFormat {
  readonly codec = NAME;
  readonly maxFrameBytes: number;
  readonly minHeaderBytes: number;
  readonly trailer = -1;
  readonly keepHeader: boolean;
  readonly #offset: number;

  constructor(maxFrameBytes: number, offset: number, keepHeader: boolean) {
    this.maxFrameBytes = maxFrameBytes;
    this.minHeaderBytes = offset + 1;
    this.keepHeader = keepHeader;
    this.#offset = offset;
  }

  parse(
    bytes: Uint8Array,
    start: number,
    end: number,
    reading: HeaderReading,
  ): number {
    let at = start + this.#offset;
    let byte = bytes[at++];
    if (byte < 0x80) {
      reading.bodyBytes = byte;
      return at - start;
    }
    let value = byte & 0x7f;
    const last = start + this.#offset + LONGEST;
    for (let unit = 0x80; at < end; unit *= 0x80) {
      byte = bytes[at++];
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) {
        reading.bodyBytes = value;
        return at - start;
      }
      if (at === last) {
        reading.fault = `the length has more than ${LONGEST} bytes`;
        reading.faultBytes = at - start;
        return FAULT;
      }
    }
    return NEED_MORE;
  }

  hint(header: Uint8Array): string | undefined {
    return foreignProtocolHint(header);
  }

  encode(frame: Uint8Array, sink: ByteSink): void {
    const offset = this.#offset;
    if (!this.keepHeader) {
      if (offset > 0) {
        throw new EncodeError(
          `Cannot encode ${NAME} frame: the ${offset} bytes in front of the length are not known without 'keepHeader'`,
        );
      }
      checkEncodedBytes(
        NAME,
        varintBytes(frame.length) + frame.length,
        this.maxFrameBytes,
      );
      writeVarint(frame.length, sink);
      sink.bytes(frame);
      return;
    }
    const reading = new HeaderReading();
    const header = frame.length < this.minHeaderBytes
      ? NEED_MORE
      : this.parse(frame, 0, frame.length, reading);
    if (header < 0 || header + reading.bodyBytes !== frame.length) {
      throw new EncodeError(
        `Cannot encode ${NAME} frame: ${frame.length} bytes do not begin with a header that says so`,
      );
    }
    checkEncodedBytes(NAME, frame.length, this.maxFrameBytes);
    sink.bytes(frame);
  }
}

/** How many bytes `value` has as a varint. */
function varintBytes(value: number): number {
  let count = 1;
  for (let rest = value; rest >= 0x80; rest /= 0x80) count++;
  return count;
}

function writeVarint(value: number, sink: ByteSink): void {
  let rest = value;
  while (rest >= 0x80) {
    sink.uint(rest % 0x80 | 0x80, 1);
    rest = Math.floor(rest / 0x80);
  }
  sink.uint(rest, 1);
}

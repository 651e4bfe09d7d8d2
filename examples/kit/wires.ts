/**
 * The wire formats that the examples speak, by name: one table from the name on the command line to a codec.
 * Next to each stands how Python's `struct` writes the same.
 *
 * @module
 */

import {
  type Codec,
  decimalPrefixed,
  delimited,
  lengthPrefixed,
  marked,
  netstring,
  raw,
  varintPrefixed,
} from "@packetboat/net";

/** Every wire. In `lines` the last line may lack its end, as people type it. */
export const WIRES = {
  /** Text lines ended by LF. */
  lines: delimited("\n", { atEnd: "emit" }),
  /** No framing: each read as it came, stuck together or torn. */
  raw: raw(),
  /** `struct.pack(">I", len(body)) + body` */
  u32be: lengthPrefixed(),
  /** `struct.pack("<I", len(body)) + body` */
  u32le: lengthPrefixed({ littleEndian: true }),
  /** `struct.pack("<i", len(body)) + body`: a length is never negative, so this is `u32le`. */
  i32le: lengthPrefixed({ littleEndian: true }),
  /** `struct.pack("<q", len(body)) + body` */
  i64le: lengthPrefixed({ bytes: 8, littleEndian: true }),
  /** `b"%04d" % len(body) + body`, such as `0003AAA` */
  decimal: decimalPrefixed(),
  /** `b"{2H:" + body + b":}"` */
  markers: marked({ start: "{2H:", end: ":}" }),
  /** Seven bits of the length a byte, the lowest first, as Protocol Buffers delimit messages. */
  varint: varintPrefixed(),
  /** `b"%d:%s," % (len(body), body)` */
  netstring: netstring(),
} as const satisfies Record<string, Codec<Uint8Array>>;

/** The name of a wire. */
export type WireName = keyof typeof WIRES;

/** The names, for `--wire`. */
export const WIRE_NAMES = Object.keys(WIRES) as WireName[];

/**
 * The wire formats that the examples speak, by name: one table from the name on the command line to a codec.
 *
 * @module
 */

import { type Codec, delimited, lengthPrefixed, raw } from "@packetboat/net";

/** One format, for `--help` and for use. */
export interface Wire {
  help: string;
  codec: Codec<Uint8Array>;
}

/** Every wire. `atEnd` lets a last line without its line end count, as people type it. */
export const WIRES: Readonly<Record<string, Wire>> = {
  lines: {
    help: "text lines ended by LF",
    codec: delimited("\n", { atEnd: "emit" }),
  },
  u32be: {
    help: "4-byte big-endian length, struct.pack('>I')",
    codec: lengthPrefixed(),
  },
  raw: { help: "no framing: each read as it came", codec: raw() },
};

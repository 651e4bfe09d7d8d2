/**
 * A datagram as frames. Decides what is malformed: all that the codec refuses, and what was cut off where it was
 * received. Nothing of a malformed datagram counts.
 *
 * @module
 */

import { FrameTooLargeError } from "../../errors.ts";
import { type Codec, decodeAll } from "../../framing/mod.ts";
import { isCutOff } from "./receive_loop.ts";

/**
 * The frames of `bytes`.
 *
 * @throws What the codec throws, and `FrameTooLargeError` where the end of the datagram is missing.
 */
export function decodeDatagram<In>(
  codec: Codec<In, never>,
  bytes: Uint8Array,
): In[] {
  if (!isCutOff(bytes)) return decodeAll(codec, bytes);
  throw new FrameTooLargeError({
    codec: codec.name,
    offset: 0,
    window: "",
    declaredBytes: bytes.length,
    maxFrameBytes: bytes.length - 1,
    hint: "the datagram was cut off where it was received",
  });
}

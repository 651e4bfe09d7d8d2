/**
 * The door of the framing room. What users may see of it is listed in the entry point `framing.ts`.
 *
 * @module
 */

export type * from "./codec.ts";
export { ByteWriter } from "./byte_writer.ts";
export { decodeAll, encodeFrame } from "./decode_all.ts";
export { delimited } from "./delimited.ts";
export type { DelimitedOptions } from "./delimited.ts";
export { FrameDecoderStream } from "./frame_decoder_stream.ts";
export { lengthPrefixed } from "./length_prefixed.ts";
export type { LengthPrefixedOptions } from "./length_prefixed.ts";
export { lines } from "./lines.ts";
export type { LinesOptions } from "./lines.ts";
export { raw } from "./raw.ts";

/**
 * The door of the framing room. What users may see of it is listed in the entry point `framing.ts`.
 *
 * @module
 */

export type * from "./codec.ts";
export { ByteWriter } from "./byte_writer.ts";
export { cobs } from "./cobs.ts";
export { contentLength } from "./content_length.ts";
export { decimalPrefixed } from "./decimal_prefixed.ts";
export type { DecimalPrefixedOptions } from "./decimal_prefixed.ts";
export { decodeAll, encodeFrame } from "./decode_all.ts";
export { decodeBatches, decodeFrames } from "./decode_frames.ts";
export { defineCodec } from "./define_codec.ts";
export type { CodecDefinition, DefinedDecoder } from "./define_codec.ts";
export { delimited } from "./delimited.ts";
export type { DelimitedOptions } from "./delimited.ts";
export { fixedLength } from "./fixed_length.ts";
export { FrameBatchStream } from "./frame_batch_stream.ts";
export { FrameDecoderStream } from "./frame_decoder_stream.ts";
export { FrameEncoderStream } from "./frame_encoder_stream.ts";
export { isCodec, noCodec } from "./given_codec.ts";
export { json } from "./json.ts";
export { lengthPrefixed } from "./length_prefixed.ts";
export type { LengthPrefixedOptions } from "./length_prefixed.ts";
export { lines } from "./lines.ts";
export type { LinesOptions } from "./lines.ts";
export { mapCodec } from "./map_codec.ts";
export type { FrameMap } from "./map_codec.ts";
export { marked } from "./marked.ts";
export type { Markers } from "./marked.ts";
export { netstring } from "./netstring.ts";
export { octetCounted } from "./octet_counted.ts";
export { raw } from "./raw.ts";
export { Slab } from "./slab.ts";
export { slip } from "./slip.ts";
export { text } from "./text.ts";
export { varintPrefixed } from "./varint_prefixed.ts";
export type { VarintPrefixedOptions } from "./varint_prefixed.ts";

/**
 * Framing alone: codecs, decoders and their Web Streams. Names no `Deno`, opens nothing, needs no permission.
 *
 * @module
 */

export {
  EncodeError,
  FrameError,
  FrameTooLargeError,
  MalformedFrameError,
  NetError,
  TruncatedFrameError,
} from "./src/errors.ts";
export type { FrameErrorDetails } from "./src/errors.ts";
export {
  cobs,
  contentLength,
  decimalPrefixed,
  decodeAll,
  decodeBatches,
  decodeFrames,
  defineCodec,
  delimited,
  encodeFrame,
  fixedLength,
  FrameBatchStream,
  FrameDecoderStream,
  FrameEncoderStream,
  json,
  lengthPrefixed,
  lines,
  mapCodec,
  marked,
  netstring,
  octetCounted,
  raw,
  slip,
  text,
  varintPrefixed,
} from "./src/framing/mod.ts";
export type {
  ByteCodec,
  ByteSink,
  ByteSource,
  Codec,
  CodecDefinition,
  DecimalPrefixedOptions,
  DefinedDecoder,
  DelimitedOptions,
  FrameDecoder,
  FrameMap,
  FrameOptions,
  FrameScanner,
  LengthPrefixedOptions,
  LinesOptions,
  Markers,
  VarintPrefixedOptions,
} from "./src/framing/mod.ts";

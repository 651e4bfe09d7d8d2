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
  decodeAll,
  delimited,
  encodeFrame,
  FrameDecoderStream,
  lengthPrefixed,
  lines,
  raw,
} from "./src/framing/mod.ts";
export type {
  ByteCodec,
  ByteSink,
  ByteSource,
  Codec,
  DelimitedOptions,
  FrameDecoder,
  FrameOptions,
  FrameScanner,
  LengthPrefixedOptions,
  LinesOptions,
} from "./src/framing/mod.ts";

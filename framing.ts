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
  TruncatedFrameError,
} from "./src/errors.ts";
export type { FrameErrorDetails } from "./src/errors.ts";
export * from "./src/framing/mod.ts";

/**
 * Decides what is taken for a codec where a user hands one in. Deno runs a program without looking at its types, and
 * `text(lines)` would otherwise be found out at the first frame, in words that speak of something else.
 *
 * @module
 */

import { kindOf, shown } from "../shown.ts";
import type { Codec, FrameDecoder } from "./codec.ts";
import { isBytes } from "./limits.ts";

/** The error about `given`, which is no codec. `what` completes the sentence "Cannot …". */
export function noCodec(what: string, given: unknown): TypeError {
  const call = typeof given === "function" && given.name !== ""
    ? ` (call it: ${given.name}())`
    : "";
  return new TypeError(
    `Cannot ${what}: 'codec' must be a codec, such as lines(): current value is ${
      shown(given)
    }${call}`,
  );
}

/** Whether it can be used for both directions. */
export function isCodec(given: unknown): boolean {
  const { decoder, encode } = (given ?? {}) as Record<string, unknown>;
  return typeof decoder === "function" && typeof encode === "function";
}

/** @throws {TypeError} `given`, of which a codec of the name `name` is to be made, is none. */
export function checkInner(name: string, given: unknown): void {
  if (!isCodec(given)) throw noCodec(`make ${name} codec`, given);
}

/** @throws {TypeError} There is nothing to encode with. */
export function checkEncoder(given: Pick<Codec<never, never>, "encode">): void {
  if (typeof given?.encode !== "function") throw noCodec("encode", given);
}

/** A decoder of `codec`. @throws {TypeError} It has none. */
export function decoderOf<In>(
  codec: Pick<Codec<In, never>, "decoder">,
): FrameDecoder<In> {
  if (typeof codec?.decoder !== "function") throw noCodec("decode", codec);
  return codec.decoder();
}

/**
 * What a conversion of `frame`, which should be bytes, failed with. If the frame is something else, the codec around it
 * was given the wrong one, and `cause` would speak of neither.
 */
export function frameFault(frame: unknown, cause: unknown): unknown {
  if (isBytes(frame)) return cause;
  return new TypeError(
    `'codec' must be one whose frames are bytes: the frame is of type ${
      kindOf(frame)
    }`,
    { cause },
  );
}

/**
 * JSON frames in any byte format.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import { checkInner } from "./given_codec.ts";
import { mappedCodec } from "./map_codec.ts";
import { textOf, Utf8 } from "./utf8.ts";

/**
 * Frames of one JSON value each, in the format of `codec`: `json(delimited("\n"))` is NDJSON.
 *
 * What is not JSON is a `MalformedFrameError` with a `SyntaxError` as its cause. Both say what is wrong, and where if
 * the parser tells; neither quotes the peer, since a terminal that shows a log may obey what it sent.
 *
 * `In` is what comes, and a promise of the peer's that nobody has checked: `mapCodec` with a schema does. `Out` is what
 * is sent, the same unless told: `json<Question, Answer>(…)` for a server, `json<Answer, Question>(…)` for its client.
 * The values do not keep the bytes alive.
 *
 * ```text
 *            on the wire                                   frames
 * json(delimited("\n"))
 *   '{"id":1}\nnull\n'                         →  { id: 1 } | null
 * ```
 *
 * @throws {TypeError} `codec` is none.
 *
 * @example
 * ```ts
 * import { decodeAll, delimited, json } from "@packetboat/net/framing";
 * import { assertEquals } from "@std/assert";
 *
 * const wire = new TextEncoder().encode('{"id":1}\nnull\n');
 * assertEquals(decodeAll(json(delimited("\n")), wire), [{ id: 1 }, null]);
 * ```
 */
export function json<In = unknown, Out = In>(
  codec: Codec<Uint8Array>,
): Codec<In, Out> {
  checkInner("json", codec);
  const name = `json(${codec.name})`;
  const utf8 = new Utf8();
  const encoder = new TextEncoder();
  return mappedCodec<Uint8Array, In, Out>(name, codec, false, {
    decode: (frame) => parse<In>(textOf(frame, utf8)),
    encode(value) {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) {
        throw new EncodeError(
          `Cannot encode ${name} frame: JSON has no ${typeof value}`,
        );
      }
      return encoder.encode(text);
    },
  });
}

function parse<T>(json: string): T {
  try {
    return JSON.parse(json);
  } catch (error) {
    // Not as its cause: the parser's own error quotes the peer, and whoever logs an error logs its cause as well.
    throw new SyntaxError(withoutQuote((error as SyntaxError).message));
  }
}

/** What a parser said of a text that is not JSON, without the piece of the text that it quotes in some of its messages. */
function withoutQuote(message: string): string {
  if (/^[ !#-~]+$/.test(message)) return message;
  const token = /^Unexpected token '(.)'/su.exec(message)?.[1];
  if (token === undefined) return "what came is no JSON";
  if (/[ -~]/.test(token)) return `Unexpected token '${token}'`;
  const code = token.codePointAt(0)!.toString(16).toUpperCase();
  return `Unexpected token U+${code.padStart(4, "0")}`;
}

/**
 * What TypeScript makes of codecs: these programs are wrong at `deno check` if a type is too wide. That they also run is
 * only to have used it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  cobs,
  type Codec,
  contentLength,
  decimalPrefixed,
  decodeAll,
  defineCodec,
  delimited,
  encodeFrame,
  fixedLength,
  FrameEncoderStream,
  json,
  lengthPrefixed,
  mapCodec,
  marked,
  netstring,
  octetCounted,
  raw,
  slip,
  varintPrefixed,
} from "../../framing.ts";
import { datagram } from "../../udp.ts";
import { utf8 } from "./cuts.ts";

Deno.test("frames of bytes are taken by Web APIs without a cast", async () => {
  const codecs = [
    lengthPrefixed(),
    varintPrefixed(),
    decimalPrefixed(),
    netstring(),
    octetCounted(),
    contentLength(),
    fixedLength(3),
    delimited(";"),
    marked({ start: "<", end: ">" }),
    slip(),
    cobs(),
    raw(),
    datagram(),
    defineCodec({
      name: "three",
      decoder: () => ({
        decode: (source) => source.has(3) ? source.take(3) : undefined,
      }),
      encode: (frame: Uint8Array, sink) => sink.bytes(frame),
    }),
  ];
  for (const codec of codecs) {
    const wire = encodeFrame(codec, utf8("AAA"));
    await crypto.subtle.digest("SHA-256", wire);
    const [frame] = decodeAll(codec, wire);
    await crypto.subtle.digest("SHA-256", frame);
    assertEquals(await new Blob([frame]).text(), "AAA", codec.name);
    assertEquals(await new Response(frame).text(), "AAA", codec.name);
  }
  const sent = ReadableStream.from([utf8("AAA")])
    .pipeThrough(new FrameEncoderStream(netstring()));
  assertEquals(await new Response(sent).text(), "3:AAA,");
});

type Question = { add: number[] };
type Answer = { sum: number };

Deno.test("what comes and what is sent may be of two types", () => {
  const server = json<Question, Answer>(delimited("\n"));
  const client: Codec<Answer, Question> = json(delimited("\n"));
  const checked = mapCodec(json(delimited("\n")), {
    decode: (value): Question => ({ add: (value as Question).add.map(Number) }),
    encode: (answer: Answer) => answer,
  });
  const asked = encodeFrame(client, { add: [1, 2] });
  for (const codec of [server, checked]) {
    const [{ add }] = decodeAll(codec, asked);
    const answered = encodeFrame(codec, { sum: add[0] + add[1] });
    const [{ sum }] = decodeAll(client, answered);
    assertEquals(sum, 3);
  }
});

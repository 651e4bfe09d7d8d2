/**
 * A decoder is fed and asked in any order: several chunks before a frame is asked for, a few of the frames at hand and
 * then more chunks, and between them all that its owner may do besides. What comes out is that of the whole stream.
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  delimited,
  type FrameDecoder,
  FrameError,
  lengthPrefixed,
} from "../../framing.ts";
import { keep, syncFaces } from "../../src/testing/codec_faces.ts";
import { utf8 } from "./cuts.ts";
import { caseOf, streamOf } from "./random_streams.ts";
import { type Sample, SAMPLES } from "./samples.ts";

const decoded = (frame: Uint8Array) => new TextDecoder().decode(frame);

Deno.test("a decoder that is fed while other chunks wait takes them in the order in which they came", () => {
  const wires = ["ab;", "cd;", "ef;", "gh;"].map(utf8);
  const frames: string[] = [];
  const decoder = delimited(";").decoder();
  decoder.feed(wires[0]);
  decoder.feed(wires[1]);
  // The first chunk is used up, and the second waits.
  frames.push(decoded(decoder.next()!));
  decoder.feed(wires[2]);
  decoder.feed(wires[3]);
  for (let f = decoder.next(); f !== undefined; f = decoder.next()) {
    frames.push(decoded(f));
  }
  assertEquals(frames, ["ab", "cd", "ef", "gh"]);
});

Deno.test("a scanner whose visitor throws keeps the order of what waits", () => {
  const frames: string[] = [];
  const scanner = lengthPrefixed({ bytes: 1 }).scanner();
  for (const wire of ["\x01a\x01b", "\x01c", "\x01d", "\x01e"].map(utf8)) {
    try {
      scanner.scan(wire, (bytes, start, end) => {
        frames.push(decoded(bytes.subarray(start, end)));
        throw new Error("one is enough");
      });
    } catch {
      // The others are visited by the next calls.
    }
  }
  scanner.end((bytes, start, end) => {
    frames.push(decoded(bytes.subarray(start, end)));
  });
  assertEquals(frames, ["a", "b", "c", "d", "e"]);
});

/** What the owner of a decoder does next, with some number of bytes or frames. */
const act = fc.record({
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constant("feed" as const) },
    { weight: 2, arbitrary: fc.constant("next" as const) },
    {
      weight: 3,
      arbitrary: fc.constantFrom("detach", "fill", "recycle", "takeRest"),
    },
  ),
  some: fc.oneof(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 900 }),
  ),
});
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** Does all of it, and then what is left in one piece. */
function interleave(sample: Sample, stream: Uint8Array, acts: Act[]) {
  const { codec } = sample;
  const frames: unknown[] = [];
  const lent: Uint8Array[] = [];
  let decoder: FrameDecoder<unknown> = codec.decoder();
  let at = 0;
  let moved = false;
  const take = (count: number) => {
    for (let i = 0; i < count; i++) {
      const frame = decoder.next();
      if (frame === undefined) return;
      frames.push(keep(codec, frame));
    }
  };
  const feed = (bytes: Uint8Array) => {
    const chunk = bytes.slice();
    decoder.feed(chunk);
    lent.push(chunk);
  };
  const doIt = ({ what, some }: Act) => {
    const bytes = stream.subarray(at, at + some);
    const space = what === "fill" ? decoder.space?.() : undefined;
    if (space !== undefined) {
      space.set(bytes.subarray(0, space.length));
      decoder.filled!(Math.min(bytes.length, space.length));
      at += Math.min(bytes.length, space.length);
    } else if (what === "feed") {
      feed(bytes);
      at += bytes.length;
    } else if (what === "next") {
      take(some % 8);
    } else if (what === "detach" && decoder.detach) {
      decoder.detach();
      for (const chunk of lent.splice(0)) chunk.fill(0xa5);
    } else if (what === "recycle") {
      decoder.recycle?.();
    } else if (what === "takeRest" && some < 3) {
      const rest = decoder.takeRest();
      decoder = codec.decoder();
      moved = true;
      feed(rest);
    }
  };
  try {
    for (const one of acts) doIt(one);
    feed(stream.subarray(at));
    decoder.end();
    take(Infinity);
    return { frames, moved, error: undefined };
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return { frames, moved, error };
  }
}

for (const sample of SAMPLES) {
  Deno.test(`${sample.name} gives the same however it is fed and asked`, () => {
    const { codec, arbitrary } = sample;
    const some = fc.record({
      it: caseOf(arbitrary),
      acts: fc.array(act, { maxLength: 60, size: "max" }),
    });
    fc.assert(
      fc.property(some, ({ it, acts }) => {
        const { stream } = streamOf(codec, it);
        const whole = syncFaces(codec)["decoder"]([stream.slice()]);
        const { frames, moved, error } = interleave(sample, stream, acts);
        assertEquals(frames, whole.frames);
        // Behind takeRest() positions begin anew.
        if (moved) assertEquals(error?.code, whole.error?.code);
        else assertEquals(error?.message, whole.error?.message);
      }),
      { numRuns: 1_000 },
    );
  });
}

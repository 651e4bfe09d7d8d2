/**
 * What `decode` reads from, as a model: random reads, searches and takes over random chunks give what the stream itself
 * gives, and what was handed out stays as it was.
 */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type ByteSource, decodeAll, defineCodec } from "../../framing.ts";
import { utf8 } from "./cuts.ts";

Deno.test("ByteSource.indexOf() finds what begins within what it found before", () => {
  const codec = defineCodec<number[]>({
    name: "overlaps",
    decoder: () => ({
      decode(source) {
        const found: number[] = [];
        for (let taken = 0; source.length > 0;) {
          const at = source.indexOf(utf8("aba"));
          if (at < 0) {
            source.skip(source.length);
            break;
          }
          found.push(taken + at);
          source.skip(at + 1);
          taken += at + 1;
        }
        return found;
      },
    }),
    encode() {},
  });
  assertEquals(decodeAll(codec, utf8("xababacabaababa")), [[1, 3, 7, 10, 12]]);
});

/** What a call of `decode` does, by numbers that are taken modulo what there is. */
const step = fc.record({
  what: fc.constantFrom("has", "uint", "indexOf", "take", "skip", "refused"),
  n: fc.nat(5_000),
  width: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const),
  littleEndian: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Of few letters, so that searches find, and nearly find. */
const letters = (maxLength: number) =>
  fc.uint8Array({ max: 2, maxLength, size: "max" });
const chunk = fc.oneof(letters(4), letters(40), letters(600));

/** The stream as it is, without pieces. */
class Model {
  bytes: number[] = [];
  position = 0;
  start = 0;
  readonly kept: [given: Uint8Array, content: number[]][] = [];
  readonly needles: Uint8Array[];

  constructor(needles: Uint8Array[]) {
    this.needles = needles;
  }

  get rest(): number[] {
    return this.bytes.slice(this.position);
  }

  run(source: ByteSource, { what, n, width, littleEndian }: Step): void {
    const rest = this.rest;
    assertEquals(source.length, rest.length);
    const some = n % (rest.length + 1);
    switch (what) {
      case "has":
        assertEquals(source.has(some), true);
        return assertEquals(source.has(rest.length + 1 + n), false);
      case "uint": {
        if (some + width > rest.length) return;
        const word = rest.slice(some, some + width);
        if (littleEndian) word.reverse();
        const value = word.reduce((sum, byte) => sum * 256 + byte, 0);
        return assertEquals(source.uint(some, width, littleEndian), value);
      }
      case "indexOf": {
        const needle = this.needles[n % this.needles.length];
        const text = (of: Iterable<number>) => String.fromCharCode(...of);
        const found = text(rest).indexOf(text(needle));
        return assertEquals(source.indexOf(needle), found);
      }
      case "take": {
        const content = rest.slice(0, some);
        const given = source.take(some);
        assertEquals([...given], content);
        this.kept.push([given, content]);
        this.position += some;
        return;
      }
      case "skip":
        source.skip(some % 9);
        this.position += some % 9;
        return;
      case "refused":
        for (const wrong of [rest.length + 1, -1, 0.5, NaN]) {
          assertThrows(() => source.take(wrong), RangeError);
          assertThrows(() => source.skip(wrong), RangeError);
          assertThrows(() => source.uint(wrong, 1), RangeError);
        }
    }
  }
}

Deno.test("ByteSource gives what the stream holds, for random calls over random chunks", () => {
  const turns = fc.array(
    fc.record({
      chunk,
      calls: fc.array(
        fc.record({
          steps: fc.array(step, { maxLength: 8 }),
          whole: fc.boolean(),
        }),
        { maxLength: 3 },
      ),
    }),
    { maxLength: 30, size: "max" },
  );
  const needles = fc.array(
    fc.uint8Array({ max: 2, minLength: 1, maxLength: 5 }),
    {
      minLength: 1,
      maxLength: 10,
    },
  );
  fc.assert(
    fc.property(turns, needles, fc.boolean(), (turns, needles, detaches) => {
      const model = new Model(needles);
      let call: { steps: Step[]; whole: boolean };
      const codec = defineCodec<true>({
        name: "model",
        decoder: () => ({
          decode(source) {
            for (const step of call.steps) model.run(source, step);
            if (!call.whole || model.position === model.start) return undefined;
            model.start = model.position;
            return true;
          },
        }),
        encode() {},
      });
      const decoder = codec.decoder();
      for (const { chunk, calls } of turns) {
        model.bytes.push(...chunk);
        const fed = chunk.slice();
        decoder.feed(fed);
        if (detaches) {
          decoder.detach!();
          fed.fill(9);
        }
        for (call of calls) {
          decoder.next();
          const waiting = model.bytes.length - model.start;
          assertEquals(decoder.bufferedBytes, waiting);
        }
      }
      for (const [given, content] of model.kept) {
        assertEquals([...given], content);
      }
      const waiting = model.bytes.slice(model.start);
      assertEquals([...decoder.takeRest()], waiting);
    }),
    { numRuns: 2_000 },
  );
});

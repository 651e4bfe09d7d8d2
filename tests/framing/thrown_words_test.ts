/** What a user's callback throws may quote the peer: an error shows it on one line, not for ever, and harmless. */

import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Codec,
  defineCodec,
  encodeFrame,
  fixedLength,
  mapCodec,
  NetError,
} from "../../mod.ts";
import { run } from "./cuts.ts";

/** Codecs whose every callback throws the same, and what is thrown by each. */
function throwing(thrown: unknown): NetError[] {
  const refuse = () => {
    throw thrown;
  };
  const codecs: Codec<unknown>[] = [
    mapCodec(fixedLength(1), { decode: refuse, encode: refuse }),
    defineCodec({
      name: "users",
      decoder: () => ({ decode: refuse }),
      encode: refuse,
    }),
    defineCodec({
      name: "users",
      decoder: () => ({ decode: () => undefined, end: refuse }),
      encode: refuse,
    }),
  ];
  return codecs.flatMap((codec) => {
    const errors = [run(codec, [Uint8Array.of(1)]).error];
    try {
      encodeFrame(codec, 0);
    } catch (error) {
      errors.push(error);
    }
    assertEquals(errors.map((e) => e instanceof NetError), [true, true]);
    return errors as NetError[];
  });
}

Deno.test("what a callback throws is shown without what could move a cursor or begin a line", () => {
  const cases = [
    ["no port: \x1b[2J\x07", String.raw`: no port: \u{1b}[2J\u{7}`],
    ["one\r\ntwo\t3", String.raw`: one\r\ntwo\t3`],
    ["a\x9b\u202eb\u2028c", String.raw`: a\u{9b}\u{202e}b\u{2028}c`],
    ["half \ud83d of 😀", String.raw`: half \u{d83d} of 😀`],
    ["größer als 7 €", ": größer als 7 €"],
  ];
  for (const [words, shown] of cases) {
    for (const thrown of [new Error(words), words]) {
      for (const { message, cause } of throwing(thrown)) {
        assertEquals(message.includes(shown), true, message);
        assertStrictEquals(cause, thrown);
      }
    }
  }
});

Deno.test("what a callback throws is shown up to 400 characters", () => {
  const megabytes = "x".repeat(3_000_000);
  for (const { message } of throwing(new Error(megabytes))) {
    assertMatch(message, /: x{400}…( \[|$)/);
  }
  for (const { message } of throwing("x".repeat(400))) {
    assertMatch(message, /: x{400}( \[|$)/);
  }
  // No half of a pair at the cut.
  for (const { message } of throwing("x".repeat(399) + "😀😀")) {
    assertMatch(message, /: x{399}…( \[|$)/);
  }
});

Deno.test("what a callback throws is shown in printable characters, whatever it is", () => {
  const unit = fc.oneof(
    fc.constantFrom(..."\0\x1b\n\r\x7f\x85\u200b\u202e\u2066\ufeff\ud800"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 60 }), (words) => {
      for (const { message } of throwing(words)) {
        assertMatch(message, /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u);
      }
    }),
    { numRuns: 500 },
  );
});

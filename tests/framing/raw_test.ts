import { assertEquals } from "@std/assert";
import { encodeFrame, raw } from "../../src/framing/mod.ts";

Deno.test("raw() hands out chunks as they came, without empty ones", () => {
  const decoder = raw().decoder();
  const chunk = Uint8Array.of(1, 2);
  decoder.feed(chunk);
  decoder.feed(new Uint8Array(0));
  decoder.feed(Uint8Array.of(3));
  assertEquals(decoder.bufferedBytes, 3);
  assertEquals(decoder.next() === chunk, true);
  assertEquals(decoder.next(), Uint8Array.of(3));
  assertEquals(decoder.next(), undefined);
  decoder.feed(Uint8Array.of(4));
  assertEquals(decoder.takeRest(), Uint8Array.of(4));
  assertEquals(encodeFrame(raw(), chunk), chunk);
});

import { assertEquals, assertThrows } from "@std/assert";
import { EncodeError } from "../../src/errors.ts";
import { ByteWriter } from "../../src/framing/mod.ts";
import { utf8 } from "./cuts.ts";

Deno.test("ByteWriter appends bytes, text and integers in order", () => {
  const writer = new ByteWriter();
  writer.bytes(Uint8Array.of(1, 2));
  writer.text("é!");
  writer.uint(0x0102, 2);
  writer.uint(0x0102, 2, true);
  assertEquals([...writer.view()], [1, 2, 0xc3, 0xa9, 0x21, 1, 2, 2, 1]);
  assertEquals(writer.length, 9);
});

Deno.test("ByteWriter.text() equals TextEncoder for every mix of widths and sizes", () => {
  const units = ["a", "é", "€", "😀", "\u0000", "\ud800"];
  for (let size = 0; size < 80; size++) {
    for (let shift = 0; shift < units.length; shift++) {
      const text = Array.from(
        { length: size },
        (_, i) => units[(i * 7 + shift) % units.length],
      ).join("");
      const plain = "x".repeat(size) + units[shift];
      const writer = new ByteWriter();
      writer.text(text);
      writer.text(plain);
      assertEquals(writer.view(), utf8(text + plain));
    }
  }
});

Deno.test("ByteWriter.uint() writes every width in both orders", () => {
  for (const bytes of [1, 2, 3, 4, 8] as const) {
    const highest = 2n ** BigInt(8 * bytes) - 1n;
    for (const value of [0n, 1n, 0x7fn, highest >> 1n, highest - 1n, highest]) {
      const expected = Array.from(
        { length: bytes },
        (_, i) => Number(value >> BigInt(8 * (bytes - 1 - i)) & 0xffn),
      );
      const writer = new ByteWriter();
      writer.uint(value, bytes);
      writer.uint(value, bytes, true);
      assertEquals([...writer.view()], [...expected, ...expected.toReversed()]);
    }
  }
  const writer = new ByteWriter();
  writer.uint(Number.MAX_SAFE_INTEGER, 8);
  assertEquals([...writer.view()], [0, 31, 255, 255, 255, 255, 255, 255]);
});

Deno.test("ByteWriter.uint() refuses what does not fit and appends nothing", () => {
  const writer = new ByteWriter();
  writer.uint(7, 1);
  for (
    const [value, bytes] of [
      [256, 1],
      [-1, 1],
      [1.5, 2],
      [NaN, 4],
      [2 ** 32, 4],
      [2 ** 53, 8],
      [-1n, 8],
      [2n ** 64n, 8],
      [Infinity, 8],
    ] as const
  ) {
    assertThrows(
      () => writer.uint(value, bytes),
      EncodeError,
      `current value is ${value}${typeof value === "bigint" ? "n" : ""}`,
    );
  }
  assertEquals([...writer.view()], [7]);
});

Deno.test("ByteWriter grows over any number of writes", () => {
  const writer = new ByteWriter();
  const expected: number[] = [];
  for (let i = 0; i < 2000; i++) {
    const part = new Uint8Array(i % 41).fill(i);
    writer.bytes(part);
    expected.push(...part);
  }
  assertEquals(writer.view(), Uint8Array.from(expected));
});

Deno.test("ByteWriter keeps no reference to what it was given", () => {
  const writer = new ByteWriter();
  const source = new Uint8Array(1000).fill(1);
  writer.bytes(source);
  source.fill(2);
  assertEquals(writer.view(), new Uint8Array(1000).fill(1));
});

Deno.test("ByteWriter.truncate() takes back, clear() forgets, take() hands over", () => {
  const writer = new ByteWriter();
  writer.bytes(Uint8Array.of(1, 2, 3));
  writer.truncate(1);
  writer.bytes(Uint8Array.of(9));
  assertEquals([...writer.view()], [1, 9]);
  assertThrows(() => writer.truncate(3), RangeError, "2 are written");
  writer.clear();
  assertEquals(writer.length, 0);
  writer.bytes(Uint8Array.of(4));
  const taken = writer.take();
  writer.bytes(Uint8Array.of(5));
  assertEquals([...taken], [4]);
  assertEquals([...writer.view()], [5]);
});

import { assertEquals } from "@std/assert";
import { shown } from "../src/shown.ts";

Deno.test("shown() tells values of different types apart", () => {
  const cases: [unknown, string][] = [
    [8800, "8800"],
    ["8800", '"8800"'],
    [8800n, "8800n"],
    [-0.5, "-0.5"],
    [NaN, "NaN"],
    ["NaN", '"NaN"'],
    [true, "true"],
    [undefined, "undefined"],
    [null, "null"],
    ["", '""'],
    [Symbol("s"), "Symbol(s)"],
    [[8800], "of type Array"],
    [{ port: 8800 }, "of type Object"],
    [new Date(0), "of type Date"],
    [new Uint8Array(3), "of type Uint8Array"],
    [Object.create(null), "of type Object"],
    [() => 5, "of type Function"],
    [async () => {}, "of type AsyncFunction"],
  ];
  for (const [value, words] of cases) assertEquals(shown(value), words);
});

Deno.test("shown() writes a text as one short line", () => {
  assertEquals(shown('a"b\r\n\x1b[2J'), String.raw`"a\"b\r\n\u001b[2J"`);
  assertEquals(shown("x".repeat(80)), `"${"x".repeat(80)}"`);
  assertEquals(
    shown("x".repeat(5_000)),
    `"${"x".repeat(80)}"… (5000 characters)`,
  );
  // Not half of a pair.
  assertEquals(
    shown("x".repeat(79) + "😀"),
    `"${"x".repeat(79)}"… (81 characters)`,
  );
});

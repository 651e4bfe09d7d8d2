import { assertEquals, assertThrows } from "@std/assert";
import {
  PlainSink,
  randomNumbers,
  sameData,
  show,
} from "../../src/testing/plain_data.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

Deno.test("sameData() compares what frames are made of", () => {
  const same: [unknown, unknown][] = [
    [1, 1],
    [NaN, NaN],
    [null, null],
    [undefined, undefined],
    ["a", "a"],
    [bytes(), bytes()],
    [bytes(1, 2), new Uint8Array([0, 1, 2]).subarray(1)],
    [[], []],
    [[1, [2]], [1, [2]]],
    [{ a: 1, b: { c: bytes(3) } }, { b: { c: bytes(3) }, a: 1 }],
    [Object.create(null), {}],
    [new Date(5), new Date(5)],
    [new Date(NaN), new Date(NaN)],
    [new Map(), new Map()],
    [new Map([["a", 1], ["b", 2]]), new Map([["b", 2], ["a", 1]])],
    [new Map([[bytes(1), [1]]]), new Map([[bytes(1), [1]]])],
    [new Set([1, bytes(2)]), new Set([bytes(2), 1])],
    [/a/g, /a/g],
    [new Error("a"), new Error("a")],
    [Float64Array.of(0.5), Float64Array.of(0.5)],
    [bytes(1, 2).buffer, bytes(1, 2).buffer],
    [new DataView(bytes(1).buffer), new DataView(bytes(0, 1).buffer, 1)],
  ];
  for (const [a, b] of same) assertEquals(sameData(a, b), true, show([a, b]));
  const others: [unknown, unknown][] = [
    [1, "1"],
    [0, -0],
    [null, undefined],
    [null, {}],
    [{}, null],
    ["a", { length: 1, 0: "a" }],
    [bytes(1), bytes(2)],
    [bytes(1), bytes(1, 1)],
    [bytes(1), [1]],
    [[1], bytes(1)],
    [[1], { 0: 1 }],
    [[1, 2], [1]],
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: undefined }, { b: undefined }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [new Date(5), new Date(6)],
    [new Date(5), {}],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Map([["a", 1]]), new Map([["b", 1]])],
    [new Map([["a", 1]]), new Map()],
    [new Map(), new Set()],
    [new Map(), {}],
    [new Set([1]), new Set([2])],
    // One of them cannot be both.
    [new Set([bytes(1), bytes(1)]), new Set([bytes(1), bytes(2)])],
    [/a/g, /a/],
    [new Error("a"), new Error("b")],
    [new Error("a"), new TypeError("a")],
    [Float64Array.of(1), Float32Array.of(1)],
    [bytes(1).buffer, bytes(2).buffer],
  ];
  for (const [a, b] of others) {
    assertEquals(sameData(a, b), false, show([a, b]));
    assertEquals(sameData(b, a), false, show([b, a]));
  }
});

Deno.test("sameData() says what it cannot compare", () => {
  assertThrows(
    () => sameData([new URL("a:b")], [new URL("a:c")]),
    TypeError,
    "Cannot compare frames: what a value of type URL holds is not to be seen; give 'equal' among the options",
  );
  const url = new URL("a:b");
  assertEquals(sameData([url], [url]), true);
  assertEquals(sameData(url, new Date(0)), false);
});

Deno.test("show() writes bytes as hex, big integers, and what JSON has no word for, in one bounded line", () => {
  assertEquals(show(["a", bytes(1, 255)]), '["a","<01ff>"]');
  assertEquals(show({ n: 2n ** 64n }), '{"n":"18446744073709551616n"}');
  assertEquals(show(undefined), "undefined");
  assertEquals(show([new Map([["a", 1]]), new Set([2])]), '[[["a",1]],[2]]');
  assertEquals(show(new Uint8Array(33)), `"<${"00".repeat(32)}…>"`);
  assertEquals(show("x".repeat(1_000)).length, 401);
});

Deno.test("randomNumbers() gives the same for the same seed, within [0, 1), also for seed 0", () => {
  const take = (seed: number) => {
    const next = randomNumbers(seed);
    return Array.from({ length: 1_000 }, next);
  };
  assertEquals(take(5), take(5));
  assertEquals(sameData(take(5), take(6)), false);
  for (const seed of [0, 1, -1, 2 ** 32]) {
    const numbers = take(seed);
    assertEquals(numbers.every((n) => n >= 0 && n < 1), true);
    assertEquals(new Set(numbers).size > 990, true);
  }
});

Deno.test("PlainSink writes what a sink is told", () => {
  const sink = new PlainSink();
  sink.bytes(bytes(1));
  sink.text("é");
  sink.uint(0x0102, 2);
  sink.uint(0x0102, 2, true);
  assertEquals(sink.written, [1, 0xc3, 0xa9, 1, 2, 2, 1]);
  assertEquals(sink.length, 7);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RestartLimitError } from "../../src/errors.ts";
import {
  planRestart,
  resolveRestartLimits,
  type RestartHistory,
  type RestartLimits,
} from "../../src/supervision/mod.ts";

/** Feeds failures at the given times to the policy; gives the delay of each restart, or "up" for giving up. */
function plans(
  options: RestartLimits,
  timesMs: number[],
  random: () => number = () => 0.5,
): (number | "up")[] {
  const limits = resolveRestartLimits(options);
  let history: RestartHistory = [];
  return timesMs.map((atMs) => {
    const next = planRestart(
      history,
      { atMs, error: atMs },
      limits,
      random,
      "x",
    );
    history = next.history;
    return next.plan.restart ? next.plan.inMs : "up";
  });
}

Deno.test("resolveRestartLimits() fills in the defaults", () => {
  assertEquals(resolveRestartLimits(), {
    maxRestarts: 3,
    withinMs: 5_000,
    backoff: { minMs: 0, maxMs: 5_000, jitter: 0.1 },
  });
});

Deno.test("resolveRestartLimits() lets the default maxMs give way to a longer minMs", () => {
  const limits = resolveRestartLimits({
    withinMs: Infinity,
    backoff: { minMs: 10_000 },
  });
  assertEquals(limits.backoff.maxMs, 10_000);
});

const REFUSED: [RestartLimits, string][] = [
  [
    { maxRestarts: -1 },
    "'maxRestarts' must be a whole number from 0 or Infinity, current value is -1",
  ],
  [{ maxRestarts: 1.5 }, "current value is 1.5"],
  [{ maxRestarts: NaN }, "current value is NaN"],
  [{ withinMs: 0 }, "'withinMs' must be above 0, current value is 0"],
  [{ withinMs: NaN }, "'withinMs'"],
  [
    { withinMs: "5000" as never },
    "'withinMs' must be above 0, current value is \"5000\"",
  ],
  [{ backoff: { minMs: "5" as never } }, "'backoff.minMs'"],
  [{ backoff: { maxMs: "5" as never } }, "'backoff.maxMs'"],
  [{ backoff: { jitter: "0" as never } }, "'backoff.jitter'"],
  [{ backoff: { minMs: -1 } }, "'backoff.minMs'"],
  [{ backoff: { minMs: Infinity } }, "'backoff.minMs'"],
  [
    { backoff: { minMs: 10, maxMs: 5 } },
    "'backoff.maxMs' must be at least 'backoff.minMs' (10), current value is 5",
  ],
  [{ backoff: { maxMs: NaN } }, "'backoff.maxMs'"],
  [
    { backoff: { jitter: 1.1 } },
    "'backoff.jitter' must be between 0 and 1, current value is 1.1",
  ],
  [{ backoff: { jitter: -0.1 } }, "'backoff.jitter'"],
  [
    { backoff: { minMs: 1_000 } },
    "'withinMs' must be longer than the delays before 3 restarts take together",
  ],
  // Three whole milliseconds are waited.
  [{ withinMs: 3, backoff: { minMs: 0.1, maxMs: 0.1 } }, "'withinMs'"],
];
for (const [options, message] of REFUSED) {
  Deno.test(`resolveRestartLimits() refuses ${JSON.stringify(options)}: ${message}`, () => {
    assertThrows(() => resolveRestartLimits(options), RangeError, message);
  });
}

Deno.test("planRestart() restarts at once maxRestarts times and then gives up", () => {
  assertEquals(plans({}, [0, 1, 2, 3]), [0, 0, 0, "up"]);
  assertEquals(plans({ maxRestarts: 0 }, [0]), ["up"]);
  assertEquals(plans({ maxRestarts: 1 }, [0, 0]), [0, "up"]);
});

Deno.test("planRestart() forgets failures that are withinMs old", () => {
  const options = { maxRestarts: 1, withinMs: 100 };
  assertEquals(plans(options, [0, 99]), [0, "up"]);
  assertEquals(plans(options, [0, 100, 200, 300]), [0, 0, 0, 0]);
});

Deno.test("planRestart() doubles the delay from minMs up to maxMs", () => {
  const options = {
    maxRestarts: 6,
    withinMs: 1_000_000,
    backoff: { minMs: 100, maxMs: 1_000, jitter: 0 },
  };
  assertEquals(
    plans(options, [0, 1, 2, 3, 4, 5, 6]),
    [100, 200, 400, 800, 1_000, 1_000, "up"],
  );
});

Deno.test("planRestart() spreads the delay by the jitter share either way", () => {
  const options = {
    withinMs: Infinity,
    backoff: { minMs: 100, maxMs: 1_000, jitter: 0.5 },
  };
  assertEquals(plans(options, [0], () => 0), [50]);
  assertEquals(plans(options, [0], () => 0.5), [100]);
  assertEquals(plans(options, [0], () => 0.75), [125]);
});

Deno.test("planRestart() waits whole milliseconds, and no less than the backoff says", () => {
  const options = (minMs: number) => ({
    withinMs: Infinity,
    backoff: { minMs, jitter: 0.1 },
  });
  assertEquals(plans(options(100), [0], () => 0.57), [102]);
  assertEquals(plans(options(0.5), [0, 1, 2], () => 0.5), [1, 1, 2]);
  assertEquals(plans(options(0), [0], () => 0.57), [0]);
});

Deno.test("planRestart() gives up with the history and the last failure as cause", () => {
  const limits = resolveRestartLimits({ maxRestarts: 1 });
  const first = new Error("first");
  const last = new Error("last");
  const one = planRestart(
    [],
    { atMs: 5, error: first },
    limits,
    Math.random,
    "db",
  );
  const two = planRestart(
    one.history,
    { atMs: 7, error: last },
    limits,
    Math.random,
    "db",
  );
  assert(!two.plan.restart);
  const { error } = two.plan;
  assert(error instanceof RestartLimitError);
  assertEquals(
    error.message,
    'Cannot restart "db": 2 failures within 5000 ms, limit is 1',
  );
  assertEquals(error.history, [{ atMs: 5, error: first }, {
    atMs: 7,
    error: last,
  }]);
  assertEquals(error.cause, last);
});

Deno.test("planRestart() with maxRestarts Infinity never gives up and its history stays bounded", () => {
  const limits = resolveRestartLimits({
    maxRestarts: Infinity,
    withinMs: Infinity,
    backoff: { minMs: 1, maxMs: 1_000, jitter: 0 },
  });
  let history: RestartHistory = [];
  let inMs = 0;
  for (let atMs = 0; atMs < 5_000; atMs++) {
    const next = planRestart(
      history,
      { atMs, error: atMs },
      limits,
      Math.random,
      "x",
    );
    history = next.history;
    assert(next.plan.restart);
    inMs = next.plan.inMs;
    assert(history.length <= 11);
  }
  assertEquals(inMs, 1_000);
});

for (
  const [backoff, length] of [
    [{}, 1],
    [{ minMs: 10, maxMs: 10 }, 1],
    [{ minMs: 10, maxMs: 100 }, 5],
    [{ minMs: 1, maxMs: Infinity }, 64],
  ] as const
) {
  Deno.test(`planRestart() without a limit remembers ${length} failures for backoff ${JSON.stringify(backoff)}`, () => {
    const limits = resolveRestartLimits({
      maxRestarts: Infinity,
      withinMs: Infinity,
      backoff,
    });
    let history: RestartHistory = [];
    for (let atMs = 0; atMs < 100; atMs++) {
      const failure = { atMs, error: atMs };
      history = planRestart(history, failure, limits, Math.random, "x").history;
    }
    assertEquals(history.length, length);
    assertEquals(history.at(-1)?.atMs, 99);
  });
}

Deno.test("planRestart() changes nothing that it is given and never lets more than maxRestarts into a window", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 5 }),
    fc.integer({ min: 1, max: 50 }),
    fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 40 }),
    (maxRestarts, withinMs, gaps) => {
      const limits = resolveRestartLimits({ maxRestarts, withinMs });
      let history: RestartHistory = Object.freeze([]);
      let atMs = 0;
      const restartsMs: number[] = [];
      for (const gap of gaps) {
        atMs += gap;
        const next = planRestart(
          history,
          { atMs, error: "e" },
          limits,
          Math.random,
          "x",
        );
        history = Object.freeze(next.history);
        if (!next.plan.restart) return;
        restartsMs.push(atMs);
        const recent = restartsMs.filter((ms) => atMs - ms < withinMs);
        assert(recent.length <= maxRestarts);
      }
    },
  ));
});

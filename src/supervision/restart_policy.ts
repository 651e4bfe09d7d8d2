/**
 * Decides whether and when something is started again after it failed. Pure: history, failure, limits and a
 * random source in, plan and new history out. Reads no clock, starts nothing, keeps nothing.
 *
 * The nth failure within the window is followed by a restart after `minMs * 2^(n-1)`, at most `maxMs`, give or
 * take the share `jitter`, so that many things that failed together do not come back together.
 */

import { RestartLimitError } from "../errors.ts";
import { shown } from "../shown.ts";
import type { RestartLimits } from "./types.ts";

/** One failure: when it was seen, on the clock in use, and with what. */
export interface Failure {
  /** Milliseconds on the clock in use. */
  readonly atMs: number;
  /** What was thrown. */
  readonly error: unknown;
}

/** The failures that still count, oldest first. */
export type RestartHistory = readonly Failure[];

/** {@linkcode RestartLimits} with every default filled in, checked. */
export interface ResolvedRestartLimits {
  readonly maxRestarts: number;
  readonly withinMs: number;
  readonly backoff: {
    readonly minMs: number;
    readonly maxMs: number;
    readonly jitter: number;
  };
}

/** What follows a failure. */
export type RestartPlan =
  /** `inMs`: whole milliseconds, for people read it in events. */
  | { restart: true; inMs: number }
  | { restart: false; error: RestartLimitError };

/**
 * With `maxRestarts: Infinity` the only use of a history is the exponent of the backoff: so many failures are
 * remembered as it takes to reach `maxMs`, and never more than this.
 */
const MAX_REMEMBERED = 64;

/**
 * Fills in the defaults and checks the limits, each and together.
 *
 * @throws {RangeError} For a value out of range, and for delays so long that the failures would have left the
 * window before there are enough of them: such limits read as if they gave up, and never would.
 * @throws {TypeError} For limits that are none.
 */
export function resolveRestartLimits(
  options: RestartLimits = {},
): ResolvedRestartLimits {
  checkObject("the limits", options);
  const { maxRestarts = 3, withinMs = 5_000 } = options;
  if (options.backoff !== undefined) checkObject("'backoff'", options.backoff);
  const { minMs = 0, maxMs = 5_000, jitter = 0.1 } = options.backoff ?? {};
  if (
    maxRestarts !== Infinity &&
    !(Number.isInteger(maxRestarts) && maxRestarts >= 0)
  ) {
    refuse("maxRestarts", "a whole number from 0 or Infinity", maxRestarts);
  }
  if (!(isNumber(withinMs) && withinMs > 0)) {
    refuse("withinMs", "above 0", withinMs);
  }
  if (!(Number.isFinite(minMs) && minMs >= 0)) {
    refuse("backoff.minMs", "a finite number from 0", minMs);
  }
  // The default of `maxMs` gives way to a longer `minMs`; only a `maxMs` that was asked for can contradict it.
  const longestMs = options.backoff?.maxMs === undefined
    ? Math.max(minMs, maxMs)
    : maxMs;
  if (!(isNumber(longestMs) && longestMs >= minMs)) {
    refuse("backoff.maxMs", `at least 'backoff.minMs' (${minMs})`, maxMs);
  }
  if (!(isNumber(jitter) && jitter >= 0 && jitter <= 1)) {
    refuse("backoff.jitter", "between 0 and 1", jitter);
  }
  const backoff = { minMs, maxMs: longestMs, jitter };
  const limits = { maxRestarts, withinMs, backoff };
  checkReachable(limits);
  return limits;
}

/**
 * Plans what follows `failure`. Failures that lie `withinMs` or longer before it no longer count.
 *
 * @param history What the last call returned, at first `[]`. It is not changed.
 * @param random From 0 up to 1, as `Math.random`.
 * @param name Who failed, for the error.
 */
export function planRestart(
  history: RestartHistory,
  failure: Failure,
  limits: ResolvedRestartLimits,
  random: () => number,
  name: string,
): { plan: RestartPlan; history: RestartHistory } {
  const { maxRestarts, withinMs } = limits;
  const most = remembered(limits);
  // Where one is enough, none of the older ones need be looked at.
  const counted = most === 1
    ? []
    : history.filter(({ atMs }) => failure.atMs - atMs < withinMs);
  counted.push(failure);
  if (counted.length > most) counted.splice(0, counted.length - most);
  if (counted.length > maxRestarts) {
    const error = new RestartLimitError(
      `Cannot restart "${name}": ${counted.length} failures within ${withinMs} ms, limit is ${maxRestarts}`,
      counted,
    );
    return { plan: { restart: false, error }, history: counted };
  }
  const { jitter } = limits.backoff;
  const inMs = wholeMs(counted.length, limits, jitter * (2 * random() - 1));
  return { plan: { restart: true, inMs }, history: counted };
}

/** How many failures the history holds at most. */
function remembered({ maxRestarts, backoff }: ResolvedRestartLimits): number {
  if (maxRestarts !== Infinity) return Infinity;
  if (backoff.minMs === 0) return 1;
  const doublings = Math.ceil(Math.log2(backoff.maxMs / backoff.minMs));
  return Math.min(MAX_REMEMBERED, doublings + 1);
}

/** The delay before the nth restart, without jitter. */
function delayMs(nth: number, { backoff }: ResolvedRestartLimits): number {
  return Math.min(backoff.maxMs, backoff.minMs * 2 ** (nth - 1));
}

/** That delay with a share of it added, rounded up: a restart is never earlier than the backoff says. */
function wholeMs(
  nth: number,
  limits: ResolvedRestartLimits,
  share: number,
): number {
  return Math.ceil(delayMs(nth, limits) * (1 + share));
}

/** Something that fails as soon as it is started must come to its limit within the window. */
function checkReachable(limits: ResolvedRestartLimits): void {
  const { maxRestarts, withinMs, backoff } = limits;
  if (maxRestarts === Infinity || withinMs === Infinity) return;
  if (backoff.minMs === 0) return;
  let totalMs = 0;
  for (let nth = 1; nth <= maxRestarts && totalMs < withinMs; nth++) {
    totalMs += wholeMs(nth, limits, backoff.jitter);
  }
  if (totalMs < withinMs) return;
  refuse(
    "withinMs",
    `longer than the delays before ${maxRestarts} restarts take together, or the limit is never reached`,
    withinMs,
  );
}

/** Taken for options, `true` or a number would stand for the defaults. */
function checkObject(what: string, value: unknown): void {
  if (typeof value === "object" && value !== null) return;
  throw new TypeError(
    `Cannot limit restarts: ${what} must be an object, current value is ${
      shown(value)
    }`,
  );
}

/** A text that reads as one would be compared as one, and then added as a text. */
function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function refuse(option: string, rule: string, value: unknown): never {
  throw new RangeError(
    `Cannot limit restarts: '${option}' must be ${rule}, current value is ${
      shown(value)
    }`,
  );
}

/**
 * Decides how events leave: synchronously, and without any harm to whoever tells. An observer that fails is a bug of
 * the application: it is said aloud, as an uncaught error, and telling of a crash must not cause another.
 *
 * Source: HTML, "Runtime script errors", `reportError`. Browsers log the error and go on; Deno ends the process
 * unless a listener for `error` prevents that.
 *
 * @module
 */

import { shown } from "../shown.ts";

/** @throws {TypeError} There is an `onEvent`, and it cannot be called: the first event would end the process. */
export function checkObserver(name: string, onEvent: unknown): void {
  if (onEvent === undefined || typeof onEvent === "function") return;
  throw new TypeError(
    `Cannot tell events of "${name}": 'onEvent' must be a function, current value is ${
      shown(onEvent)
    }`,
  );
}

/** Calls `onEvent`, if there is one. What it throws goes to `reportError`. */
export function report<E>(
  onEvent: ((event: E) => void) | undefined,
  event: E,
): void {
  try {
    onEvent?.(event);
  } catch (error) {
    reportError(error);
  }
}

/**
 * Holds what is given to `reportError`, which would otherwise end the test run as an uncaught error.
 *
 * @module
 */

/** Holds it from now until it is disposed of. */
export function reportedErrors(): Disposable & { readonly errors: unknown[] } {
  const errors: unknown[] = [];
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    errors.push(event.error);
  };
  globalThis.addEventListener("error", onError);
  return {
    errors,
    [Symbol.dispose]: () => globalThis.removeEventListener("error", onError),
  };
}

/**
 * Whether somebody has to be waited for. Looking may run code of whoever made `value`, and so may throw.
 *
 * @module
 */

/** Whether a handler is busy until `value` settles. */
export function isThenable<T>(
  value: T | PromiseLike<T>,
): value is PromiseLike<T> {
  return typeof value === "object" && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
}

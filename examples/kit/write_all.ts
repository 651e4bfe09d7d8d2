/**
 * Writes all of it: one `write` may take only a part.
 *
 * @module
 */

/** Resolves when everything is taken. */
export async function writeAll(
  to: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await to.write(bytes.subarray(at));
  }
}

/**
 * Files, with errors that a person can read.
 *
 * @module
 */

/** Reads a whole file. */
export async function readFile(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw new Error(`Cannot read ${path}: ${whyNot(error)}`, { cause: error });
  }
}

/** What went wrong with a file, in words. */
export function whyNot(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  if (error instanceof Deno.errors.NotADirectory) return "it is no directory";
  if (error instanceof Deno.errors.PermissionDenied) {
    return "the system denies permission";
  }
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n")[0];
}

/**
 * What is in the place of a Unix socket. The system says only that a path is in use, or that a connection is refused,
 * also where nobody uses it and the path is wrong.
 *
 * @module
 */

/** What may be there besides a socket. */
export type Occupant = "directory" | "file";

/** What is at `path`; `undefined` = a socket, or a link, or nothing that may be looked at. */
export function occupantOf(path: string): Promise<Occupant | undefined> {
  return kindOf(Deno.lstat(path));
}

/** What is where `path` leads to, links followed. */
export function occupantBehind(path: string): Promise<Occupant | undefined> {
  return kindOf(Deno.stat(path));
}

async function kindOf(
  looking: Promise<Deno.FileInfo>,
): Promise<Occupant | undefined> {
  try {
    const { isDirectory, isSocket, isSymlink } = await looking;
    if (isSocket || isSymlink) return undefined;
    return isDirectory ? "directory" : "file";
  } catch {
    // Gone, or not ours to look at: what the system said is all there is to say.
    return undefined;
  }
}

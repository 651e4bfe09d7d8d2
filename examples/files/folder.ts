/**
 * The one folder that is served: which names are names, and which files are in it. A name is one plain file right in
 * the folder. Never follows a link, so there is no way out.
 *
 * @module
 */

import { whyNot } from "../kit/files.ts";

/** What the one who asked may be told. */
export class Refusal extends Error {}

const MOST_NAME_BYTES = 200;
// A dot in front is ours, for what is not whole yet, and of course for `..`.
// deno-lint-ignore no-control-regex
const NAME = /^(?!\.)[^/\\\x00-\x1f\x7f]+$/;

/** Gives the name back, if it is one. */
export function checkName(name: unknown): string {
  if (typeof name !== "string" || !NAME.test(name)) {
    throw new Refusal(
      `${JSON.stringify(name)} is not the name of a file in one folder`,
    );
  }
  if (isTooLong(name)) {
    throw new Refusal(
      `${name} is too long: a name has ${MOST_NAME_BYTES} bytes at most`,
    );
  }
  return name;
}

function isTooLong(name: string): boolean {
  return new TextEncoder().encode(name).length > MOST_NAME_BYTES;
}

/** Whether a file of `size` bytes can be gone on with at `from`, its end included. */
export function isPlaceIn(size: number, from: unknown): from is number {
  return Number.isSafeInteger(from) && from as number >= 0 &&
    from as number <= size;
}

/** Opens a plain file for reading. */
export async function openFile(
  folder: string,
  name: string,
): Promise<{ file: Deno.FsFile; size: number }> {
  const path = `${folder}/${checkName(name)}`;
  try {
    const seen = await Deno.lstat(path);
    if (!seen.isFile) throw new Refusal(`${name} is no plain file`);
    const file = await Deno.open(path);
    const { dev, ino, size } = await file.stat();
    // Between the look and the opening somebody may have put a link in its place.
    if (dev === seen.dev && ino === seen.ino) return { file, size };
    file.close();
    throw new Refusal(`${name} changed just now`);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(`${name} cannot be read: ${whyNot(error)}`);
  }
}

/** Every file that could be asked for, by name. */
export async function listFiles(
  folder: string,
): Promise<{ name: string; size: number }[]> {
  const files = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile || !NAME.test(name) || isTooLong(name)) continue;
      const size = await sizeOf(`${folder}/${name}`);
      if (size !== undefined) files.push({ name, size });
    }
  } catch (error) {
    throw new Refusal(`the folder cannot be read: ${whyNot(error)}`);
  }
  return files.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** `undefined` = it is gone by now, or has a name that is not UTF-8, by which nobody could ask for it. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await Deno.lstat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

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
  if (
    typeof name !== "string" || !NAME.test(name) ||
    new TextEncoder().encode(name).length > MOST_NAME_BYTES
  ) {
    throw new Refusal(
      `${JSON.stringify(name)} is not the name of a file in one folder`,
    );
  }
  return name;
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
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || !NAME.test(name)) continue;
    const { size } = await Deno.lstat(`${folder}/${name}`);
    files.push({ name, size });
  }
  return files.sort((a, b) => a.name < b.name ? -1 : 1);
}

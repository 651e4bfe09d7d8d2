/**
 * A file on its way out, piece by piece: never more of it in memory than one buffer.
 *
 * @module
 */

import { createHash } from "node:crypto";

const BUFFER_BYTES = 262_144;

/** The bytes of an open file from `from` up to `end`. Each piece is valid until the next one is asked for. */
export async function* pieces(
  file: Deno.FsFile,
  from: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  await file.seek(from, Deno.SeekMode.Start);
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let at = from; at < end;) {
    const n = await file.read(buffer.subarray(0, end - at));
    if (n === null) {
      throw new Error(`The file became shorter than ${end} bytes`);
    }
    yield buffer.subarray(0, n);
    at += n;
  }
}

/** SHA-256 of the first `size` bytes of an open file, in hex. */
export async function sha256Of(
  file: Deno.FsFile,
  size: number,
): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of pieces(file, 0, size)) hash.update(piece);
  return hash.digest("hex");
}

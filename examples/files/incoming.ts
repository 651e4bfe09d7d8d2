/**
 * A file on its way in. It is written beside its place, under a name that begins with a dot and tells its checksum; it
 * comes to its place only when it is whole and right. What a broken transfer left is gone on with by the next one.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { whyNot } from "../kit/files.ts";
import { checkName, Refusal } from "./folder.ts";
import { pieces } from "./outgoing.ts";

/** What a sender announces. */
export interface Announced {
  name: string;
  size: number;
  /** In hex. Without it nothing can be checked, and nothing resumed. */
  sha256?: string;
}

/** One file that is being received. Leaving its scope keeps what has come so far, for the next attempt. */
export class Incoming implements Disposable {
  readonly #announced: Announced;
  readonly #folder: string;
  readonly #part: string;
  readonly #file: Deno.FsFile;
  readonly #hash: Hash = createHash("sha256");
  #at = 0;
  /** There is no part any more. */
  #isGone = false;

  private constructor(folder: string, announced: Announced, file: Deno.FsFile) {
    this.#folder = folder;
    this.#announced = announced;
    this.#part = partOf(folder, announced);
    this.#file = file;
  }

  /** Makes it, or finds what is there of it. */
  static async open(folder: string, announced: Announced): Promise<Incoming> {
    checkAnnounced(announced);
    const { name, size, sha256 } = announced;
    const part = partOf(folder, announced);
    try {
      if (await kindOf(`${folder}/${name}`) !== "nothing") {
        throw new Refusal(`there is a ${name} already`);
      }
      if (await kindOf(part) === "other") {
        throw new Refusal(`${part} is in the way`);
      }
      const file = await Deno.open(part, {
        read: true,
        write: true,
        create: true,
      });
      try {
        if (!await file.tryLock(true)) {
          throw new Refusal(`${name} is being received already`);
        }
        const incoming = new Incoming(folder, announced, file);
        const { size: has } = await file.stat();
        if (sha256 === undefined || has > size) await file.truncate();
        else await incoming.#reread(has);
        return incoming;
      } catch (error) {
        file.close();
        throw error;
      }
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Refusal(`${name} cannot be written: ${whyNot(error)}`);
    }
  }

  /** Bytes that are here already. */
  get at(): number {
    return this.#at;
  }

  /** Whether the next attempt will go on with what is here. */
  get isKept(): boolean {
    return !this.#isGone && this.#announced.sha256 !== undefined &&
      this.#at > 0;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    try {
      for (let at = 0; at < bytes.length;) {
        at += await this.#file.write(bytes.subarray(at));
      }
    } catch (error) {
      const { name } = this.#announced;
      throw new Refusal(`${name} cannot be written: ${whyNot(error)}`);
    }
    this.#at += bytes.length;
  }

  /** Puts it in its place. Gives back its checksum. */
  async finish(): Promise<string> {
    const { name, sha256 } = this.#announced;
    const digest = this.#hash.digest("hex");
    if (sha256 !== undefined && digest !== sha256) {
      this.#discard();
      throw new Refusal(
        `${name} came with a wrong checksum, and is thrown away`,
      );
    }
    try {
      // Unlike a rename, a link never replaces what somebody else has put there meanwhile.
      await Deno.link(this.#part, `${this.#folder}/${name}`);
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) {
        // The next attempt would be refused before it could go on with this.
        this.#discard();
        throw new Refusal(`there is a ${name} already`);
      }
      throw new Refusal(`${name} cannot be put in place: ${whyNot(error)}`);
    }
    this.#discard();
    return digest;
  }

  [Symbol.dispose](): void {
    // The next attempt goes on only with what it can check.
    if (!this.#isGone && !this.isKept) this.#discard();
    this.#file.close();
  }

  /** While the file is open, and so locked: a part of that name is this one, and not that of the next attempt. */
  #discard(): void {
    this.#isGone = true;
    Deno.removeSync(this.#part);
  }

  async #reread(has: number): Promise<void> {
    for await (const piece of pieces(this.#file, 0, has)) {
      this.#hash.update(piece);
    }
    this.#at = has;
  }
}

/** What a peer announces is not believed before it was looked at. */
function checkAnnounced({ name, size, sha256 }: Announced): void {
  checkName(name);
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new Refusal(`${name} cannot have ${size} bytes`);
  }
  if (
    sha256 !== undefined &&
    !(typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256))
  ) {
    throw new Refusal(`${name} has a checksum that is none`);
  }
}

function partOf(folder: string, { name, sha256 }: Announced): string {
  return `${folder}/.${name}.${sha256?.slice(0, 16) ?? "unknown"}.part`;
}

async function kindOf(path: string): Promise<"nothing" | "file" | "other"> {
  try {
    return (await Deno.lstat(path)).isFile ? "file" : "other";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "nothing";
    throw error;
  }
}

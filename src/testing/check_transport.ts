/**
 * What every stream of bytes must do to carry a connection: one table of checks, for each transport the same.
 * Decides nothing about errors' classes or words; those differ by system.
 *
 * @module
 */

import type { ByteStream } from "../transport/mod.ts";

/**
 * Two connected ends, made anew for each check.
 *
 * @example
 * ```ts
 * import { memoryPair, type StreamPair } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const [near, far]: StreamPair = memoryPair();
 * await near.write(new Uint8Array([1, 2]));
 * await near.closeWrite();
 * const into = new Uint8Array(8);
 * assertEquals(await far.read(into), 2);
 * assertEquals(await far.read(into), null);
 * for (const end of [near, far]) end.close();
 * ```
 */
export type StreamPair = readonly [ByteStream, ByteStream];

/** More than the buffers of any transport hold, so that a writer must come to wait. */
const FLOOD_BYTES = 16 << 20;

type Check = (near: ByteStream, far: ByteStream) => Promise<void>;

const CHECKS: Readonly<Record<string, Check>> = {
  async "bytes arrive in order"(near, far) {
    const sent = pattern(300_000);
    const [, received] = await Promise.all([
      writeAll(near, sent).then(() => near.closeWrite()),
      readAll(far),
    ]);
    expect(equal(received, sent), "what was read is not what was written");
  },

  async "both directions go on at once"(near, far) {
    const there = pattern(200_000);
    const back = pattern(150_000).reverse();
    const [a, b] = await Promise.all([
      readAll(far),
      readAll(near),
      writeAll(near, there).then(() => near.closeWrite()),
      writeAll(far, back).then(() => far.closeWrite()),
    ]);
    expect(equal(a, there) && equal(b, back), "bytes were lost or mixed up");
  },

  async "the end of one direction leaves the other open"(near, far) {
    await near.closeWrite();
    expect(await far.read(new Uint8Array(1)) === null, "no end was read");
    const answer = pattern(1_000);
    await writeAll(far, answer);
    await far.closeWrite();
    expect(equal(await readAll(near), answer), "the answer did not arrive");
  },

  async "the end is read again and again"(near, far) {
    await near.closeWrite();
    for (let i = 0; i < 3; i++) {
      expect(await far.read(new Uint8Array(1)) === null, "no end was read");
    }
  },

  async "a direction that has ended takes no more bytes"(near, far) {
    await near.closeWrite();
    const writing = settles(near.write(new Uint8Array(1)));
    expect(await writing === "rejected", "the write did not reject");
    expect(await far.read(new Uint8Array(1)) === null, "no end was read");
  },

  async "a write of nothing does not wait"(near) {
    expect(await near.write(new Uint8Array(0)) === 0, "something was taken");
  },

  async "a close ends a pending read"(near) {
    const reading = settles(near.read(new Uint8Array(1)));
    near.close();
    expect(await reading === "rejected", "the read did not reject");
  },

  async "a close is the end of the stream for the peer, also while a read is pending"(
    near,
    far,
  ) {
    const reading = settles(near.read(new Uint8Array(1)));
    await near.closeWrite();
    near.close();
    expect(await far.read(new Uint8Array(1)) === null, "no end was read");
    await reading;
  },

  async "a write waits for a peer that does not read, and a close ends the wait"(
    near,
  ) {
    const writing = writeAll(near, new Uint8Array(FLOOD_BYTES));
    const outcome = settles(writing);
    expect(
      await Promise.race([outcome, severalTasks()]) === "pending",
      "everything was taken although nobody reads",
    );
    near.close();
    expect(await outcome === "rejected", "the write did not reject");
  },

  async "a write that waited goes on when the peer reads"(near, far) {
    const sent = pattern(2 << 20);
    const writing = writeAll(near, sent).then(() => near.closeWrite());
    await severalTasks();
    expect(equal(await readAll(far), sent), "bytes were lost");
    await writing;
  },
};

/**
 * Runs every check of the contract on pairs that `makePair` makes, one pair a check; closes both ends after it.
 *
 * @param makePair Makes two connected ends.
 * @throws {Error} The first check that fails, by its name.
 *
 * @example
 * ```ts
 * import { checkTransport, memoryPair } from "@packetboat/net/testing";
 *
 * await checkTransport(() => Promise.resolve(memoryPair()));
 * ```
 */
export async function checkTransport(
  makePair: () => Promise<StreamPair>,
): Promise<void> {
  for (const [name, check] of Object.entries(CHECKS)) {
    const pair = await makePair();
    try {
      await check(...pair);
    } catch (cause) {
      throw new Error(`Transport fails the check "${name}": ${cause}`, {
        cause,
      });
    } finally {
      for (const end of pair) closeQuietly(end);
    }
  }
}

function expect(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}

/** A check may have closed its end already, and closing twice is an error of most transports. */
function closeQuietly(end: ByteStream): void {
  try {
    end.close();
  } catch { /* It is closed, which is all that is wanted. */ }
}

function settles(work: Promise<unknown>): Promise<"resolved" | "rejected"> {
  return work.then(() => "resolved", () => "rejected");
}

/** Enough turns of the event loop for everything that can happen by itself to happen. */
async function severalTasks(): Promise<"pending"> {
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return "pending";
}

function pattern(byteLength: number): Uint8Array {
  return Uint8Array.from({ length: byteLength }, (_, i) => (i * 31) >> 3);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

async function writeAll(to: ByteStream, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await to.write(bytes.subarray(at));
  }
}

async function readAll(from: ByteStream): Promise<Uint8Array> {
  const chunks: number[] = [];
  const into = new Uint8Array(65_536);
  for (;;) {
    const count = await from.read(into);
    if (count === null) return Uint8Array.from(chunks);
    for (let i = 0; i < count; i++) chunks.push(into[i]);
  }
}

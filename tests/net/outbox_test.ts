import { assertEquals, assertNotStrictEquals } from "@std/assert";
import { lengthPrefixed } from "../../src/framing/mod.ts";
import { Outbox } from "../../src/net/outbox.ts";
import { Writers } from "../../src/net/writers.ts";
import type { ByteStream } from "../../src/transport/mod.ts";

const NOBODY = { onWritten() {}, onLost() {} };

/** Sends one frame of 1 MiB less its header at a time and gives the memory that each write came from. */
async function memoryOfWrites(between: (outbox: Outbox) => void) {
  const memory: ArrayBufferLike[] = [];
  const stream = {
    write(bytes: Uint8Array) {
      memory.push(bytes.buffer);
      return Promise.resolve(bytes.length);
    },
  } as Partial<ByteStream> as ByteStream;
  const outbox = new Outbox(stream, new Writers(), NOBODY);
  const codec = lengthPrefixed();
  for (let i = 0; i < 6; i++) {
    outbox.add(codec, new Uint8Array(1_048_572));
    outbox.flush();
    await outbox.idle();
    await Promise.resolve();
    assertEquals(outbox.size, 0);
    between(outbox);
  }
  return memory;
}

Deno.test("Outbox uses the memory of a frame of the default limit again for the next", async () => {
  const memory = await memoryOfWrites(() => {});
  assertEquals(new Set(memory).size, 1);
});

Deno.test("Outbox gives its memory back when it is told that the connection is quiet", async () => {
  const [first, second] = await memoryOfWrites((outbox) => outbox.relax());
  assertNotStrictEquals(first, second);
});

Deno.test("Writers gives each outbox a buffer of its own while it sends, and the same ones again afterwards", async () => {
  const writers = new Writers();
  const codec = lengthPrefixed();
  const written: Uint8Array[] = [];
  const ends: (() => void)[] = [];
  const stream = {
    write(bytes: Uint8Array) {
      written.push(bytes);
      return new Promise<number>((resolve) =>
        ends.push(() => resolve(bytes.length))
      );
    },
  } as Partial<ByteStream> as ByteStream;
  const outboxes = Array.from(
    { length: 3 },
    () => new Outbox(stream, writers, NOBODY),
  );
  outboxes.forEach((outbox, i) => {
    outbox.add(codec, new Uint8Array(100).fill(i));
    outbox.flush();
    outbox.add(codec, new Uint8Array(100).fill(i + 10));
  });
  written.forEach((bytes, i) => {
    assertEquals(bytes.subarray(4), new Uint8Array(100).fill(i));
  });
  for (let round = 0; round < 2; round++) {
    for (const end of ends.splice(0)) end();
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }
  assertEquals(written.slice(3).map((bytes) => bytes[4]), [10, 11, 12]);
  const memory = new Set(written.map(({ buffer }) => buffer));
  outboxes[0].add(codec, new Uint8Array(100));
  outboxes[0].flush();
  assertEquals(memory.has(written[6].buffer), true);
});

Deno.test("Outbox does not hand on the memory of a write that failed", async () => {
  const writers = new Writers();
  const codec = lengthPrefixed();
  let memory: ArrayBufferLike | undefined;
  const stream = {
    write(bytes: Uint8Array) {
      memory ??= bytes.buffer;
      return Promise.reject(new Error("gone"));
    },
  } as Partial<ByteStream> as ByteStream;
  const outbox = new Outbox(stream, writers, NOBODY);
  outbox.add(codec, new Uint8Array(100));
  outbox.flush();
  await outbox.idle();
  assertNotStrictEquals(writers.take().view().buffer, memory);
});

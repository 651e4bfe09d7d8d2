import { assertEquals, assertNotStrictEquals } from "@std/assert";
import { lengthPrefixed } from "../../src/framing/mod.ts";
import { Outbox } from "../../src/net/outbox.ts";
import type { ByteStream } from "../../src/transport/mod.ts";

/** Sends one frame of 1 MiB less its header at a time and gives the memory that each write came from. */
async function memoryOfWrites(between: (outbox: Outbox) => void) {
  const memory: ArrayBufferLike[] = [];
  const stream = {
    write(bytes: Uint8Array) {
      memory.push(bytes.buffer);
      return Promise.resolve(bytes.length);
    },
  } as Partial<ByteStream> as ByteStream;
  const outbox = new Outbox(stream, () => {}, () => {});
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
  assertEquals(new Set(memory).size, 2);
});

Deno.test("Outbox gives its memory back when it is told that the connection is quiet", async () => {
  const [first, second] = await memoryOfWrites((outbox) => outbox.relax());
  assertNotStrictEquals(first, second);
});

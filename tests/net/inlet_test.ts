import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import { Inlet } from "../../src/net/inlet.ts";
import { SLOT_BYTES, Slots } from "../../src/net/slots.ts";

/** A read of `byteLength` bytes of `value`. */
function read(inlet: Inlet, byteLength: number, value = 7, free = true) {
  const target = inlet.target(free);
  target.fill(value, 0, byteLength);
  return { target, chunk: inlet.took(target, byteLength) };
}

/** An inlet whose peer has come back so often that it is waited for with a buffer. */
function steadyInlet(): Inlet {
  const inlet = new Inlet(false, new Uint8Array(SLOT_BYTES));
  for (let i = 0; i < 64; i++) read(inlet, 10);
  read(inlet, SLOT_BYTES);
  return inlet;
}

Deno.test("Slots gives every connection its own bytes, and the first one no more than it needs", () => {
  const slots = new Slots();
  const taken = Array.from({ length: 100 }, () => slots.take());
  assertEquals(taken[0].buffer.byteLength, SLOT_BYTES);
  taken.forEach((slot, i) => slot.fill(i));
  taken.forEach((slot, i) => {
    assertEquals(slot.length, SLOT_BYTES);
    assert(slot.every((byte) => byte === i));
  });
});

Deno.test("Inlet reads into its slot while the peer sends little, and what it gives out stays as it is", () => {
  const slot = new Uint8Array(SLOT_BYTES);
  const inlet = new Inlet(false, slot);
  const chunks = Array.from({ length: 50 }, (_, i) => {
    const { target, chunk } = read(inlet, 60, i);
    assertEquals(target, slot);
    assertNotStrictEquals(chunk.buffer, slot.buffer);
    return chunk;
  });
  chunks.forEach((chunk, i) => {
    assertEquals(chunk, new Uint8Array(60).fill(i));
  });
});

Deno.test("Inlet lends its slot where nobody keeps what was read", () => {
  const slot = new Uint8Array(SLOT_BYTES);
  const { chunk } = read(new Inlet(true, slot), 60);
  assertEquals(chunk.buffer, slot.buffer);
});

Deno.test("Inlet that lends does not read over bytes that still wait", () => {
  const inlet = new Inlet(true, new Uint8Array(SLOT_BYTES));
  const first = read(inlet, 60, 1);
  const second = read(inlet, 60, 2, false);
  assertEquals(first.chunk, new Uint8Array(60).fill(1));
  assertEquals(second.chunk, new Uint8Array(60).fill(2));
});

Deno.test("Inlet goes from the slot to buffers of its own when the peer fills it, and back when the peer sends little", () => {
  const slot = new Uint8Array(SLOT_BYTES);
  const inlet = new Inlet(false, slot);
  read(inlet, SLOT_BYTES);
  let largest = 0;
  for (let i = 0; i < 20; i++) {
    const target = inlet.target(true);
    assertNotStrictEquals(target.buffer, slot.buffer);
    largest = Math.max(largest, target.length);
    inlet.took(target, target.length);
  }
  assertEquals(largest, 66_560);
  for (let i = 0; i < 16; i++) read(inlet, 10);
  assertEquals(inlet.target(true).buffer, slot.buffer);
});

for (const reuse of [false, true]) {
  const mode = reuse ? "that lends" : "that gives away";

  Deno.test(`Inlet ${mode} waits in its slot, and goes on in a buffer as large as the last, until the peer has come back often`, () => {
    const slot = new Uint8Array(SLOT_BYTES);
    const inlet = new Inlet(reuse, slot);
    /** One message of so many bytes, when all of it has come; gives how many bytes were waited with. */
    const message = (byteLength: number) => {
      const waited = inlet.target(true);
      let target = waited;
      let left = byteLength;
      for (;;) {
        const count = Math.min(target.length, left);
        const chunk = inlet.took(target, count);
        left -= count;
        if (count < target.length) return { waited, chunk };
        target = inlet.target(true);
      }
    };
    for (let i = 1; i <= 64; i++) {
      const { waited, chunk } = message(50_000);
      assertStrictEquals(waited.buffer, slot.buffer, `message ${i}`);
      if (i === 64) break;
      // While it waits it holds nothing else.
      inlet.target(true);
      assert(!inlet.owns(chunk), `message ${i}`);
    }
    for (let i = 0; i < 10; i++) {
      assertNotStrictEquals(message(50_000).waited.buffer, slot.buffer);
    }

    inlet.relax();
    assertStrictEquals(message(50_000).waited.buffer, slot.buffer);
  });
}

Deno.test("Inlet reads a large message in few steps also where it waited in its slot", () => {
  const inlet = new Inlet(false, new Uint8Array(SLOT_BYTES));
  for (let i = 0; i < 5; i++) {
    let reads = 0;
    for (let left = 50_000; left > 0; reads++) {
      const target = inlet.target(true);
      left -= inlet.took(target, Math.min(target.length, left)).length;
    }
    if (i === 4) assertEquals(reads, 2);
  }
});

Deno.test("Inlet gives the memory for small frames back when it is told that the peer is quiet", () => {
  const inlet = new Inlet(false, new Uint8Array(SLOT_BYTES));
  const first = read(inlet, 10, 1).chunk;
  assertEquals(read(inlet, 10, 2).chunk.buffer, first.buffer);
  inlet.relax();
  assertNotStrictEquals(read(inlet, 10, 3).chunk.buffer, first.buffer);
  assertEquals(first, new Uint8Array(10).fill(1));
});

Deno.test("Inlet never reads into a tail that is smaller than the last read, because that would cut the next", () => {
  const inlet = steadyInlet();
  for (let i = 0; i < 200; i++) {
    const { target } = read(inlet, Math.min(2_176, inlet.target(true).length));
    if (i > 2) assert(target.length >= 2_176, `${target.length} bytes`);
  }
});

Deno.test("Inlet makes buffers for several reads of what the peer sends at a time", () => {
  const inlet = steadyInlet();
  const buffers = new Set<ArrayBufferLike>();
  for (let i = 0; i < 200; i++) {
    const { chunk } = read(inlet, Math.min(2_176, inlet.target(true).length));
    buffers.add(chunk.buffer);
  }
  assert(buffers.size < 20, `${buffers.size} buffers`);
});

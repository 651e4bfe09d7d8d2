/** What is under way stays as it was encoded, however sends overlap and whatever fails between them. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { EncodeError, raw } from "../../mod.ts";
import { Outgoing } from "../../src/net/udp/outgoing.ts";
import type { DatagramSocket } from "../../src/transport/datagram_types.ts";

const TO: Deno.NetAddr = {
  transport: "udp",
  hostname: "127.0.0.1",
  port: 9,
};

/** Spare memory, and the datagram that is being encoded. */
const MOST_HELD_BYTES = 17 * 131_072;

/** Sends that settle when the test says so; the bytes are looked at then, as late as the system may. */
function open() {
  const pending: (() => void)[] = [];
  const taken: string[] = [];
  const memory = new Set<ArrayBufferLike>();
  const socket: Pick<DatagramSocket, "addr" | "send"> = {
    addr: TO,
    send(bytes) {
      memory.add(bytes.buffer);
      return new Promise((resolve) =>
        pending.push(() => {
          const same = bytes.every((byte) => byte === bytes[0]);
          taken.push(same ? `${bytes.length} × ${bytes[0]}` : "overwritten");
          resolve(bytes.length);
        })
      );
    },
  };
  const outgoing = new Outgoing<Uint8Array>(
    socket as DatagramSocket,
    raw(),
    1_000_000_000,
    (error) => {
      throw error;
    },
  );
  const settle = async (count = pending.length) => {
    for (const take of pending.splice(0, count)) take();
    for (let i = 0; i < 5; i++) await undefined;
  };
  const send = (size: number, byte: number) => {
    assertEquals(outgoing.send(new Uint8Array(size).fill(byte), TO), size);
    return `${size} × ${byte}`;
  };
  return { outgoing, send, settle, taken, memory, pending };
}

Deno.test("Outgoing does not overwrite what is under way, where something always is", async () => {
  const { outgoing, send, settle, taken, memory, pending } = open();
  let most = 0;
  // The first goes alone.
  const sent = [send(1, 1)];
  await settle();
  const sizes = [1, 64, 1_400, 5_000, 16_384, 60_000];
  for (let i = 0; i < 2_000; i++) {
    sent.push(send(sizes[(i * 7 + (i >> 4)) % sizes.length], 1 + i % 255));
    // Never all of them.
    if (pending.length > 1) await settle(pending.length - 1);
    most = Math.max(most, outgoing.heldBytes);
  }
  assert(most <= MOST_HELD_BYTES, `${most} bytes held`);
  await settle();
  await outgoing.idle();
  assertEquals(taken, sent);
  // With nothing else under way the same memory serves again and again.
  memory.clear();
  for (let i = 0; i < 100; i++) {
    send(sizes[i % sizes.length], i);
    await settle();
  }
  assert(memory.size <= 3, `${memory.size} buffers`);
});

Deno.test("Outgoing takes back what it could not send, and leaves what is under way alone", async () => {
  const { outgoing, send, settle, taken } = open();
  const tooLarge = () => outgoing.send(new Uint8Array(65_508), TO);
  assertThrows(tooLarge, EncodeError);
  const sent: string[] = [];
  for (let i = 1; i <= 200; i++) {
    sent.push(send(i * 10, i));
    assertThrows(tooLarge, EncodeError);
    if (i === 100) await settle();
  }
  await settle();
  // The first goes alone.
  await settle();
  assertEquals(taken, sent);
  assertThrows(tooLarge, EncodeError);
  sent.push(send(5, 5));
  await settle();
  assertEquals(taken, sent);
});

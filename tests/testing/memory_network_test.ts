/** The network in memory: what it refuses, what it delays, what it loses. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { manualClock, memoryNetwork, memoryPair } from "../../testing.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

Deno.test("memoryNetwork() lets one server listen at a time, and another after it", () => {
  const network = memoryNetwork();
  const first = network.listen();
  assertThrows(() => network.listen(), Error, "AddrInUse");
  first.close();
  network.listen().close();
});

Deno.test("memoryNetwork() refuses who connects while nobody listens", async () => {
  const network = memoryNetwork();
  await assertRejects(() => network.connect(), Error, "ConnectionRefused");
  network.listen().close();
  await assertRejects(() => network.connect(), Error, "ConnectionRefused");
});

Deno.test("memoryNetwork() keeps who connects until they are accepted, in order, each at an address of its own", async () => {
  const network = memoryNetwork();
  const acceptor = network.listen();
  const near = [await network.connect(), await network.connect()];
  const far = [await acceptor.accept(), await acceptor.accept()];
  for (const i of [0, 1]) {
    await near[i].write(bytes(i));
    const into = bytes(9);
    assertEquals(await far[i].read(into), 1);
    assertEquals(into, bytes(i));
    assertEquals(far[i].remoteAddr, near[i].localAddr);
    assertEquals(far[i].localAddr, acceptor.addr);
  }
  assertEquals(new Set(near.map(({ localAddr }) => localAddr)).size, 2);
});

Deno.test("memoryNetwork() refuses a second accept while one is pending", async () => {
  const network = memoryNetwork();
  const acceptor = network.listen();
  const first = acceptor.accept();
  await assertRejects(() => acceptor.accept(), Error, "Busy");
  const near = await network.connect();
  assertEquals((await first).remoteAddr, near.localAddr);
  acceptor.close();
});

Deno.test("memoryNetwork() that is closed ends a pending accept, resets who was not accepted, and accepts nobody more", async () => {
  const network = memoryNetwork();
  const acceptor = network.listen();
  const waiting = await network.connect();
  await acceptor.accept();
  const pending = assertRejects(() => acceptor.accept(), Error, "Interrupted");
  acceptor.close();
  await pending;
  await assertRejects(() => acceptor.accept(), Error, "BadResource");
  waiting.close();

  const again = network.listen();
  const forgotten = await network.connect();
  again.close();
  await assertRejects(
    () => forgotten.read(bytes(0)),
    Error,
    "ConnectionReset",
  );
});

Deno.test("memoryPair() refuses options out of range, by name and value", () => {
  for (
    const [options, message] of [
      [
        { latencyMs: -1 },
        "'latencyMs' must be at least 0: current value is -1",
      ],
      [
        { sliceBytes: 0 },
        "'sliceBytes' must be at least 1: current value is 0",
      ],
      [{ bufferBytes: NaN }, "'bufferBytes' must be at least 1"],
      [{ bufferBytes: "9" as never }, 'current value is "9"'],
    ] as const
  ) {
    assertThrows(() => memoryPair(options), RangeError, message);
  }
});

Deno.test("memoryPair() refuses a second read or write while one is pending, and anything after close()", async () => {
  const [near, far] = memoryPair({ bufferBytes: 1 });
  const reading = far.read(bytes(0));
  await assertRejects(() => far.read(bytes(0)), Error, "Busy");
  await near.write(bytes(1));
  await reading;
  await near.write(bytes(2));
  const writing = assertRejects(
    () => near.write(bytes(3)),
    Error,
    "Interrupted",
  );
  await assertRejects(() => near.write(bytes(4)), Error, "Busy");
  near.close();
  await writing;
  await assertRejects(() => near.read(bytes(0)), Error, "BadResource");
  await assertRejects(() => near.write(bytes(0)), Error, "BadResource");
  await assertRejects(() => near.closeWrite(), Error, "BadResource");
  assertThrows(() => near.close(), Error, "BadResource");
  assertEquals(await far.read(bytes(0)), 1, "what was taken still arrives");
  assertEquals(await far.read(bytes(0)), null);
  await assertRejects(() => far.write(bytes(5)), Error, "BrokenPipe");
  far.close();
});

Deno.test("memoryPair() reads and writes nothing at once, also when its buffer is full, and writes no more after closeWrite()", async () => {
  const [near, far] = memoryPair({ bufferBytes: 1 });
  assertEquals(await far.read(bytes()), 0);
  await near.write(bytes(1));
  assertEquals(await near.write(bytes()), 0);
  assertEquals(await far.read(bytes(0, 0)), 1);
  const end = far.read(bytes(0, 0));
  await near.closeWrite();
  assertEquals(await end, null);
  await assertRejects(() => near.write(bytes(2)), Error, "BrokenPipe");
  near.close();
  far.close();
});

Deno.test("memoryPair() holds bufferBytes each way, those on the way included, and a read makes room", async () => {
  const clock = manualClock();
  const [near, far] = memoryPair({ bufferBytes: 3, latencyMs: 10, clock });
  assertEquals(await near.write(bytes(1, 2, 3, 4, 5)), 3);
  let taken = 0;
  const writing = near.write(bytes(4, 5)).then((count) => taken = count);
  await clock.settle();
  assertEquals(taken, 0);
  const into = new Uint8Array(8);
  const reading = far.read(into);
  await clock.advance(10);
  assertEquals(await reading, 3);
  await writing;
  assertEquals(taken, 2);
  near.close();
  assertEquals(clock.pendingTimers, 1);
  far.close();
  assertEquals(clock.pendingTimers, 0, "nobody waits for it any more");
});

Deno.test("memoryPair() with latencyMs: bytes and the end come so much later, in order", async () => {
  const clock = manualClock();
  const [near, far] = memoryPair({ latencyMs: 50, clock });
  await near.write(bytes(1));
  await clock.advance(20);
  await near.write(bytes(2));
  await near.closeWrite();
  const came: [number, number | null][] = [];
  const into = new Uint8Array(8);
  const reading = (async () => {
    for (;;) {
      const count = await far.read(into);
      came.push([clock.now(), count]);
      if (count === null) return;
    }
  })();
  await clock.advance(29);
  assertEquals(came, []);
  await clock.advance(1);
  assertEquals(came, [[50, 1]]);
  await clock.advance(20);
  await reading;
  assertEquals(came, [[50, 1], [70, 1], [70, null]]);
  near.close();
  far.close();
});

Deno.test("memoryPair().reset() loses what is on the way, and fails both ends", async () => {
  const clock = manualClock();
  const [near, far] = memoryPair({ latencyMs: 50, clock });
  await near.write(bytes(1));
  const reading = assertRejects(
    () => far.read(bytes(0)),
    Error,
    "ConnectionReset",
  );
  near.reset();
  await reading;
  assertEquals(clock.pendingTimers, 0);
  await assertRejects(() => far.read(bytes(0)), Error, "ConnectionReset");
  await assertRejects(() => far.write(bytes(0)), Error, "ConnectionReset");
  await assertRejects(() => near.read(bytes(0)), Error, "ConnectionReset");
  await assertRejects(() => near.write(bytes(0)), Error, "ConnectionReset");
});

Deno.test("memoryPair() takes a copy: the writer may use its memory again at once", async () => {
  const [near, far] = memoryPair();
  const mine = bytes(1, 2, 3);
  await near.write(mine);
  mine.fill(9);
  const into = new Uint8Array(3);
  await far.read(into);
  assertEquals(into, bytes(1, 2, 3));
  near.close();
  far.close();
});

import { assertEquals, assertRejects } from "@std/assert";
import { FrameTooLargeError, TruncatedFrameError } from "../../src/errors.ts";
import {
  FrameBatchStream,
  FrameDecoderStream,
  lengthPrefixed,
} from "../../src/framing/mod.ts";

const codec = lengthPrefixed({ bytes: 1, maxFrameBytes: 100 });

Deno.test("FrameDecoderStream hands out the good frames first, then the error", async () => {
  const source = ReadableStream.from([Uint8Array.of(1, 7, 1, 8, 200)]);
  const reader = source.pipeThrough(new FrameDecoderStream(codec)).getReader();
  assertEquals((await reader.read()).value, Uint8Array.of(7));
  assertEquals((await reader.read()).value, Uint8Array.of(8));
  await assertRejects(() => reader.read(), FrameTooLargeError);
});

Deno.test("FrameDecoderStream errors at a truncated end, after the good frames", async () => {
  const source = ReadableStream.from([
    Uint8Array.of(1, 7, 2),
    Uint8Array.of(8),
  ]);
  const reader = source.pipeThrough(new FrameDecoderStream(codec)).getReader();
  assertEquals((await reader.read()).value, Uint8Array.of(7));
  await assertRejects(() => reader.read(), TruncatedFrameError);
});

Deno.test("FrameDecoderStream makes a writer wait until its bytes are used up", async () => {
  const stream = new FrameDecoderStream(codec);
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  let done = false;
  const written = writer.write(new Uint8Array(3000)).then(() => done = true);
  for (let i = 0; i < 3000; i++) {
    assertEquals(done, false);
    assertEquals((await reader.read()).value?.length, 0);
  }
  const next = reader.read();
  await written;
  await writer.close();
  assertEquals((await next).done, true);
});

Deno.test("FrameDecoderStream: cancelling the readable errors the writable", async () => {
  const stream = new FrameDecoderStream(codec);
  const writer = stream.writable.getWriter();
  const written = writer.write(Uint8Array.of(1, 7, 1, 8));
  await stream.readable.cancel(new Error("enough"));
  await Promise.allSettled([written]);
  await assertRejects(() => writer.write(Uint8Array.of(1)), Error, "enough");
  await assertRejects(() => writer.closed, Error, "enough");
});

Deno.test("FrameDecoderStream: aborting the writable errors the readable, also during a write", async () => {
  for (const chunk of [undefined, Uint8Array.of(1, 7, 1, 8)]) {
    const stream = new FrameDecoderStream(codec);
    const writer = stream.writable.getWriter();
    const written = chunk && writer.write(chunk);
    const aborted = writer.abort(new Error("stop"));
    await assertRejects(
      () => stream.readable.getReader().read(),
      Error,
      "stop",
    );
    await aborted;
    await Promise.allSettled([written, writer.closed]);
  }
});

Deno.test("FrameDecoderStream answers reads that wait, in order, then with the error or the end", async () => {
  const cases: [number, string | undefined][] = [
    [200, "FrameTooLargeError"],
    [2, "TruncatedFrameError"],
    [0, undefined],
  ];
  for (const [last, error] of cases) {
    const stream = new FrameDecoderStream(codec);
    const reader = stream.readable.getReader();
    const writer = stream.writable.getWriter();
    const reads = Array.from({ length: 5 }, () => reader.read());
    const writes = [
      writer.write(Uint8Array.of(1)),
      writer.write(Uint8Array.of(7, 1, 8, 1)),
      writer.write(Uint8Array.of(9, last)),
      writer.close(),
    ];
    const outcomes = (await Promise.allSettled(reads)).map((outcome) =>
      outcome.status === "rejected"
        ? outcome.reason.name
        : outcome.value.value?.length
    );
    const end = error === undefined ? [0, undefined] : [error, error];
    assertEquals(outcomes, [1, 1, 1, ...end]);
    assertEquals((await reads[2]).value, Uint8Array.of(9));
    await Promise.allSettled([...writes, writer.closed]);
  }
});

Deno.test("FrameDecoderStream ends a write when the reader that waits has all its frames", async () => {
  const stream = new FrameDecoderStream(codec);
  const reader = stream.readable.getReader();
  const writer = stream.writable.getWriter();
  // No frame ends in the first, one in the second, and nobody reads on.
  const read = reader.read();
  await writer.write(Uint8Array.of(2, 7));
  await writer.write(Uint8Array.of(8));
  assertEquals((await read).value, Uint8Array.of(7, 8));
  // Two in the third: it is used up when the second has been read, and somebody asks for more.
  const more = reader.read();
  let done = false;
  const written = writer.write(Uint8Array.of(1, 1, 1, 2)).then(() =>
    done = true
  );
  assertEquals((await more).value, Uint8Array.of(1));
  assertEquals(done, false);
  assertEquals((await reader.read()).value, Uint8Array.of(2));
  const end = reader.read();
  await written;
  await writer.close();
  assertEquals((await end).done, true);
});

Deno.test("FrameBatchStream answers reads that wait, in order", async () => {
  const stream = new FrameBatchStream(codec);
  const reader = stream.readable.getReader();
  const writer = stream.writable.getWriter();
  const reads = Array.from({ length: 4 }, () => reader.read());
  // More than one batch of empty frames in one chunk, and then a chunk without any.
  await writer.write(new Uint8Array(1500));
  await writer.write(Uint8Array.of(1));
  await writer.write(Uint8Array.of(7));
  await writer.close();
  const batches = await Promise.all(reads);
  assertEquals(batches.map(({ value }) => value?.length), [
    1024,
    476,
    1,
    undefined,
  ]);
});

import { assertEquals, assertRejects } from "@std/assert";
import { FrameTooLargeError, TruncatedFrameError } from "../../src/errors.ts";
import { FrameDecoderStream, lengthPrefixed } from "../../src/framing/mod.ts";

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

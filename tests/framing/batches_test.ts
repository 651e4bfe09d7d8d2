import { assertEquals, assertRejects } from "@std/assert";
import {
  EncodeError,
  FrameTooLargeError,
  TruncatedFrameError,
} from "../../src/errors.ts";
import {
  decodeAll,
  decodeBatches,
  decodeFrames,
  FrameBatchStream,
  FrameDecoderStream,
  FrameEncoderStream,
  lengthPrefixed,
} from "../../src/framing/mod.ts";

const codec = lengthPrefixed({ bytes: 1, maxFrameBytes: 100 });

/** A source that tells whether it was closed. */
function sourceOf(...chunks: Uint8Array[]) {
  const state = { asked: 0, closed: false };
  const source = async function* () {
    try {
      for (const chunk of chunks) {
        state.asked++;
        yield await Promise.resolve(chunk);
      }
    } finally {
      state.closed = true;
    }
  };
  return { state, source: source() };
}

Deno.test("FrameBatchStream hands out the good frames as a batch, then the error", async () => {
  const source = ReadableStream.from([Uint8Array.of(1, 7, 1, 8, 200)]);
  const reader = source.pipeThrough(new FrameBatchStream(codec)).getReader();
  assertEquals((await reader.read()).value, [
    Uint8Array.of(7),
    Uint8Array.of(8),
  ]);
  await assertRejects(() => reader.read(), FrameTooLargeError);
});

Deno.test("FrameBatchStream hands out 1024 frames at once at most", async () => {
  const source = ReadableStream.from([new Uint8Array(2500)]);
  const sizes = [];
  for await (const batch of source.pipeThrough(new FrameBatchStream(codec))) {
    sizes.push(batch.length);
  }
  assertEquals(sizes, [1024, 1024, 452]);
});

Deno.test("decodeFrames() asks its source for more only when no frame is at hand", async () => {
  const { state, source } = sourceOf(
    Uint8Array.of(1, 7, 1, 8),
    Uint8Array.of(1, 9),
  );
  const frames = decodeFrames(codec, source);
  assertEquals(state.asked, 0);
  await frames.next();
  await frames.next();
  assertEquals(state.asked, 1);
  assertEquals((await frames.next()).value, Uint8Array.of(9));
  assertEquals((await frames.next()).done, true);
  assertEquals((await frames.next()).done, true);
  assertEquals(state.closed, true);
});

Deno.test("decodeFrames() keeps order when next() is called without waiting", async () => {
  const { source } = sourceOf(
    Uint8Array.of(1, 1, 1, 2, 1),
    Uint8Array.of(3, 1, 4),
  );
  const frames = decodeFrames(codec, source);
  const results = await Promise.all(
    Array.from({ length: 6 }, () => frames.next()),
  );
  assertEquals(results.map(({ value }) => value?.[0]), [
    1,
    2,
    3,
    4,
    undefined,
    undefined,
  ]);
});

Deno.test("decodeFrames() and decodeBatches() close their source when the consumer stops", async () => {
  const first = sourceOf(Uint8Array.of(1, 7, 1, 8), Uint8Array.of(1, 9));
  for await (const _ of decodeFrames(codec, first.source)) break;
  assertEquals(first.state, { asked: 1, closed: true });
  const second = sourceOf(Uint8Array.of(1, 7, 1, 8), Uint8Array.of(1, 9));
  for await (const _ of decodeBatches(codec, second.source)) break;
  assertEquals(second.state, { asked: 1, closed: true });
});

Deno.test("decodeFrames() closes its source at an error, after the good frames", async () => {
  const { state, source } = sourceOf(
    Uint8Array.of(1, 7, 200),
    Uint8Array.of(1),
  );
  const frames = decodeFrames(codec, source);
  assertEquals((await frames.next()).value, Uint8Array.of(7));
  await assertRejects(() => frames.next(), FrameTooLargeError);
  assertEquals(state.closed, true);
  assertEquals((await frames.next()).done, true);
});

Deno.test("decodeFrames() tells an error of its source after the good frames, and is at its end then", async () => {
  const failing = async function* () {
    yield Uint8Array.of(1, 7, 1);
    yield await Promise.reject(new Error("broken"));
  };
  const frames = decodeFrames(codec, failing());
  assertEquals((await frames.next()).value, Uint8Array.of(7));
  await assertRejects(() => frames.next(), Error, "broken");
  assertEquals((await frames.next()).done, true);
});

Deno.test("decodeFrames() told to stop while a call waits answers that first, and closes its source once", async () => {
  const first = Promise.withResolvers<IteratorResult<Uint8Array>>();
  const calls: string[] = [];
  const source: AsyncIterableIterator<Uint8Array> = {
    next() {
      calls.push("next");
      return first.promise;
    },
    return() {
      calls.push("return");
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  const frames = decodeFrames(codec, source);
  const answers = [frames.next(), frames.next(), frames.return!()];
  first.resolve({ done: false, value: Uint8Array.of(1, 7, 1, 8, 1, 9) });
  const values = (await Promise.all(answers)).map(({ value }) => value?.[0]);
  assertEquals(values, [7, 8, undefined]);
  assertEquals((await frames.next()).done, true);
  assertEquals((await frames.return!()).done, true);
  assertEquals(calls, ["next", "return"]);
});

Deno.test("decodeFrames() tells the first error, also where closing its source fails", async () => {
  const source: AsyncIterableIterator<Uint8Array> = {
    next: () => Promise.resolve({ done: false, value: Uint8Array.of(200) }),
    return: () => Promise.reject(new Error("cannot close")),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  const frames = decodeFrames(codec, source);
  await assertRejects(() => frames.next(), FrameTooLargeError);
  assertEquals((await frames.next()).done, true);
});

Deno.test("what is no byte array is a TypeError for every face, and leaves nobody waiting", async () => {
  const wrong = () => sourceOf("ab" as unknown as Uint8Array);
  const expect = (step: () => Promise<unknown>) =>
    assertRejects(step, TypeError, "Cannot decode string");
  const iterated = wrong();
  await expect(() => decodeFrames(codec, iterated.source).next());
  assertEquals(iterated.state.closed, true);
  const batched = wrong();
  await expect(() => decodeBatches(codec, batched.source).next());
  assertEquals(batched.state.closed, true);
  const pipe = <T>(stream: TransformStream<Uint8Array, T>) =>
    ReadableStream.from(wrong().source).pipeThrough(stream).getReader().read();
  await expect(() => pipe(new FrameDecoderStream(codec)));
  await expect(() => pipe(new FrameBatchStream(codec)));
});

Deno.test("decodeBatches() tells a truncated end after the good frames", async () => {
  const batches = decodeBatches(codec, sourceOf(Uint8Array.of(1, 7, 2)).source);
  assertEquals((await batches.next()).value, [Uint8Array.of(7)]);
  await assertRejects(() => batches.next(), TruncatedFrameError);
});

Deno.test("FrameEncoderStream writes a chunk per frame, and errors both ends", async () => {
  const stream = new FrameEncoderStream(codec);
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  const written = writer.write(Uint8Array.of(7));
  assertEquals((await reader.read()).value, Uint8Array.of(1, 7));
  await written;
  const read = assertRejects(() => reader.read(), EncodeError);
  await assertRejects(() => writer.write(new Uint8Array(100)), EncodeError);
  await read;
  await assertRejects(() => writer.closed, EncodeError);
});

Deno.test("decodeAll() gives frames or throws", () => {
  assertEquals(decodeAll(codec, Uint8Array.of(0, 0)).length, 2);
  assertEquals(decodeAll(codec, new Uint8Array(0)), []);
});

/**
 * Framing, measured: `deno task bench`. Every group is one shape of stream; its baseline is the shortest
 * hand-written loop for that format, or our own decoder where other libraries are compared. Before anything
 * is timed, all contenders of a group must give the same frames.
 *
 * The time is that of a whole stream of about 2 MiB (64 KiB where every byte is a chunk). Arguments choose groups by
 * a part of their names: `deno task bench -- "lines, 64 B"`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  type Codec,
  delimited,
  encodeFrame,
  lengthPrefixed,
  lines,
  netstring,
  varintPrefixed,
} from "../src/framing/mod.ts";
import {
  bareFaces,
  batchIterator,
  batchStream,
  type Contender,
  delimiterStream,
  iterator,
  itLengthPrefixed,
  lengthFloor,
  lengthPrefixedStream,
  lengthTransform,
  linesFloor,
  netstringFloor,
  scanner,
  stream,
  sync,
  textLineStream,
} from "./framing/contenders.ts";
import {
  type Cut,
  CUTS,
  isWanted,
  type Shape,
  shape,
  SIZES,
  units,
} from "./framing/shapes.ts";

const LIMIT = 2_097_152;

/** What a contender gives of a shape, and whether it takes its time over it. */
async function summary<T extends { length: number }>(
  run: Contender<T>,
  { chunks }: Shape,
): Promise<{ result: number[]; isAsync: boolean; ms: number }> {
  const started = performance.now();
  let frames = 0;
  let length = 0;
  const running = run(chunks, (frame, start = 0, end = frame.length) => {
    frames++;
    length += end - start;
  });
  await running;
  return {
    result: [frames, length],
    isAsync: running instanceof Promise,
    ms: performance.now() - started,
  };
}

/** Where frames go: looking at them, of all sorts as they are, would cost as much as the scanner does. */
const sink: { last: unknown } = { last: undefined };

async function group<T extends { length: number }>(
  format: string,
  it: Shape,
  contenders: Record<string, Contender<T> | undefined>,
): Promise<void> {
  if (!isWanted(`${format}, ${it.name}`)) return;
  let expected: number[] | undefined;
  let baseline = true;
  for (const [name, run] of Object.entries(contenders)) {
    if (run === undefined) continue;
    const { result, isAsync, ms } = await summary(run, it);
    assertEquals(result[0], it.frames, `${format}, ${it.name}, ${name}`);
    assertEquals(result, expected ??= result, `${format}, ${it.name}, ${name}`);
    const visit = (frame: T) => void (sink.last = frame);
    const group = `${format}, ${it.name}`;
    // The runner awaits what is an `async` function, and only that.
    Deno.bench({
      name,
      group,
      baseline,
      // There are some three hundred of these: about a quarter of a second for each.
      n: Math.round(Math.min(400, Math.max(5, 250 / ms))),
      warmup: 5,
      fn: isAsync
        ? async () => await run(it.chunks, visit)
        : () => void run(it.chunks, visit),
    });
    baseline = false;
  }
}

// Where a frame comes in very many pieces, whatever joins what it has at each of them needs minutes.
const fits = (size: number, cut: Cut) => cut !== 1 || size <= 1024;

for (const size of SIZES) {
  const frame = new Uint8Array(size).fill(0x61);
  for (const cut of CUTS) {
    const codec = lengthPrefixed({ maxFrameBytes: LIMIT });
    await group("lengthPrefixed", shape(codec, frame, size, cut), {
      "floor": fits(size, cut) ? lengthFloor : undefined,
      "decoder()": sync(codec),
      "scanner()": scanner(codec),
      "FrameBatchStream": batchStream(codec),
      "FrameDecoderStream": stream(codec),
      "hand-written TransformStream": fits(size, cut)
        ? lengthTransform
        : undefined,
    });
  }
}

for (const size of SIZES) {
  const frame = new Uint8Array(size).fill(0x61);
  for (const cut of CUTS) {
    const codec = varintPrefixed({ maxFrameBytes: LIMIT });
    await group("varintPrefixed", shape(codec, frame, size, cut), {
      "decoder()": sync(codec),
      "FrameDecoderStream": stream(codec),
      "decodeFrames": iterator(codec),
      "decodeBatches": batchIterator(codec),
      "it-length-prefixed": itLengthPrefixed,
      "length-prefixed-stream": lengthPrefixedStream,
    });
  }
}

for (const size of [16, 64, 1024]) {
  for (const cut of [1460, 65_536] as const) {
    const line = "x".repeat(size);
    await group("lines", shape(lines(), line, size, cut), {
      "floor": linesFloor,
      "decoder()": sync(lines()),
      "FrameBatchStream": batchStream(lines()),
      "FrameDecoderStream": stream(lines()),
      "decodeFrames": iterator(lines()),
      "decodeBatches": batchIterator(lines()),
      "TextLineStream": textLineStream,
    });
  }
}

const LF = Uint8Array.of(0x0a);
for (const size of [64, 1024]) {
  const frame = new Uint8Array(size).fill(0x61);
  const atLf = delimited(LF);
  await group("delimited", shape(atLf, frame, size, 65_536), {
    "decoder()": sync(atLf),
    "FrameBatchStream": batchStream(atLf),
    "FrameDecoderStream": stream(atLf),
    "DelimiterStream": delimiterStream(LF),
  });
  await group("netstring", shape(netstring(), frame, size, 65_536), {
    "floor": netstringFloor,
    "decoder()": sync(netstring()),
    "scanner()": scanner(netstring()),
  });
}

/** Feeds views as they are needed: sixteen million of them at once would be measured instead. */
function feedCut<T>(codec: Codec<T, never>, wire: Uint8Array, cut: number) {
  const decoder = codec.decoder();
  const frames = [];
  for (let at = 0; at < wire.length; at += cut) {
    decoder.feed(wire.subarray(at, at + cut));
    for (let f = decoder.next(); f !== undefined; f = decoder.next()) {
      frames.push(f);
    }
  }
  sink.last = frames;
}

// Linear: a byte takes as long in a frame of 16 MiB as in one of 1 MiB, however it is cut. Both ways it is 16 MiB
// of wire, and of frames that are kept to the end: memory that is used again is several times as fast as other.
const most = 2 ** 25;
const prefixed = lengthPrefixed({ maxFrameBytes: most });
const long = lines({ maxFrameBytes: most });
for (const size of [2 ** 20, 2 ** 24]) {
  const count = 2 ** 24 / size;
  const frame = repeated(encodeFrame(prefixed, new Uint8Array(size)), count);
  const line = repeated(encodeFrame(long, "x".repeat(size)), count);
  const many = count === 1 ? "a" : "sixteen";
  const s = count === 1 ? "" : "s";
  for (const cut of [1, 16, 1460, 65_536]) {
    const group = `linear, ${units(cut)} chunks`;
    if (!isWanted(group)) continue;
    const options = { group, n: cut < 1460 ? 3 : 10, warmup: 1 };
    Deno.bench({
      ...options,
      name: `${many} frame${s} of ${units(size)}`,
      baseline: count > 1,
      fn: () => feedCut(prefixed, frame, cut),
    });
    Deno.bench({
      ...options,
      name: `${many} line${s} of ${units(size)}`,
      fn: () => feedCut(long, line, cut),
    });
  }
}

// What that costs without a decoder: memory of the size, filled at once, and the text of it.
const filled = new Uint8Array(2 ** 24).fill(0x61);
const utf8 = new TextDecoder();
for (const size of [2 ** 20, 2 ** 24]) {
  const group = "memory, 16 MiB filled by hand";
  if (!isWanted(group)) continue;
  const what = size === 2 ** 24 ? units(size) : `sixteen times ${units(size)}`;
  for (const isText of [false, true]) {
    Deno.bench({
      name: isText ? `${what} and its text` : what,
      group,
      baseline: !isText && size === 2 ** 20,
      n: 10,
      warmup: 1,
      fn: () => {
        const kept = [];
        for (let at = 0; at < filled.length; at += size) {
          const copy = new Uint8Array(size);
          copy.set(filled.subarray(at, at + size));
          kept.push(isText ? utf8.decode(copy) : copy);
        }
        sink.last = kept;
      },
    });
  }
}

function repeated(wire: Uint8Array, count: number): Uint8Array {
  const all = new Uint8Array(count * wire.length);
  for (let i = 0; i < count; i++) all.set(wire, i * wire.length);
  return all;
}

// What no face that is a stream or an iterator can go below: the same without any framing.
const items = new Array(32_768).fill(new Uint8Array(64));
for (const [name, run] of Object.entries(bareFaces)) {
  const group = "without framing, 32768 items";
  if (!isWanted(group)) break;
  Deno.bench({
    name,
    group,
    n: 30,
    warmup: 5,
    fn: async () => await run(items, (item) => void (sink.last = item)),
  });
}

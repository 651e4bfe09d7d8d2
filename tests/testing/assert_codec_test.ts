/** The contract kit for codecs finds what it is there for: a good codec, broken in one way at a time. */

import { assertRejects } from "@std/assert";
import {
  type ByteCodec,
  type ByteSink,
  type Codec,
  defineCodec,
  delimited,
  EncodeError,
  type FrameDecoder,
  FrameError,
  FrameTooLargeError,
  lengthPrefixed,
  marked,
  netstring,
  varintPrefixed,
} from "../../framing.ts";
import { ByteWriter } from "../../src/framing/mod.ts";
import { assertCodec } from "../../testing.ts";

const good = lengthPrefixed({ maxFrameBytes: 20_000 });
const bytes = (...values: number[]) => Uint8Array.from(values);
const SAMPLES = [bytes(), bytes(1), bytes(2, 3, 4)];
/** A frame that declares more than the limit, behind one that is fine. */
const MALFORMED = bytes(0, 0, 0, 1, 7, 255, 255, 255, 255);
const TOO_LONG = new Uint8Array(20_000);

type Decoder = FrameDecoder<Uint8Array>;

/** `good`, with another decoder: what `change` gives replaces members of a good one. */
function decoding(
  change: (decoder: Decoder) => Partial<Decoder>,
): Codec<Uint8Array> {
  return {
    name: "broken",
    maxFrameBytes: good.maxFrameBytes,
    aliases: true,
    encode: good.encode,
    decoder() {
      const inner = good.decoder();
      const plain: Decoder = {
        feed: (chunk) => inner.feed(chunk),
        next: () => inner.next(),
        end: () => inner.end(),
        takeRest: () => inner.takeRest(),
        get bufferedBytes() {
          return inner.bufferedBytes;
        },
      };
      return Object.defineProperties(
        plain,
        Object.getOwnPropertyDescriptors(change(inner)),
      );
    },
  };
}

function encoding(
  encode: (frame: Uint8Array, sink: ByteSink) => void,
): Codec<Uint8Array> {
  return { ...good, name: "broken", encode };
}

/** Remembers the first error of `decoder.next()`, and lets `tell` say what comes of it. */
function onError(
  decoder: Decoder,
  tell: (error: unknown, times: number) => Uint8Array | undefined,
): () => Uint8Array | undefined {
  let times = 0;
  return () => {
    try {
      return decoder.next();
    } catch (error) {
      return tell(error, ++times);
    }
  };
}

const BROKEN: Record<string, { codec: Codec<Uint8Array>; says: string }> = {
  "does not give back what was encoded": {
    codec: decoding((decoder) => ({
      next: () => decoder.next()?.toReversed(),
    })),
    says: "decode(encode(x))",
  },
  "loses a frame that is torn": {
    codec: decoding((decoder) => ({
      feed(chunk) {
        if (decoder.bufferedBytes > 0) decoder.takeRest();
        decoder.feed(chunk);
      },
    })),
    says: "broken breaks its contract (decoder, cut at 1",
  },
  "swallows its error the second time": {
    codec: decoding((decoder) => ({
      next: onError(decoder, (error, times) => {
        if (times === 1) throw error;
        return undefined;
      }),
    })),
    says: "did not throw the same error again",
  },
  "throws another error each time": {
    codec: decoding((decoder) => ({
      next: onError(decoder, (error) => {
        const { codec, offset, window } = error as FrameError;
        throw new FrameError("again", { codec, offset, window });
      }),
    })),
    says: "did not throw the same error again",
  },
  "holds memory after an error": {
    codec: decoding((decoder) => {
      let failed = false;
      return {
        next: onError(decoder, (error) => {
          failed = true;
          throw error;
        }),
        get bufferedBytes() {
          return failed ? 5 : decoder.bufferedBytes;
        },
      };
    }),
    says: "5 bytes are still buffered after an error",
  },
  "throws what is no FrameError": {
    codec: decoding((decoder) => {
      const wrong = new RangeError("out of range");
      return {
        next: onError(decoder, () => {
          throw wrong;
        }),
      };
    }),
    says: "something else than a FrameError",
  },
  "keeps what it gave back": {
    codec: decoding((decoder) => ({
      takeRest() {
        const rest = decoder.takeRest();
        decoder.feed(rest.slice());
        return rest;
      },
    })),
    says: "is not empty after takeRest()",
  },
  "gives back less than it had": {
    codec: decoding((decoder) => ({
      takeRest: () => decoder.takeRest().subarray(1),
    })),
    says: "takeRest() after",
  },
  "writes a torn frame into the memory of the one before": {
    codec: decoding((decoder) => {
      const memory = new Uint8Array(20_000);
      let torn = false;
      return {
        feed(chunk) {
          torn = decoder.bufferedBytes > 0;
          decoder.feed(chunk);
        },
        next() {
          const frame = decoder.next();
          if (frame === undefined || !torn) return frame;
          torn = false;
          memory.set(frame);
          return memory.subarray(0, frame.length);
        },
      };
    }),
    says: "broken breaks its contract (decoder, cut at 1",
  },
  "does not say how much it holds": {
    codec: decoding(() => ({
      get bufferedBytes() {
        return 0;
      },
    })),
    says: "says that 0 bytes are buffered, and takeRest() gives 1",
  },
  "hands out frames without end": {
    codec: decoding(() => ({ next: () => bytes() })),
    says: "frames, and more",
  },
  "takes a chunk before one that waits": {
    codec: decoding((decoder) => {
      const waiting: Uint8Array[] = [];
      let ended = false;
      return {
        end: () => void (ended = true),
        feed(chunk) {
          if (decoder.bufferedBytes === 0) decoder.feed(chunk);
          else waiting.push(chunk);
        },
        next() {
          for (;;) {
            const frame = decoder.next();
            if (frame !== undefined) return frame;
            const chunk = waiting.shift();
            if (chunk !== undefined) {
              decoder.feed(chunk);
            } else if (ended) {
              decoder.end();
              return decoder.next();
            } else {
              return undefined;
            }
          }
        },
        get bufferedBytes() {
          return waiting.reduce(
            (sum, chunk) => sum + chunk.length,
            decoder.bufferedBytes,
          );
        },
      };
    }),
    says: "decoder, asked now and then",
  },
  "does not copy what it is told to copy": {
    codec: decoding(() => ({ detach() {} })),
    says: "its chunks rewritten",
  },
  "hands out views though it says that it does not": {
    codec: {
      ...decoding((decoder) => ({ detach: () => decoder.detach!() })),
      aliases: false,
    },
    says: "its chunks rewritten",
  },
  "forgets what was written into its space": {
    codec: decoding((decoder) => ({
      space: () => decoder.space!()?.slice(),
      filled: (byteLength) => decoder.filled!(byteLength),
    })),
    says: "its space filled",
  },
  "scans otherwise than it decodes": {
    codec: {
      ...good,
      name: "broken",
      scanner() {
        const scanner = good.scanner();
        return {
          scan: (chunk, visit) =>
            scanner.scan(
              chunk,
              (of, start, end) => visit(of, start, Math.max(start, end - 1)),
            ),
          end: () => scanner.end(),
        };
      },
    } as ByteCodec,
    says: "scanner",
  },
  "encodes for one kind of sink only": {
    codec: encoding((frame, sink) => {
      if (!(sink instanceof ByteWriter)) sink.uint(0, 4);
      good.encode(frame, sink);
    }),
    says: "encodes otherwise into another sink",
  },
  "encodes what it must refuse": {
    codec: encoding((frame, sink) => {
      sink.uint(frame.length, 4);
      sink.bytes(frame);
    }),
    says: "must refuse to encode",
  },
  "refuses with another error": {
    codec: encoding((frame, sink) => {
      if (frame.length > 1_000) throw new RangeError("too long");
      good.encode(frame, sink);
    }),
    says: "must refuse to encode",
  },
  "leaves half of what it refuses": {
    codec: encoding((frame, sink) => {
      sink.uint(frame.length, 4);
      if (frame.length > 1_000) throw new EncodeError("too long");
      sink.bytes(frame);
    }),
    says: "left 4 bytes of a frame that it refused",
  },
};

const OPTIONS = {
  streams: [
    MALFORMED,
    new Uint8Array([0, 0, 0x20, 0, ...new Uint8Array(8_192).fill(7)]),
  ],
  unencodable: [TOO_LONG],
};

Deno.test("assertCodec() passes the codec that the broken ones are made from", async () => {
  await assertCodec(good, SAMPLES, OPTIONS);
  await assertCodec(decoding(() => ({})), SAMPLES, OPTIONS);
});

for (const [what, { codec, says }] of Object.entries(BROKEN)) {
  Deno.test(`assertCodec() finds a codec that ${what}`, async () => {
    const error = await assertRejects(
      () => assertCodec(codec, SAMPLES, OPTIONS),
      Error,
    );
    const all = `${error.message} ${
      (error.cause as Error | undefined)?.message
    }`;
    if (!all.includes(says)) throw error;
  });
}

/** `codec`, which says another limit than it keeps. */
const saying = <T>(maxFrameBytes: number, codec: Codec<T>): Codec<T> => ({
  ...codec,
  name: "broken",
  maxFrameBytes,
});

/** Refuses too long a frame only where it has to wait for its end. */
function refusingLate(maxFrameBytes: number): Codec<Uint8Array> {
  const inner = delimited(";", { maxFrameBytes: Infinity });
  return {
    ...saying(maxFrameBytes, inner),
    decoder() {
      const decoder = inner.decoder();
      let error: FrameError | undefined;
      return {
        feed: (chunk) => decoder.feed(chunk),
        next() {
          if (error !== undefined) throw error;
          const frame = decoder.next();
          if (frame === undefined && decoder.bufferedBytes > maxFrameBytes) {
            decoder.takeRest();
            const declaredBytes = maxFrameBytes + 1;
            const place = { codec: "broken", offset: 0, window: "" };
            error = new FrameTooLargeError({
              ...place,
              declaredBytes,
              maxFrameBytes,
            });
            throw error;
          }
          return frame;
        },
        end: () => decoder.end(),
        takeRest: () => decoder.takeRest(),
        get bufferedBytes() {
          return decoder.bufferedBytes;
        },
      };
    },
  };
}

const UNBOUNDED: [string, Codec<Uint8Array>, Uint8Array[], string][] = [
  [
    "waits for an end without bound",
    saying(1_000, delimited(";", { maxFrameBytes: Infinity })),
    [],
    "1001 bytes wait for the rest of a frame, and the limit is 1000",
  ],
  [
    "waits for an end without bound, behind a beginning",
    saying(1_000, marked({ start: "<", end: ">" }, { maxFrameBytes: 9_000 })),
    [],
    "1001 bytes wait for the rest of a frame, and the limit is 1000",
  ],
  [
    "does not count the delimiter",
    saying(1_000, delimited("\r\n", { maxFrameBytes: 1_002 })),
    [],
    "1001 bytes wait for the rest of a frame, and the limit is 1000",
  ],
  [
    "takes a length over its limit",
    saying(1_000, lengthPrefixed({ maxFrameBytes: 9_000 })),
    [bytes(0, 0, 0, 1, 7, 0, 0, 0x20, 0)],
    "bytes wait for the rest of a frame, and the limit is 1000",
  ],
  [
    "takes too long a frame where its end has come",
    refusingLate(1_000),
    [],
    "broken breaks its contract (longer than the limit, cut at 0,1000,1001)",
  ],
];

for (const [what, codec, streams, says] of UNBOUNDED) {
  Deno.test(`assertCodec() finds a codec that ${what}`, async () => {
    const samples = [bytes(), bytes(1), bytes(2, 3, 4)];
    const error = await assertRejects(
      () => assertCodec(codec, samples, { streams }),
      Error,
    );
    const all = `${error.message} ${
      (error.cause as Error | undefined)?.message
    }`;
    if (!all.includes(says)) throw error;
  });
}

Deno.test("assertCodec() passes codecs of any limit that keep it", async () => {
  const samples = [bytes(1), bytes(2, 3, 4)];
  for (const maxFrameBytes of [40, 1_000, 70_000, 1_048_576, Infinity]) {
    for (
      const codec of [
        delimited(";", { maxFrameBytes }),
        marked({ start: "<", end: ">" }, { maxFrameBytes }),
        netstring({ maxFrameBytes }),
        varintPrefixed({ maxFrameBytes }),
        // It never asks has(), and takes what it waits for.
        defineCodec<Uint8Array>({
          name: "gathering",
          maxFrameBytes,
          decoder() {
            let taken: number[] = [];
            return {
              decode(source) {
                while (source.length > 0) {
                  const [byte] = source.take(1);
                  if (byte !== 0x3b) taken.push(byte);
                  else {
                    const frame = Uint8Array.from(taken);
                    taken = [];
                    return frame;
                  }
                }
              },
            };
          },
          encode(frame, sink) {
            sink.bytes(frame);
            sink.text(";");
          },
        }),
      ]
    ) {
      await assertCodec(codec, samples);
    }
  }
});

Deno.test("assertCodec() compares by 'equal' where frames are no plain data", async () => {
  class Point {
    readonly #x: number;
    constructor(x: number) {
      this.#x = x;
    }
    equals = (other: Point) => other.#x === this.#x;
    get x() {
      return this.#x;
    }
  }
  const codec: Codec<Point> = {
    name: "points",
    maxFrameBytes: good.maxFrameBytes,
    aliases: false,
    decoder() {
      const inner = good.decoder();
      return {
        feed: (chunk) => inner.feed(chunk),
        next() {
          const frame = inner.next();
          return frame === undefined ? undefined : new Point(frame[0]);
        },
        end: () => inner.end(),
        takeRest: () => inner.takeRest(),
        get bufferedBytes() {
          return inner.bufferedBytes;
        },
      };
    },
    encode: (point, sink) => good.encode(bytes(point.x), sink),
  };
  const samples = [new Point(1), new Point(2)];
  await assertCodec(codec, samples, { equal: (a, b) => a.equals(b) });
  await assertRejects(
    () => assertCodec(codec, samples, { equal: () => false }),
    Error,
    "breaks its contract",
  );
});

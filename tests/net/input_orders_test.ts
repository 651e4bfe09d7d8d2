import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  ByteWriter,
  type Codec,
  lengthPrefixed,
  lines,
} from "../../src/framing/mod.ts";
import { Input } from "../../src/net/input.ts";
import { Slots } from "../../src/net/slots.ts";
import type { ByteStream } from "../../src/transport/mod.ts";

/** What the peer sends, and what is done when its turn has come. */
type Item = { kind: "frame" | "body" | "late" | "skipped"; size: number } | {
  kind: "switch";
  to: "bytes" | "lines";
};

/** A read takes place when it is told to, and its memory holds anything until then. */
class HeldStream implements Pick<ByteStream, "read"> {
  readonly #wire: Uint8Array;
  #at = 0;
  #held: { into: Uint8Array; done: (count: number | null) => void } | undefined;

  constructor(wire: Uint8Array) {
    this.#wire = wire;
  }

  get isRead(): boolean {
    return this.#held !== undefined;
  }

  read(into: Uint8Array): Promise<number | null> {
    into.fill(0xee);
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.#held = { into, done: resolve };
    return promise;
  }

  /** How much it has brought. */
  get at(): number {
    return this.#at;
  }

  bring(most: number): void {
    const { into, done } = this.#held!;
    this.#held = undefined;
    const left = this.#wire.subarray(this.#at);
    const count = Math.min(most, left.length, into.length);
    into.set(left.subarray(0, count));
    this.#at += count;
    done(left.length === 0 ? null : count);
  }
}

/** Slots that know what was cut from them. */
class KnownSlots extends Slots {
  readonly memory = new Set<ArrayBufferLike>();

  override take(): Uint8Array {
    const slot = super.take();
    this.memory.add(slot.buffer);
    return slot;
  }
}

const CODECS = { bytes: lengthPrefixed(), lines: lines() };
const ENCODER = new TextEncoder();
/** Takes every byte for a character. */
const DECODER = new TextDecoder("latin1");

/** No two pieces of the wire are alike. */
function textOf(index: number, size: number): string {
  return `${index}:${String.fromCharCode(97 + index % 26).repeat(size)}`;
}

/** The large ones are read straight into the frame. */
const size = fc.oneof(
  { weight: 5, arbitrary: fc.nat(40) },
  { weight: 5, arbitrary: fc.nat(3_000) },
  { weight: 1, arbitrary: fc.nat(30_000) },
);

const item: fc.Arbitrary<Item> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("frame" as const),
      size,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "body" as const,
        "late" as const,
        "skipped" as const,
      ),
      size,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("switch" as const),
      to: fc.constantFrom("bytes" as const, "lines" as const),
    }),
  },
);

const script = fc.record({
  items: fc.array(item, { minLength: 1, maxLength: 40 }),
  begin: fc.constantFrom("bytes" as const, "lines" as const),
  /** How many bytes each read brings, over and over. */
  cuts: fc.array(
    fc.oneof(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 9_000 }),
    ),
    { minLength: 1, maxLength: 8 },
  ),
  /** What happens beside, over and over. */
  beside: fc.array(fc.constantFrom("nothing", "read", "want", "relax"), {
    minLength: 1,
    maxLength: 12,
  }),
});

for (const borrowed of [false, true]) {
  const how = borrowed ? "lent" : "kept";
  Deno.test(`Input writes to no frame and no body that somebody looks at, ${how}, in whatever order things happen`, async () => {
    await fc.assert(
      fc.asyncProperty(script, async ({ items, begin, cuts, beside }) => {
        let codec: Codec<Uint8Array> | Codec<string> = CODECS[begin];
        const texts = items.map((item, i) =>
          item.kind === "switch" ? "" : textOf(i, item.size)
        );
        const wire = new ByteWriter();
        /** Where each item ends on the wire. */
        const ends: number[] = [];
        for (const [i, item] of items.entries()) {
          const bytes = ENCODER.encode(texts[i]);
          if (item.kind === "switch") codec = CODECS[item.to];
          else if (item.kind === "late" && codec === CODECS.bytes) {
            // A body that the decoder takes for a frame, as far as it has come.
            const before = wire.length;
            codec.encode(bytes, wire);
            texts[i] = DECODER.decode(wire.view().subarray(before));
          } else if (item.kind !== "frame") wire.bytes(bytes);
          else if (codec === CODECS.lines) CODECS.lines.encode(texts[i], wire);
          else CODECS.bytes.encode(bytes, wire);
          ends.push(wire.length);
        }

        const stream = new HeldStream(wire.take());
        const slots = new KnownSlots();
        slots.take();
        const input = new Input<Uint8Array | string>(
          stream as Partial<ByteStream> as ByteStream,
          CODECS[begin],
          borrowed,
          slots,
          { onInput: () => input.want(), onLost() {} },
        );
        let reads = 0;
        const read = async () => {
          if (!stream.isRead) return;
          const idle = input.idle();
          stream.bring(cuts[reads++ % cuts.length]);
          await idle;
          await Promise.resolve();
        };
        let steps = 0;
        const aside = async () => {
          for (let i = 0; i < 3; i++) {
            const step = beside[steps++ % beside.length];
            if (step === "read") await read();
            if (step === "want") input.want();
            if (step === "relax") input.relax();
          }
        };

        /** What may be looked at from now on, and what it is. */
        const lent: [Uint8Array | string, string][] = [];
        const kept: [Uint8Array | string, string][] = [];
        const look = (at: typeof lent) => {
          for (const [seen, text] of at) {
            assertEquals(
              typeof seen === "string" ? seen : DECODER.decode(seen),
              text,
            );
          }
        };
        const keep = (
          at: typeof lent,
          seen: Uint8Array | string,
          text: string,
        ) => {
          if (typeof seen !== "string") {
            assert(
              !slots.memory.has(seen.buffer),
              "others read into this memory",
            );
          }
          at.push([seen, text]);
        };

        for (const [i, item] of items.entries()) {
          await aside();
          look(lent);
          if (item.kind === "switch") {
            input.switchCodec(CODECS[item.to] as Codec<Uint8Array | string>);
          } else if (item.kind === "frame") {
            lent.length = 0;
            let frame = input.take();
            while (frame === undefined) {
              input.want();
              await read();
              frame = input.take();
            }
            keep(borrowed ? lent : kept, frame, texts[i]);
            input.want();
          } else if (item.kind === "skipped") {
            input.beginBody(texts[i].length);
            await aside();
            input.abandonBody();
            while (input.inBody) {
              input.want();
              await read();
            }
            look(lent);
          } else {
            while (item.kind === "late" && stream.at < ends[i]) {
              lent.length = 0;
              if (input.take() !== undefined) throw new Error("not whole yet");
              input.want();
              if (steps++ % 3 === 0) break;
              await read();
            }
            const body = input.beginBody(texts[i].length);
            let left = texts[i];
            for (;;) {
              await aside();
              const pulling = input.pullBody(body);
              let isOver = false;
              void pulling.then(() => isOver = true);
              await Promise.resolve();
              await Promise.resolve();
              while (!isOver) {
                await read();
                await Promise.resolve();
              }
              const chunk = await pulling;
              if (chunk === undefined) break;
              keep(kept, chunk, left.slice(0, chunk.length));
              left = left.slice(chunk.length);
            }
            assertEquals(left, "");
            look(lent);
          }
        }
        await aside();
        look(lent);
        look(kept);
      }),
      { numRuns: 500 },
    );
  });
}

/**
 * Every drawing in docs/framing.md is true: its first line makes a codec, its left side is bytes, its right side is the
 * frames that they give for every cutting; and every codec has one.
 */

import { assert, assertEquals } from "@std/assert";
import * as framing from "../../framing.ts";
import { type Codec, decodeAll, encodeFrame } from "../../framing.ts";
import { assertSameFaces } from "../../src/testing/assert_codec.ts";
import { bulkString } from "./samples.ts";

const PAGE = Deno.readTextFileSync(
  new URL("../../docs/framing.md", import.meta.url),
);

interface Diagram {
  code: string;
  /** The cells of the row with the arrow. */
  before: string[];
  after: string[];
  byteLength: number;
  frameCount: number;
}

function diagrams(): Diagram[] {
  const blocks = PAGE.matchAll(/^```text\n(.*)\n\n(BEFORE [^`]*)```$/gm);
  return Array.from(blocks, ([, code, drawing]) => {
    const row = drawing.split("\n").find((line) => line.includes("------>"))!;
    const [before, after] = row.split("------>").map(cells);
    const [, byteLength] = /BEFORE \((\d+) bytes?\)/.exec(drawing)!;
    const [, frameCount] = /AFTER \((\d+) frames?\)/.exec(drawing)!;
    return {
      code,
      before,
      after,
      byteLength: Number(byteLength),
      frameCount: Number(frameCount),
    };
  });
}

function cells(side: string): string[] {
  return side.trim().replace(/^\||\|$/g, "").split("|").map((it) => it.trim());
}

/** `"text" 0a` as bytes. */
function bytesOf(cell: string): Uint8Array {
  const parts = cell.match(/"(?:[^"\\]|\\.)*"|\b[0-9a-f]{2}\b/g) ?? [];
  assertEquals(parts.join(" "), cell, "a cell holds texts and pairs of digits");
  return Uint8Array.from(
    parts.flatMap((part) =>
      part.startsWith('"')
        ? [...new TextEncoder().encode(JSON.parse(part))]
        : [parseInt(part, 16)]
    ),
  );
}

function made(code: string): Codec<unknown> {
  const scope = { ...framing, bulkString };
  const make = new Function(...Object.keys(scope), `return ${code};`);
  return make(...Object.values(scope));
}

for (const { code, before, after, byteLength, frameCount } of diagrams()) {
  Deno.test(`the drawing of ${code} is true`, () => {
    const wire = Uint8Array.from(before.flatMap((it) => [...bytesOf(it)]));
    assertEquals(wire.length, byteLength);
    assertEquals(after.length, frameCount);
    const codec = made(code);
    // What a cutting does to `raw` is what it is for.
    const cuttings = codec.name === "raw"
      ? [[]]
      : [[], [...wire.keys()], ...Array.from(wire, (_, at) => [at])];
    const { frames, error } = assertSameFaces(codec, wire, cuttings);
    assertEquals(error, undefined);
    const drawn = after.map((cell, i) =>
      frames[i] instanceof Uint8Array ? bytesOf(cell) : JSON.parse(cell)
    );
    assertEquals(frames, drawn);
    const again = frames.flatMap((frame) => [...encodeFrame(codec, frame)]);
    assertEquals(decodeAll(codec, Uint8Array.from(again)), frames);
  });
}

Deno.test("every codec has a drawing in docs/framing.md", () => {
  const drawn = diagrams().map(({ code }) => code.match(/^\w+/)![0]);
  // What the entry point exports besides: faces and helpers. A codec of one's own is drawn as `bulkString`.
  const others = /^(decode|encode|Frame|assert|[A-Z])/;
  const codecs = Object.keys(framing).filter((name) => !others.test(name))
    .map((name) => name === "defineCodec" ? "bulkString" : name);
  assert(codecs.length > 15, codecs.join());
  assertEquals([...new Set(drawn)].sort(), codecs.sort());
});

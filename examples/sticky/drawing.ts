/**
 * Two columns: what a bare `read` returned, and what a codec made of the same messages.
 *
 * @module
 */

import { dim, green, red, stripAnsiCode, yellow } from "@std/fmt/colors";

const LEFT_COLUMN = 46;

/** One arrival, as it is drawn. */
export interface Row {
  bytes: number;
  words: string;
  kind: "whole" | "stuck" | "torn";
}

/** Prints both, side by side. */
export function draw(
  left: string,
  bare: Row[],
  right: string,
  framed: Row[],
): void {
  const put = (a: string, b: string) => {
    const pad = " ".repeat(
      Math.max(1, LEFT_COLUMN - stripAnsiCode(a).length),
    );
    console.log(`${a}${pad}${b}`.trimEnd());
  };
  put(left, right);
  put("read  bytes  holds message", "frame  bytes  is message");
  const a = linesOf(bare);
  const b = linesOf(framed);
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    put(a[i] ?? "", b[i] ?? "");
  }
  const count = (kind: Row["kind"]) =>
    bare.filter((row) => row.kind === kind).length;
  console.log();
  put(
    `${bare.length} reads: ${green(`${count("whole")} whole`)}, ${
      yellow(`${count("stuck")} stuck`)
    }, ${red(`${count("torn")} torn`)}`,
    `${framed.length} frames: ${green(`${framed.length} whole`)}`,
  );
}

/** A line for each row; of many alike the first and the last. */
function linesOf(rows: Row[]): string[] {
  const paint = { whole: green, stuck: yellow, torn: red };
  const line = (row: Row, i: number) =>
    paint[row.kind](
      `${String(i + 1).padStart(4)}  ${
        String(row.bytes).padStart(6)
      }  ${row.words}`,
    );
  return rows.flatMap((row, i) => {
    const sameAs = (j: number) => rows[j]?.words === row.words;
    if (!sameAs(i - 1) || !sameAs(i + 1)) return [line(row, i)];
    return sameAs(i - 2) ? [] : [dim("   …       …  …")];
  });
}

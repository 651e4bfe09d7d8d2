/**
 * What the demo prints at its end: a few lines that fit into 80 columns, and read well in a file too.
 *
 * @module
 */

import { bold, dim, green, red } from "@std/fmt/colors";
import { format as size } from "@std/fmt/bytes";
import type { Voyage } from "../demo.ts";
import { type Cargo, isPoisoned } from "./cargo.ts";

/** Prints it; gives back whether all is as it should be. */
export function showReport(
  cargo: Cargo,
  seed: number,
  voyage: Voyage,
): boolean {
  const { answers, crashes, ms, pieces, stats, tally } = voyage;
  const poisoned = cargo.records().filter(isPoisoned).toArray().length;
  const whole = tally.frames === cargo.count &&
    voyage.sent === voyage.reassembled;
  const answered = answers === cargo.count - poisoned;
  const restarted = crashes === poisoned && stats.restarts === poisoned;
  const perSecond = Math.round(cargo.count / ms * 1_000);

  title(
    `Packetboat carried ${count(cargo.count, "record")} made of ${cargo.name}`,
    `seed ${seed}`,
  );
  row(
    "sent",
    `${size(stats.bytesIn)} in ${count(pieces, "write")}, cut at random`,
  );
  row(
    "arrived",
    `in ${count(tally.reads, "read")}, ${
      number(tally.torn)
    } of them from the middle of a frame`,
  );
  row("came out", count(tally.frames, "whole frame"), whole);
  row("answered", `${count(answers, "record")}, in order`, answered);
  row(
    "crashed",
    poisoned === 0
      ? "never: there was no poisoned record among so few"
      : `${
        count(crashes, "time")
      }, on poisoned records, and restarted on the same socket`,
    restarted,
  );
  row(
    "killed",
    "another client, half-way through a frame; nobody else noticed",
  );
  row("took", `${(ms / 1_000).toFixed(2)} s: ${number(perSecond)} frames/s`);
  console.log();
  console.log("  SHA-256 of what was sent, and of what was reassembled:");
  console.log(`  ${voyage.sent}`);
  console.log(`  ${whole ? voyage.reassembled : red(voyage.reassembled)}`);
  console.log();
  const fine = whole && answered && restarted;
  console.log(
    fine
      ? bold(green("Equal. Nothing was lost, torn, doubled or out of order."))
      : bold(
        red("Not equal, or not complete. That is a bug: please report it."),
      ),
  );
  return fine;
}

function title(text: string, aside: string): void {
  console.log(`${bold(text)} ${dim(`(${aside})`)}\n`);
}

function row(label: string, text: string, fine = true): void {
  console.log(`  ${dim(label.padEnd(10))}${fine ? text : red(text)}`);
}

function count(n: number, what: string): string {
  return `${number(n)} ${what}${n === 1 ? "" : "s"}`;
}

function number(n: number): string {
  return n.toLocaleString("en");
}

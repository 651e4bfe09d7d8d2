/**
 * Framed echo over loopback: ours beside the bare read/write loop (the floor, which does not frame) and
 * beside servers of other houses. How they take turns is in `bench/rounds.ts`.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import {
  cell,
  chosen,
  compare,
  median,
  readPlan,
  refusing,
  runBench,
  type Sample,
  startAll,
  takeTurns,
  underLoad,
} from "../rounds.ts";
import {
  type Candidate,
  CANDIDATES,
  LINE_CANDIDATES,
  type Running,
} from "./servers.ts";

const SHAPES = ["64x1x1", "64x16x1", "64x16x32", "16384x4x4", "1048576x2x1"];

/** Who can echo frames of which kind. */
const WIRES: ReadonlyMap<string, readonly Candidate[]> = new Map([
  ["u32", CANDIDATES],
  ["lines", LINE_CANDIDATES],
]);

const HELP = `Framed echo over loopback, beside the bare loop and other servers.

  --shape SIZExCONNxFLIGHT  payload bytes, connections, frames in flight on each; may be repeated
                            (default: ${SHAPES.join(" ")})
  --wire NAME               what a frame is: u32, 4 bytes of length in front; or lines, ASCII text with a
                            line end behind, which is not counted as payload (default: u32)
  --server NAME             may be repeated (default: all of the wire,
                            ${namesOn("u32")}; or
                            ${namesOn("lines")})
  --seconds N               of each measurement (default: 1)
  --rounds N                recorded ones; one more goes before them (default: 5)
  --unpinned                do not give each side one processor
  --json                    one object for each line
  --help

frames/s is what came back. CPU is what the server's process worked for one frame, user and system, and
busy how much of the time it worked: a server that is not busy all the time waited for the load, and then
CPU says more than frames/s. "of floor" and "kept/it" compare within a round; above 1 is faster.`;

const refuse = refusing("bench:echo");

function namesOn(wire: string): string {
  return WIRES.get(wire)!.map(({ name }) => name).join(" ");
}

function readFlags() {
  const flags = parseArgs(Deno.args, {
    string: ["seconds", "rounds", "shape", "server", "wire"],
    boolean: ["json", "help", "unpinned"],
    collect: ["shape", "server"],
    default: { seconds: "1", rounds: "5", wire: "u32" },
    unknown: (argument: string) => refuse(`what is ${argument}?`),
  });
  if (flags.help) {
    console.log(HELP);
    Deno.exit(0);
  }
  const { wire } = flags;
  const candidates = WIRES.get(wire) ??
    refuse(`--wire ${wire} is neither ${[...WIRES.keys()].join(" nor ")}`);
  return {
    wire,
    ...readPlan(
      flags,
      { shapes: SHAPES, shapeHelp: "SIZExCONNECTIONSxFLIGHT" },
      refuse,
    ),
    candidates: chosen(candidates, flags.server as string[], refuse),
    pinned: flags.unpinned !== true,
    json: flags.json === true,
  };
}

function measure(
  server: Running,
  wire: string,
  shape: string,
  seconds: number,
  cpu: number | undefined,
): Promise<Sample> {
  return underLoad<{ frames: number; seconds: number }>(
    server,
    [
      "deno",
      "run",
      "--quiet",
      "--allow-net=127.0.0.1",
      "--allow-ffi",
      "bench/echo/load.ts",
      String(server.port),
      wire,
      ...shape.split("x"),
      String(seconds),
    ],
    ({ frames }) => frames,
    cpu,
  );
}

function report(
  wire: string,
  shape: string,
  seen: Map<string, Sample[]>,
  json: boolean,
) {
  const frameBytes = Number(shape.split("x")[0]);
  if (!json) {
    console.log(
      `\n${
        shape.padEnd(14)
      }    frames/s      MB/s   CPU µs  busy   of floor  (CPU)   kept/it  (CPU)`,
    );
  }
  for (const [server, samples] of seen) {
    const row = {
      wire,
      shape,
      server,
      framesPerSecond: median(samples.map(({ perSecond }) => perSecond))!,
      cpuMicros: median(samples.map(({ cpuMicros }) => cpuMicros)),
      busy: median(samples.map(({ busy }) => busy)),
      ofFloor: compare(samples, seen.get("floor")),
      keptAgainstIt: compare(seen.get("kept"), samples),
    };
    console.log(
      json ? JSON.stringify(row) : [
        `  ${server.padEnd(12)}`,
        cell(row.framesPerSecond, 12, 0),
        cell(row.framesPerSecond * frameBytes / 1e6, 10, 1),
        cell(row.cpuMicros, 9),
        row.busy === undefined
          ? "     -"
          : `${(row.busy * 100).toFixed(0)}%`.padStart(6),
        cell(row.ofFloor.speed, 11),
        cell(row.ofFloor.cpu, 7),
        cell(row.keptAgainstIt.speed, 10),
        cell(row.keptAgainstIt.cpu, 7),
      ].join(""),
    );
  }
}

await runBench("bench:echo", async () => {
  const { wire, candidates, shapes, seconds, rounds, pinned, json } =
    readFlags();
  const bench = await startAll(candidates, pinned);
  for (const shape of shapes) {
    const seen = await takeTurns(
      bench,
      rounds,
      (server) => measure(server, wire, shape, seconds, bench.loadCpu),
    );
    report(wire, shape, seen, json);
  }
});

/**
 * Framed echo over loopback: ours beside the bare read/write loop (the floor, which does not frame) and
 * beside servers of other houses. Each server is a process of its own on a processor of its own, the load
 * generator has another. The servers take turns within each round, and what is compared is the median over
 * the rounds of the ratios within one, so that a machine that is busy now and then wrongs nobody.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import {
  CANDIDATES,
  cpuSeconds,
  processors,
  run,
  type Running,
  start,
  stopAll,
  stopAllOnSignals,
} from "./servers.ts";

const SHAPES = ["64x1x1", "64x16x1", "64x16x32", "16384x4x4", "1048576x2x1"];

const HELP = `Framed echo over loopback, beside the bare loop and other servers.

  --shape SIZExCONNxFLIGHT  payload bytes, connections, frames in flight on each; may be repeated
                            (default: ${SHAPES.join(" ")})
  --server NAME             may be repeated (default: all of ${
  CANDIDATES.map(({ name }) => name).join(" ")
})
  --seconds N               of each measurement (default: 1)
  --rounds N                recorded ones; one more goes before them (default: 5)
  --unpinned                do not give each side one processor
  --json                    one object for each line
  --help

frames/s is what came back. CPU is what the server's process worked for one frame, user and system, and
busy how much of the time it worked: a server that is not busy all the time waited for the load, and then
CPU says more than frames/s. "of floor" and "kept/it" compare within a round; above 1 is faster.`;

/** What one server did in one round. */
interface Sample {
  framesPerSecond: number;
  /** Microseconds of work for each frame. */
  cpuMicros: number | undefined;
  busy: number | undefined;
}

function refuse(why: string): never {
  console.error(`bench:echo: ${why} (--help says more)`);
  Deno.exit(2);
}

function readFlags() {
  const flags = parseArgs(Deno.args, {
    string: ["seconds", "rounds", "shape", "server"],
    boolean: ["json", "help", "unpinned"],
    collect: ["shape", "server"],
    default: { seconds: "1", rounds: "5" },
    unknown: (argument: string) => refuse(`what is ${argument}?`),
  });
  if (flags.help) {
    console.log(HELP);
    Deno.exit(0);
  }
  const shapes = flags.shape as string[];
  const names = flags.server as string[];
  const seconds = Number(flags.seconds);
  const rounds = Number(flags.rounds);
  if (!(seconds > 0)) refuse(`--seconds ${flags.seconds} is no time`);
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    refuse(`--rounds ${flags.rounds} is no number of rounds`);
  }
  for (const shape of shapes) {
    if (!/^[1-9]\d*x[1-9]\d*x[1-9]\d*$/.test(shape)) {
      refuse(`--shape ${shape} is not SIZExCONNECTIONSxFLIGHT`);
    }
  }
  for (const name of names) {
    if (!CANDIDATES.some((candidate) => candidate.name === name)) {
      refuse(`there is no server ${name}`);
    }
  }
  return {
    shapes: shapes.length > 0 ? shapes : SHAPES,
    candidates: names.length > 0
      ? CANDIDATES.filter(({ name }) => names.includes(name))
      : CANDIDATES,
    seconds,
    rounds,
    pinned: flags.unpinned !== true,
    json: flags.json === true,
  };
}

async function measure(
  server: Running,
  shape: string,
  seconds: number,
  cpu: number | undefined,
): Promise<Sample> {
  const before = await cpuSeconds(server.pid);
  const load = JSON.parse(
    await run([
      "deno",
      "run",
      "--quiet",
      "--allow-net=127.0.0.1",
      "--allow-ffi",
      "bench/echo/load.ts",
      String(server.port),
      ...shape.split("x"),
      String(seconds),
    ], cpu),
  ) as { frames: number; seconds: number };
  const after = await cpuSeconds(server.pid);
  const worked = before === undefined || after === undefined
    ? undefined
    : after - before;
  return {
    framesPerSecond: load.frames / load.seconds,
    cpuMicros: worked && worked * 1e6 / load.frames,
    busy: worked && worked / load.seconds,
  };
}

function median(values: (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.toSorted((a, b) => a - b)[known.length >> 1];
}

/** How much better `ours` did than `theirs`, round by round: in frames/s, and in work per frame. */
function compare(ours: Sample[] | undefined, theirs: Sample[] | undefined) {
  const pairs = ours?.map((mine, i) => [mine, theirs?.[i]] as const) ?? [];
  return {
    speed: median(
      pairs.map(([a, b]) => b && a.framesPerSecond / b.framesPerSecond),
    ),
    cpu: median(
      pairs.map(([a, b]) =>
        a.cpuMicros && b?.cpuMicros && b.cpuMicros / a.cpuMicros
      ),
    ),
  };
}

function cell(value: number | undefined, width: number, digits = 2): string {
  return (value === undefined ? "-" : value.toFixed(digits)).padStart(width);
}

function report(shape: string, seen: Map<string, Sample[]>, json: boolean) {
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
      shape,
      server,
      framesPerSecond: median(samples.map((it) => it.framesPerSecond))!,
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

async function main() {
  const flags = readFlags();
  const cpus = flags.pinned ? await processors() : undefined;
  const [serverCpu, loadCpu] = cpus !== undefined && cpus.length > 1
    ? cpus
    : [];
  const running: Running[] = [];
  for (const candidate of flags.candidates) {
    const missing = await candidate.missing?.();
    if (missing === undefined) running.push(await start(candidate, serverCpu));
    else console.error(`${candidate.name} is left out: it needs ${missing}`);
  }
  for (const shape of flags.shapes) {
    const seen = new Map<string, Sample[]>(
      running.map(({ name }) => [name, []]),
    );
    // The first round warms up: compilers compile, sockets and memory grow.
    for (let round = 0; round <= flags.rounds; round++) {
      for (const server of running) {
        const sample = await measure(server, shape, flags.seconds, loadCpu);
        if (round > 0) seen.get(server.name)!.push(sample);
      }
    }
    report(shape, seen, flags.json);
  }
}

stopAllOnSignals();
try {
  await main();
} catch (error) {
  console.error(
    `bench:echo: ${error instanceof Error ? error.message : error}`,
  );
  Deno.exitCode = 1;
} finally {
  stopAll();
}
// The signal listeners would keep the program alive.
Deno.exit();

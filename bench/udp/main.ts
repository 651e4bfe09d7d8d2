/**
 * Datagrams echoed over loopback: ours beside the bare receive/send loop (the floor). Each server is a process of
 * its own on a processor of its own, the load generator has another. The servers take turns within each round, and
 * what is compared is the median over the rounds of the ratios within one.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import {
  cpuSeconds,
  processors,
  run,
  type Running,
  start,
  stopAll,
  stopAllOnSignals,
} from "../echo/servers.ts";

const SHAPES = ["64x1x1", "64x16x4", "1400x16x4", "60000x1x1"];

const SERVERS = ["callbacks", "script", "floor"].map((name) => ({
  name,
  what: name,
  command: [
    "deno",
    "run",
    "--unstable-net",
    "--allow-net=127.0.0.1",
    `bench/udp/server_${name}.ts`,
  ],
}));

const HELP = `Datagrams echoed over loopback, beside the bare loop.

  --shape SIZExSOCKETSxFLIGHT  bytes, clients, datagrams in flight for each; may be repeated
                               (default: ${SHAPES.join(" ")})
  --seconds N                  of each measurement (default: 0.5)
  --rounds N                   recorded ones; one more goes before them (default: 9)
  --json                       one object for each line
  --help

datagrams/s is what came back; lost is what did not, in all rounds. CPU is what the server's process worked for
one datagram. "of floor" compares within a round, in datagrams/s and in CPU; above 1 is faster.`;

/** What one server did in one round. */
interface Sample {
  perSecond: number;
  lost: number;
  /** Microseconds of work for each datagram. */
  cpuMicros: number | undefined;
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
      "--unstable-net",
      "--allow-net=127.0.0.1",
      "bench/udp/load.ts",
      String(server.port),
      ...shape.split("x"),
      String(seconds),
    ], cpu),
  ) as { datagrams: number; lost: number; seconds: number };
  const after = await cpuSeconds(server.pid);
  return {
    perSecond: load.datagrams / load.seconds,
    lost: load.lost,
    cpuMicros: before === undefined || after === undefined
      ? undefined
      : (after - before) * 1e6 / load.datagrams,
  };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function report(shape: string, seen: Map<string, Sample[]>, json: boolean) {
  const floor = seen.get("floor")!;
  if (!json) {
    console.log(
      `\n${shape.padEnd(14)} datagrams/s   CPU µs   lost   of floor  (CPU)`,
    );
  }
  for (const [server, samples] of seen) {
    const row = {
      shape,
      server,
      datagramsPerSecond: median(samples.map(({ perSecond }) => perSecond)),
      cpuMicros: median(samples.map(({ cpuMicros }) => cpuMicros ?? NaN)),
      lost: samples.reduce((sum, { lost }) => sum + lost, 0),
      ofFloor: median(
        samples.map(({ perSecond }, i) => perSecond / floor[i].perSecond),
      ),
      ofFloorCpu: median(
        samples.map(({ cpuMicros }, i) =>
          (floor[i].cpuMicros ?? NaN) / (cpuMicros ?? NaN)
        ),
      ),
    };
    console.log(
      json ? JSON.stringify(row) : [
        `  ${server.padEnd(12)}`,
        row.datagramsPerSecond.toFixed(0).padStart(12),
        row.cpuMicros.toFixed(2).padStart(9),
        String(row.lost).padStart(7),
        row.ofFloor.toFixed(2).padStart(11),
        row.ofFloorCpu.toFixed(2).padStart(7),
      ].join(""),
    );
  }
}

function refuse(why: string): never {
  console.error(`bench:udp: ${why} (--help says more)`);
  Deno.exit(2);
}

function readFlags() {
  const flags = parseArgs(Deno.args, {
    string: ["seconds", "rounds", "shape"],
    boolean: ["json", "help"],
    collect: ["shape"],
    default: { seconds: "0.5", rounds: "9" },
    unknown: (argument: string) => refuse(`what is ${argument}?`),
  });
  if (flags.help) {
    console.log(HELP);
    Deno.exit(0);
  }
  const shapes = flags.shape as string[];
  const seconds = Number(flags.seconds);
  const rounds = Number(flags.rounds);
  if (!(seconds > 0)) refuse(`--seconds ${flags.seconds} is no time`);
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    refuse(`--rounds ${flags.rounds} is no number of rounds`);
  }
  for (const shape of shapes) {
    if (!/^\d+x[1-9]\d*x[1-9]\d*$/.test(shape)) {
      refuse(`--shape ${shape} is not SIZExSOCKETSxFLIGHT`);
    }
  }
  return {
    shapes: shapes.length > 0 ? shapes : SHAPES,
    seconds,
    rounds,
    json: flags.json,
  };
}

async function main() {
  const flags = readFlags();
  const cpus = await processors();
  const [serverCpu, loadCpu] = cpus !== undefined && cpus.length > 1
    ? cpus
    : [];
  const running: Running[] = [];
  for (const server of SERVERS) running.push(await start(server, serverCpu));
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
  console.error(`bench:udp: ${error instanceof Error ? error.message : error}`);
  Deno.exitCode = 1;
} finally {
  stopAll();
}
// The signal listeners would keep the program alive.
Deno.exit();

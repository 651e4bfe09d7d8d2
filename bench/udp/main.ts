/**
 * Datagrams echoed over loopback: ours beside the bare receive/send loop (the floor). How they take turns is in
 * `bench/rounds.ts`.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import type { Candidate, Running } from "../echo/servers.ts";
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

const SHAPES = ["64x1x1", "64x16x4", "1400x16x4", "60000x1x1"];

const CANDIDATES: readonly Candidate[] = [
  candidate("callbacks", "Packetboat, as it comes"),
  candidate("borrowed", 'Packetboat, `frames: "borrowed"`'),
  candidate("script", "Packetboat, `for await`"),
  candidate("floor", "Deno, bare loop"),
];

const HELP = `Datagrams echoed over loopback, beside the bare loop.

  --shape SIZExSOCKETSxFLIGHT  bytes, clients, datagrams in flight for each; may be repeated
                               (default: ${SHAPES.join(" ")})
  --server NAME                may be repeated (default: all of ${
  CANDIDATES.map(({ name }) => name).join(" ")
})
  --seconds N                  of each measurement (default: 0.5)
  --rounds N                   recorded ones; one more goes before them (default: 9)
  --unpinned                   do not give each side one processor
  --json                       one object for each line
  --help

datagrams/s is what came back; lost is what did not, in all rounds. CPU is what the server's process worked for
one datagram. "of floor" compares within a round, in datagrams/s and in CPU; above 1 is faster.`;

const refuse = refusing("bench:udp");

function candidate(name: string, what: string): Candidate {
  const script = `bench/udp/server_${name}.ts`;
  const flags = ["--unstable-net", "--allow-net=127.0.0.1"];
  return { name, what, command: ["deno", "run", ...flags, script] };
}

function readFlags() {
  const flags = parseArgs(Deno.args, {
    string: ["seconds", "rounds", "shape", "server"],
    boolean: ["json", "help", "unpinned"],
    collect: ["shape", "server"],
    default: { seconds: "0.5", rounds: "9" },
    unknown: (argument: string) => refuse(`what is ${argument}?`),
  });
  if (flags.help) {
    console.log(HELP);
    Deno.exit(0);
  }
  return {
    ...readPlan(
      flags,
      { shapes: SHAPES, shapeHelp: "SIZExSOCKETSxFLIGHT" },
      refuse,
    ),
    candidates: chosen(CANDIDATES, flags.server as string[], refuse),
    pinned: flags.unpinned !== true,
    json: flags.json === true,
  };
}

async function measure(
  server: Running,
  shape: string,
  seconds: number,
  cpu: number | undefined,
): Promise<Sample & { lost: number }> {
  const sample = await underLoad<
    { datagrams: number; lost: number; seconds: number }
  >(
    server,
    [
      "deno",
      "run",
      "--quiet",
      "--unstable-net",
      "--allow-net=127.0.0.1",
      "bench/udp/load.ts",
      String(server.port),
      ...shape.split("x"),
      String(seconds),
    ],
    ({ datagrams }) => datagrams,
    cpu,
  );
  return { ...sample, lost: sample.load.lost };
}

function report(
  shape: string,
  seen: Map<string, (Sample & { lost: number })[]>,
  json: boolean,
) {
  if (!json) {
    console.log(
      `\n${shape.padEnd(14)} datagrams/s   CPU µs   lost   of floor  (CPU)`,
    );
  }
  for (const [server, samples] of seen) {
    const ofFloor = compare(samples, seen.get("floor"));
    const row = {
      shape,
      server,
      datagramsPerSecond: median(samples.map(({ perSecond }) => perSecond)),
      cpuMicros: median(samples.map(({ cpuMicros }) => cpuMicros)),
      lost: samples.reduce((sum, { lost }) => sum + lost, 0),
      ofFloor: ofFloor.speed,
      ofFloorCpu: ofFloor.cpu,
    };
    console.log(
      json ? JSON.stringify(row) : [
        `  ${server.padEnd(12)}`,
        cell(row.datagramsPerSecond, 12, 0),
        cell(row.cpuMicros, 9),
        cell(row.lost, 7, 0),
        cell(row.ofFloor, 11),
        cell(row.ofFloorCpu, 7),
      ].join(""),
    );
  }
}

await runBench("bench:udp", async () => {
  const { candidates, shapes, seconds, rounds, pinned, json } = readFlags();
  const bench = await startAll(candidates, pinned);
  for (const shape of shapes) {
    const seen = await takeTurns(
      bench,
      rounds,
      (server) => measure(server, shape, seconds, bench.loadCpu),
    );
    report(shape, seen, json);
  }
});

/**
 * Framed echo over loopback: ours beside the bare read/write loop (the floor, which does not frame). Each
 * server is a process of its own; the shapes are measured in turns, ours and the floor one after the other,
 * several times, and the medians are compared.
 *
 *     deno task bench:echo [--seconds N] [--rounds N] [--shape SIZExCONNxFLIGHT] [--json]
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";

const SHAPES = ["64x1x1", "64x16x1", "64x16x32", "16384x4x4", "1048576x2x1"];

const SERVERS: Record<string, string[]> = {
  packetboat: [
    Deno.execPath(),
    "run",
    "--allow-net=127.0.0.1",
    "bench/echo/server_packetboat.ts",
  ],
  floor: [
    Deno.execPath(),
    "run",
    "--allow-net=127.0.0.1",
    "bench/echo/server_floor.ts",
  ],
};

const flags = parseArgs(Deno.args, {
  string: ["seconds", "rounds", "shape"],
  boolean: ["json"],
  default: { seconds: "1", rounds: "5" },
});
const shapes = flags.shape === undefined ? SHAPES : [flags.shape];
const rounds = Number(flags.rounds);

interface Running {
  name: string;
  port: string;
  process: Deno.ChildProcess;
}

async function start(
  name: string,
  [command, ...args]: string[],
): Promise<Running> {
  const process = new Deno.Command(command, {
    args,
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream())
    .getReader();
  let port = "";
  while (!port.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) {
      throw new Error(`the server ${name} ended before it said its port`);
    }
    port += value;
  }
  reader.releaseLock();
  return { name, port: port.trim(), process };
}

async function measure(server: Running, shape: string): Promise<number> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-net=127.0.0.1",
      "bench/echo/load.ts",
      server.port,
      ...shape.split("x"),
      flags.seconds,
    ],
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)).framesPerSecond;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

const running = await Promise.all(
  Object.entries(SERVERS).map(([name, command]) => start(name, command)),
);
try {
  for (const shape of shapes) {
    const seen = new Map<string, number[]>(
      running.map(({ name }) => [name, []]),
    );
    for (let round = 0; round < rounds; round++) {
      for (const server of running) {
        seen.get(server.name)!.push(await measure(server, shape));
      }
    }
    const ours = seen.get("packetboat")!;
    const rows = running.map(({ name }) => {
      const theirs = seen.get(name)!;
      return {
        shape,
        server: name,
        framesPerSecond: median(theirs),
        oursAgainstIt: median(ours.map((x, i) => x / theirs[i])),
      };
    });
    for (const row of rows) {
      console.log(
        flags.json
          ? JSON.stringify(row)
          : `${row.shape.padEnd(14)}${row.server.padEnd(14)}${
            String(row.framesPerSecond).padStart(10)
          } frames/s   ours/it ${row.oursAgainstIt.toFixed(2)}`,
      );
    }
  }
} finally {
  for (const { process } of running) process.kill();
}

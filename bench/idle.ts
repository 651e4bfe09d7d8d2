/**
 * What a connection that does nothing costs in memory: ours, the bare read/write loop, Node. Each server is
 * a process of its own; its resident set is read before the first connection and when all have been
 * accepted, and divided by their number. Linux only, where the system says how much that is.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import {
  type Candidate,
  CANDIDATES,
  run,
  start,
  startTalking,
  stopAll,
  stopAllOnSignals,
} from "./echo/servers.ts";

const NAMES = ["kept", "tuned", "borrowed", "floor", "node"];

/** A burst: on each connection so many frames of so many bytes at once. */
const BURST_FRAMES = 16;
const BURST_FRAME_BYTES = 4_096;
/** Two looks of the sweep that gives memory back, at the default time-outs, and some time for the collector. */
const QUIET_MS = 15_000;

const HELP = `What an idle connection costs in resident memory.

  --connections N  how many (default: 10000)
  --server NAME    may be repeated (default: all of ${NAMES.join(" ")})
  --burst          also send ${BURST_FRAMES} frames of ${BURST_FRAME_BYTES} bytes on each, and look again
                   at once and after ${QUIET_MS / 1_000} quiet seconds
  --json           one object for each line
  --help`;

function refuse(why: string): never {
  console.error(`bench:idle: ${why} (--help says more)`);
  Deno.exit(2);
}

function readFlags() {
  const flags = parseArgs(Deno.args, {
    string: ["connections", "server"],
    boolean: ["burst", "json", "help"],
    collect: ["server"],
    default: { connections: "10000" },
    unknown: (argument: string) => refuse(`what is ${argument}?`),
  });
  if (flags.help) {
    console.log(HELP);
    Deno.exit(0);
  }
  const connections = Number(flags.connections);
  if (!(Number.isInteger(connections) && connections > 0)) {
    refuse(`--connections ${flags.connections} is no number of connections`);
  }
  const names = flags.server as string[];
  for (const name of names) {
    if (!NAMES.includes(name)) refuse(`there is no server ${name}`);
  }
  return {
    connections,
    names: names.length > 0 ? names : NAMES,
    burst: flags.burst === true,
    json: flags.json === true,
  };
}

/** Resident bytes of a process. Source: proc(5), status. */
async function residentBytes(pid: number): Promise<number> {
  const status = await run(["cat", `/proc/${pid}/status`]);
  return Number(/VmRSS:\s*(\d+) kB/.exec(status)![1]) * 1_024;
}

/** The same command, allowed to open more files than the shell allows as a rule. */
function withFiles(command: string[], files: number): string[] {
  return ["sh", "-c", `ulimit -n ${files} && exec "$@"`, "sh", ...command];
}

async function measure(
  candidate: Candidate,
  connections: number,
  burst: boolean,
) {
  const files = connections + 100;
  const server = await start({
    ...candidate,
    command: withFiles(candidate.command, files),
  });
  const before = await residentBytes(server.pid);
  const each = async () =>
    ((await residentBytes(server.pid)) - before) / connections / 1_024;
  const client = startTalking(withFiles([
    "deno",
    "run",
    "--quiet",
    "--allow-net=127.0.0.1",
    "bench/idle_client.ts",
    String(server.port),
    String(connections),
    String(BURST_FRAMES),
    String(BURST_FRAME_BYTES),
  ], files));
  await client.hears("open");
  const row: Record<string, number> = { idle: await each() };
  if (burst) {
    await client.say("burst");
    await client.hears("quiet");
    row.afterBurst = await each();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    row.whenQuiet = await each();
  }
  stopAll();
  return row;
}

async function main() {
  if (Deno.build.os !== "linux") refuse("memory is read from Linux's /proc");
  const { connections, names, burst, json } = readFlags();
  if (!json) {
    console.log(
      `KiB of resident memory for each of ${connections} connections\n\n  server            idle${
        burst ? "   after a burst   when quiet again" : ""
      }`,
    );
  }
  for (const name of names) {
    const candidate = CANDIDATES.find((candidate) => candidate.name === name)!;
    const missing = await candidate.missing?.();
    if (missing !== undefined) {
      console.error(`${name} is left out: it needs ${missing}`);
      continue;
    }
    const row = await measure(candidate, connections, burst);
    console.log(
      json
        ? JSON.stringify({ server: name, connections, kibibytes: row })
        : `  ${name.padEnd(12)}${row.idle.toFixed(1).padStart(10)}${
          burst
            ? row.afterBurst.toFixed(1).padStart(16) +
              row.whenQuiet.toFixed(1).padStart(19)
            : ""
        }`,
    );
  }
}

stopAllOnSignals();
try {
  await main();
} catch (error) {
  console.error(
    `bench:idle: ${error instanceof Error ? error.message : error}`,
  );
  Deno.exitCode = 1;
} finally {
  stopAll();
}
// The signal listeners would keep the program alive.
Deno.exit();

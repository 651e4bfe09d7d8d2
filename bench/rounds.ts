/**
 * What measurements of servers have in common. Each server is a process of its own on a processor of its own, the load
 * generator has another. The servers take turns within each round, and what is compared is the median over the rounds
 * of the ratios within one, so that a machine that is busy now and then wrongs nobody.
 *
 * @module
 */

import {
  type Candidate,
  cpuSeconds,
  processors,
  run,
  type Running,
  start,
  stopAll,
  stopAllOnSignals,
} from "./echo/servers.ts";

/** What one server did in one round. */
export interface Sample {
  perSecond: number;
  /** Microseconds of work for each answer. */
  cpuMicros: number | undefined;
  /** How much of the time it worked. */
  busy: number | undefined;
}

/** What is measured, and how often. */
export interface Plan {
  /** Sizes and numbers with an `x` between them; the load generator knows what they mean. */
  shapes: string[];
  /** Of each measurement. */
  seconds: number;
  /** Recorded ones; one more goes before them. */
  rounds: number;
  /** Give each side one processor. */
  pinned: boolean;
}

/** Servers that run, and where. */
export interface Bench {
  running: Running[];
  loadCpu: number | undefined;
}

/** Starts the servers; one that misses what it needs is left out, and said so. */
export async function startAll(
  candidates: readonly Candidate[],
  pinned: boolean,
): Promise<Bench> {
  const cpus = pinned ? await processors() : undefined;
  const [serverCpu, loadCpu] = cpus !== undefined && cpus.length > 1
    ? cpus
    : [];
  const running: Running[] = [];
  for (const candidate of candidates) {
    const missing = await candidate.missing?.();
    if (missing === undefined) running.push(await start(candidate, serverCpu));
    else console.error(`${candidate.name} is left out: it needs ${missing}`);
  }
  return { running, loadCpu };
}

/** Measures one shape: what each server did, round by round. */
export async function takeTurns<S>(
  { running }: Bench,
  rounds: number,
  measure: (server: Running) => Promise<S>,
): Promise<Map<string, S[]>> {
  const seen = new Map<string, S[]>(running.map(({ name }) => [name, []]));
  // The first round warms up: compilers compile, sockets and memory grow.
  for (let round = 0; round <= rounds; round++) {
    for (const server of running) {
      const sample = await measure(server);
      if (round > 0) seen.get(server.name)!.push(sample);
    }
  }
  return seen;
}

/** Runs a load generator, and says what it printed and what `server` worked meanwhile. */
export async function underLoad<Load extends { seconds: number }>(
  server: Running,
  command: string[],
  answers: (load: Load) => number,
  cpu: number | undefined,
): Promise<Sample & { load: Load }> {
  const before = await cpuSeconds(server.pid);
  const load = JSON.parse(await run(command, cpu)) as Load;
  const after = await cpuSeconds(server.pid);
  const worked = before === undefined || after === undefined
    ? undefined
    : after - before;
  return {
    load,
    perSecond: answers(load) / load.seconds,
    cpuMicros: worked && worked * 1e6 / answers(load),
    busy: worked && worked / load.seconds,
  };
}

/** Of those that are known. */
export function median(values: (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.toSorted((a, b) => a - b)[known.length >> 1];
}

/** How much better `ours` did than `theirs`, round by round: in answers per second, and in work for each. */
export function compare(
  ours: Sample[] | undefined,
  theirs: Sample[] | undefined,
): { speed: number | undefined; cpu: number | undefined } {
  const pairs = ours?.map((mine, i) => [mine, theirs?.[i]] as const) ?? [];
  return {
    speed: median(pairs.map(([a, b]) => b && a.perSecond / b.perSecond)),
    cpu: median(
      pairs.map(([a, b]) =>
        a.cpuMicros && b?.cpuMicros && b.cpuMicros / a.cpuMicros
      ),
    ),
  };
}

/** A number in a column; "-" where it is not known. */
export function cell(
  value: number | undefined,
  width: number,
  digits = 2,
): string {
  return (value === undefined ? "-" : value.toFixed(digits)).padStart(width);
}

/** Says what is wrong with the command line. */
export type Refuse = (why: string) => never;

/** Ends the program `name` over a command line that cannot be meant. */
export function refusing(name: string): Refuse {
  return (why) => {
    console.error(`${name}: ${why} (--help says more)`);
    Deno.exit(2);
  };
}

/** Checks what every plan has; `shapeHelp` is how a shape is written. */
export function readPlan(
  flags: Readonly<Record<string, unknown>>,
  defaults: { shapes: string[]; shapeHelp: string },
  refuse: Refuse,
): Omit<Plan, "pinned"> {
  const shapes = flags.shape as string[];
  const seconds = Number(flags.seconds);
  const rounds = Number(flags.rounds);
  if (!(seconds > 0)) refuse(`--seconds ${flags.seconds} is no time`);
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    refuse(`--rounds ${flags.rounds} is no number of rounds`);
  }
  for (const shape of shapes) {
    if (!/^[1-9]\d*x[1-9]\d*x[1-9]\d*$/.test(shape)) {
      refuse(`--shape ${shape} is not ${defaults.shapeHelp}`);
    }
  }
  return {
    shapes: shapes.length > 0 ? shapes : defaults.shapes,
    seconds,
    rounds,
  };
}

/** Those of `candidates` that were asked for by name; all if nobody was. */
export function chosen(
  candidates: readonly Candidate[],
  names: string[],
  refuse: Refuse,
): readonly Candidate[] {
  for (const name of names) {
    if (!candidates.some((candidate) => candidate.name === name)) {
      refuse(`there is no server ${name}`);
    }
  }
  return names.length === 0
    ? candidates
    : candidates.filter(({ name }) => names.includes(name));
}

/** Runs the program `name` to its end, and ends every server with it. */
export async function runBench(
  name: string,
  main: () => Promise<void>,
): Promise<never> {
  stopAllOnSignals();
  try {
    await main();
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : error}`);
    Deno.exitCode = 1;
  } finally {
    stopAll();
  }
  // The signal listeners would keep the program alive.
  Deno.exit();
}

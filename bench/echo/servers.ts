/**
 * The servers that are measured: what each one is, how it is started, what it needs. Decides when one is
 * "missing": its program is not installed. Everything else that goes wrong is an error. Every process that
 * is started here is ended by `stopAll`.
 *
 * @module
 */

/** One server. */
export interface Candidate {
  name: string;
  /** What it is, for the table. */
  what: string;
  command: string[];
  /** Says what is not installed, if anything. */
  missing?(): Promise<string | undefined>;
}

/** A server that listens. */
export interface Running {
  name: string;
  port: number;
  pid: number;
}

const JARS = "/usr/share/java";
const NETTY = [
  "buffer",
  "codec",
  "common",
  "handler",
  "resolver",
  "transport",
  "transport-native-epoll",
  "transport-native-unix-common",
].map((part) => `${JARS}/netty-${part}.jar`);

const ERLANG_NEEDS = "erlang-base";
const NETTY_NEEDS = "libnetty-java and a JDK";
const TWISTED_NEEDS = "python3-twisted";
/** Debian's own interpreter: another one in PATH would not see Debian's packages. */
const PYTHON = "/usr/bin/python3";

/**
 * For a server: the whole heap is not collected each time that frames to keep have taken some 8 MiB, and the space for
 * young objects does not grow with the number of connections. Source: docs/performance.md, "Flags of V8".
 */
const TUNED = "--v8-flags=--initial-old-space-size=256,--max-semi-space-size=4";

/** All that echo frames with a length of 4 bytes in front, ours first. */
export const CANDIDATES: readonly Candidate[] = [
  {
    name: "kept",
    what: "Packetboat, as it comes",
    command: ours("server_kept.ts"),
  },
  {
    name: "tuned",
    what: "Packetboat, as it comes, V8 tuned",
    command: ours("server_kept.ts", TUNED),
  },
  {
    name: "borrowed",
    what: 'Packetboat, `frames: "borrowed"`',
    command: ours("server_borrowed.ts"),
  },
  {
    name: "script",
    what: "Packetboat, `for await`",
    command: ours("server_script.ts"),
  },
  {
    name: "floor",
    what: "Deno, bare loop without frames",
    command: ours("server_floor.ts"),
  },
  {
    name: "hand",
    what: "Deno, shortest loop that frames",
    command: ours("server_hand.ts"),
  },
  {
    name: "node",
    what: "Node `net`, framed by hand",
    command: ["node", "bench/echo/server_node.mjs"],
    missing: unlessNode,
  },
  {
    name: "erlang",
    what: "Erlang `gen_tcp`, `{packet, 4}`",
    command: ["escript", "bench/echo/server_erlang.escript"],
    missing: () => unlessRuns(["erl", "-version"], ERLANG_NEEDS),
  },
  {
    name: "netty",
    what: "Netty, length field codecs",
    command: ["java", "-cp", NETTY.join(":"), "bench/echo/server_netty.java"],
    missing: async () => {
      for (const jar of NETTY) {
        try {
          await Deno.stat(jar);
        } catch {
          return NETTY_NEEDS;
        }
      }
      return unlessRuns(["java", "-version"], NETTY_NEEDS);
    },
  },
  {
    name: "twisted",
    what: "Twisted `Int32StringReceiver`",
    command: [PYTHON, "bench/echo/server_twisted.py"],
    missing: unlessTwisted,
  },
];

/** All that echo lines, ours first. */
export const LINE_CANDIDATES: readonly Candidate[] = [
  {
    name: "kept",
    what: "Packetboat, as it comes",
    command: ours("server_lines_kept.ts"),
  },
  {
    name: "script",
    what: "Packetboat, `for await`",
    command: ours("server_lines_script.ts"),
  },
  CANDIDATES.find(({ name }) => name === "floor")!,
  {
    name: "web",
    what: "Deno, `TextLineStream`",
    command: ours("server_lines_web.ts"),
  },
  {
    name: "node",
    what: "Node `net`, lines cut by hand",
    command: ["node", "bench/echo/server_lines_node.mjs"],
    missing: unlessNode,
  },
  {
    name: "readline",
    what: "Node `net`, `node:readline`",
    command: ["node", "bench/echo/server_lines_readline.mjs"],
    missing: unlessNode,
  },
  {
    name: "twisted",
    what: "Twisted `LineReceiver`",
    command: [PYTHON, "bench/echo/server_lines_twisted.py"],
    missing: unlessTwisted,
  },
];

const children = new Set<Deno.ChildProcess>();

/** Starts a server, on the processor `cpu` alone if one is given, and waits until it has said its port. */
export async function start(
  { name, command }: Candidate,
  cpu?: number,
): Promise<Running> {
  const process = spawn(command, cpu, "inherit");
  const said = await listen(process.stdout)();
  if (said === undefined) {
    endIfInterrupted((await process.status).code);
    throw new Error(`${name} ended before it said its port`);
  }
  return { name, port: Number(said), pid: process.pid };
}

/** Starts a program that is told what to do, line by line, and says when it has done so. */
export function startTalking(command: string[]) {
  const process = spawn(command, undefined, "inherit", "piped");
  const stdin = process.stdin.getWriter();
  const hear = listen(process.stdout);
  return {
    say: (line: string) => stdin.write(new TextEncoder().encode(`${line}\n`)),
    async hears(expected: string) {
      const said = await hear();
      if (said !== expected) {
        if (said === undefined) endIfInterrupted((await process.status).code);
        throw new Error(`heard ${said ?? "nothing"}, expected ${expected}`);
      }
    },
  };
}

/** Runs a program to its end and gives what it printed. */
export async function run(command: string[], cpu?: number): Promise<string> {
  const process = spawn(command, cpu, "piped");
  const { code, stdout, stderr } = await process.output();
  children.delete(process);
  if (code !== 0) {
    endIfInterrupted(code);
    throw new Error(
      `${command[0]} failed: ${new TextDecoder().decode(stderr).trim()}`,
    );
  }
  return new TextDecoder().decode(stdout);
}

/** Kills what was started and is still there. */
export function stopAll(): void {
  for (const process of children) {
    try {
      process.kill("SIGKILL");
    } catch { /* It has ended by itself. */ }
  }
  children.clear();
}

/** What a program exits with that was interrupted. */
const INTERRUPTS = [["SIGINT", 130], ["SIGTERM", 143]] as const;

/** Stops everything when this program is interrupted. */
export function stopAllOnSignals(): void {
  for (const [signal, code] of INTERRUPTS) {
    Deno.addSignalListener(signal, () => {
      stopAll();
      Deno.exit(code);
    });
  }
}

/** A terminal interrupts all of a job's processes, and what is waited for here may end before this one hears of it. */
function endIfInterrupted(code: number): void {
  if (!INTERRUPTS.some(([, interrupted]) => interrupted === code)) return;
  stopAll();
  Deno.exit(code);
}

/** The processors that this program may use; `undefined` where nobody can say. */
export async function processors(): Promise<number[] | undefined> {
  try {
    const list = await run(["taskset", "-cp", String(Deno.pid)]);
    return list.slice(list.lastIndexOf(":") + 1).split(",").flatMap((range) => {
      const [from, to = from] = range.split("-").map(Number);
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });
  } catch {
    return undefined;
  }
}

/** Seconds that a process has worked so far, its threads included; `undefined` where there is no /proc. */
export async function cpuSeconds(pid: number): Promise<number | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  // Deno reads /proc only when everything is allowed; `cat` may. Source: proc(5), fields 14 and 15.
  const stat = await run(["cat", `/proc/${pid}/stat`]);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** USER_HZ: the same on every Linux. */
const TICKS_PER_SECOND = 100;

function ours(file: string, ...flags: string[]): string[] {
  return [
    "deno",
    "run",
    ...flags,
    "--allow-net=127.0.0.1",
    `bench/echo/${file}`,
  ];
}

/** Gives one line of a stream at each call; `undefined` = it has ended. */
function listen(stream: ReadableStream<Uint8Array>) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  return async () => {
    while (!rest.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) return undefined;
      rest += value;
    }
    const [line] = rest.split("\n", 1);
    rest = rest.slice(line.length + 1);
    return line;
  };
}

function spawn(
  command: string[],
  cpu: number | undefined,
  stderr: "inherit" | "piped",
  stdin: "null" | "piped" = "null",
): Deno.ChildProcess {
  const [program, ...args] = cpu === undefined
    ? command
    : ["taskset", "-c", String(cpu), ...command];
  const process = new Deno.Command(program, {
    args,
    stdin,
    stdout: "piped",
    stderr,
  }).spawn();
  children.add(process);
  return process;
}

/** Where Node is not installed, a task of Deno's finds Deno under that name. */
async function unlessNode(): Promise<string | undefined> {
  try {
    const kind = await run(["node", "--print", "typeof Deno"]);
    return kind.trim() === "undefined" ? undefined : "node";
  } catch {
    return "node";
  }
}

function unlessTwisted(): Promise<string | undefined> {
  return unlessRuns([PYTHON, "-c", "import twisted"], TWISTED_NEEDS);
}

async function unlessRuns(
  command: string[],
  needs: string,
): Promise<string | undefined> {
  try {
    await run(command);
    return undefined;
  } catch {
    return needs;
  }
}

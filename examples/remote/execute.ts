/**
 * Runs one command on this machine: only what is allowed, with its output as it comes, and never for ever.
 *
 * @module
 */

import { whyNot } from "../kit/files.ts";

/** What may be run, and for how long. */
export interface Rules {
  /** Names of programs. A request has to begin with one of them, letter by letter. */
  allowed: ReadonlySet<string>;
  /** Everything may be run, by `sh`. */
  shell: boolean;
  timeoutMs: number;
}

/** Who may not run what, in words for the one who asked. */
export class Refusal extends Error {}

/** How it ended; the code is as a shell shows it. */
export interface Outcome {
  code: number;
  note?: string;
}

type OnOutput = (
  kind: "stdout" | "stderr",
  bytes: Uint8Array,
) => void | Promise<void>;

/** As `timeout` of coreutils has it. */
const CODE_OF_TIMEOUT = 124;
/** For what a killed command has written already. Who keeps its output open for longer was not killed with it. */
const LINGER_MS = 1_000;

/**
 * Runs it to its end. Waits for each `onOutput` before it reads on, so that a slow reader slows the command.
 *
 * @param signal Kills it when it aborts, with everything that it started.
 * @throws {Refusal} It is not allowed, or there is no such program.
 */
export async function execute(
  words: readonly string[],
  { allowed, shell, timeoutMs }: Rules,
  signal: AbortSignal,
  onOutput: OnOutput,
): Promise<Outcome> {
  const [program, ...args] = shell ? ["sh", "-c", words.join(" ")] : words;
  if (!shell && !allowed.has(program)) {
    throw new Refusal(
      `${program} is not allowed, only ${[...allowed].join(", ")}`,
    );
  }
  signal.throwIfAborted();
  const child = start(program, args);
  // A process group of its own: what the command started ends with it, unless it left the group.
  const kill = () => {
    try {
      Deno.kill(-child.pid, "SIGKILL");
    } catch { /* It is gone. */ }
  };
  const outputs = [
    new Output("stdout", child.stdout, onOutput),
    new Output("stderr", child.stderr, onOutput),
  ];
  const cut = () => outputs.forEach((output) => output.cut());
  const abandon = () => {
    kill();
    cut();
  };
  let late = false;
  let timer = setTimeout(() => {
    late = true;
    kill();
    timer = setTimeout(cut, LINGER_MS);
  }, timeoutMs);
  signal.addEventListener("abort", abandon);
  try {
    await Promise.all(outputs.map((output) => output.pass()));
    const { code } = await child.status;
    return late
      ? {
        code: CODE_OF_TIMEOUT,
        note: `${program} was killed: it ran longer than ${
          timeoutMs / 1_000
        } s`,
      }
      : { code };
  } catch (error) {
    abandon();
    await child.status;
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abandon);
  }
}

function start(program: string, args: string[]): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
  } catch (error) {
    throw new Refusal(
      error instanceof Deno.errors.NotFound
        ? `this machine has no ${program}`
        : `${program} cannot be run: ${whyNot(error)}`,
    );
  }
}

/** One stream of what a command writes. */
class Output {
  readonly #kind: "stdout" | "stderr";
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #onOutput: OnOutput;

  constructor(
    kind: "stdout" | "stderr",
    from: ReadableStream<Uint8Array>,
    onOutput: OnOutput,
  ) {
    this.#kind = kind;
    this.#reader = from.getReader();
    this.#onOutput = onOutput;
  }

  /** Passes everything on, until its end or a cut. */
  async pass(): Promise<void> {
    for (let next; !(next = await this.#reader.read()).done;) {
      await this.#onOutput(this.#kind, next.value);
    }
  }

  /** Reads no more, whoever may still write. */
  cut(): void {
    this.#reader.cancel().catch(
      () => {/* It has failed, and `pass` says how. */},
    );
  }
}

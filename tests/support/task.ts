/**
 * Runs a task of deno.json as a user does: its own command line, with its own permissions, as a process. Waits
 * for what the process says, never for time; what hangs is killed, and the test says what it had said so far.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url);

/** Far above what anything here needs, also on a slow machine that does something else. */
const DEADLINE_MS = 90_000;

/** How a process ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Options of {@linkcode startTask}. */
export interface TaskOptions {
  /** Replaces permission flags of the task, to see what it says without them. */
  permissions?: string[];
  /** Keeps stdin open for `write`. */
  stdin?: boolean;
  env?: Record<string, string>;
}

/** Starts `deno task NAME ARGS…` without the shell in between. */
export function startTask(
  name: keyof typeof config.tasks,
  args: readonly string[] = [],
  options: TaskOptions = {},
): TaskProcess {
  const [program, ...words] = config.tasks[name].command.split(" ");
  if (program !== "deno") throw new Error(`Cannot run task ${name} directly`);
  const { permissions } = options;
  const flags = permissions === undefined
    ? words
    : words.flatMap((word) =>
      word === "run"
        ? [word, ...permissions]
        : word.startsWith("--allow-")
        ? []
        : [word]
    );
  return new TaskProcess([...flags, ...args], options);
}

/** Runs a task to its end. */
export async function runTask(
  name: keyof typeof config.tasks,
  args: readonly string[] = [],
  options: TaskOptions = {},
): Promise<Ended> {
  await using task = startTask(name, args, options);
  return await task.ended;
}

/** A task that runs. Leaving its scope kills it, if it is still there. */
export class TaskProcess implements AsyncDisposable {
  readonly ended: Promise<Ended>;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #stdout = "";
  #stderr = "";
  #over = false;
  #wake: () => void = () => {};

  constructor(args: string[], { env, stdin = false }: TaskOptions) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args,
      env,
      cwd: ROOT,
      stdin: stdin ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdin = stdin ? this.#child.stdin.getWriter() : undefined;
    this.ended = this.#run();
  }

  /** For /proc. */
  get pid(): number {
    return this.#child.pid;
  }

  /** What stdout says, as soon as it matches. */
  async says(wanted: RegExp): Promise<RegExpMatchArray> {
    return await this.#await(() => this.#stdout.match(wanted), wanted);
  }

  /** Where it says that it listens, as soon as it does. */
  async port(): Promise<string> {
    return (await this.says(/listening on [^ ]+:(\d+)/))[1];
  }

  /** What stderr says, as soon as it matches. */
  async complains(wanted: RegExp): Promise<RegExpMatchArray> {
    return await this.#await(() => this.#stderr.match(wanted), wanted);
  }

  /** Types `text`. */
  async write(text: string): Promise<void> {
    await this.#stdin!.write(new TextEncoder().encode(text));
  }

  /** Types Ctrl-D. */
  async endInput(): Promise<void> {
    await this.#stdin!.close();
  }

  /** Ctrl-C, unless told otherwise. */
  signal(signal: Deno.Signal = "SIGINT"): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) this.#child.kill("SIGKILL");
    await this.ended;
    await this.#stdin?.close().catch(() => {/* it is closed */});
  }

  async #run(): Promise<Ended> {
    const timer = setTimeout(() => {
      this.#stderr += `\n[killed by the test after ${DEADLINE_MS} ms]`;
      this.#child.kill("SIGKILL");
    }, DEADLINE_MS);
    const [{ code }] = await Promise.all([
      this.#child.status.then((status) => {
        this.#over = true;
        return status;
      }),
      this.#collect(this.#child.stdout, (text) => this.#stdout += text),
      this.#collect(this.#child.stderr, (text) => this.#stderr += text),
    ]);
    clearTimeout(timer);
    this.#wake();
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }

  async #collect(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    add: (text: string) => void,
  ): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      add(text);
      this.#wake();
    }
  }

  async #await<T>(look: () => T | null, wanted: RegExp): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== null) return found;
      const more = Promise.withResolvers<void>();
      this.#wake = more.resolve;
      const over = await Promise.race([more.promise, this.ended]);
      if (over === undefined) continue;
      const late = look();
      if (late !== null) return late;
      throw new Error(
        `The process ended with ${over.code} and never said ${wanted}:\n${over.stdout}\n${over.stderr}`,
      );
    }
  }
}

/** Says that something is not installed, in the name of a test that then is ignored. */
export function isInstalled(program: string): boolean {
  try {
    return new Deno.Command(program, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

/** A child process whose lines a test waits for. */

export interface Child extends AsyncDisposable {
  /** The next line of its standard output; throws when it ends first. */
  line(): Promise<string>;
  kill(signal: Deno.Signal): void;
  readonly status: Promise<Deno.CommandStatus>;
}

/** Starts `command`. It is killed at the end of the scope. */
export function startChild(command: string, args: string[]): Child {
  const process = new Deno.Command(command, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream())
    .getReader();
  let text = "";
  return {
    status: process.status,
    async line() {
      for (;;) {
        const end = text.indexOf("\n");
        if (end >= 0) {
          const line = text.slice(0, end);
          text = text.slice(end + 1);
          return line;
        }
        const { value, done } = await reader.read();
        if (done) throw new Error(`the child ended; it had said: ${text}`);
        text += value;
      }
    },
    kill: (signal) => process.kill(signal),
    async [Symbol.asyncDispose]() {
      try {
        process.kill("SIGKILL");
      } catch (error) {
        // It has ended already.
        if (!(error instanceof TypeError)) throw error;
      }
      await reader.cancel();
      await process.status;
    },
  };
}

/**
 * A server of this folder, given `args`. `shell` goes in front of it, such as `ulimit -n 40;`; `flags` are Deno's.
 */
export function startSupportServer(
  file: string,
  args: string[],
  { shell = "", flags = [] }: { shell?: string; flags?: string[] } = {},
): Child {
  const path = new URL(file, import.meta.url).pathname;
  const command = [
    "run",
    "--quiet",
    "--allow-net=127.0.0.1",
    ...flags,
    path,
    ...args,
  ];
  return shell === ""
    ? startChild(Deno.execPath(), command)
    : startChild("sh", [
      "-c",
      `${shell} exec "$0" "$@"`,
      Deno.execPath(),
      ...command,
    ]);
}

/** The chaos server, with `flags`. */
export function startChaosServer(flags: string[], shell = ""): Child {
  return startSupportServer("chaos_server.ts", flags, { shell });
}

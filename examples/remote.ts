/**
 * Remote commands: run a program over there as if it were here.
 *
 * Teaches: a handler as a script that reads in order; the end of a connection as a signal that stops the work; output of
 * any size with backpressure; what a service owes the machine that it runs on: nothing is allowed that was not named.
 *
 *     deno task remote serve --allow date,uptime,ls
 *     deno task remote run -- ls -l /
 *
 * @module
 */

import { connect, serve, type Supervisable } from "@packetboat/net";
import { command, Exit, printError, runCli, UsageError } from "./kit/cli.ts";
import { readFile } from "./kit/files.ts";
import { untilSignal } from "./kit/until_signal.ts";
import { addrText, endpointOf, tcpFlags, UNIX_FLAG } from "./kit/where.ts";
import { writeAll } from "./kit/write_all.ts";
import { codec, proofOf } from "./remote/protocol.ts";
import { serveOne } from "./remote/serve_one.ts";
import { serveTutorial, TUTORIAL_WIRES } from "./remote/tutorials.ts";

/** What a shell shows for a process that SIGINT ended: 128 + 2. */
const INTERRUPTED = 130;
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;

const FLAGS = {
  ...tcpFlags(8888),
  ...UNIX_FLAG,
  token: {
    type: "string",
    placeholder: "SECRET",
    help: "both sides know it; it is proved, never sent; `ps` shows it",
  },
  "token-file": {
    type: "string",
    placeholder: "PATH",
    help: "the same from a file, which `ps` does not show",
  },
} as const;

/** The secret of `--token` or `--token-file`; a line end after it is none of it. */
async function secretOf(
  token: string | undefined,
  path: string | undefined,
): Promise<string | undefined> {
  if (path === undefined) return token;
  if (token !== undefined) {
    throw new UsageError("Cannot use both --token and --token-file");
  }
  const text = new TextDecoder().decode(await readFile(path));
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new Error(`Cannot use ${path}: it holds no secret`);
  return secret;
}

const serveCommand = command({
  summary:
    "Run programs for others. Mind what each can do when it is given the right arguments.",
  flags: {
    ...FLAGS,
    allow: {
      type: "string",
      placeholder: "NAMES",
      help: "programs that may be run, such as date,uptime",
    },
    shell: { type: "boolean", help: "run anything, by sh" },
    timeout: {
      type: "integer",
      min: 1,
      max: 86_400,
      default: 60,
      help: "seconds that a command may take",
    },
    wire: {
      type: "choice",
      choices: ["own", ...Object.keys(TUTORIAL_WIRES)],
      default: "own",
      help: "for clients of tutorials",
    },
  },
  async run(
    { allow, shell, timeout, wire, token: given, "token-file": path, ...where },
  ) {
    const token = await secretOf(given, path);
    const allowed = new Set(allow?.split(",").filter((name) => name !== ""));
    if (!shell && allowed.size === 0) {
      throw new UsageError("Cannot serve without --allow NAMES or --shell");
    }
    if (wire !== "own" && token !== undefined) {
      throw new UsageError(
        `Cannot use --token: wire ${wire} has no place for it`,
      );
    }
    const isHere = where.unix !== undefined || LOOPBACK.test(where.hostname);
    if (shell && !isHere && token === undefined) {
      throw new UsageError(
        `Cannot use --shell on ${where.hostname} without --token: whoever can connect could do anything`,
      );
    }
    const rules = { allowed, shell, timeoutMs: timeout * 1_000 };
    const options = {
      ...await endpointOf(where),
      name: "remote",
      onListen: (addr: Deno.Addr) =>
        console.log(`remote: listening on ${addrText(addr)}, wire ${wire}`),
    };
    const tutorial = TUTORIAL_WIRES[wire];
    await using server: Supervisable & { status: string } =
      tutorial === undefined
        ? serve(
          { ...options, codec, onCrash: "close" },
          (client) =>
            serveOne(client, rules, token, () => server.status === "stopping"),
        )
        : serve(
          { ...options, codec: tutorial.codec, onCrash: "close" },
          (client) => serveTutorial(client, tutorial, rules),
        );
    await untilSignal(server);
  },
});

const runCommand = command({
  summary:
    "Run a program over there: its output comes here, its exit code is ours, Ctrl-C kills it.",
  words: "-- PROGRAM ARGUMENTS…",
  flags: FLAGS,
  async run({ token: given, "token-file": path, ...where }, words) {
    if (words.length === 0) {
      throw new UsageError("Cannot run nothing: name a program behind --");
    }
    const token = await secretOf(given, path);
    await using server = await connect({ ...await endpointOf(where), codec });
    let interrupted = false;
    Deno.addSignalListener("SIGINT", () => {
      interrupted = true;
      server.abort();
    });
    for await (const message of server) {
      switch (message.kind) {
        case "hello": {
          const { challenge } = message;
          const proof = token === undefined || challenge === undefined
            ? undefined
            : await proofOf(token, challenge, words);
          server.send({ kind: "run", words, proof });
          break;
        }
        case "stdout":
        case "stderr":
          await writeAll(Deno[message.kind], message.bytes);
          break;
        case "refused":
          throw new Error(`Cannot run ${words[0]} there: ${message.why}`);
        case "exit":
          if (message.note !== undefined) {
            printError("remote", message.note);
          }
          throw new Exit(codeOf(message));
      }
    }
    if (interrupted) throw new Exit(INTERRUPTED);
    throw new Error("Lost the server before the command ended");
  },
});

/** The code that a command ended with, if that is what the server says: anything else would end us with a 0. */
function codeOf({ code }: { code: unknown }): number {
  if (Number.isInteger(code) && code as number >= 0 && code as number <= 255) {
    return code as number;
  }
  throw new Error(`Cannot understand the server: ${code} is no exit code`);
}

await runCli("remote", { serve: serveCommand, run: runCommand });

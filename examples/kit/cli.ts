/**
 * What every example's command line shares: flags from a table, `--help` made from the same table, one
 * readable line for what goes wrong, and an exit code: 0 fine, 1 failed, 2 wrong use.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import "./paint.ts";

/** One flag. Without a default it may be left out. */
export type Flag =
  & { help: string; placeholder?: string }
  & (
    | { type: "string"; default?: string }
    | { type: "integer"; min: number; max: number; default?: number }
    | { type: "choice"; choices: readonly string[]; default?: string }
    | { type: "boolean" }
  );

/** What the flags of a table are parsed to. */
export type Values<F extends Record<string, Flag>> = {
  [K in keyof F]: F[K] extends { type: "boolean" } ? boolean
    : F[K] extends { type: "integer" }
      ? F[K] extends { default: number } ? number : number | undefined
    : F[K] extends { type: "choice"; choices: readonly (infer C)[] }
      ? F[K] extends { default: string } ? C : C | undefined
    : F[K] extends { default: string } ? string
    : string | undefined;
};

/** One command of an example, such as `serve`. */
export interface Command {
  summary: string;
  /** How the words after the flags are shown, such as `"TEXT…"`; without it there must be none. */
  words?: string;
  flags: Record<string, Flag>;
  run(values: never, words: string[]): Promise<void>;
}

/** Ties the type of `run` to the table of flags. */
export function command<F extends Record<string, Flag>>(
  definition: Omit<Command, "flags" | "run"> & {
    flags: F;
    run(values: Values<F>, words: string[]): Promise<void>;
  },
): Command {
  return definition as Command;
}

/** A mistake on the command line: exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** An end with a code of its own and nothing more to say. */
export class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

/** Runs the example `name`: one of its commands, or its only one under the name "". Ends the process if that fails. */
export async function runCli(
  name: string,
  commands: Record<string, Command>,
  args: readonly string[] = Deno.args,
): Promise<void> {
  try {
    await dispatch(name, commands, args);
  } catch (error) {
    if (error instanceof Exit) Deno.exit(error.code);
    printError(name, error);
    if (!(error instanceof UsageError)) Deno.exit(1);
    const which = Object.hasOwn(commands, args[0]) ? ` ${args[0]}` : "";
    console.error(`Try: deno task ${name}${which} --help`);
    Deno.exit(2);
  }
}

/** Says in one line what went wrong. */
export function printError(name: string, error: unknown): void {
  const words = error instanceof Error ? error.message : String(error);
  console.error(`${name}: ${printable(words.split("\n")[0])}`);
}

/** What a peer said, without what could move the cursor, or look like a line of ours. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, "\ufffd");
}

async function dispatch(
  name: string,
  commands: Record<string, Command>,
  args: readonly string[],
): Promise<void> {
  const single = commands[""];
  const [first, ...others] = args;
  const chosen = single ??
    (Object.hasOwn(commands, first) ? commands[first] : undefined);
  if (chosen === undefined) {
    if (first === "--help" || first === "-h") {
      return console.log(overview(name, commands));
    }
    const names = Object.keys(commands).join(", ");
    throw new UsageError(
      first === undefined
        ? `Cannot start without a command: choose one of ${names}`
        : `Cannot find command "${first}": choose one of ${names}`,
    );
  }
  const title = single === undefined ? `${name} ${first}` : name;
  const { values, words, wantsHelp } = parse(
    chosen,
    single === undefined ? others : args,
  );
  if (wantsHelp) return console.log(help(title, chosen));
  await chosen.run(values as never, words);
}

function parse({ flags, words: wordsName }: Command, args: readonly string[]) {
  const names = Object.keys(flags);
  const isBoolean = (name: string) => flags[name].type === "boolean";
  const unknown: string[] = [];
  const parsed = parseArgs(args, {
    boolean: ["help", ...names.filter(isBoolean)],
    string: ["_", ...names.filter((name) => !isBoolean(name))],
    alias: { help: "h" },
    unknown: (arg, key) => {
      if (key === undefined) return true;
      unknown.push(arg);
      return false;
    },
  });
  const words = parsed._.map(String);
  const wantsHelp = Boolean(parsed.help) && unknown.length === 0;
  if (wantsHelp) return { values: {}, words, wantsHelp };
  // A flag without its value comes first: what is behind it is then taken for a word, or for a flag.
  const values = Object.fromEntries(
    names.map((name) => [name, value(name, flags[name], parsed[name])]),
  );
  if (unknown.length > 0) {
    throw new UsageError(`Cannot find flag ${unknown[0]}`);
  }
  if (wordsName === undefined && words.length > 0) {
    throw new UsageError(`Cannot use "${words[0]}": no words are expected`);
  }
  return { values, words, wantsHelp };
}

function value(name: string, flag: Flag, given: unknown): unknown {
  if (flag.type === "boolean") return given === true;
  if (given === undefined) return flag.default;
  const text = String(given);
  if (text === "") {
    throw new UsageError(`Cannot use --${name}: it needs a value`);
  }
  switch (flag.type) {
    case "string":
      return text;
    case "choice":
      if (flag.choices.includes(text)) return text;
      throw new UsageError(
        `Cannot use --${name} ${text}: choose one of ${
          flag.choices.join(", ")
        }`,
      );
    case "integer": {
      const number = /^\d+$/.test(text) ? Number(text) : NaN;
      if (number >= flag.min && number <= flag.max) return number;
      throw new UsageError(
        `Cannot use --${name} ${text}: it must be an integer from ${flag.min} to ${flag.max}`,
      );
    }
  }
}

function overview(name: string, commands: Record<string, Command>): string {
  const rows = Object.entries(commands).map(([word, { summary }]) =>
    `  ${word.padEnd(12)}${summary}`
  );
  return [
    `Usage: deno task ${name} COMMAND [FLAGS]`,
    "",
    ...rows,
    "",
    `More: deno task ${name} COMMAND --help`,
  ].join("\n");
}

function help(title: string, { summary, words, flags }: Command): string {
  const rows = Object.entries(flags).map(([name, flag]) => {
    const placeholder = flag.type === "boolean"
      ? ""
      : ` ${flag.placeholder ?? (flag.type === "integer" ? "N" : "NAME")}`;
    const standard = "default" in flag && flag.default !== undefined
      ? ` (default: ${flag.default})`
      : "";
    const choices = flag.type === "choice"
      ? `: ${flag.choices.join(", ")}`
      : "";
    return `  ${
      `--${name}${placeholder}`.padEnd(20)
    }${flag.help}${choices}${standard}`;
  });
  return [
    `Usage: deno task ${title} [FLAGS]${
      words === undefined ? "" : ` ${words}`
    }`,
    "",
    summary,
    "",
    ...rows,
    `  ${"--help".padEnd(20)}show this text`,
  ].join("\n");
}

/**
 * What commands share: the things that they work on, and the ways in which they refuse. Decides nothing else.
 *
 * @module
 */

import type { Keyspace } from "./keyspace.ts";
import { errorReply } from "./resp.ts";
import { textOf } from "./text.ts";

/** What commands work on. */
export interface Shop {
  keys: Keyspace;
  maxValueBytes: number;
  startedAtMs: number;
  /** Commands so far. */
  served: number;
}

/** An error that the client hears, after which everything goes on. */
export class Refusal extends Error {
  constructor(words: string, readonly code = "ERR") {
    super(words);
  }

  get reply(): string {
    return errorReply(this.message, this.code);
  }
}

/** The number of words is not what the command takes. */
export function wrongArity(name: string): Refusal {
  return new Refusal(`wrong number of arguments for '${name}' command`);
}

/** The word after the command, if it is one of those known. */
export function subcommand(
  command: string,
  given: Uint8Array,
  known: string[],
): string {
  const name = textOf(given).toLowerCase();
  if (known.includes(name)) return name;
  throw new Refusal(
    `unknown subcommand '${
      textOf(given).slice(0, 128)
    }'. Try ${command.toUpperCase()} HELP.`,
  );
}

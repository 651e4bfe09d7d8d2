/**
 * What Deno keeps behind `--unstable-net`, and how that is said. A library cannot turn it on: only the
 * command line or the application's own deno.json can.
 *
 * @module
 */

import { ListenError } from "../errors.ts";

/** Whether the flag is on. Nothing but the presence of this function shows it. */
export function hasUnstableNet(): boolean {
  return typeof Deno.listenDatagram === "function";
}

/**
 * Throws unless the flag is on. Looked at first, because Deno may end the whole process, uncatchably, when it
 * is asked for such a thing without the flag.
 *
 * @param where Completes "Cannot listen on …".
 * @param what What needs the flag, as the beginning of a sentence.
 */
export function requireUnstableNet(where: string, what: string): void {
  if (hasUnstableNet()) return;
  throw new ListenError(
    `Cannot listen on ${where}: ${what} need the flag --unstable-net, which is off; run "deno run --unstable-net …" or put "unstable": ["net"] into the deno.json of the application`,
    "UNSTABLE_NET",
  );
}

/**
 * Ctrl-C that drains. Signals are the application's affair, not the library's: this is how an application
 * ties them to a server.
 *
 * @module
 */

import type { Supervisable } from "@packetboat/net";
import { Exit } from "./cli.ts";

/** What a shell shows for a process that SIGINT ended: 128 + 2. */
const KILLED = 130;

/**
 * Resolves when `service` has ended: by itself, or after SIGINT or SIGTERM stopped it politely. A second
 * signal does not wait for anybody.
 *
 * @throws What the service failed with.
 * @throws {Exit} It was killed by a second signal.
 */
export async function untilSignal(service: Supervisable): Promise<void> {
  let asked = false;
  // A server that is killed while it stops says that it was stopped.
  let killed = false;
  const onSignal = () => {
    if (asked) {
      killed = true;
      return service.kill();
    }
    asked = true;
    console.error("Finishing what is under way; Ctrl-C again stops at once");
    void service.stop();
  };
  const signals: Deno.Signal[] = ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, onSignal);
  try {
    const reason = await service.exited;
    if (reason.kind === "failed") throw reason.error;
    if (killed || reason.kind === "killed") throw new Exit(KILLED);
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, onSignal);
  }
}

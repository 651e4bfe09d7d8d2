/** Decides nothing: the public door to the supervisor, with its manual. */

import { Tree } from "./supervisor.ts";
import type { ChildSpec, Supervisor, SupervisorOptions } from "./types.ts";

/**
 * Starts the children left to right, each when the one before it runs, and keeps them running; stops them right to
 * left. Itself a child that another supervisor can have, so trees nest.
 *
 * **When a child ends by itself**, its `restart` says whether it is started again: `"always"`; `"onFailure"`, if
 * it failed or was killed; `"never"`, in which case it is also forgotten. The `strategy` says who is restarted with
 * it: it alone, all, or it and those after it. Those are stopped right to left, then started left to right; a
 * child is never started before its predecessor in that place has ended entirely.
 *
 * **Limits.** `maxRestarts` within `withinMs` are shared by all children; a start that fails in a restart counts
 * too. One more, and the supervisor stops what is left and fails with `RestartLimitError`. Its own supervisor then
 * decides; at the root, look at `exited`.
 *
 * **Auto-shutdown.** A `significant` child that ends by itself and is not started again ends the supervisor
 * normally: any one of them, or the last, as `autoShutdown` says.
 *
 * `stop()` gives each child its own `graceMs`, one after the other, and has no limit of its own unless told.
 * `kill()` kills all children and waits for what they hold to be disposed of; a second `kill()` does not.
 *
 * @param children In the order of start; names are unique.
 * @param options Strategy, limits, auto-shutdown.
 * @returns The supervisor, when all children run.
 * @throws {RangeError} (as a rejection) For an option or a child spec out of range. Nothing was started.
 * @throws {TypeError} (as a rejection) For children that are no array of specs, and an `onEvent` that is no function.
 * @throws Whatever the first child that failed to start failed with, or the reason of an aborted signal. What had
 * been started was stopped before.
 *
 * @example
 * ```ts
 * import { actorChild, type ReplyTo, spawn, supervise } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * const log: string[] = [];
 * const worker = actorChild<string | ReplyTo<void>>("worker", () => {
 *   log.push("start");
 *   return {
 *     receive(job) {
 *       if (typeof job === "function") return job();
 *       if (job === "bad") throw new Error("cannot do that");
 *       log.push(job);
 *     },
 *     stopped: () => log.push("end"),
 *   };
 * });
 *
 * {
 *   await using _tree = await supervise([
 *     worker,
 *     { name: "other", start: () => spawn(() => ({ receive() {} })) },
 *   ], { strategy: "oneForOne", maxRestarts: 5 });
 *   worker.ref.tell("a");
 *   worker.ref.tell("bad");
 *   worker.ref.tell("b");
 *   await worker.ref.ask<void>((done) => done);
 * }
 * assertEquals(log, ["start", "a", "end", "start", "b", "end"]);
 * ```
 */
export async function supervise(
  children: readonly ChildSpec[],
  options: SupervisorOptions = {},
): Promise<Supervisor> {
  const tree = new Tree(children, options);
  await tree.begin();
  return tree;
}

/**
 * The contract of the supervision room: limits, children, supervisors. Holds types only.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { ActorEvent, MailboxOptions, Supervisable } from "../actor/mod.ts";

/**
 * How often something may be restarted before supervision gives up, and how long it waits in between.
 *
 * @example
 * ```ts
 * import { RestartLimitError, type RestartLimits, spawn } from "@packetboat/net/actor";
 * import { manualClock } from "@packetboat/net/testing";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const restart: RestartLimits = {
 *   maxRestarts: 2,
 *   withinMs: 60_000,
 *   backoff: { minMs: 100, jitter: 0 },
 * };
 * const clock = manualClock();
 * const startedAtMs: number[] = [];
 * const actor = spawn<string>(() => {
 *   startedAtMs.push(clock.now());
 *   throw new Error("not today");
 * }, { restart, clock });
 *
 * await clock.advance(1_000);
 * const reason = await actor.exited;
 * assertEquals(startedAtMs, [0, 100, 300]);
 * assert(reason.kind === "failed" && reason.error instanceof RestartLimitError);
 * ```
 */
export interface RestartLimits {
  /** Restarts allowed within `withinMs`; one more gives up. @default {3} */
  maxRestarts?: number;
  /** The window in which restarts are counted. @default {5_000} */
  withinMs?: number;
  /** Delay before the nth restart in a row, rounded up to whole milliseconds. @default {{ minMs: 0, maxMs: 5_000, jitter: 0.1 }} */
  backoff?: { minMs?: number; maxMs?: number; jitter?: number };
}

/**
 * Options of `spawn`.
 *
 * @example
 * ```ts
 * import { spawn, type SpawnOptions } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * const program = new AbortController();
 * const options: SpawnOptions = {
 *   name: "worker",
 *   mailbox: { capacity: 100 },
 *   restart: { maxRestarts: 5 },
 *   signal: program.signal,
 * };
 * const worker = spawn(() => ({ receive() {} }), options);
 * program.abort();
 * assertEquals(await worker.exited, { kind: "shutdown" });
 * ```
 */
export interface SpawnOptions {
  /** For errors and events; need not be unique. @default {"actor"} */
  name?: string;
  /** How much mail may wait. */
  mailbox?: MailboxOptions;
  /** How often it is restarted after a crash. Without it, the first crash ends the actor. */
  restart?: RestartLimits;
  /** Stops the actor when it aborts. */
  signal?: AbortSignal;
  /** For tests. @default {systemClock} */
  clock?: Clock;
  /** Hears of crashes, restarts and dropped messages. What it throws goes to `reportError`. */
  onEvent?: (event: ActorEvent) => void;
}

/**
 * One child of a supervisor: how to start it, and when to start it again.
 *
 * @example
 * ```ts
 * import { type ChildSpec, spawn, supervise } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * let attempts = 0;
 * const job: ChildSpec = {
 *   name: "job",
 *   start: () =>
 *     spawn((context) => {
 *       if (++attempts < 3) throw new Error("not yet");
 *       context.stop();
 *       return { receive() {} };
 *     }),
 *   restart: "onFailure",
 *   significant: true,
 * };
 *
 * await using tree = await supervise([job], { autoShutdown: "allSignificant" });
 * assertEquals(await tree.exited, { kind: "normal" });
 * assertEquals(attempts, 3);
 * ```
 */
export interface ChildSpec {
  /** Unique among its siblings. */
  name: string;
  /** Starts the child afresh; `signal` aborts when the supervisor gives up waiting for the start. */
  start(signal: AbortSignal): Supervisable | Promise<Supervisable>;
  /** When it is started again: at any end, only after a failure, or never. @default {"always"} */
  restart?: "always" | "onFailure" | "never";
  /** Time to stop politely before it is killed. @default {5_000} */
  graceMs?: number;
  /** Counts for the supervisor's `autoShutdown`. @default {false} */
  significant?: boolean;
}

/**
 * Options of `supervise`.
 *
 * @example
 * ```ts
 * import { actorChild, type ReplyTo, supervise, type SupervisorOptions } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * const started: string[] = [];
 * const child = (name: string) =>
 *   actorChild<ReplyTo<void>>(name, () => {
 *     started.push(name);
 *     return { receive: (reply) => reply() };
 *   });
 * const [a, b, c] = [child("a"), child("b"), child("c")];
 *
 * const options: SupervisorOptions = { strategy: "restForOne", maxRestarts: 5 };
 * await using _tree = await supervise([a, b, c], options);
 * b.ref.kill();
 * await b.ref.ask<void>((reply) => reply);
 * await c.ref.ask<void>((reply) => reply);
 * assertEquals(started, ["a", "b", "c", "b", "c"]);
 * ```
 */
export interface SupervisorOptions extends RestartLimits {
  /** For errors and for the supervisor above. @default {"supervisor"} */
  name?: string;
  /** Who is restarted with a child that ended: it alone, all, or it and those after it. @default {"oneForOne"} */
  strategy?: "oneForOne" | "oneForAll" | "restForOne";
  /** Whether the supervisor ends when significant children have ended by themselves. @default {"never"} */
  autoShutdown?: "never" | "anySignificant" | "allSignificant";
  /** Stops the supervisor when it aborts. */
  signal?: AbortSignal;
  /** For tests. @default {systemClock} */
  clock?: Clock;
  /** Hears of the children's crashes and restarts; `actor` is the child's name. What it throws goes to `reportError`. */
  onEvent?: (event: ActorEvent) => void;
}

/**
 * Options of `actorChild`.
 *
 * @example
 * ```ts
 * import { actorChild, type ActorChildOptions, supervise } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * const options: ActorChildOptions = {
 *   restart: "onFailure",
 *   graceMs: 1_000,
 *   mailbox: { capacity: 1 },
 * };
 * const job = actorChild<string>("job", (context) => ({
 *   receive: () => context.stop(),
 * }), options);
 * assertEquals(job.ref.tell("early"), "accepted");
 * assertEquals(job.ref.tell("one too many"), "full");
 *
 * await using _tree = await supervise([job]);
 * assertEquals(await job.ref.exited, { kind: "normal" });
 * ```
 */
export interface ActorChildOptions extends Omit<ChildSpec, "name" | "start"> {
  /** How much mail may wait, over all incarnations. */
  mailbox?: MailboxOptions;
  /** For tests. @default {systemClock} */
  clock?: Clock;
  /** Hears of dropped messages. Crashes and restarts are events of the supervisor. What it throws goes to `reportError`. */
  onEvent?: (event: ActorEvent) => void;
}

/**
 * A running supervisor.
 *
 * @example
 * ```ts
 * import { actorChild, supervise, type Supervisor } from "@packetboat/net/actor";
 * import { assertEquals } from "@std/assert";
 *
 * const names = (tree: Supervisor) => tree.children.map(({ name }) => name);
 * const idle = (name: string) => actorChild(name, () => ({ receive() {} }));
 *
 * await using tree = await supervise([idle("first")]);
 * await tree.add(idle("second"));
 * assertEquals(names(tree), ["first", "second"]);
 * await tree.remove("first");
 * assertEquals(names(tree), ["second"]);
 * ```
 */
export interface Supervisor extends Supervisable {
  /** The children in their order of start; `restarts` counts the times that each was started again, or tried to. */
  readonly children: readonly {
    name: string;
    phase: string;
    restarts: number;
    child: Supervisable | undefined;
  }[];
  /** Starts one more child, after the others. */
  add(child: ChildSpec): Promise<void>;
  /** Stops a child and forgets it. */
  remove(name: string): Promise<void>;
}

/**
 * The contract of the supervision room: limits, children, supervisors. Holds types only.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { ActorEvent, MailboxOptions, Supervisable } from "../actor/mod.ts";

/** How often something may be restarted before supervision gives up, and how long it waits in between. */
export interface RestartLimits {
  /** Restarts allowed within `withinMs`; one more gives up. @default {3} */
  maxRestarts?: number;
  /** The window in which restarts are counted. @default {5_000} */
  withinMs?: number;
  /** Delay before the nth restart in a row. @default {{ minMs: 0, maxMs: 5_000, jitter: 0.1 }} */
  backoff?: { minMs?: number; maxMs?: number; jitter?: number };
}

/** Options of `spawn`. */
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

/** One child of a supervisor: how to start it, and when to start it again. */
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

/** Options of `supervise`. */
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

/** Options of `actorChild`. */
export interface ActorChildOptions extends Omit<ChildSpec, "name" | "start"> {
  /** How much mail may wait, over all incarnations. */
  mailbox?: MailboxOptions;
  /** For tests. @default {systemClock} */
  clock?: Clock;
  /** Hears of dropped messages. Crashes and restarts are events of the supervisor. What it throws goes to `reportError`. */
  onEvent?: (event: ActorEvent) => void;
}

/** A running supervisor. */
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

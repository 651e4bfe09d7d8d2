/**
 * Invariant: whatever children do, and whatever is asked of their supervisor meanwhile, no two incarnations of a child
 * overlap; once all has settled, a supervisor that lives has every child up that its restart kind wants up; and a
 * supervisor that has ended has left no child, no timer and no call behind.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  actorChild,
  type ChildSpec,
  type ExitReason,
  supervise,
  type Supervisor,
  type SupervisorOptions,
} from "../../actor.ts";
import {
  type ManualClock,
  manualClock,
} from "../../src/testing/manual_clock.ts";

const NAMES = ["a", "b", "c", "d"] as const;
const RESTARTS = ["always", "onFailure", "never"] as const;
const DEATHS = ["throw", "normal", "kill"] as const;

/** How one incarnation begins, ends, and what its factory comes to. */
interface Manner {
  readonly startMs: number;
  readonly endMs: number;
  readonly startFails: boolean;
  readonly endFails: boolean;
}

const manner: fc.Arbitrary<Manner> = fc.record({
  startMs: fc.constantFrom(0, 0, 5, 40),
  endMs: fc.constantFrom(0, 0, 5, 40),
  startFails: fc.integer({ max: 5, min: 0 }).map((n) => n === 0),
  endFails: fc.integer({ max: 5, min: 0 }).map((n) => n === 0),
});

const step = fc.oneof(
  fc.record({
    do: fc.constantFrom(...DEATHS),
    who: fc.constantFrom(...NAMES),
  }),
  fc.record({
    do: fc.constantFrom("remove", "add", "remove at next event"),
    who: fc.constantFrom(...NAMES),
  }),
  fc.record({
    do: fc.constant("pass" as const),
    ms: fc.constantFrom(0, 1, 5, 20, 100),
  }),
  // A moment in the middle of things, not after they have settled.
  fc.record({
    do: fc.constant("ticks" as const),
    count: fc.integer({ min: 1, max: 12 }),
  }),
);

function wait(clock: ManualClock, ms: number, signal?: AbortSignal) {
  return new Promise<void>((resolve, reject) => {
    if (ms === 0) return resolve();
    const timer = clock.after(ms, resolve);
    signal?.addEventListener("abort", () => {
      timer.cancel();
      reject(signal.reason);
    });
  });
}

/** A child whose incarnations behave as `manners` says, over and over. */
class Kid {
  readonly name: string;
  readonly restart: typeof RESTARTS[number];
  readonly child: ReturnType<typeof actorChild<"throw" | "normal">>;
  alive = 0;

  constructor(
    clock: ManualClock,
    name: string,
    restart: typeof RESTARTS[number],
    manners: readonly Manner[],
  ) {
    this.name = name;
    this.restart = restart;
    let born = 0;
    this.child = actorChild(name, async (context) => {
      const manner = manners[born++ % manners.length];
      assertEquals(++this.alive, 1, `${name} overlaps with itself`);
      context.resources.defer(() => void this.alive--);
      await wait(clock, manner.startMs, context.signal);
      if (manner.startFails) throw new Error(`${name} cannot start`);
      return {
        receive(how) {
          if (how === "throw") throw new Error(`${name} threw`);
          context.stop();
        },
        async stopped() {
          await wait(clock, manner.endMs);
          if (manner.endFails) throw new Error(`${name} failed to stop`);
        },
      };
    }, { restart, clock });
  }

  get spec(): ChildSpec {
    return this.child;
  }

  die(how: typeof DEATHS[number]): void {
    if (how === "kill") this.child.ref.kill();
    else this.child.ref.tell(how);
  }
}

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A supervisor, its children, and what was asked of it and is not done. */
class Scene {
  readonly clock = manualClock();
  readonly kids: Record<string, Kid>;
  readonly pending = new Set<Promise<void>>();
  tree: Supervisor | undefined;
  reason: ExitReason | undefined;
  /** Called at an event each, from inside of it. */
  readonly #reactions: (() => void)[] = [];

  constructor(
    restarts: readonly (typeof RESTARTS[number])[],
    manners: readonly (readonly Manner[])[],
  ) {
    this.kids = Object.fromEntries(
      NAMES.map((name, i) => [
        name,
        new Kid(this.clock, name, restarts[i], manners[i]),
      ]),
    );
  }

  /** Starts the first two children; without a tree, one of them failed to. */
  async begin(options: SupervisorOptions): Promise<void> {
    const { a, b } = this.kids;
    const supervising = supervise([a.spec, b.spec], {
      ...options,
      clock: this.clock,
      onEvent: () => this.#reactions.shift()?.(),
    }).then((tree) => {
      this.tree = tree;
      tree.exited.then((reason) => this.reason = reason);
    }, () => {});
    await this.clock.advance(200);
    await supervising;
  }

  async take(tree: Supervisor, step: Step): Promise<void> {
    switch (step.do) {
      case "pass":
        return await this.clock.advance(step.ms);
      case "ticks":
        for (let i = 0; i < step.count; i++) await Promise.resolve();
        return;
      case "add":
        return this.#ask(() => tree.add(this.kids[step.who].spec));
      case "remove":
        return this.#ask(() => tree.remove(step.who));
      case "remove at next event":
        this.#reactions.push(() => this.#ask(() => tree.remove(step.who)));
        return;
      default:
        this.kids[step.who].die(step.do);
    }
  }

  #ask(call: () => Promise<void>): void {
    const asked = call().catch(() => {}).finally(() =>
      this.pending.delete(asked)
    );
    this.pending.add(asked);
  }
}

Deno.test("a supervisor keeps its invariants, whatever happens to it", async () => {
  // What was seen, over all runs: a generator that never gets anywhere would pass as well.
  const reached = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("oneForOne", "oneForAll", "restForOne"),
      fc.constantFrom(2, 5, 100),
      fc.constantFrom(0, 10),
      fc.array(fc.constantFrom(...RESTARTS), { minLength: 4, maxLength: 4 }),
      fc.array(fc.array(manner, { minLength: 1, maxLength: 4 }), {
        minLength: 4,
        maxLength: 4,
      }),
      fc.array(step, { maxLength: 30, size: "max" }),
      fc.constantFrom("stop", "kill", "settle"),
      async (strategy, maxRestarts, minMs, restarts, manners, steps, end) => {
        const scene = new Scene(restarts, manners);
        const { clock, kids, pending } = scene;
        await scene.begin({
          strategy: strategy as SupervisorOptions["strategy"],
          maxRestarts,
          withinMs: 10_000,
          backoff: { minMs, maxMs: 50, jitter: 0 },
        });
        const { tree } = scene;
        if (tree !== undefined) {
          for (const step of steps) {
            await scene.take(tree, step);
            for (const { phase } of tree.children) reached.add(phase);
          }
          if (end === "settle") await clock.advance(10_000);
          if (end === "settle" && scene.reason === undefined) {
            reached.add("settled");
            for (const { name, phase } of tree.children) {
              const { restart, child } = kids[name];
              const isDone = restart === "onFailure" && phase === "stopped";
              assert(phase === "running" || isDone, `${name} is ${phase}`);
              assertEquals(child.ref.phase, phase, name);
            }
            assertEquals(pending.size, 0, "a call was left waiting");
          }
          if (end === "kill") tree.kill();
          else void tree.stop();
          await clock.advance(30_000);
          assert(scene.reason !== undefined, "it has not ended");
          reached.add(scene.reason.kind);
        }
        assertEquals(pending.size, 0, "a call was left waiting");
        for (const { name, alive, child } of Object.values(kids)) {
          assertEquals(alive, 0, `${name} still lives`);
          // "starting": it never was a child.
          assert(["starting", "stopped"].includes(child.ref.phase), name);
        }
        assertEquals(clock.pendingTimers, 0);
      },
    ),
    { numRuns: 1_000 },
  );
  assertEquals([...reached].toSorted(), [
    "failed",
    "killed",
    "restarting",
    "running",
    "settled",
    "shutdown",
    "starting",
    "stopped",
    "stopping",
  ]);
});

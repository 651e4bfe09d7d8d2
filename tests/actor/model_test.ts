/**
 * Invariant: whatever is told, delivered, crashed, stopped or killed in whatever order, an actor does exactly what
 * a dozen lines of plain lists say: same verdicts, same order of turns, same drops, same phase; nothing is lost but
 * the message of a failed turn, and no two turns or incarnations overlap.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type ActorRef,
  type MailboxOptions,
  type Phase,
  spawn,
  type TellVerdict,
} from "../../actor.ts";
import {
  type ManualClock,
  manualClock,
} from "../../src/testing/manual_clock.ts";

const MAX_RESTARTS = 3;
const MIN_MS = 10;

/** What should be. */
interface Model {
  readonly capacity: number;
  readonly overflow: NonNullable<MailboxOptions["overflow"]>;
  phase: Phase;
  queue: number[];
  waiting: number[];
  turn: number | undefined;
  served: number[];
  drops: number;
  crashes: number;
  incarnation: number;
  delivered: number[];
  refused: number[];
  next: number;
}

/** What is. */
interface Real {
  readonly clock: ManualClock;
  readonly ref: ActorRef<number>;
  gate: PromiseWithResolvers<void> | undefined;
  readonly served: number[];
  drops: number;
  alive: number;
  incarnation: number;
  readonly delivered: number[];
  readonly refused: number[];
  readonly aborts: Map<number, AbortController>;
  /** The phases that any run has come to. */
  readonly reached: Set<Phase>;
}

/** A turn begins whenever one can, and makes room for who waits. */
function pump(model: Model): void {
  if (model.phase !== "running" || model.turn !== undefined) return;
  const message = model.queue.shift();
  if (message === undefined) return;
  model.turn = message;
  model.served.push(message);
  const waiting = model.waiting.shift();
  if (waiting === undefined) return;
  model.queue.push(waiting);
  model.delivered.push(waiting);
}

function end(model: Model, phase: "stopping" | "stopped"): void {
  model.phase = phase;
  model.queue = [];
  model.refused.push(...model.waiting);
  model.waiting = [];
}

async function settled(model: Model, real: Real): Promise<void> {
  await real.clock.settle();
  assertEquals(real.ref.phase, model.phase);
  real.reached.add(model.phase);
  assertEquals(real.ref.mailboxSize, model.queue.length);
  assertEquals(real.served, model.served);
  assertEquals(real.drops, model.drops);
  assertEquals(real.incarnation, model.incarnation);
  assertEquals(real.delivered, model.delivered);
  assertEquals(real.refused, model.refused);
  assertEquals(
    real.alive,
    model.phase === "running" ||
      (model.phase === "stopping" && model.turn !== undefined)
      ? 1
      : 0,
  );
}

type Command = fc.AsyncCommand<Model, Real>;
const isOver = (model: Model) =>
  model.phase === "stopping" || model.phase === "stopped";

class Tell implements Command {
  check = () => true;
  async run(model: Model, real: Real) {
    const message = model.next++;
    let verdict: TellVerdict = "accepted";
    if (isOver(model)) verdict = "stopped";
    else if (model.queue.length < model.capacity) model.queue.push(message);
    else if (model.overflow === "dropNewest") {
      verdict = "dropped";
      model.drops++;
    } else if (model.overflow === "reject" || model.waiting.length > 0) {
      verdict = "full";
    } else {
      model.queue.shift();
      model.queue.push(message);
      model.drops++;
    }
    assertEquals(real.ref.tell(message), verdict);
    pump(model);
    await settled(model, real);
  }
  toString = () => "tell";
}

class Deliver implements Command {
  check = () => true;
  async run(model: Model, real: Real) {
    const message = model.next++;
    if (isOver(model)) model.refused.push(message);
    else if (model.queue.length < model.capacity) {
      model.queue.push(message);
      model.delivered.push(message);
    } else model.waiting.push(message);
    const controller = new AbortController();
    real.aborts.set(message, controller);
    real.ref.deliver(message, { signal: controller.signal }).then(
      () => real.delivered.push(message),
      () => real.refused.push(message),
    );
    pump(model);
    await settled(model, real);
  }
  toString = () => "deliver";
}

class AbortDelivery implements Command {
  constructor(readonly pick: number) {}
  check = (model: Readonly<Model>) => model.waiting.length > 0;
  async run(model: Model, real: Real) {
    const [message] = model.waiting.splice(this.pick % model.waiting.length, 1);
    model.refused.push(message);
    real.aborts.get(message)!.abort();
    await settled(model, real);
  }
  toString = () => `abort(${this.pick})`;
}

class FinishTurn implements Command {
  check = (model: Readonly<Model>) => model.turn !== undefined;
  async run(model: Model, real: Real) {
    model.turn = undefined;
    if (model.phase === "stopping") model.phase = "stopped";
    else pump(model);
    real.gate!.resolve();
    await settled(model, real);
  }
  toString = () => "finish";
}

class FailTurn implements Command {
  check = (model: Readonly<Model>) => model.turn !== undefined;
  async run(model: Model, real: Real) {
    model.turn = undefined;
    if (model.phase === "stopping") model.phase = "stopped";
    else if (++model.crashes > MAX_RESTARTS) end(model, "stopped");
    else model.phase = "restarting";
    real.gate!.reject(new Error("fail"));
    await settled(model, real);
  }
  toString = () => "fail";
}

class PassDelay implements Command {
  check = (model: Readonly<Model>) => model.phase === "restarting";
  async run(model: Model, real: Real) {
    const delayMs = MIN_MS * 2 ** (model.crashes - 1);
    await real.clock.advance(delayMs - 1);
    await settled(model, real);
    model.phase = "running";
    model.incarnation++;
    pump(model);
    await real.clock.advance(1);
    await settled(model, real);
  }
  toString = () => "delay";
}

class Stop implements Command {
  check = () => true;
  async run(model: Model, real: Real) {
    if (!isOver(model)) {
      end(model, model.turn === undefined ? "stopped" : "stopping");
    }
    void real.ref.stop({ graceMs: Infinity });
    await settled(model, real);
  }
  toString = () => "stop";
}

class Kill implements Command {
  check = () => true;
  async run(model: Model, real: Real) {
    if (model.phase !== "stopped") end(model, "stopped");
    model.turn = undefined;
    real.ref.kill();
    await settled(model, real);
    // What the dead turn awaited may still come to any end.
    real.gate?.reject(new Error("late"));
    await settled(model, real);
  }
  toString = () => "kill";
}

function begin(
  capacity: number,
  overflow: Model["overflow"],
  reached: Set<Phase>,
): { model: Model; real: Real } {
  const clock = manualClock();
  const ref = spawn<number>(({ incarnation, resources }) => {
    assertEquals(++real.alive, 1, "the incarnation before is still there");
    real.incarnation = incarnation;
    // The last thing to end, and it takes its time.
    resources.defer(async () => {
      await Promise.resolve();
      real.alive--;
    });
    return {
      async receive(message) {
        assert(real.gate === undefined, "entered while in a turn");
        real.served.push(message);
        real.gate = Promise.withResolvers();
        try {
          await real.gate.promise;
        } finally {
          real.gate = undefined;
        }
      },
      stopped: () => Promise.resolve(),
    };
  }, {
    clock,
    mailbox: { capacity, overflow },
    restart: {
      maxRestarts: MAX_RESTARTS,
      withinMs: Infinity,
      backoff: { minMs: MIN_MS, jitter: 0 },
    },
    onEvent: (event) => {
      if (event.kind === "dropped") real.drops += event.count;
    },
  });
  const real: Real = {
    clock,
    ref,
    gate: undefined,
    served: [],
    drops: 0,
    alive: 0,
    incarnation: 0,
    delivered: [],
    refused: [],
    aborts: new Map(),
    reached,
  };
  const model: Model = {
    capacity,
    overflow,
    phase: "running",
    queue: [],
    waiting: [],
    turn: undefined,
    served: [],
    drops: 0,
    crashes: 0,
    incarnation: 0,
    delivered: [],
    refused: [],
    next: 0,
  };
  return { model, real };
}

Deno.test("an actor does what its model does, whatever happens to it", async () => {
  const often = (command: Command) =>
    Array.from({ length: 3 }, () => fc.constant(command));
  const commands = fc.commands([
    ...often(new Tell()),
    ...often(new Deliver()),
    ...often(new FinishTurn()),
    fc.constant(new FailTurn()),
    ...often(new PassDelay()),
    fc.nat(5).map((n) => new AbortDelivery(n)),
    // Rarer than the rest, or hardly any run would get far.
    fc.nat(7).map((n) =>
      n === 0 ? new Stop() : n === 1 ? new Kill() : new Tell()
    ),
  ], { maxCommands: 60, size: "max" });
  const reached = new Set<Phase>();
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom("reject", "dropNewest", "dropOldest"),
      commands,
      async (capacity, overflow, commands) => {
        const { model, real } = begin(
          capacity,
          overflow as Model["overflow"],
          reached,
        );
        await real.clock.settle();
        await fc.asyncModelRun(() => ({ model, real }), commands);
        real.ref.kill();
        await real.clock.settle();
        assertEquals(real.clock.pendingTimers, 0);
      },
    ),
    { numRuns: 300 },
  );
  // A generator that never gets anywhere would pass as well.
  for (
    const phase of ["running", "restarting", "stopping", "stopped"] as const
  ) {
    assert(reached.has(phase), `no run came to phase ${phase}`);
  }
});

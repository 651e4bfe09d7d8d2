import {
  dispatch,
  query,
  type Ref,
  spawn,
  spawnStateless,
  start,
  stop,
} from "nact";
import { type Contestant, finish } from "./contestant.ts";

export const nact: Contestant = {
  name: "nact",

  async tell(n) {
    const { done, finished } = finish();
    const system = start();
    let sum = 0;
    let left = n;
    const actor = spawnStateless(system, (value: number) => {
      sum += value;
      if (--left === 0) finished();
    });
    for (let i = 0; i < n; i++) dispatch(actor, i);
    await done;
    stop(system);
    return sum;
  },

  async ring(size, laps) {
    const { done, finished } = finish();
    const system = start();
    let hops = 0;
    const actors: Ref<number>[] = Array.from(
      { length: size },
      (_, i) => {
        const next = (i + 1) % size;
        return spawnStateless(system, (left: number) => {
          hops++;
          if (left === 1) finished();
          else dispatch(actors[next], left - 1);
        }, `ring-${i}`);
      },
    );
    dispatch(actors[0], size * laps);
    await done;
    stop(system);
    return hops;
  },

  async ask(n) {
    const system = start();
    type Question = { value: number; sender: Ref<number> };
    const actor = spawnStateless(
      system,
      ({ value, sender }: Question) => dispatch(sender, value + 1),
    );
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += await query(
        actor,
        (sender: Ref<number>): Question => ({ value: i, sender }),
        5_000,
      );
    }
    stop(system);
    return sum;
  },

  async spawnStop(n) {
    const { done, finished } = finish();
    const ended = finish();
    const system = start();
    let served = 0;
    let stopped = 0;
    const actors = Array.from(
      { length: n },
      (_, i) =>
        spawn(
          system,
          () => {
            if (++served === n) finished();
          },
          `a${i}`,
          {
            afterStop() {
              if (++stopped === n) ended.finished();
            },
          },
        ),
    );
    for (const actor of actors) dispatch(actor, 1);
    await done;
    for (const actor of actors) stop(actor);
    await ended.done;
    stop(system);
    return served;
  },

  async crash(n) {
    const { done, finished } = finish();
    const error = new Error("as you wish");
    const system = start();
    let starts = 0;
    const actor = spawn(
      system,
      (_state: number, _message: number): number => {
        throw error;
      },
      "crashes",
      {
        onCrash: (_message, _error, context) => context.reset,
        initialStateFunc() {
          // Its own reference is not there yet when the first state is made.
          if (++starts === n + 1) finished();
          else queueMicrotask(() => dispatch(actor, starts));
          return 0;
        },
      },
    );
    await done;
    stop(system);
    return starts;
  },

  async idle(n) {
    const { done, finished } = finish();
    const system = start();
    let served = 0;
    const actors: unknown[] = Array.from(
      { length: n },
      (_, i) =>
        spawnStateless(system, () => {
          if (++served === n) finished();
        }, `a${i}`),
    );
    for (const actor of actors) dispatch(actor as Ref<number>, 1);
    await done;
    return [system, ...actors];
  },
};

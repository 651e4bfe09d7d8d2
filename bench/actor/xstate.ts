/**
 * XState's actors are told synchronously: a `send` runs the transition before it returns. What it does not have is
 * done by hand, as its users do: the deadline of a question, and the new actor after a crash.
 */

import { type ActorRefFrom, createActor, fromTransition } from "xstate";
import { type Contestant, finish } from "./contestant.ts";

type Told = { type: "told"; value: number };
type Question = { type: "ask"; value: number; reply: (value: number) => void };

/** One actor with a handler, as the lightest kind of logic that keeps state. */
function actorOf<E extends { type: "told" | "ask" }>(
  handle: (event: E) => void,
) {
  const logic = fromTransition((state: number, event: E) => {
    // It is also given an event of XState's own when it starts.
    if (event.type === "told" || event.type === "ask") handle(event);
    return state + 1;
  }, 0);
  return createActor(logic).start();
}

export const xstate: Contestant = {
  name: "xstate",

  async tell(n) {
    const { done, finished } = finish();
    let sum = 0;
    let left = n;
    const actor = actorOf<Told>(({ value }) => {
      sum += value;
      if (--left === 0) finished();
    });
    for (let i = 0; i < n; i++) actor.send({ type: "told", value: i });
    await done;
    actor.stop();
    return sum;
  },

  async ring(size, laps) {
    const { done, finished } = finish();
    let hops = 0;
    const pass = (to: number, value: number) =>
      actors[to].send({ type: "told", value });
    const actors: ReturnType<typeof actorOf<Told>>[] = Array.from(
      { length: size },
      (_, i) => {
        const next = (i + 1) % size;
        return actorOf<Told>(({ value }) => {
          hops++;
          if (value === 1) finished();
          // Later: sent from here, a thousand actors deep, it overflows the stack unless the code is hot.
          else queueMicrotask(() => pass(next, value - 1));
        });
      },
    );
    actors[0].send({ type: "told", value: size * laps });
    await done;
    for (const actor of actors) actor.stop();
    return hops;
  },

  async ask(n) {
    const actor = actorOf<Question>(({ value, reply }) => reply(value + 1));
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += await new Promise<number>((resolve, reject) => {
        const deadline = setTimeout(() => reject(new Error("late")), 5_000);
        actor.send({
          type: "ask",
          value: i,
          reply(value) {
            clearTimeout(deadline);
            resolve(value);
          },
        });
      });
    }
    actor.stop();
    return sum;
  },

  spawnStop(n) {
    let served = 0;
    const actors = Array.from(
      { length: n },
      () => actorOf<Told>(() => void served++),
    );
    for (const actor of actors) actor.send({ type: "told", value: 1 });
    for (const actor of actors) actor.stop();
    return Promise.resolve(served);
  },

  async crash(n) {
    const { done, finished } = finish();
    const error = new Error("as you wish");
    let starts = 0;
    const logic = fromTransition((state: number, event: Told) => {
      if (event.type === "told") throw error;
      return state;
    }, 0);
    let actor: ActorRefFrom<typeof logic>;
    const begin = () => {
      starts++;
      actor = createActor(logic);
      actor.subscribe({ error: begin });
      actor.start();
      if (starts === n + 1) finished();
      // Later: a failure inside a failure's callback would grow the stack.
      else queueMicrotask(() => actor.send({ type: "told", value: starts }));
    };
    begin();
    await done;
    actor!.stop();
    return starts;
  },

  idle(n) {
    const actors = Array.from({ length: n }, () => actorOf<Told>(() => {}));
    for (const actor of actors) actor.send({ type: "told", value: 1 });
    return Promise.resolve(actors);
  },
};

import { type ActorRef, type ReplyTo, spawn } from "../../actor.ts";
import { type Contestant, finish } from "./contestant.ts";

const UNBOUNDED = { capacity: Infinity };

/** Makes `n` actors, and waits until each has served one message. */
async function serveOneEach(n: number) {
  const { done, finished } = finish();
  let count = 0;
  const actors = Array.from({ length: n }, () =>
    spawn<number>(() => ({
      receive() {
        if (++count === n) finished();
      },
    })));
  for (const actor of actors) actor.tell(1);
  await done;
  return { actors, served: () => count };
}

export const ours: Contestant = {
  name: "packetboat",

  async tell(n) {
    const { done, finished } = finish();
    let sum = 0;
    let left = n;
    const actor = spawn<number>(() => ({
      receive(value) {
        sum += value;
        if (--left === 0) finished();
      },
    }), { mailbox: UNBOUNDED });
    for (let i = 0; i < n; i++) actor.tell(i);
    await done;
    await actor.stop();
    return sum;
  },

  async ring(size, laps) {
    const { done, finished } = finish();
    let hops = 0;
    const actors: ActorRef<number>[] = Array.from(
      { length: size },
      (_, i) =>
        spawn<number>(() => {
          const next = (i + 1) % size;
          return {
            receive(left) {
              hops++;
              if (left === 1) finished();
              else actors[next].tell(left - 1);
            },
          };
        }),
    );
    actors[0].tell(size * laps);
    await done;
    await Promise.all(actors.map((actor) => actor.stop()));
    return hops;
  },

  async ask(n) {
    const actor = spawn<{ value: number; reply: ReplyTo<number> }>(() => ({
      receive: ({ value, reply }) => reply(value + 1),
    }));
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += await actor.ask<number>((reply) => ({ value: i, reply }));
    }
    await actor.stop();
    return sum;
  },

  async spawnStop(n) {
    const { actors, served } = await serveOneEach(n);
    await Promise.all(actors.map((actor) => actor.stop()));
    return served();
  },

  async crash(n) {
    const { done, finished } = finish();
    const error = new Error("as you wish");
    let starts = 0;
    const actor = spawn<number>(({ self }) => {
      if (++starts === n + 1) finished();
      else self.tell(starts);
      return {
        receive() {
          throw error;
        },
      };
    }, { restart: { maxRestarts: Infinity } });
    await done;
    await actor.stop();
    return starts;
  },

  async idle(n) {
    return (await serveOneEach(n)).actors;
  },
};

/**
 * The shortest hand-written loop that does the work in the same manner (a message waits, and is served later, not
 * inside the call that sends it) and promises nothing: no bound, no verdict, no failure, no end, no fairness.
 */

import { type Contestant, finish } from "./contestant.ts";

/** An actor that is nothing but an array and a microtask. */
function mailbox<M>(receive: (message: M) => void): (message: M) => void {
  let mail: M[] = [];
  const drain = () => {
    const now = mail;
    mail = [];
    for (const message of now) receive(message);
  };
  return (message) => {
    if (mail.push(message) === 1) queueMicrotask(drain);
  };
}

export const floor: Contestant = {
  name: "floor",

  async tell(n) {
    const { done, finished } = finish();
    let sum = 0;
    let left = n;
    const tell = mailbox<number>((value) => {
      sum += value;
      if (--left === 0) finished();
    });
    for (let i = 0; i < n; i++) tell(i);
    await done;
    return sum;
  },

  async ring(size, laps) {
    const { done, finished } = finish();
    let hops = 0;
    const actors: ((left: number) => void)[] = Array.from(
      { length: size },
      (_, i) => {
        const next = (i + 1) % size;
        return mailbox<number>((left) => {
          hops++;
          if (left === 1) finished();
          else actors[next](left - 1);
        });
      },
    );
    actors[0](size * laps);
    await done;
    return hops;
  },

  async ask(n) {
    type Question = { value: number; reply: (value: number) => void };
    const tell = mailbox<Question>(({ value, reply }) => reply(value + 1));
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += await new Promise<number>((resolve, reject) => {
        const deadline = setTimeout(() => reject(new Error("late")), 5_000);
        tell({
          value: i,
          reply(value) {
            clearTimeout(deadline);
            resolve(value);
          },
        });
      });
    }
    return sum;
  },
};

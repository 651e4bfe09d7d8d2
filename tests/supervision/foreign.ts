/** Children of a supervisor that are not `actorChild`. */

import {
  type ChildSpec,
  type ExitReason,
  spawn,
  type Supervisable,
} from "../../actor.ts";

/** An actor that does nothing. */
export const idle = (
  name: string,
  more: Partial<ChildSpec> = {},
): ChildSpec => ({
  name,
  start: () => spawn<void>(() => ({ receive() {} }), { name }),
  ...more,
});

/** A `Supervisable` made by hand. */
export function foreign(stop: () => Promise<ExitReason>) {
  const exit = Promise.withResolvers<ExitReason>();
  let kills = 0;
  const child: Supervisable = {
    name: "foreign",
    exited: exit.promise,
    stop,
    kill() {
      kills++;
      exit.resolve({ kind: "killed" });
    },
    [Symbol.asyncDispose]: async () => {},
  };
  return { child, exit, kills: () => kills };
}

/** Breaks the contract: neither stop nor kill ends it. */
export const immortal: Supervisable = {
  name: "immortal",
  exited: new Promise(() => {}),
  stop: () => new Promise(() => {}),
  kill() {},
  [Symbol.asyncDispose]: async () => {},
};

/** Children A, B, C … that log each start (`+A`) and each complete end (`-A`), and die in any way on demand. */

import {
  actorChild,
  type ActorChildOptions,
  type ActorEvent,
  type ActorRef,
  type ChildSpec,
} from "../../actor.ts";
import {
  type ManualClock,
  manualClock,
} from "../../src/testing/manual_clock.ts";

export const DEATHS = [
  "normal",
  "throw",
  "reject",
  "throw in stopped",
  "kill",
  "stop",
] as const;
export type Death = typeof DEATHS[number];

export interface Member {
  readonly spec: ChildSpec & { readonly ref: ActorRef<Death> };
  readonly ref: ActorRef<Death>;
  /** Dies in this way as soon as its turn comes. */
  die(how: Death): void;
  /** What the factory does next: once each, in order; afterwards it succeeds. */
  readonly starts: ("fail" | "hang" | "wait for signal")[];
  /** Makes `stopped` throw, at every end from now on. */
  failToStop: boolean;
}

export class Family {
  readonly clock: ManualClock = manualClock();
  readonly events: string[] = [];
  #log: string[] = [];

  member(name: string, options: ActorChildOptions = {}): Member {
    const log = (line: string) => this.#log.push(line);
    const starts: Member["starts"] = [];
    const spec = actorChild<Death>(name, async (context) => {
      log(`+${name}`);
      context.resources.defer(() => void log(`-${name}`));
      const { signal } = context;
      switch (starts.shift()) {
        case "fail":
          throw new Error(`${name} cannot start`);
        case "hang":
          await new Promise(() => {});
          break;
        case "wait for signal":
          await new Promise((_, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason))
          );
      }
      let throwsInStopped = false;
      return {
        receive(how) {
          throwsInStopped = how === "throw in stopped";
          if (how === "throw") throw new Error(`${name} threw`);
          if (how === "reject") {
            return Promise.reject(new Error(`${name} rejected`));
          }
          context.stop();
        },
        async stopped() {
          // An end that takes its time, so that an early start of the next would show.
          await Promise.resolve();
          if (throwsInStopped || member.failToStop) {
            throw new Error(`${name} failed to stop`);
          }
        },
      };
    }, { clock: this.clock, ...options });
    const { ref } = spec;
    const member: Member = {
      spec,
      ref,
      starts,
      failToStop: false,
      die(how) {
        if (how === "kill") ref.kill();
        else if (how === "stop") void ref.stop();
        else ref.tell(how);
      },
    };
    return member;
  }

  /** For `onEvent`. */
  readonly onEvent = (event: ActorEvent): void => {
    this.events.push(
      event.kind === "crashed"
        ? `${event.actor} crashed: ${(event.error as Error).message}${
          event.willRestart ? ", again" : ""
        }`
        : `${event.actor} ${event.kind}`,
    );
  };

  /** What has happened since the last call, once everything has settled. */
  async log(): Promise<string> {
    await this.clock.settle();
    return this.#log.splice(0).join(" ");
  }
}

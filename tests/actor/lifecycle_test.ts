import { assertEquals, assertThrows } from "@std/assert";
import {
  Lifecycle,
  type LifecycleEvent,
  type Phase,
} from "../../src/actor/mod.ts";

const PHASES: Phase[] = [
  "starting",
  "running",
  "restarting",
  "stopping",
  "stopped",
];
const EVENTS: LifecycleEvent[] = [
  "started",
  "crashed",
  "restart",
  "stop",
  "ended",
];

/** The shortest way into each phase. */
const WAY: Record<Phase, LifecycleEvent[]> = {
  starting: [],
  running: ["started"],
  restarting: ["crashed"],
  stopping: ["stop"],
  stopped: ["ended"],
};

/** Written out a second time, by hand: the table in the source must say the same. */
const EXPECTED: Record<string, Phase> = {
  "starting + started": "running",
  "starting + crashed": "restarting",
  "starting + stop": "stopping",
  "starting + ended": "stopped",
  "running + crashed": "restarting",
  "running + stop": "stopping",
  "running + ended": "stopped",
  "restarting + restart": "starting",
  "restarting + stop": "stopping",
  "restarting + ended": "stopped",
  "stopping + ended": "stopped",
};

for (const phase of PHASES) {
  for (const event of EVENTS) {
    const next = EXPECTED[`${phase} + ${event}`];
    Deno.test(`Lifecycle ${phase} + ${event} → ${next ?? "throws"}`, () => {
      const life = new Lifecycle();
      for (const step of WAY[phase]) life.to(step);
      assertEquals(life.phase, phase);
      if (next === undefined) {
        assertThrows(
          () => life.to(event),
          TypeError,
          `Cannot take lifecycle event "${event}" in phase "${phase}"`,
        );
        assertEquals(life.phase, phase);
      } else {
        assertEquals(life.to(event), next);
        assertEquals(life.phase, next);
      }
    });
  }
}

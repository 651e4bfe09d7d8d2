/** Decides how events leave this room: synchronously, and without any harm to whoever reports. */

import type { ActorEvent } from "../actor/mod.ts";

/** Calls `onEvent`, if there is one. What it throws is ignored: telling of a crash must not cause another. */
export function report(
  onEvent: ((event: ActorEvent) => void) | undefined,
  event: ActorEvent,
): void {
  try {
    onEvent?.(event);
  } catch {
    // Nowhere to go with it: this room does not log, and the actor has done nothing wrong.
  }
}

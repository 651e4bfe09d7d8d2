/** The door of the supervision room. @module */
export { actorChild } from "./actor_child.ts";
export {
  planRestart,
  type ResolvedRestartLimits,
  resolveRestartLimits,
  type RestartHistory,
} from "./restart_policy.ts";
export { report } from "./report.ts";
export { spawn } from "./spawn.ts";
export { supervise } from "./supervise.ts";
export type * from "./types.ts";

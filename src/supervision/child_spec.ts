/** Decides which child specs a supervisor takes, and fills in their defaults. Starts nothing. */

import { resolveGraceMs } from "../actor/mod.ts";
import { shown } from "../shown.ts";
import type { ReleasableSpec } from "./actor_child.ts";
import type { ChildSpec, SupervisorOptions } from "./types.ts";

/** A spec with its defaults filled in, checked. `source` is the caller's own object, whose `start` is called. */
export interface ResolvedSpec {
  readonly name: string;
  readonly source: ReleasableSpec;
  readonly restart: "always" | "onFailure" | "never";
  /** `undefined`: whatever the child's own `stop` takes for granted. */
  readonly graceMs: number | undefined;
  readonly significant: boolean;
}

const RESTARTS = ["always", "onFailure", "never"] as const;
const STRATEGIES = ["oneForOne", "oneForAll", "restForOne"] as const;
const AUTO_SHUTDOWNS = ["never", "anySignificant", "allSignificant"] as const;

/** What a supervisor is told about all its children, with its defaults filled in, checked. */
export interface ResolvedTreeOptions {
  readonly name: string;
  readonly strategy: "oneForOne" | "oneForAll" | "restForOne";
  readonly autoShutdown: "never" | "anySignificant" | "allSignificant";
}

/** @throws {RangeError} For an unknown strategy or auto-shutdown. */
export function resolveTreeOptions(
  options: SupervisorOptions,
): ResolvedTreeOptions {
  const {
    name = "supervisor",
    strategy = "oneForOne",
    autoShutdown = "never",
  } = options;
  const verb = `Cannot make supervisor "${name}"`;
  oneOf(verb, "strategy", STRATEGIES, strategy);
  oneOf(verb, "autoShutdown", AUTO_SHUTDOWNS, autoShutdown);
  return { name, strategy, autoShutdown };
}

/** @throws {TypeError} There is no list to go through. */
export function checkChildren(name: string, children: unknown): void {
  if (Array.isArray(children)) return;
  throw new TypeError(
    `Cannot make supervisor "${name}": its children must be an array, current value is ${
      shown(children)
    }`,
  );
}

/** @throws {TypeError} It has no name, or nothing that starts it. */
export function checkSpec(spec: unknown): void {
  if (typeof spec !== "object" || spec === null) {
    throw new TypeError(
      `Cannot add child: it must be an object with 'name' and 'start', current value is ${
        shown(spec)
      }`,
    );
  }
  const { name, start, stop } = spec as Record<string, unknown>;
  if (typeof name !== "string") {
    throw new TypeError(
      `Cannot add child: 'name' must be a string, current value is ${
        shown(name)
      }`,
    );
  }
  if (typeof start === "function") return;
  const hint = typeof stop === "function"
    ? " (what runs already is no child; see actorChild)"
    : "";
  throw new TypeError(
    `Cannot add child "${name}": 'start' must be a function, current value is ${
      shown(start)
    }${hint}`,
  );
}

/** @throws {RangeError} For a value out of range, and for a significant child that could never end the supervisor. */
export function resolveSpec(
  spec: ChildSpec,
  { autoShutdown }: ResolvedTreeOptions,
): ResolvedSpec {
  checkSpec(spec);
  const { name, restart = "always", significant = false, graceMs } = spec;
  const verb = `Cannot add child "${name}"`;
  oneOf(verb, "restart", RESTARTS, restart);
  if (graceMs !== undefined) resolveGraceMs(name, graceMs);
  if (significant && autoShutdown === "never") {
    throw new RangeError(
      `${verb}: 'significant' needs a supervisor whose 'autoShutdown' is anySignificant or allSignificant, current value is ${
        shown(autoShutdown)
      }`,
    );
  }
  if (significant && restart === "always") {
    throw new RangeError(
      `${verb}: 'significant' needs 'restart' to be onFailure or never, current value is ${
        shown(restart)
      }`,
    );
  }
  return { name, source: spec, restart, graceMs, significant };
}

function oneOf(
  verb: string,
  option: string,
  values: readonly string[],
  value: string,
): void {
  if (values.includes(value)) return;
  throw new RangeError(
    `${verb}: '${option}' must be one of ${
      values.join(", ")
    }, current value is ${shown(value)}`,
  );
}

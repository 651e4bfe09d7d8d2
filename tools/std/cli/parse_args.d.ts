/** What `parseArgs` gives: one property for each flag, and the rest under `_`. */
export interface Args {
  _: (string | number)[];
  "--"?: string[];
  // deno-lint-ignore no-explicit-any
  [flag: string]: any;
}
export interface ParseOptions {
  boolean?: boolean | string | readonly string[];
  string?: string | readonly string[];
  collect?: string | readonly string[];
  negatable?: string | readonly string[];
  alias?: Record<string, string | readonly string[]>;
  default?: Record<string, unknown>;
  "--"?: boolean;
  stopEarly?: boolean;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}
export declare function parseArgs(
  args: readonly string[],
  options?: ParseOptions,
): Args;

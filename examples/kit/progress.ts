/**
 * Progress bars on the terminal. Where stderr is no terminal nothing is drawn.
 *
 * @module
 */

// @ts-types="npm:@types/cli-progress@^3.11.6"
import { Presets, SingleBar } from "cli-progress";
import { cyan } from "@std/fmt/colors";

/** A bar in `format`, which may name `{bar}`, `{percentage}`, `{value}`, `{total}` and whatever `update` is given. It is wiped away when it stops. */
export function progressBar(format: string): SingleBar {
  return new SingleBar({
    format: format.replace("{bar}", cyan("{bar}")),
    barsize: 32,
    clearOnComplete: true,
    // Ctrl-C is the example's own affair.
    gracefulExit: false,
  }, Presets.shades_classic);
}

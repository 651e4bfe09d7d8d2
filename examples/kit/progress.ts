/**
 * Progress bars on the terminal. Where stderr is no terminal nothing is drawn.
 *
 * @module
 */

// @ts-types="npm:@types/cli-progress@^3.11.6"
import { Presets, SingleBar } from "cli-progress";
import { cyan } from "@std/fmt/colors";
import { format as size } from "@std/fmt/bytes";

/** What a shell shows for a process that such a signal ended: 128 and its number. */
const CODES = { SIGINT: 130, SIGTERM: 143 };

/** Tells of Ctrl-C and its like, with the code to exit with, until it is disposed of. The process goes on. */
export function onInterrupt(run: (code: number) => void): Disposable {
  const listeners = Object.entries(CODES).map(([signal, code]) =>
    [signal as Deno.Signal, () => run(code)] as const
  );
  for (const listener of listeners) Deno.addSignalListener(...listener);
  return {
    [Symbol.dispose]() {
      for (const listener of listeners) Deno.removeSignalListener(...listener);
    },
  };
}

/**
 * A bar in `format`, which may name `{bar}`, `{percentage}`, `{value}`, `{total}` and whatever `update` is given. It is
 * wiped away when it stops. After Ctrl-C, `end` ends the process.
 */
export function progressBar(
  format: string,
  end: (code: number) => void = Deno.exit,
): SingleBar {
  const bar = new SingleBar({
    format: format.replace("{bar}", cyan("{bar}")),
    barsize: 32,
    clearOnComplete: true,
    // Its own way stops the bar at Ctrl-C, and not the process.
    gracefulExit: false,
  }, Presets.shades_classic);
  // While a bar is drawn the terminal wraps no lines. Who ends the process then finds it as it was.
  let interrupt: Disposable | undefined;
  bar.on("start", () => {
    interrupt = onInterrupt((code) => {
      bar.stop();
      end(code);
    });
  });
  bar.on("stop", () => {
    interrupt?.[Symbol.dispose]();
    interrupt = undefined;
  });
  return bar;
}

/** A bar for `total` bytes, of which some may be there already: with rate and time to go. */
export function transferBar(
  total: number,
  already: number,
  end?: (code: number) => void,
): Disposable & { add(byteLength: number): void } {
  const bar = progressBar(
    "{bar} {percentage} %   {done} of {size}   {rate}/s   {eta_formatted} to go",
    end,
  );
  const startedAtMs = performance.now();
  let at = already;
  const words = () => ({
    done: size(at),
    size: size(total),
    rate: size(
      (at - already) / Math.max(1, performance.now() - startedAtMs) * 1_000,
    ),
  });
  bar.start(total, already, words());
  return {
    add(byteLength) {
      at += byteLength;
      bar.update(at, words());
    },
    [Symbol.dispose]: () => bar.stop(),
  };
}

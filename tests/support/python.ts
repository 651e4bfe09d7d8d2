/**
 * Peers in Python, which know of us nothing but how a wire is described.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { isInstalled } from "./task.ts";

const INTEROP = new URL("../interop/", import.meta.url).pathname;

/** Whether there is a Python to run them. */
export const HAS_PYTHON = isInstalled("python3");

/** Runs a script of tests/interop and gives back what it printed. */
export async function runPython(
  script: string,
  ...args: string[]
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("python3", {
    // It must not leave a __pycache__ in the checkout.
    args: ["-B", INTEROP + script, ...args],
  }).output();
  const words = new TextDecoder();
  assertEquals(
    { code, stderr: words.decode(stderr) },
    { code: 0, stderr: "" },
    words.decode(stdout),
  );
  return words.decode(stdout);
}

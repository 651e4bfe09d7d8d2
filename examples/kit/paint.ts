/**
 * When there are colours: on a terminal, unless NO_COLOR asks for none. Imported for its effect, by `cli.ts`,
 * before anything is printed.
 *
 * @module
 */

import { setColorEnabled } from "@std/fmt/colors";

setColorEnabled(!Deno.noColor && Deno.stdout.isTerminal());

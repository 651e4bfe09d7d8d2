/**
 * A server for tests that need a process of their own: to be killed, to be starved of descriptors, to be asked
 * to end in the middle of its work. Prints its port, then one line for each event that is asked for.
 *
 *     deno run chaos_server.ts [--port N] [--delay MS] [--events KIND,KIND]
 */

import { parseArgs } from "@std/cli/parse-args";
import { lines, serve } from "../../mod.ts";

const flags = parseArgs(Deno.args, { string: ["port", "delay", "events"] });
const told = (flags.events ?? "").split(",");
const delayMs = Number(flags.delay ?? 0);

const server = serve({
  port: Number(flags.port ?? 0),
  codec: lines(),
  onListen: (addr) => console.log((addr as Deno.NetAddr).port),
  onEvent: (event) => told.includes(event.kind) && console.log(event.kind),
}, (connection) => ({
  async frame(line) {
    if (delayMs > 0) await new Promise((done) => setTimeout(done, delayMs));
    connection.send(line);
  },
}));
Deno.addSignalListener("SIGTERM", () => void server.stop());
await server.exited;
Deno.exit();

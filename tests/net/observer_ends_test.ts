/** An observer that ends the connection, or the whole server, when it hears of a crash: nobody else notices. */

import { assertEquals } from "@std/assert";
import {
  connect,
  type Connection,
  lines,
  serve,
  type Supervisable,
} from "../../mod.ts";
import { memoryNetwork } from "../../testing.ts";

const ENDS: Record<
  string,
  (connection: Connection<string, string>, server: Supervisable) => unknown
> = {
  "connection.close()": (connection) => connection.close(),
  "connection.abort()": (connection) => connection.abort(),
  "connection.kill()": (connection) => connection.kill(),
  "server.stop()": (_, server) => server.stop(),
  "server.kill()": (_, server) => server.kill(),
};

for (const [name, end] of Object.entries(ENDS)) {
  for (const onCrash of ["restart", "close"] as const) {
    Deno.test(`${name} by the observer of a crash, with onCrash "${onCrash}", ends the connection once`, async () => {
      const network = memoryNetwork();
      const wire = { transport: "custom", network, codec: lines() } as const;
      const kinds: string[] = [];
      let connection!: Connection<string, string>;
      const server = serve({
        ...wire,
        onCrash,
        onEvent({ kind }) {
          kinds.push(kind);
          if (kind === "crashed") void end(connection, server);
        },
      }, (given) => {
        connection = given;
        return {
          frame() {
            throw new Error("boom");
          },
        };
      });
      const client = await connect(wire);
      client.send("crash");
      await client.closed;
      await server.stop();
      assertEquals(kinds.filter((kind) => kind === "crashed").length, 1);
      assertEquals(kinds.filter((kind) => kind === "closed").length, 1);
      assertEquals(connection.phase, "stopped");
    });
  }
}

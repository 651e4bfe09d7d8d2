/** A connection that is lost while its handler waits for it: the wait is over, so that the turn can be. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { type Connection, ConnectionLostError, lines } from "../../mod.ts";
import { ConnectionActor } from "../../src/net/connection.ts";
import { resolveConnectionOptions } from "../../src/net/options.ts";
import { ScriptedStream, settle } from "./scripted_stream.ts";

/** The connection is lost in the middle of `turn`, with a write under way; what became of the turn. */
async function loseIn(
  turn: (connection: Connection<string>) => Promise<void>,
): Promise<unknown> {
  const stream = new ScriptedStream();
  const codec = lines();
  const turnOver = Promise.withResolvers<unknown>();
  const connection = new ConnectionActor<string, string, never>(1, stream, {
    name: "test#1",
    codec,
    handler: (connection) => ({
      frame: () =>
        turn(connection).then(() => turnOver.resolve("done"), turnOver.resolve),
    }),
    settings: resolveConnectionOptions({}, codec),
  });
  connection.open();
  stream.takesWrites = false;
  stream.peer("go\n");
  await settle();
  stream.peer(new Deno.errors.ConnectionReset());
  const outcome = await turnOver.promise;
  const reason = await connection.closed;
  assertInstanceOf(
    reason.by === "failure" && reason.error,
    ConnectionLostError,
  );
  return outcome;
}

Deno.test("sendBody() rejects when the connection is lost while it waits", async () => {
  assertInstanceOf(
    await loseIn((connection) =>
      connection.sendBody(new Uint8Array(1_000_000))
    ),
    ConnectionLostError,
  );
});

Deno.test("drained() resolves when the connection is lost in the turn that waits for it", async () => {
  const outcome = await loseIn((connection) => {
    connection.send("x".repeat(100_000));
    return connection.drained();
  });
  assertEquals(outcome, "done");
});

Deno.test("endWrite() resolves when the connection is lost in the turn that waits for it", async () => {
  const outcome = await loseIn((connection) => {
    connection.send("x");
    return connection.endWrite();
  });
  assertEquals(outcome, "done");
});

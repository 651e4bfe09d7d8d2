/** A connection on a stream that a test plays by hand. */

import type {
  Codec,
  ConnectionHandler,
  ConnectionOptions,
  NetEvent,
} from "../../mod.ts";
import { ConnectionActor } from "../../src/net/connection.ts";
import { resolveConnectionOptions } from "../../src/net/options.ts";
import { ScriptedStream } from "./scripted_stream.ts";

/** Open, as the first of a server by the name of `test`; what it tells is in `events`. */
export function openConnection<F, M = never>(
  codec: Codec<F, F>,
  handler?: ConnectionHandler<F, F, M>,
  options: ConnectionOptions = {},
  onUnserved?: (messages: M[]) => void,
) {
  const stream = new ScriptedStream();
  const events: NetEvent[] = [];
  const connection = new ConnectionActor<F, F, M>(1, stream, {
    server: "test",
    codec,
    handler,
    settings: resolveConnectionOptions({
      onEvent: (event) => events.push(event),
      ...options,
    }, codec),
    onUnserved,
  });
  connection.open();
  const kinds = () => events.map(({ kind }) => kind);
  return { connection, stream, events, kinds };
}

/**
 * The one actor that has the data. Connections ask it; commands come to it in some order, and are done one after
 * the other, so each is atomic. The keyspace is made outside of the behaviour: a command that crashes costs its own
 * answer, and not what others have stored.
 *
 * @module
 */

import { actorChild, type ReplyTo } from "@packetboat/net";
import { execute, isQuit } from "./commands.ts";
import { Keyspace } from "./keyspace.ts";
import { type Command, errorReply, type Reply } from "./resp.ts";
import type { Shop } from "./shop.ts";

const CRASHED = errorReply("internal error: the command crashed");
const SWEEP_MS = 1_000;

/** What the store is told. */
export type Order =
  | { commands: Command[]; reply: ReplyTo<Reply[]> }
  | "sweep";

/**
 * The store as a child of a supervisor. It answers with the replies to the first commands of an order: all of them,
 * or as far as `QUIT`, or as far as one that crashed, after which the rest is to be asked again.
 */
export function storeChild(maxValueBytes: number) {
  const shop: Shop = {
    keys: new Keyspace(),
    maxValueBytes,
    startedAtMs: Date.now(),
    served: 0,
  };
  return actorChild<Order>("store", (context) => {
    context.every(SWEEP_MS, "sweep");
    return {
      receive(order) {
        if (order === "sweep") return shop.keys.sweep();
        const { commands, reply } = order;
        const replies: Reply[] = [];
        try {
          for (const command of commands) {
            replies.push(execute(command, shop));
            if (isQuit(command)) break;
          }
        } catch (error) {
          replies.push(CRASHED);
          // A crash all the same, for the supervisor to hear of.
          throw error;
        } finally {
          reply(replies);
        }
      },
    };
  }, { mailbox: { capacity: Infinity } });
}

/**
 * One client of the example's own wire: who it is, what it wants, and the running of that.
 *
 * @module
 */

import type { Connection } from "@packetboat/net";
import { execute, Refusal, type Rules } from "./execute.ts";
import { isProof, type Message, newChallenge } from "./protocol.ts";

type Client = Connection<Message>;

/** One command of one client. */
export async function serveOne(
  client: Client,
  rules: Rules,
  token: string | undefined,
  isStopping: () => boolean,
): Promise<void> {
  const challenge = token === undefined ? undefined : newChallenge();
  client.send({ kind: "hello", challenge });
  const messages = client[Symbol.asyncIterator]();
  const first = await messages.next();
  if (first.done) return;
  const hangUp = new AbortController();
  const signal = AbortSignal.any([client.signal, hangUp.signal]);
  try {
    const words = await wordsOf(first.value, token, challenge);
    // Whatever comes next, the end included, ends the command; but a server that drains lets it finish.
    void messages.next().then(
      ({ done }) => (done && isStopping()) || hangUp.abort(),
      () => hangUp.abort(),
    );
    const outcome = await execute(words, rules, signal, async (kind, bytes) => {
      if (!client.send({ kind, bytes })) await client.drained();
    });
    client.send({ kind: "exit", ...outcome });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    client.send({ kind: "refused", why: error.message });
  }
}

/** What a client asks for; what it sent is not believed before it was looked at. */
async function wordsOf(
  message: Message,
  token: string | undefined,
  challenge: string | undefined,
): Promise<string[]> {
  const { kind, words, proof } = (message ?? {}) as Record<string, unknown>;
  if (
    kind !== "run" || !Array.isArray(words) || words.length === 0 ||
    !words.every((word) => typeof word === "string" && !word.includes("\0"))
  ) throw new Refusal("that is no request to run something");
  if (token !== undefined) {
    if (proof === undefined) throw new Refusal("a token is needed");
    if (!await isProof(proof, token, challenge!, words)) {
      throw new Refusal("the token is wrong");
    }
  }
  return words;
}

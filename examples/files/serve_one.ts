/**
 * One client of `files serve`: what it asks for, one thing after the other. Requests and answers are JSON frames; what
 * is in a file goes beside them, as a body of any size.
 *
 *     list               → files
 *     get NAME           → size, sha256;  from N → the bytes from N on
 *     put NAME SIZE SHA  → from N;  the bytes from N on → done
 *
 * @module
 */

import { type Connection, json, lengthPrefixed } from "@packetboat/net";
import { isPlaceIn, listFiles, openFile, Refusal } from "./folder.ts";
import { type Announced, Incoming } from "./incoming.ts";
import { pieces, sha256Of } from "./outgoing.ts";

/** JSON behind a 4-byte length; a folder of many files is a long list. What comes is looked at before it is believed. */
export const codec = json(lengthPrefixed({ maxFrameBytes: 8 * 1_048_576 }));

/** What the server answers; which of them depends on the question. */
export interface Reply {
  files?: { name: string; size: number }[];
  size?: number;
  sha256?: string;
  from?: number;
  done?: true;
  /** Why not. */
  refused?: string;
}

type Client = Connection<unknown>;

/** Serves it until it goes. */
export async function serveOne(
  client: Client,
  folder: string,
  readOnly: boolean,
): Promise<void> {
  const requests = client[Symbol.asyncIterator]();
  for (let next; !(next = await requests.next()).done;) {
    const request = (next.value ?? {}) as Record<string, unknown>;
    try {
      if (request.op === "list") {
        client.send({ files: await listFiles(folder) });
      } else if (request.op === "get") {
        await sendFile(client, folder, String(request.name), requests);
      } else if (request.op === "put") {
        if (readOnly) throw new Refusal("this folder is read-only");
        await receiveFile(client, folder, request as unknown as Announced);
      } else throw new Refusal("that is no request");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      client.send({ refused: error.message });
    }
  }
}

async function sendFile(
  client: Client,
  folder: string,
  name: string,
  requests: AsyncIterator<unknown>,
): Promise<void> {
  const { file, size } = await openFile(folder, name);
  using opened = file;
  client.send({ name, size, sha256: await sha256Of(opened, size) });
  const next = await requests.next();
  if (next.done) return;
  const { from } = (next.value ?? {}) as { from?: unknown };
  if (!isPlaceIn(size, from)) {
    throw new Refusal(`${name} does not begin at ${from}`);
  }
  await client.sendBody(pieces(opened, from, size));
}

async function receiveFile(
  client: Client,
  folder: string,
  announced: Announced,
): Promise<void> {
  if (announced.sha256 === undefined) {
    throw new Refusal("a file needs a checksum");
  }
  using incoming = await Incoming.open(folder, announced);
  client.send({ from: incoming.at });
  for await (const bytes of client.body(announced.size - incoming.at)) {
    await incoming.write(bytes);
  }
  await incoming.finish();
  client.send({ done: true });
}

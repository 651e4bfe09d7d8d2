/**
 * What the commands of `files` share: questions to a server, and a transfer with a bar.
 *
 * @module
 */

import { format as size } from "@std/fmt/bytes";
import { connect, type Connection, type Endpoint } from "@packetboat/net";
import { Exit, printError, UsageError } from "../kit/cli.ts";
import { whyNot } from "../kit/files.ts";
import { onInterrupt, transferBar } from "../kit/progress.ts";
import type { Announced, Incoming } from "./incoming.ts";
import { codec, type Reply } from "./serve_one.ts";

/** Questions and answers, one by one. */
export class Talk implements AsyncDisposable {
  private constructor(readonly server: Connection<unknown>) {}

  static async to(endpoint: Endpoint): Promise<Talk> {
    return new Talk(await connect({ ...endpoint, codec }));
  }

  /** Says it, and hears the answer. */
  async ask(question: unknown): Promise<Reply> {
    this.server.send(question);
    return await this.hear();
  }

  /** The next answer. @throws {Error} It is a refusal, or there is none. */
  async hear(): Promise<Reply> {
    for await (const answer of this.server) {
      const reply = (answer ?? {}) as Reply;
      if (reply.refused === undefined) return reply;
      throw new Error(`The server refuses: ${reply.refused}`);
    }
    throw new Error("Lost the server: it closed the connection");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

/** Takes in what is missing, checks it, and says so, or what is kept of it. */
export async function receive(
  server: Connection<unknown>,
  incoming: Incoming,
  announced: Announced,
): Promise<void> {
  const from = incoming.at;
  let sha256: string;
  let interruptedBy: number | undefined;
  try {
    using _interrupt = onInterrupt((code) => {
      interruptedBy = code;
      server.abort(new Error("Interrupted"));
    });
    {
      using bar = transferBar(announced.size, from, () => {});
      for await (const bytes of server.body(announced.size - from)) {
        await incoming.write(bytes);
        bar.add(bytes.length);
      }
    }
    sha256 = await incoming.finish();
  } catch (error) {
    const why = withWhatIsKept(error, incoming);
    if (interruptedBy === undefined) throw why;
    printError("files", why);
    throw new Exit(interruptedBy);
  }
  tell(announced, sha256, from);
}

function withWhatIsKept(error: unknown, incoming: Incoming): unknown {
  if (!(error instanceof Error && incoming.isKept)) return error;
  const kept = size(incoming.at);
  return new Error(
    `${error.message}; ${kept} are kept, and the same command goes on from there`,
    { cause: error },
  );
}

/** The one line at the end. */
export function tell(
  { name, size: total }: Announced,
  sha256: string,
  from: number,
): void {
  const resumed = from === 0 ? "" : `, resumed at ${size(from)}`;
  console.log(`${name}: ${size(total)}${resumed}, SHA-256 ${sha256}`);
}

/** The same pieces, with a bar that follows them. */
export async function* watched(
  source: AsyncIterable<Uint8Array>,
  bar: { add(byteLength: number): void },
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    yield bytes;
    bar.add(bytes.length);
  }
}

/** The only word of a command. */
export function only(words: readonly string[], what: string): string {
  if (words.length === 1) return words[0];
  throw new UsageError(`Cannot go on without exactly one ${what}`);
}

/** A folder that is there, by its real name. */
export async function folderOf(path: string): Promise<string> {
  try {
    const real = await Deno.realPath(path);
    if ((await Deno.stat(real)).isDirectory) return real;
  } catch (error) {
    throw new Error(`Cannot use ${path}: ${whyNot(error)}`);
  }
  throw new Error(`Cannot use ${path}: it is no directory`);
}

/**
 * Files of any size, over there and back.
 *
 * Teaches: a frame announces, a body of any size follows, and neither needs more memory than a buffer; a transfer that
 * broke goes on where it stopped; names that come from a peer are not believed.
 *
 *     deno task files serve ~/shared
 *     deno task files list
 *     deno task files get big.iso --out /tmp
 *     deno task files put notes.txt
 *
 * @module
 */

import { basename, dirname } from "node:path";
import { format as size } from "@std/fmt/bytes";
import { serve } from "@packetboat/net";
import { command, printable, printError, runCli } from "./kit/cli.ts";
import { transferBar } from "./kit/progress.ts";
import { untilSignal } from "./kit/until_signal.ts";
import { addrText, endpointOf, tcpFlags } from "./kit/where.ts";
import { isPlaceIn, openFile } from "./files/folder.ts";
import { Incoming } from "./files/incoming.ts";
import { pieces, sha256Of } from "./files/outgoing.ts";
import { codec, serveOne } from "./files/serve_one.ts";
import {
  folderOf,
  only,
  receive,
  Talk,
  tell,
  watched,
} from "./files/transfer.ts";
import { fetchCommand, offerCommand } from "./files/tutorial.ts";

const WHERE = tcpFlags(8802);

const serveCommand = command({
  summary: "Let others list, get and put the files right in DIR.",
  words: "DIR",
  flags: {
    ...WHERE,
    readonly: { type: "boolean", help: "let nobody put files" },
  },
  async run({ readonly, ...where }, words) {
    const folder = await folderOf(only(words, "DIR"));
    await using server = serve({
      ...await endpointOf(where),
      codec,
      name: "files",
      // A client that was cut off in the middle of a body cannot be understood any more.
      onCrash: "close",
      onListen: (addr) =>
        console.log(`files: listening on ${addrText(addr)}, ${folder}`),
      onEvent(event) {
        if (event.kind === "crashed" || event.kind === "malformed") {
          printError("files", event.error);
        }
      },
    }, (client) => serveOne(client, folder, readonly));
    await untilSignal(server);
  },
});

const listCommand = command({
  summary: "Show what can be had.",
  flags: WHERE,
  async run(where) {
    await using talk = await Talk.to(await endpointOf(where));
    const { files } = await talk.ask({ op: "list" });
    if (!Array.isArray(files)) {
      throw new Error("Cannot understand the server: it lists no files");
    }
    for (const file of files) {
      const { name, size: bytes } = file ?? {};
      console.log(
        `${size(Number(bytes)).padStart(10)}  ${printable(String(name))}`,
      );
    }
  },
});

const getCommand = command({
  summary: "Get a file. What a broken transfer left is gone on with.",
  words: "NAME",
  flags: {
    ...WHERE,
    out: {
      type: "string",
      placeholder: "DIR",
      default: ".",
      help: "folder to put it into",
    },
  },
  async run({ out, ...where }, words) {
    const name = only(words, "NAME");
    const folder = await folderOf(out);
    await using talk = await Talk.to(await endpointOf(where));
    const { size = NaN, sha256 = "" } = await talk.ask({ op: "get", name });
    using incoming = await Incoming.open(folder, { name, size, sha256 });
    talk.server.send({ from: incoming.at });
    await receive(talk.server, incoming, { name, size, sha256 });
  },
});

const putCommand = command({
  summary: "Put a file there. What a broken transfer left is gone on with.",
  words: "FILE",
  flags: WHERE,
  async run(where, words) {
    const path = only(words, "FILE");
    const name = basename(path);
    const { file, size } = await openFile(dirname(path), name);
    using opened = file;
    const sha256 = await sha256Of(opened, size);
    await using talk = await Talk.to(await endpointOf(where));
    const { from } = await talk.ask({ op: "put", name, size, sha256 });
    if (!isPlaceIn(size, from)) {
      throw new Error(
        `Cannot understand the server: ${name} does not go on at ${from}`,
      );
    }
    {
      using bar = transferBar(size, from);
      await talk.server.sendBody(watched(pieces(opened, from, size), bar));
    }
    await talk.hear();
    tell({ name, size }, sha256, from);
  },
});

await runCli("files", {
  serve: serveCommand,
  list: listCommand,
  get: getCommand,
  put: putCommand,
  offer: offerCommand,
  fetch: fetchCommand,
});

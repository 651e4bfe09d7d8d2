/**
 * `files offer` and `files fetch`: one file, on the wire of the tutorials. Whoever connects is sent the length of a header
 * in 8 bytes, little-endian, the header as JSON with `file_name` and `file_size`, and the file; then the end.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import { connect, json, lengthPrefixed, serve } from "@packetboat/net";
import { command, printError } from "../kit/cli.ts";
import { untilSignal } from "../kit/until_signal.ts";
import { addrText, endpointOf, tcpFlags } from "../kit/where.ts";
import { openFile } from "./folder.ts";
import { Incoming } from "./incoming.ts";
import { pieces, sha256Of } from "./outgoing.ts";
import { folderOf, only, receive } from "./transfer.ts";

/** `struct.pack("<q", len(header)) + header` */
const codec = json(
  lengthPrefixed({ bytes: 8, littleEndian: true, maxFrameBytes: 65_536 }),
);

const FLAGS = {
  ...tcpFlags(8802),
  wire: {
    type: "choice",
    choices: ["header"],
    default: "header",
    help: "a header with its length in front, then the bytes",
  },
} as const;

/** The server. It adds `sha256` to the header, which the tutorials' clients do not look at. */
export const offerCommand = command({
  summary: "Send FILE to whoever connects, as the tutorials do.",
  words: "FILE",
  flags: FLAGS,
  async run(where, words) {
    const path = only(words, "FILE");
    const [folder, file_name] = [dirname(path), basename(path)];
    // Better now than when somebody comes.
    (await openFile(folder, file_name)).file.close();
    await using server = serve({
      ...await endpointOf(where),
      codec,
      name: "files",
      onCrash: "close",
      onListen: (addr) =>
        console.log(`files: listening on ${addrText(addr)}, ${file_name}`),
      onEvent(event) {
        if (event.kind === "crashed") {
          printError("files", event.error);
        }
      },
    }, async (client) => {
      const { file, size: file_size } = await openFile(folder, file_name);
      using opened = file;
      const sha256 = await sha256Of(opened, file_size);
      client.send({ file_name, file_size, sha256 });
      await client.sendBody(pieces(opened, 0, file_size));
    });
    await untilSignal(server);
  },
});

/** The client. The name in the header comes from somebody else: it has to be a name, and nothing is replaced. */
export const fetchCommand = command({
  summary: "Take the file that a server of the tutorials sends.",
  flags: {
    ...FLAGS,
    out: {
      type: "string",
      placeholder: "DIR",
      default: ".",
      help: "folder to put it into",
    },
  },
  async run({ out, ...where }) {
    const folder = await folderOf(out);
    await using server = await connect({ ...await endpointOf(where), codec });
    for await (const header of server) {
      const said = (header ?? {}) as Record<string, unknown>;
      const announced = {
        name: said.file_name as string,
        size: said.file_size as number,
        sha256: said.sha256 as string | undefined,
      };
      using incoming = await Incoming.open(folder, announced);
      return await receive(server, incoming, announced);
    }
    throw new Error("Lost the server: it closed the connection");
  },
});

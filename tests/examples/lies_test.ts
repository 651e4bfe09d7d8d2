/** Peers of the examples that do not say what they should: one line about it, without their control characters. */

import { assertEquals, assertMatch } from "@std/assert";
import { concat } from "@std/bytes";
import { type Connection, encodeFrame, raw, serve } from "@packetboat/net";
import { codec as filesCodec } from "../../examples/files/serve_one.ts";
import { codec as remoteCodec } from "../../examples/remote/protocol.ts";
import { runTask, startTask } from "../support/task.ts";

/** A server that says this to whoever comes, whatever they want. */
function sayer(said: Uint8Array) {
  return serve({ port: 0, codec: raw() }, (client: Connection<Uint8Array>) => {
    client.send(said);
    return { frame() {} };
  });
}

const portOf = (server: { addr: Deno.Addr }) =>
  String((server.addr as Deno.NetAddr).port);

for (
  const said of [
    { kind: "exit" },
    { kind: "exit", code: "0" },
    { kind: "exit", code: -1 },
    { kind: "exit", code: 256 },
    { kind: "exit", code: 0.5 },
  ]
) {
  Deno.test(`deno task remote run fails where the server says ${JSON.stringify(said)}`, async () => {
    await using server = sayer(encodeFrame(remoteCodec, said as never));
    const { code, stdout, stderr } = await runTask("remote", [
      ..."run --port".split(" "),
      portOf(server),
      ..."-- date".split(" "),
    ]);
    assertEquals([code, stdout], [1, ""], stderr);
    assertMatch(stderr, /^remote: Cannot understand the server: [^\n]+\n$/);
  });
}

Deno.test("deno task remote run shows no control characters but the command's own", async () => {
  for (
    const [said, code, stderr] of [
      [
        { kind: "refused", why: "\x1b[2J\rno" },
        1,
        "Cannot run date there: �[2J�no",
      ],
      [{ kind: "exit", code: 3, note: "\x9b2Jlate\nX" }, 3, "�2Jlate"],
    ] as const
  ) {
    // What is no message at all comes first, and is passed over.
    const nothing = Uint8Array.of(0, 0, 0, 5, 0, 0x6e, 0x75, 0x6c, 0x6c);
    const bytes = encodeFrame(remoteCodec, said);
    await using server = sayer(concat([nothing, bytes]));
    const ended = await runTask("remote", [
      ..."run --port".split(" "),
      portOf(server),
      "date",
    ]);
    assertEquals(ended, { code, stdout: "", stderr: `remote: ${stderr}\n` });
  }
});

Deno.test("deno task files believes no answer before it was looked at", async () => {
  const file = new URL("../../LICENSE", import.meta.url).pathname;
  for (
    const [said, words, expected] of [
      [{ files: [{ name: "\x1b[2J\na", size: 1 }] }, ["list"], {
        code: 0,
        stdout: "       1 B  �[2J�a\n",
        stderr: "",
      }],
      [{ refused: "\x1b[2J\rno" }, ["list"], {
        code: 1,
        stdout: "",
        stderr: "files: The server refuses: �[2J�no\n",
      }],
      [{}, ["list"], {
        code: 1,
        stdout: "",
        stderr: "files: Cannot understand the server: it lists no files\n",
      }],
      [{ from: 1_000_000_000 }, ["put", file], {
        code: 1,
        stdout: "",
        stderr:
          "files: Cannot understand the server: LICENSE does not go on at 1000000000\n",
      }],
      [{ from: "0" }, ["put", file], {
        code: 1,
        stdout: "",
        stderr:
          "files: Cannot understand the server: LICENSE does not go on at 0\n",
      }],
    ] as const
  ) {
    await using server = sayer(encodeFrame(filesCodec, said));
    const [command, ...others] = words;
    assertEquals(
      await runTask("files", [command, "--port", portOf(server), ...others]),
      expected,
    );
  }
});

Deno.test("a server's own lines cannot be told by a client", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await using server = startTask("files", ["serve", "--port", "0", dir]);
    const port = await server.port();
    const conn = await Deno.connect({ port: Number(port) });
    const text = "\x1b[2J\nfiles: all is well\n";
    await conn.write(
      Uint8Array.of(0, 0, 0, text.length, ...new TextEncoder().encode(text)),
    );
    await new Response(conn.readable).bytes();
    server.signal();
    const { stderr } = await server.ended;
    const [line, ...others] = stderr.trimEnd().split("\n");
    assertMatch(line, /^files: Cannot decode json.+Unexpected token/);
    assertEquals(line.includes("\x1b"), false);
    assertEquals(others.length, 1, stderr);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

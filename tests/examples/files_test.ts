/** `deno task files`, as processes: files that come whole or not at all, and none that is not to be had. */

import {
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { TextLineStream } from "@std/streams";
import { createHash } from "node:crypto";
import config from "../../deno.json" with { type: "json" };
import { type Announced, Incoming } from "../../examples/files/incoming.ts";
import { codec } from "../../examples/files/serve_one.ts";
import { serve } from "../../mod.ts";
import { cuttingProxy } from "../support/cutting_proxy.ts";
import { HAS_PYTHON, runPython } from "../support/python.ts";
import { runTask, startTask, type TaskProcess } from "../support/task.ts";

/** A server of a folder, and an empty folder to get files into. */
async function startShare(...flags: string[]) {
  const root = await Deno.realPath(await Deno.makeTempDir());
  const [shared, out] = [`${root}/shared`, `${root}/out`];
  await Deno.mkdir(shared);
  await Deno.mkdir(out);
  const server = startTask("files", ["serve", "--port", "0", ...flags, shared]);
  const port = await server.port();
  return {
    server,
    port,
    root,
    shared,
    out,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(root, { recursive: true });
    },
  };
}

type Share = Awaited<ReturnType<typeof startShare>>;

/** So many bytes, none of which is where another one could be. */
function content(byteLength: number): Uint8Array {
  const numbers = new Uint32Array(Math.ceil(byteLength / 4));
  for (let i = 0; i < numbers.length; i++) numbers[i] = i;
  return new Uint8Array(numbers.buffer, 0, byteLength);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}

Deno.test("deno task files puts, lists and gets, with a checksum that is right", async () => {
  await using share = await startShare();
  const { port, root, shared, out } = share;
  const bytes = content(3_000_001);
  await Deno.writeFile(`${root}/grüße.bin`, bytes);
  await Deno.writeFile(`${shared}/empty`, new Uint8Array(0));
  const put = await runTask("files", [
    "put",
    "--port",
    port,
    `${root}/grüße.bin`,
  ]);
  assertEquals(put, {
    code: 0,
    stdout: `grüße.bin: 3 MB, SHA-256 ${sha256(bytes)}\n`,
    stderr: "",
  });
  const list = await runTask("files", ["list", "--port", port]);
  assertMatch(list.stdout, /^ +0 B {2}empty\n +3 MB {2}grüße\.bin\n$/);
  for (const name of ["grüße.bin", "empty"]) {
    const got = await runTask("files", [
      ..."get --port".split(" "),
      port,
      "--out",
      out,
      name,
    ]);
    assertEquals([got.code, got.stderr], [0, ""]);
    assertEquals(
      await Deno.readFile(`${out}/${name}`),
      await Deno.readFile(`${shared}/${name}`),
    );
  }
  assertEquals(namesIn(out), namesIn(shared));
  const again = await runTask("files", [
    "put",
    "--port",
    port,
    `${root}/grüße.bin`,
  ]);
  assertEquals(again, {
    code: 1,
    stdout: "",
    stderr: "files: The server refuses: there is a grüße.bin already\n",
  });
});

Deno.test("deno task files get goes on where it was cut off, and shows no file before it is whole", async () => {
  await using share = await startShare();
  const { port, shared, out } = share;
  const bytes = content(8_000_000);
  await Deno.writeFile(`${shared}/big`, bytes);
  {
    await using proxy = cuttingProxy(Number(port), { toClient: 5_000_000 });
    const cut = await runTask("files", [
      ..."get --port".split(" "),
      proxy.port,
      "--out",
      out,
      "big",
    ]);
    assertEquals([cut.code, cut.stdout], [1, ""]);
    assertMatch(
      cut.stderr,
      /^files: Lost the connection[^\n]+; (4\.\d+|5) MB are kept, and the same command goes on from there\n$/,
    );
  }
  assertMatch(namesIn(out).join(), /^\.big\.[0-9a-f]{16}\.part$/);
  const whole = await runTask("files", [
    ..."get --port".split(" "),
    port,
    "--out",
    out,
    "big",
  ]);
  assertEquals([whole.code, whole.stderr], [0, ""]);
  assertMatch(whole.stdout, /^big: 8 MB, resumed at (4\.\d+|5) MB, SHA-256 /);
  assertStringIncludes(whole.stdout, sha256(bytes));
  assertEquals(namesIn(out), ["big"]);
  assertEquals(await Deno.readFile(`${out}/big`), bytes);
});

Deno.test("deno task files put goes on where it was cut off", async () => {
  await using share = await startShare();
  const { port, root, shared } = share;
  const bytes = content(8_000_000);
  await Deno.writeFile(`${root}/big`, bytes);
  {
    await using proxy = cuttingProxy(Number(port), { toServer: 5_000_000 });
    const cut = await runTask("files", [
      "put",
      "--port",
      proxy.port,
      `${root}/big`,
    ]);
    assertEquals(cut.code, 1);
    assertMatch(cut.stderr, /^files: (Lost|Cannot send to) [^\n]+\n$/);
  }
  await share.server.complains(/files: Lost the connection/);
  assertMatch(namesIn(shared).join(), /^\.big\.[0-9a-f]{16}\.part$/);
  const list = await runTask("files", ["list", "--port", port]);
  assertEquals(list, { code: 0, stdout: "", stderr: "" });
  const whole = await runTask("files", ["put", "--port", port, `${root}/big`]);
  assertMatch(whole.stdout, /resumed at/);
  assertEquals(namesIn(shared), ["big"]);
  assertEquals(await Deno.readFile(`${shared}/big`), bytes);
});

Deno.test("deno task files throws away what does not match its checksum", async () => {
  await using share = await startShare();
  const { port, shared, out } = share;
  await Deno.writeTextFile(`${shared}/small`, "whole");
  const digest = sha256(new TextEncoder().encode("whole"));
  // Somebody wrote into what was left of a broken transfer.
  await Deno.writeTextFile(`${out}/.small.${digest.slice(0, 16)}.part`, "HO");
  const args = ["get", "--port", port, "--out", out, "small"];
  assertEquals(await runTask("files", args), {
    code: 1,
    stdout: "",
    stderr: "files: small came with a wrong checksum, and is thrown away\n",
  });
  assertEquals(namesIn(out), []);
  assertEquals((await runTask("files", args)).code, 0);
});

Deno.test("deno task files lets nobody out of its folder", async () => {
  await using share = await startShare();
  const { port, root, shared, out } = share;
  await Deno.writeTextFile(`${root}/secret`, "secret");
  await Deno.symlink(`${root}/secret`, `${shared}/link`);
  await Deno.symlink(root, `${shared}/folder`);
  await Deno.writeTextFile(`${shared}/.hidden`, "hidden");
  for (
    const name of [
      ...["../../etc/passwd", "../secret", "/etc/passwd", "..", "."],
      ...["link", "folder", "folder/secret", ".hidden", "nosuch"],
    ]
  ) {
    const { code, stdout, stderr } = await runTask("files", [
      ..."get --port".split(" "),
      port,
      "--out",
      out,
      name,
    ]);
    assertEquals([code, stdout], [1, ""], name);
    assertMatch(stderr, /^files: The server refuses: [^\n]+\n$/, name);
    assertEquals(namesIn(out), []);
  }
  const list = await runTask("files", ["list", "--port", port]);
  assertEquals(list.stdout, "");
  // A link in the way of a file that is put is not followed, nor replaced.
  await Deno.writeTextFile(`${root}/link`, "overwritten");
  const put = await runTask("files", ["put", "--port", port, `${root}/link`]);
  assertEquals(put.code, 1);
  assertEquals(await Deno.readTextFile(`${root}/secret`), "secret");
});

Deno.test("deno task files list leaves out what nobody can ask for", async () => {
  await using share = await startShare();
  const { port, shared } = share;
  await Deno.writeTextFile(`${shared}/plain`, "plain");
  await Deno.writeTextFile(`${shared}/${"n".repeat(201)}`, "long");
  // A name that is not UTF-8, if the file system has such.
  const strange = `printf x > "$(printf '%s/bad\\377' "$1")"`;
  await new Deno.Command("sh", { args: ["-c", strange, "sh", shared] })
    .output();
  const list = await runTask("files", ["list", "--port", port]);
  assertEquals(list, { code: 0, stdout: "       5 B  plain\n", stderr: "" });
  await Deno.remove(shared, { recursive: true });
  const gone = await runTask("files", ["list", "--port", port]);
  assertEquals(gone, {
    code: 1,
    stdout: "",
    stderr:
      "files: The server refuses: the folder cannot be read: there is no such file\n",
  });
});

Deno.test("Incoming leaves no part behind that nobody could go on with", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const announced = (bytes: Uint8Array) => ({
      name: "name",
      size: bytes.length,
      sha256: sha256(bytes),
    });
    const [first, second] = [content(1_000), content(2_000)];
    {
      using nothing = await Incoming.open(folder, announced(first));
      assertEquals(nothing.at, 0);
    }
    assertEquals(namesIn(folder), []);
    {
      // Both found the name free; one of them is faster.
      using one = await Incoming.open(folder, announced(first));
      using other = await Incoming.open(folder, announced(second));
      await one.write(first);
      await other.write(second);
      await one.finish();
      const error = await assertRejects(() => other.finish());
      assertEquals((error as Error).message, "there is a name already");
    }
    assertEquals(namesIn(folder), ["name"]);
    assertEquals(await Deno.readFile(`${folder}/name`), first);
    // A list of one string reads like that string.
    const odd = { name: "odd", size: 1, sha256: [sha256(first)] };
    await assertRejects(
      () => Incoming.open(folder, odd as unknown as Announced),
      "odd has a checksum that is none",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name:
    "deno task files says which file finds no room, and keeps what has come",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using share = await startShare();
    const { port, shared, out } = share;
    const bytes = content(8_000_000);
    await Deno.writeFile(`${shared}/big`, bytes);
    const [program, ...words] = config.tasks.files.command.split(" ");
    // A file may have 2 or 4 MB, as the shell counts; no message but the system's own tells that from a full disk.
    const script = `trap "" XFSZ; ulimit -f 4096; exec ${program} "$@"`;
    const { code, stderr } = await new Deno.Command("sh", {
      args: [
        ...["-c", script, "sh", ...words],
        ...["get", "--port", port, "--out", out, "big"],
      ],
      cwd: new URL("../../", import.meta.url),
      stdin: "null",
    }).output();
    assertMatch(
      new TextDecoder().decode(stderr),
      /^files: big cannot be written: [^\n]+; [\d.]+ MB are kept, and the same command goes on from there\n$/,
    );
    assertEquals(code, 1);
    assertMatch(namesIn(out).join(), /^\.big\.[0-9a-f]{16}\.part$/);
  },
});

Deno.test("deno task files get says at Ctrl-C what it keeps", async () => {
  const out = await Deno.makeTempDir();
  try {
    const half = content(1_000_000);
    // Sends one half, and then nothing any more.
    await using server = serve({ port: 0, codec }, (client) => ({
      frame(question) {
        if ((question as { op?: string }).op === "get") {
          client.send({ size: 2 * half.length, sha256: sha256(half) });
        } else void client.sendBody(half);
      },
    }));
    using changes = Deno.watchFs(out);
    await using get = startTask("files", [
      ..."get --port".split(" "),
      `${(server.addr as Deno.NetAddr).port}`,
      "--out",
      out,
      "big",
    ]);
    for await (const { paths } of changes) {
      const part = paths.find((path) => path.endsWith(".part"));
      if (part && Deno.statSync(part).size === half.length) break;
    }
    get.signal("SIGINT");
    const { code, stdout, stderr } = await get.ended;
    assertEquals({ code, stdout }, { code: 130, stdout: "" });
    assertMatch(
      stderr,
      /^files: Interrupted; [\d.]+ [kM]B are kept, and the same command goes on from there\n$/,
    );
    assertEquals(namesIn(out).length, 1);
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

Deno.test("deno task files serve --readonly takes nothing", async () => {
  await using share = await startShare("--readonly");
  await Deno.writeTextFile(`${share.root}/new`, "new");
  const { code, stderr } = await runTask("files", [
    ..."put --port".split(" "),
    share.port,
    `${share.root}/new`,
  ]);
  assertEquals(code, 1);
  assertEquals(stderr, "files: The server refuses: this folder is read-only\n");
  assertEquals(namesIn(share.shared), []);
});

Deno.test({
  name:
    "deno task files needs no more memory for a large file than for a small one",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using share = await startShare();
    const { shared, server } = share;
    // What a process keeps for good, such as compiled code and a heap that has grown, is there after a small one.
    await thereAndBack(share, "small", 32 * 1_048_576);
    const before = peakKib(server);
    const size = 256 * 1_048_576;
    await thereAndBack(share, "large", size);
    assertEquals((await Deno.stat(`${shared}/large`)).size, size);
    assertLess(peakKib(server) - before, 64 * 1_024);
  },
});

/** Puts a file of `byteLength` zeros and gets it again. */
async function thereAndBack(
  { port, root, out }: Share,
  name: string,
  byteLength: number,
): Promise<void> {
  using sparse = await Deno.create(`${root}/${name}`);
  await sparse.truncate(byteLength);
  for (
    const words of [["put", `${root}/${name}`], ["get", "--out", out, name]]
  ) {
    const [command, ...rest] = words;
    const { code, stderr } = await runTask("files", [
      command,
      "--port",
      port,
      ...rest,
    ]);
    assertEquals(code, 0, stderr);
  }
}

/** The most memory that a process had, in KiB. Asked of `grep`, since Deno lets nobody but --allow-all into /proc. */
function peakKib({ pid }: TaskProcess): number {
  const { stdout } = new Deno.Command("grep", {
    args: ["VmHWM", `/proc/${pid}/status`],
  }).outputSync();
  return Number(new TextDecoder().decode(stdout).match(/(\d+) kB/)![1]);
}

Deno.test({
  name:
    "deno task files serve takes from Python and gives back, torn and stuck",
  ignore: !HAS_PYTHON,
  async fn() {
    await using share = await startShare();
    assertEquals(await runPython("files_peer.py", "own", share.port), "fine\n");
    assertEquals(namesIn(share.shared), ["grüße.txt"]);
  },
});

Deno.test({
  name:
    "deno task files offer sends to a tutorial's client in Python, and files fetch takes it too",
  ignore: !HAS_PYTHON,
  async fn() {
    const dir = await Deno.makeTempDir();
    try {
      const bytes = content(10_000_000);
      await Deno.writeFile(`${dir}/grüße.bin`, bytes);
      await using server = startTask("files", [
        ..."offer --wire header --port 0".split(" "),
        `${dir}/grüße.bin`,
      ]);
      const port = await server.port();
      assertEquals(
        await runPython("files_peer.py", "fetch", port),
        `grüße.bin ${sha256(bytes)}\n`,
      );
      await Deno.mkdir(`${dir}/out`);
      const { code, stdout } = await runTask("files", [
        ..."fetch --wire header --port".split(" "),
        port,
        "--out",
        `${dir}/out`,
      ]);
      assertEquals(code, 0);
      assertStringIncludes(stdout, sha256(bytes));
      assertEquals(await Deno.readFile(`${dir}/out/grüße.bin`), bytes);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});

for (
  const [name, ok] of [["grüße.txt", true], ["../escaped", false]] as const
) {
  Deno.test({
    name: `deno task files fetch ${
      ok ? "takes" : "refuses"
    } ${name} from a tutorial's server in Python`,
    ignore: !HAS_PYTHON,
    async fn() {
      const dir = await Deno.makeTempDir();
      const peer = new URL("../interop/files_peer.py", import.meta.url);
      const python = new Deno.Command("python3", {
        args: ["-B", peer.pathname, "offer", name],
        stdout: "piped",
      }).spawn();
      try {
        const said = python.stdout.pipeThrough(new TextDecoderStream())
          .pipeThrough(new TextLineStream()).values();
        const { value: port } = await said.next();
        const { code, stdout, stderr } = await runTask("files", [
          ..."fetch --port".split(" "),
          port!,
          "--out",
          dir,
        ]);
        const { value: digest } = await said.next();
        assertEquals((await said.next()).done, true);
        await python.status;
        if (ok) {
          assertEquals([code, stderr], [0, ""]);
          assertStringIncludes(stdout, digest!);
          assertEquals(sha256(await Deno.readFile(`${dir}/${name}`)), digest);
        } else {
          assertEquals([code, stdout], [1, ""]);
          assertMatch(
            stderr,
            /^files: "\.\.\/escaped" is not the name[^\n]*\n$/,
          );
          assertEquals(namesIn(dir), []);
        }
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  });
}

Deno.test("deno task files says in one line what is wrong", async () => {
  const cases: [string, number, string][] = [
    ["", 2, "Cannot start without a command: choose one of serve, list, get"],
    ["serve", 2, "Cannot go on without exactly one DIR"],
    ["serve nosuch", 1, "Cannot use nosuch: there is no such file"],
    ["serve README.md", 1, "Cannot use README.md: it is no directory"],
    ["serve . --port 70000", 2, "Cannot use --port 70000"],
    ["serve docs --hostname 192.0.2.1", 1, "Cannot listen on 192.0.2.1"],
    ["get a b", 2, "Cannot go on without exactly one NAME"],
    ["get --port 1 a", 1, "Cannot connect to 127.0.0.1:1"],
    ["put nosuch", 1, "nosuch cannot be read: there is no such file"],
    ["put docs", 1, "docs is no plain file"],
    ["offer nosuch", 1, "nosuch cannot be read: there is no such file"],
    ["fetch --wire smoke", 2, "Cannot use --wire smoke"],
  ];
  for (const [line, expected, message] of cases) {
    const words = line === "" ? [] : line.split(" ");
    const { code, stdout, stderr } = await runTask("files", words);
    assertEquals({ code, stdout }, { code: expected, stdout: "" }, line);
    assertStringIncludes(stderr, `files: ${message}`);
    assertEquals(stderr.trimEnd().split("\n").length, expected, stderr);
  }
});

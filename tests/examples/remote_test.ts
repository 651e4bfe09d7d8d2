/** `deno task remote`, as processes: what it runs, and all that it must not. */

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { proofOf } from "../../examples/remote/protocol.ts";
import { HAS_PYTHON, runPython } from "../support/python.ts";
import {
  type Ended,
  isInstalled,
  runTask,
  startTask,
  type TaskProcess,
} from "../support/task.ts";

function startServer(...flags: string[]): TaskProcess {
  return startTask("remote", ["serve", "--port", "0", ...flags]);
}

/** What `run` gives, with `flags`, for a command. */
function run(
  port: string,
  command: string[],
  ...flags: string[]
): Promise<Ended> {
  return runTask("remote", ["run", "--port", port, ...flags, "--", ...command]);
}

/** A pipe of its own in the file system. */
async function namedPipe(): Promise<string> {
  const pipe = await Deno.makeTempFile();
  await Deno.remove(pipe);
  const made = await new Deno.Command("mkfifo", { args: [pipe] }).output();
  assertEquals(made.success, true);
  return pipe;
}

Deno.test("deno task remote run prints what the command prints, and exits with its code", async () => {
  await using server = startServer("--allow", "sh,printf,seq");
  const port = await server.port();
  assertEquals(
    await run(port, ["sh", "-c", "printf out; printf 'grüße' >&2; exit 7"]),
    { code: 7, stdout: "out", stderr: "grüße" },
  );
  // Arguments are passed on as they are: no shell looks at them.
  const { stdout } = await run(port, [
    "printf",
    "%s|",
    "$HOME",
    "a b",
    "-x",
    "",
  ]);
  assertEquals(stdout, "$HOME|a b|-x||");
  assertEquals((await run(port, ["sh", "-c", "kill -9 $$"])).code, 137);
  const numbers = await run(port, ["seq", "1", "1600000"]);
  assertEquals(numbers.stdout.length, 11_688_896);
  assertEquals(numbers.stdout.endsWith("\n1599999\n1600000\n"), true);
});

Deno.test("deno task remote streams while the command runs, and Ctrl-C kills it with all that it started", async () => {
  await using server = startServer("--allow", "sh");
  const port = await server.port();
  // The pipe ends when nobody holds its other end: the command and its child are gone.
  const pipe = await namedPipe();
  try {
    await using client = startTask("remote", [
      ..."run --port".split(" "),
      port,
      ..."-- sh -c".split(" "),
      `exec 3>${pipe}; echo started; sleep 1000 & sleep 1000`,
    ]);
    const reading = Deno.readFile(pipe);
    await client.says(/started/);
    client.signal("SIGINT");
    assertEquals((await client.ended).code, 130);
    assertEquals(await reading, new Uint8Array(0));
  } finally {
    await Deno.remove(pipe);
  }
});

Deno.test("deno task remote kills what takes too long", async () => {
  await using server = startServer("--allow", "sh", "--timeout", "1");
  const late = await run(await server.port(), [
    "sh",
    "-c",
    "echo so far; sleep 1000 & sleep 1000",
  ]);
  assertEquals(late, {
    code: 124,
    stdout: "so far\n",
    stderr: "remote: sh was killed: it ran longer than 1 s\n",
  });
});

Deno.test({
  name:
    "deno task remote waits for nobody who left the command's process group, and keeps its output open",
  ignore: !isInstalled("setsid"),
  async fn() {
    await using server = startServer("--allow", "sh", "--timeout", "1");
    const port = await server.port();
    const pipe = await namedPipe();
    try {
      const late = await run(port, [
        "sh",
        "-c",
        `setsid cat ${pipe} & echo so far`,
      ]);
      assertEquals(late, {
        code: 124,
        stdout: "so far\n",
        stderr: "remote: sh was killed: it ran longer than 1 s\n",
      });
    } finally {
      // The reader has waited for somebody who writes.
      await Deno.writeFile(pipe, new Uint8Array(0));
      await Deno.remove(pipe);
    }
  },
});

Deno.test("deno task remote refuses what is not allowed, in one line", async () => {
  await using server = startServer("--allow", "date,nosuchprogram");
  const port = await server.port();
  for (
    const [command, why] of [
      [["cat", "/etc/passwd"], "cat is not allowed, only date, nosuchprogram"],
      [["/bin/date"], "/bin/date is not allowed, only date, nosuchprogram"],
      [["date;id"], "date;id is not allowed, only date, nosuchprogram"],
      [["nosuchprogram"], "this machine has no nosuchprogram"],
    ] as const
  ) {
    assertEquals(await run(port, [...command]), {
      code: 1,
      stdout: "",
      stderr: `remote: Cannot run ${command[0]} there: ${why}\n`,
    });
  }
});

Deno.test("deno task remote --token lets in who knows it, and nobody else", async () => {
  await using server = startServer("--allow", "printf", "--token", "s3cret");
  const port = await server.port();
  const right = await run(port, ["printf", "in"], "--token", "s3cret");
  assertEquals(right, { code: 0, stdout: "in", stderr: "" });
  const wrong = await run(port, ["printf", "in"], "--token", "S3cret");
  assertEquals(wrong, {
    code: 1,
    stdout: "",
    stderr: "remote: Cannot run printf there: the token is wrong\n",
  });
  const none = await run(port, ["printf", "in"]);
  assertEquals([none.code, none.stdout], [1, ""]);
  assertStringIncludes(none.stderr, "a token is needed");
});

Deno.test("deno task remote --token-file takes the secret from a file, so that no list of processes shows it", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const file = `${dir}/token`;
    await Deno.writeTextFile(file, "s3cret\n");
    await Deno.writeTextFile(`${dir}/empty`, "\n");
    await using server = startServer(
      "--allow",
      "printf",
      "--token-file",
      file,
    );
    const port = await server.port();
    for (const flags of [["--token-file", file], ["--token", "s3cret"]]) {
      const right = await run(port, ["printf", "in"], ...flags);
      assertEquals(right, { code: 0, stdout: "in", stderr: "" });
    }
    const cases: [string[], number, string][] = [
      [["--token", "x", "--token-file", file], 2, "Cannot use both"],
      [["--token-file", `${dir}/empty`], 1, "/empty: it holds no secret"],
      [["--token-file", `${dir}/none`], 1, "/none: there is no such file"],
    ];
    for (const [flags, expected, message] of cases) {
      const { code, stdout, stderr } = await run(port, ["date"], ...flags);
      assertEquals({ code, stdout }, { code: expected, stdout: "" });
      assertStringIncludes(stderr, message);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test({
  name:
    "deno task remote --token takes Python's proof once, and refuses it when it is said again",
  ignore: !HAS_PYTHON,
  async fn() {
    await using server = startServer("--allow", "printf", "--token", "s3cret");
    const port = await server.port();
    assertEquals(
      await runPython("remote_own_peer.py", port, "s3cret"),
      "fine\n",
    );
  },
});

Deno.test("proofOf() says another thing for another token, challenge or command", async () => {
  const proofs = await Promise.all([
    proofOf("t", "c", ["a", "b"]),
    proofOf("u", "c", ["a", "b"]),
    proofOf("t", "d", ["a", "b"]),
    proofOf("t", "c", ["a b"]),
  ]);
  assertEquals(new Set(proofs).size, 4);
  assertEquals(await proofOf("t", "c", ["a", "b"]), proofs[0]);
});

for (const wire of ["i64le", "i32le", "ascii"]) {
  Deno.test({
    name:
      `deno task remote --wire ${wire} serves a tutorial's client in Python`,
    ignore: !HAS_PYTHON,
    async fn() {
      await using server = startServer(
        "--wire",
        wire,
        "--allow",
        "printf,seq,sh",
      );
      const port = await server.port();
      assertEquals(await runPython("remote_peer.py", port, wire), "fine\n");
    },
  });
}

Deno.test("deno task remote --shell runs anything, over a Unix socket", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/remote.sock`;
    await using server = startTask("remote", [
      ..."serve --shell --unix".split(" "),
      path,
    ]);
    await server.says(/listening/);
    const { stdout } = await runTask("remote", [
      ..."run --unix".split(" "),
      path,
      ..."-- printf a; printf b | tr b c".split(" "),
    ]);
    assertEquals(stdout, "ac");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

for (const wire of ["i32le", "ascii"]) {
  Deno.test(`deno task remote --wire ${wire} runs nothing for a page in a browser`, async () => {
    await using server = startServer("--shell", "--wire", wire);
    const port = await server.port();
    const dir = await Deno.makeTempDir();
    try {
      // The second is so long that what follows comes in another read.
      for (const path of ["", "x".repeat(1_000_000)]) {
        await assertRejects(() =>
          fetch(`http://127.0.0.1:${port}/${path}`, {
            method: "POST",
            body: `\ntouch ${dir}/made\n`,
          })
        );
      }
      server.signal();
      await server.ended;
      assertEquals(Array.from(Deno.readDirSync(dir)), []);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

Deno.test("deno task remote serve drains at Ctrl-C: a command under way ends as it should", async () => {
  await using server = startServer("--allow", "sh");
  const port = await server.port();
  const dir = await Deno.makeTempDir();
  try {
    await using client = startTask("remote", [
      ..."run --port".split(" "),
      port,
      ..."-- sh -c".split(" "),
      `echo started; until [ -e ${dir}/go ]; do sleep 0.01; done; echo finished`,
    ]);
    await client.says(/started/);
    server.signal("SIGINT");
    await server.complains(/Finishing/);
    await Deno.writeTextFile(`${dir}/go`, "");
    const { code, stdout } = await client.ended;
    assertEquals({ code, stdout }, { code: 0, stdout: "started\nfinished\n" });
    assertEquals((await server.ended).code, 0);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("deno task remote serve exits with 130 when a second Ctrl-C stops it at once", async () => {
  await using server = startServer("--allow", "sh");
  await using client = startTask("remote", [
    ..."run --port".split(" "),
    await server.port(),
    ..."-- sh -c".split(" "),
    "echo started; sleep 1000",
  ]);
  await client.says(/started/);
  server.signal("SIGTERM");
  await server.complains(/Finishing/);
  server.signal("SIGINT");
  assertEquals((await server.ended).code, 130);
  const { code, stderr } = await client.ended;
  assertEquals(code, 1);
  assertMatch(stderr, /^remote: Lost the .+\n$/);
});

Deno.test("deno task remote says in one line what is wrong", async () => {
  const cases: [string, number, string][] = [
    ["serve", 2, "Cannot serve without --allow NAMES or --shell"],
    ["serve --allow ,", 2, "Cannot serve without --allow NAMES or --shell"],
    ["serve --shell --hostname 0.0.0.0", 2, "Cannot use --shell on 0.0.0.0"],
    ["serve --allow ls --token x --wire ascii", 2, "Cannot use --token: wire"],
    ["serve --allow ls --timeout 0", 2, "Cannot use --timeout 0"],
    ["serve --allow ls --hostname 192.0.2.1", 1, "Cannot listen on 192.0.2.1"],
    ["run", 2, "Cannot run nothing"],
    ["run --port 1 -- ls", 1, "Cannot connect to 127.0.0.1:1"],
  ];
  for (const [line, expected, message] of cases) {
    const { code, stdout, stderr } = await runTask("remote", line.split(" "));
    assertEquals({ code, stdout }, { code: expected, stdout: "" }, line);
    assertMatch(stderr, /^remote: /);
    assertStringIncludes(stderr, message);
    assertEquals(stderr.trimEnd().split("\n").length, expected, stderr);
  }
});

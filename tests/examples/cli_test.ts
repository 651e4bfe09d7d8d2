/**
 * What every task does when it is used wrongly, the same for all: one readable line, a code that says what kind of
 * failure it was (1 failed, 2 wrong use), and no stack trace.
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { type Ended, runTask } from "../support/task.ts";

type Task = Parameters<typeof runTask>[0];

/** One line, or two where the second says how to get help. */
function assertReadable({ code, stderr }: Ended, expected: number): void {
  assertEquals(code, expected, stderr);
  const words = stderr.trimEnd().split("\n");
  const wanted = expected === 2 ? 2 : 1;
  assertEquals(words.length, wanted, stderr);
  assertEquals(/\n\s+at |Uncaught|\[native code\]/.test(stderr), false, stderr);
}

const COMMANDS: Record<string, readonly string[]> = {
  demo: [],
  echo: ["serve", "send"],
  sticky: [],
  chat: ["serve", "join"],
  remote: ["serve", "run"],
  files: ["serve", "list", "get", "put", "offer", "fetch"],
  udp: ["serve", "send", "broadcast", "discover"],
  kv: [],
  dns: [],
};

for (const [task, commands] of Object.entries(COMMANDS)) {
  const name = task as Task;

  Deno.test(`deno task ${task} used wrongly says so in one line, and how to get help`, async () => {
    const wrong = commands.length === 0
      ? [["--nosuch"], ["--help=maybe", "--nosuch"], ["a word"]]
      : [
        [],
        // What every object has is no command either.
        ["nosuch"],
        ["toString"],
        ["__proto__"],
        ...commands.map((command) => [command, "--nosuch"]),
      ];
    await Promise.all(wrong.map(async (words) => {
      const ended = await runTask(name, words);
      assertReadable(ended, 2);
      assertMatch(ended.stderr, new RegExp(`^${task}: Cannot .+\n`));
      // Where the flags are that would have been right.
      const known = commands.filter((command) => command === words[0]);
      const help = [task, ...known, "--help"].join(" ");
      assertStringIncludes(ended.stderr, `\nTry: deno task ${help}\n`);
    }));
  });

  Deno.test(`deno task ${task} and each of its commands explain themselves`, async () => {
    const asked = [["--help"], ["-h"], ...commands.map((c) => [c, "--help"])];
    for (const ended of await Promise.all(asked.map((a) => runTask(name, a)))) {
      const { code, stdout, stderr } = ended;
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertMatch(stdout, new RegExp(`^Usage: deno task ${task}`));
    }
  });
}

Deno.test("a flag without its value is named, whatever comes behind it", async () => {
  const cases: [Task, string[], string][] = [
    ["demo", ["--file", ""], "--file"],
    ["dns", ["--zone="], "--zone"],
    ["kv", ["--port", "-1"], "--port"],
    ["remote", ["serve", "--allow", "date", "--token", ""], "--token"],
    ["files", ["get", "--out", "--readonly", "x"], "--out"],
  ];
  await Promise.all(cases.map(async ([task, words, flag]) => {
    const ended = await runTask(task, words);
    assertReadable(ended, 2);
    assertStringIncludes(
      ended.stderr,
      `${task}: Cannot use ${flag}: it needs a value\n`,
    );
  }));
});

/** Servers and clients, as they are used rightly; `PORT` is where. */
const STARTS: readonly (readonly [Task, string])[] = [
  ["echo", "serve --port PORT"],
  ["echo", "send --port PORT ahoy"],
  ["sticky", "--port PORT"],
  ["chat", "serve --port PORT"],
  ["chat", "join --port PORT ann"],
  ["remote", "serve --allow date --port PORT"],
  ["remote", "run --port PORT -- date"],
  ["files", "serve . --port PORT"],
  ["files", "list --port PORT"],
  ["udp", "serve --port PORT"],
  ["udp", "send --port PORT ahoy"],
  ["kv", "--port PORT"],
  ["dns", "--port PORT"],
];

const at = (words: string, port: number) =>
  words.replace("PORT", String(port)).split(" ");

Deno.test("every task without permission says in one line which one is missing", async () => {
  const all = [...STARTS, ["demo", ""] as const].map(async ([task, words]) => {
    const args = words === "" ? [] : at(words, 9);
    const ended = await runTask(task, args, { permissions: ["--no-prompt"] });
    assertReadable(ended, 1);
    assertMatch(ended.stderr, /Requires (net|read) access to .+ --allow-/);
  });
  await Promise.all(all);
});

Deno.test("every server says in one line that its port is in use", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const datagrams = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port,
  });
  const servers = STARTS.filter(([task, words]) =>
    task === "sticky" || !/^(send|join|run|list)/.test(words)
  );
  await Promise.all(servers.map(async ([task, words]) => {
    const ended = await runTask(task, at(words, port));
    assertReadable(ended, 1);
    assertMatch(
      ended.stderr,
      new RegExp(
        `^${task}: Cannot listen on 127.0.0.1:${port}: the address is in use\n$`,
      ),
    );
  }));
  datagrams.close();
});

Deno.test("every client says in one line that nobody listens there", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const clients = STARTS.filter(([, words]) =>
    /^(send|join|run|list)/.test(words)
  );
  await Promise.all(clients.map(async ([task, words]) => {
    const ended = await runTask(task, at(words, port));
    assertReadable(ended, 1);
    assertMatch(
      ended.stderr,
      task === "udp" ? /^udp: No reply from / : new RegExp(
        `^${task}: Cannot connect to 127.0.0.1:${port}: .+refused`,
      ),
    );
  }));
});

for (const task of ["bench:echo", "bench:udp", "bench:idle"] as const) {
  Deno.test(`deno task ${task} refuses what it does not know, in one line, and explains itself`, async () => {
    const [help, ...wrong] = await Promise.all(
      [["--help"], ["--nosuch"], ["--rounds", "many"], ["word"]].map((args) =>
        runTask(task, args)
      ),
    );
    assertEquals([help.code, help.stderr], [0, ""]);
    assertMatch(help.stdout, /--help/);
    for (const { code, stderr } of wrong) {
      assertEquals(code, 2, stderr);
      assertMatch(stderr, new RegExp(`^${task}: .+ \\(--help says more\\)\n$`));
    }
  });
}

Deno.test("deno task bench:echo refuses a wire that it does not know, and a server that is not on the wire", async () => {
  const wrong = [
    [["--wire", "semaphore"], "--wire semaphore is neither u32 nor lines"],
    [["--wire"], "--wire  is neither u32 nor lines"],
    [["--wire", "lines", "--server", "erlang"], "there is no server erlang"],
  ] as const;
  await Promise.all(wrong.map(async ([args, why]) => {
    const { code, stderr } = await runTask("bench:echo", args);
    assertEquals(
      [code, stderr],
      [2, `bench:echo: ${why} (--help says more)\n`],
    );
  }));
});

for (const wire of ["u32", "lines"]) {
  Deno.test(`deno task bench:echo --wire ${wire} measures servers that answer rightly`, async () => {
    const { code, stdout, stderr } = await runTask(
      "bench:echo",
      "--json --unpinned --rounds 1 --seconds 0.1 --shape 1x1x1 --shape 100000x2x3 --server kept --server floor --wire"
        .split(" ").concat(wire),
    );
    assertEquals([code, stderr], [0, ""]);
    const rows = stdout.trimEnd().split("\n").map((row) => JSON.parse(row));
    assertEquals(
      rows.map(({ wire, shape, server }) => [wire, shape, server]),
      ["1x1x1", "100000x2x3"].flatMap((shape) =>
        ["kept", "floor"].map((server) => [wire, shape, server])
      ),
    );
    for (const { framesPerSecond } of rows) assert(framesPerSecond > 0);
  });
}

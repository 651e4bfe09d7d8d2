/** `deno task udp`, as processes: its four commands, Python on either side, and every way to use it wrongly. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { HAS_PYTHON, runPython } from "../support/python.ts";
import { startChild } from "../support/child.ts";
import { runTask, startTask, type TaskProcess } from "../support/task.ts";

function startServer(...flags: string[]): TaskProcess {
  return startTask("udp", ["serve", "--port", "0", ...flags]);
}

async function drained(server: TaskProcess): Promise<void> {
  server.signal("SIGINT");
  const { code, stderr } = await server.ended;
  assertEquals(code, 0);
  assertStringIncludes(stderr, "Finishing what is under way");
}

/** Long enough on any machine; whoever is answered does not wait for it. */
const PATIENCE = ["--wait-ms", "60000"];

/** Nobody can know when the last reply to a broadcast has come, so this is always waited for. */
const WINDOW = ["--wait-ms", "3000"];

Deno.test("deno task udp serve answers send, in upper case or the same", async () => {
  await using upper = startServer();
  const { code, stdout, stderr } = await runTask("udp", [
    "send",
    "--port",
    await upper.port(),
    ...PATIENCE,
    "ahoy",
    "grüße",
  ]);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(stdout, "AHOY\nGRÜSSE\n");
  await drained(upper);
  await using same = startServer("--reply", "same", "--hostname", "::1");
  const to = ["--hostname", "::1", "--port", await same.port(), ...PATIENCE];
  const reply = await runTask("udp", ["send", ...to, "Ahoy"]);
  assertEquals(reply.stdout, "Ahoy\n");
});

Deno.test({
  name: "deno task udp serve answers Python's sockets, each by itself",
  ignore: !HAS_PYTHON,
  async fn() {
    await using server = startServer();
    const port = await server.port();
    assertEquals(await runPython("udp_peer.py", "ask", port), "21 replies\n");
    await drained(server);
  },
});

Deno.test({
  name: "deno task udp send asks a server in Python",
  ignore: !HAS_PYTHON,
  async fn() {
    const script = new URL("../interop/udp_peer.py", import.meta.url).pathname;
    await using python = startChild("python3", ["-B", script, "answer"]);
    const to = ["--port", await python.line(), ...PATIENCE];
    const { stdout } = await runTask("udp", ["send", ...to, "ahoy", "abc"]);
    assertEquals(stdout, "yoha\ncba\n");
  },
});

Deno.test("deno task udp discover lists every server once, and broadcast reaches them all", async () => {
  await using one = startServer();
  const port = await one.port();
  // Another address of loopback, so that both can have the same port.
  await using other = startTask("udp", [
    "serve",
    "--hostname",
    "127.0.0.2",
    "--port",
    port,
    "--reply",
    "same",
  ]);
  await other.port();
  await using discovery = startTask("udp", [
    "discover",
    "--port",
    port,
    ...WINDOW,
  ]);
  const { code, stdout } = await discovery.ended;
  assertEquals(code, 0);
  assertEquals(stdout.trim().split("\n").sort(), [
    `127.0.0.1:${port} reply upper`,
    `127.0.0.2:${port} reply same`,
  ]);
  const said = await runTask("udp", [
    "broadcast",
    "--port",
    port,
    ...WINDOW,
    "Ahoy",
  ]);
  assertEquals(said.stdout.trim().split("\n").sort(), [
    `127.0.0.1:${port} AHOY`,
    `127.0.0.2:${port} Ahoy`,
  ]);
});

Deno.test("deno task udp says in one line what goes wrong, and exits with 1", async () => {
  await using server = startServer();
  const port = await server.port();
  const fails = async (args: string[], says: RegExp) => {
    const { code, stdout, stderr } = await runTask("udp", args);
    assertEquals({ code, stdout }, { code: 1, stdout: "" }, stderr);
    assertMatch(stderr, /^udp: [^\n]+\n$/);
    assertMatch(stderr, says);
  };
  await fails(["serve", "--port", port], /address is in use/);
  await fails(["send", "--hostname", "example.com", "x"], /an IP address/);
  await fails(
    ["send", "--port", port, "x".repeat(65_508)],
    new RegExp(`127\\.0\\.0\\.1:${port}: the datagram has 65508 bytes`),
  );
  await server[Symbol.asyncDispose]();
  const nobody = ["--port", port, "--wait-ms", "50"];
  await fails(["send", ...nobody, "a", "b"], /within 50 ms to 2 of 2/);
  await fails(
    ["send", "--hostname", "::1", ...nobody, "a"],
    new RegExp(` \\[::1\\]:${port}`),
  );
  await fails(["broadcast", ...nobody, "a"], /Nobody replied within 50 ms/);
  await fails(["discover", ...nobody], /./);
});

Deno.test("deno task udp explains its use, and exits with 2 where it is used wrongly", async () => {
  const overview = await runTask("udp", ["--help"]);
  for (const name of ["serve", "send", "broadcast", "discover"]) {
    assertStringIncludes(overview.stdout, name);
    const { code, stdout } = await runTask("udp", [name, "--help"]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, `Usage: deno task udp ${name}`);
    assertStringIncludes(stdout, "--port");
  }
  for (
    const args of [
      [],
      ["sail"],
      ["serve", "--port", "70000"],
      ["serve", "--reply", "shout"],
      ["serve", "word"],
      ["send"],
      ["broadcast"],
      ["broadcast", "two", "texts"],
      ["discover", "--wait-ms", "0"],
      ["discover", "--colour"],
    ]
  ) {
    const { code, stderr } = await runTask("udp", args);
    assertEquals(code, 2, `${args}: ${stderr}`);
    assertMatch(stderr, /^udp: Cannot [^\n]+\nTry: deno task udp .*--help\n$/);
  }
});

Deno.test("deno task udp without permission says so in one line", async () => {
  const { code, stderr } = await runTask("udp", ["serve", "--port", "0"], {
    permissions: ["--no-prompt"],
  });
  assertEquals(code, 1);
  assertMatch(stderr, /^udp: Cannot listen on 127\.0\.0\.1:0: [^\n]+\n$/);
});

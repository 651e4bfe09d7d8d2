/** `deno task echo`, as processes: every wire, every transport, every way in which it can be used wrongly. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { WIRE_NAMES } from "../../examples/kit/wires.ts";
import { tlsCertificate } from "../support/tls_certificate.ts";
import { tlsFiles } from "../support/tls_files.ts";
import { HAS_PYTHON, runPython } from "../support/python.ts";
import { runTask, startTask, type TaskProcess } from "../support/task.ts";

function startServer(...flags: string[]): TaskProcess {
  return startTask("echo", ["serve", "--port", "0", ...flags]);
}

async function drained(server: TaskProcess): Promise<void> {
  server.signal("SIGINT");
  const { code, stderr } = await server.ended;
  assertEquals(code, 0);
  assertStringIncludes(stderr, "Finishing what is under way");
}

for (const wire of WIRE_NAMES) {
  Deno.test(`deno task echo exchanges texts by --wire ${wire}`, async () => {
    await using server = startServer("--wire", wire);
    const to = ["send", "--wire", wire, "--port", await server.port()];
    const { code, stdout, stderr } = await runTask("echo", [
      ...to,
      "ahoy",
      "grüße",
    ]);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    // Without framing, where a reply ends is up to the network.
    const replies = wire === "raw" ? stdout.replaceAll("\n", "") : stdout;
    assertEquals(replies, wire === "raw" ? "AHOYGRÜSSE" : "AHOY\nGRÜSSE\n");
    await drained(server);
  });

  Deno.test({
    name: `deno task echo --wire ${wire} answers Python, torn and stuck`,
    ignore: !HAS_PYTHON,
    async fn() {
      await using server = startServer("--wire", wire);
      const port = await server.port();
      assertEquals(
        await runPython("echo_peer.py", port, wire),
        "24 replies\n",
      );
      await drained(server);
    },
  });
}

Deno.test("deno task echo serve --reply same leaves the text as it is", async () => {
  await using server = startServer("--reply", "same");
  const port = await server.port();
  const { stdout } = await runTask("echo", ["send", "--port", port, "Ahoy"]);
  assertEquals(stdout, "Ahoy\n");
});

Deno.test("deno task echo speaks over a Unix socket, and respects a path that is taken", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/echo.sock`;
    await using server = startServer("--unix", path);
    await server.says(/listening on .*echo\.sock/);
    const { stdout } = await runTask("echo", ["send", "--unix", path, "ahoy"]);
    assertEquals(stdout, "AHOY\n");
    // More than two sockets and what waits for them can hold: who only sends is never done.
    const much = new Array(14).fill("x".repeat(120_000));
    const { code, stdout: all } = await runTask("echo", [
      ..."send --unix".split(" "),
      path,
      ...much,
    ]);
    assertEquals([code, all.length], [0, 14 * 120_001]);
    const second = await runTask("echo", ["serve", "--unix", path]);
    assertEquals(second, {
      code: 1,
      stdout: "",
      stderr: `echo: Cannot listen on ${path}: the address is in use\n`,
    });
    await drained(server);
    await Deno.writeTextFile(path, "precious");
    const third = await runTask("echo", ["serve", "--unix", path]);
    assertEquals([third.code, third.stderr.split("\n").length], [1, 2]);
    assertEquals(await Deno.readTextFile(path), "precious");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test({
  name: "deno task echo speaks TLS, and refuses who does not trust it",
  ignore: tlsCertificate === undefined,
  async fn() {
    await using pem = await tlsFiles();
    const { cert, key } = pem;
    await using server = startServer("--tls", "--cert", cert, "--key", key);
    const port = await server.port();
    const to = ["send", "--port", port, "--tls"];
    const { stdout, stderr } = await runTask("echo", [
      ...to,
      "--ca",
      cert,
      "ahoy",
    ]);
    assertEquals({ stdout, stderr }, { stdout: "AHOY\n", stderr: "" });
    const stranger = await runTask("echo", [...to, "ahoy"]);
    assertEquals(stranger.code, 1);
    assertMatch(stranger.stderr, /^echo: Cannot connect to .*\n$/);
    // Somebody who speaks no TLS costs nobody else anything.
    const plain = await runTask("echo", ["send", "--port", port, "ahoy"]);
    assertEquals(plain.stdout.includes("AHOY"), false);
    const again = await runTask("echo", [...to, "--ca", cert, "still here"]);
    assertEquals(again.stdout, "STILL HERE\n");
    await drained(server);
  },
});

Deno.test({
  name: "deno task echo --tls answers Python, torn and stuck",
  ignore: tlsCertificate === undefined || !HAS_PYTHON,
  async fn() {
    await using pem = await tlsFiles();
    const { cert, key } = pem;
    await using server = startServer("--tls", "--cert", cert, "--key", key);
    const port = await server.port();
    assertEquals(
      await runPython("echo_peer.py", port, "lines", cert),
      "24 replies\n",
    );
  },
});

Deno.test("deno task echo serve says what a peer did wrong, and goes on", async () => {
  await using server = startServer("--wire", "u32be");
  const port = await server.port();
  const wrong = await runTask("echo", ["send", "--port", port, "GET / HTTP"]);
  assertEquals(wrong.code, 1);
  await server.complains(/echo: Cannot decode lengthPrefixed frame/);
  const right = await runTask("echo", [
    ..."send --wire u32be --port".split(" "),
    port,
    "ahoy",
  ]);
  assertEquals(right.stdout, "AHOY\n");
});

Deno.test("deno task echo send says when the server dies while it sends", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dying = (async () => {
    using conn = await listener.accept();
    await conn.read(new Uint8Array(1));
    await conn.write(new TextEncoder().encode("ONE\n"));
  })();
  const { code, stdout, stderr } = await runTask("echo", [
    "send",
    "--port",
    String(listener.addr.port),
    "one",
    "two",
    "three",
  ]);
  await dying;
  assertEquals(code, 1);
  assertMatch(stdout, /^(ONE\n)?$/);
  // Bytes that were never read turn a close into a reset.
  assertMatch(
    stderr,
    /^echo: (Cannot wait for more replies: the server closed the connection after \d of 3|Lost the connection to [^\n]+)\n$/,
  );
});

Deno.test("deno task echo says in one line what is wrong", async () => {
  const cases: [string, number, string][] = [
    ["", 2, "Cannot start without a command: choose one of serve, send"],
    ["shout", 2, 'Cannot find command "shout"'],
    ["serve --port abc", 2, "Cannot use --port abc: it must be an integer"],
    ["serve --port 65536", 2, "Cannot use --port 65536: it must be an integer"],
    ["serve --port", 2, "Cannot use --port: it needs a value"],
    ["serve --volume 11", 2, "Cannot find flag --volume"],
    ["serve --wire smoke", 2, "Cannot use --wire smoke: choose one of lines"],
    ["serve loudly", 2, 'Cannot use "loudly": no words are expected'],
    ["serve --tls", 2, "Cannot serve TLS without --cert and --key"],
    ["serve --cert c", 2, "Cannot use --cert without --tls"],
    ["serve --tls --cert nosuch --key nosuch", 1, "Cannot read nosuch: there"],
    ["serve --hostname 192.0.2.1", 1, "Cannot listen on 192.0.2.1:8800: this"],
    ["send", 2, "Cannot send without a TEXT"],
    ["send --unix /nosuch ahoy", 1, "Cannot connect to /nosuch: there is no"],
  ];
  for (const [line, expected, message] of cases) {
    const words = line === "" ? [] : line.split(" ");
    const { code, stdout, stderr } = await runTask("echo", words);
    assertEquals({ code, stdout }, { code: expected, stdout: "" }, line);
    assertStringIncludes(stderr, `echo: ${message}`);
    assertEquals(stderr.trimEnd().split("\n").length, expected, stderr);
  }
});

Deno.test("deno task echo says in one line when a port is in use, and when nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String(listener.addr.port);
  const taken = await runTask("echo", ["serve", "--port", port]);
  listener.close();
  assertEquals(taken, {
    code: 1,
    stdout: "",
    stderr: `echo: Cannot listen on 127.0.0.1:${port}: the address is in use\n`,
  });
  const nobody = await runTask("echo", ["send", "--port", port, "ahoy"]);
  assertEquals([nobody.code, nobody.stdout], [1, ""]);
  assertMatch(
    nobody.stderr,
    /^echo: Cannot connect to 127[^\n]+refused[^\n]*\n$/,
  );
});

Deno.test("deno task echo says in one line which permission is missing", async () => {
  for (const words of [["serve"], ["send", "ahoy"]]) {
    const { code, stderr } = await runTask("echo", words, {
      permissions: ["--no-prompt"],
    });
    assertEquals(code, 1);
    assertMatch(stderr, /^echo: Cannot [^\n]+--allow-net[^\n]*\n$/);
  }
});

Deno.test("deno task echo has help on the task and on each command", async () => {
  for (const words of [["--help"], ["serve", "-h"], ["send", "--help"]]) {
    const { code, stdout, stderr } = await runTask("echo", words);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertStringIncludes(stdout, "Usage: deno task echo");
  }
});

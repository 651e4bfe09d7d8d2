/** `deno task chat`, as processes: many people at once, and one of each kind of trouble. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { HAS_PYTHON, runPython } from "../support/python.ts";
import { runTask, startTask, type TaskProcess } from "../support/task.ts";

async function startRoom(): Promise<
  AsyncDisposable & { port: string; server: TaskProcess }
> {
  const server = startTask("chat", ["serve", "--port", "0"]);
  const port = await server.port();
  return {
    port,
    server,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function join(port: string, name: string): Promise<TaskProcess> {
  const guest = startTask("chat", ["join", "--port", port, name], {
    stdin: true,
  });
  await guest.says(new RegExp(`\\* ${name} joined`));
  return guest;
}

Deno.test("deno task chat lets everybody see every line, who joined and who left", async () => {
  await using room = await startRoom();
  await using ann = await join(room.port, "ann");
  await using ben = await join(room.port, "Ben");
  await ann.says(/\* Ben joined/);
  await ann.write("ahoy\n\n");
  await ben.says(/ann: ahoy/);
  await ben.write("grüße\n/who\n");
  await ann.says(/Ben: grüße/);
  await ben.says(/\* here: Ben, ann/);
  await ben.write("/quit\n");
  assertEquals((await ben.ended).code, 0);
  await ann.says(/\* Ben left/);
  await ann.endInput();
  const { code, stdout, stderr } = await ann.ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(stdout.match(/^ann:.*$/gm), ["ann: ahoy"]);
});

Deno.test("deno task chat gives no name twice, whatever its case, and none that is no name", async () => {
  await using room = await startRoom();
  await using _ann = await join(room.port, "ann");
  await using other = startTask("chat", ["join", "--port", room.port, "ANN"], {
    stdin: true,
  });
  await other.says(/ANN is taken\. Your name\?/);
  await other.write("no name\n");
  await other.says(/A name has 1 to 20 letters/);
  await other.write("anna\n");
  await other.says(/\* anna joined/);
});

Deno.test("deno task chat: nobody else notices when a handler crashes", async () => {
  await using room = await startRoom();
  await using ann = await join(room.port, "ann");
  await using ben = await join(room.port, "ben");
  await ben.write("/crash\nstill here\n");
  await ann.says(/ben: still here/);
  await room.server.complains(/chat: The handler of ben crashes, as asked/);
  await ann.endInput();
  const { stdout } = await ann.ended;
  assertEquals(stdout.includes("ben left"), false);
});

Deno.test("deno task chat throws nobody out because of lines as long as may be", async () => {
  await using room = await startRoom();
  await using ann = await join(room.port, "ann");
  await using ben = await join(room.port, "ben");
  const longest = "x".repeat(999);
  await ben.write(`${longest}\n`.repeat(10) + "done\n");
  await ann.says(/ben: done/);
  await ben.says(/ben: done/);
  await ann.endInput();
  const { code, stdout, stderr } = await ann.ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(stdout.split(`ben: ${longest}\n`).length - 1, 10);
});

Deno.test("deno task chat says goodbye to whoever sends a longer line", async () => {
  await using room = await startRoom();
  const conn = await Deno.connect({ port: Number(room.port) });
  const heard = new Response(conn.readable).text();
  await conn.write(new TextEncoder().encode(`ann\n${"x".repeat(1_001)}\n`));
  assertStringIncludes(await heard, "* a line is UTF-8, 1000 bytes at most\n");
});

Deno.test("deno task chat join sends no longer line, and says so", async () => {
  await using room = await startRoom();
  await using ann = await join(room.port, "ann");
  await using ben = await join(room.port, "ben");
  // No line end: what cannot be sent need not be waited for.
  await ben.write(`first\n${"x".repeat(1_001)}`);
  const { code, stderr } = await ben.ended;
  assertEquals({ code, stderr }, {
    code: 1,
    stderr: "chat: Cannot send a line of more than 1000 bytes\n",
  });
  await ann.says(/ben: first\n\* ben left/);
});

Deno.test("deno task chat join leaves before it has a name, too", async () => {
  await using room = await startRoom();
  // Nobody types a better name.
  const { code, stdout, stderr } = await runTask("chat", [
    ..."join --port".split(" "),
    room.port,
    "no name",
  ]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^Your name\?\nA name has 1 to 20 [^\n]+\n$/);
});

Deno.test("deno task chat join says when it has lost the room", async () => {
  await using room = await startRoom();
  await using ann = await join(room.port, "ann");
  room.server.signal("SIGKILL");
  const { code, stderr } = await ann.ended;
  assertEquals(code, 1);
  assertMatch(stderr, /^chat: Lost the .+\n$/);
});

Deno.test("deno task chat join leaves a room that does not answer at the second Ctrl-C", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String(listener.addr.port);
  await using ann = startTask("chat", ["join", "--port", port, "ann"], {
    stdin: true,
  });
  using silent = await listener.accept();
  const heard = silent.readable.pipeThrough(new TextDecoderStream())
    .getReader();
  let text = "";
  const until = async (wanted: string) => {
    while (!text.endsWith(wanted)) {
      const { done, value } = await heard.read();
      if (done) throw new Error(`Heard only ${JSON.stringify(text)}`);
      text += value;
    }
  };
  await until("ann\n");
  ann.signal();
  await until("/quit\n");
  ann.signal();
  assertEquals((await ann.ended).code, 130);
  // At the end of the stream it closes itself.
  while (!(await heard.read()).done);
});

Deno.test({
  name: "deno task chat keeps Python's guests apart from one who never reads",
  ignore: !HAS_PYTHON,
  async fn() {
    await using room = await startRoom();
    assertEquals(
      await runPython("chat_peer.py", room.port),
      "ann and ben saw everything\n",
    );
  },
});

Deno.test("deno task chat drains at Ctrl-C, and says so to its guests", async () => {
  await using room = await startRoom();
  await using ann = await join(room.port, "ann");
  room.server.signal("SIGINT");
  assertEquals((await room.server.ended).code, 0);
  const { code, stdout } = await ann.ended;
  assertEquals(code, 0);
  assertStringIncludes(stdout, "* the room closes");
});

Deno.test("deno task chat join says goodbye at Ctrl-C", async () => {
  await using room = await startRoom();
  await using ann = await join(room.port, "ann");
  await using ben = await join(room.port, "ben");
  ben.signal("SIGINT");
  assertEquals((await ben.ended).code, 0);
  await ann.says(/\* ben left/);
});

Deno.test("deno task chat says in one line what is wrong", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken = String(listener.addr.port);
  const cases: [string[], number, string][] = [
    [["join"], 2, "Cannot join without exactly one NAME"],
    [["join", "a", "b"], 2, "Cannot join without exactly one NAME"],
    [["serve", "--port", taken], 1, "Cannot listen on 127.0.0.1:"],
    [["join", "--port", "1", "ann"], 1, "Cannot connect to 127.0.0.1:1"],
  ];
  for (const [args, expected, message] of cases) {
    const { code, stderr } = await runTask("chat", args);
    assertEquals(code, expected);
    assertMatch(stderr, /^chat: /);
    assertStringIncludes(stderr, message);
    assertEquals(stderr.trimEnd().split("\n").length, expected);
  }
});

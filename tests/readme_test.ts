/**
 * The README keeps its word, in both languages: the tests that its promises name exist, its commands are tasks, its
 * programs run as they are printed, and its figures are those of docs/performance.md.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertGreater,
  assertNotEquals,
} from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { HAS_PYTHON } from "./support/python.ts";
import { startChild } from "./support/child.ts";
import { startTask } from "./support/task.ts";

const ROOT = new URL("../", import.meta.url);

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

const READMES = ["README.md", "README.zh-CN.md"];

/** The tests that the promises name, by file. */
function promised(readme: string): { path: string; name: string }[] {
  return Array.from(
    readme.matchAll(/\]\((tests\/[^)]+)\): "(.+?)" +\|$/gm),
    ([, path, name]) => ({ path, name }),
  );
}

/** The code blocks in `language`. */
function blocks(readme: string, language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms");
  return Array.from(readme.matchAll(fence), ([, code]) => code);
}

/** A folder with the `deno.json` that is printed, of which the checkout's place is all that is changed. */
async function consumer(readme: string) {
  const [printed] = blocks(readme, "json");
  const linked = printed.replace("../packetboat", ROOT.href.slice(0, -1));
  assertNotEquals(linked, printed);
  const path = await Deno.makeTempDir();
  await Deno.writeTextFile(`${path}/deno.json`, linked);
  return {
    path,
    args: [
      ..."run --quiet --check --allow-net".split(" "),
      `--config=${path}/deno.json`,
    ],
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true });
    },
  };
}

/** Numbers with a point, between the marks of the figures. */
function figures(markdown: string): string[] {
  const marked = /^<!-- figures: .*?-->$(.*?)^<!-- \/figures -->$/ms;
  const [, table] = marked.exec(markdown)!;
  return table.match(/\b\d+\.\d+\b/g)!.filter((number) => number !== "2.9");
}

for (const file of READMES) {
  const readme = read(file);

  Deno.test(`every promise in ${file} names a test that exists`, () => {
    const named = promised(readme);
    assertGreater(named.length, 10);
    const missing = named.filter(({ path, name }) =>
      !new RegExp(`Deno\\.test\\(["\`][^\n]*${RegExp.escape(name)}`)
        .test(read(path))
    );
    assertEquals(missing, []);
  });

  Deno.test(`every task that ${file} names exists`, () => {
    const named = tasksIn(readme);
    assertGreater(named.size, 3);
    assertEquals([...named].filter((name) => !(name in config.tasks)), []);
  });

  Deno.test(`the first server of ${file} does what is printed under it`, async () => {
    const [program] = blocks(readme, "ts ignore");
    const [client] = blocks(readme, "sh").filter((it) => it.includes("printf"));
    const [, sent] = /printf '(.*)'/.exec(client)!;
    const [answers] = blocks(readme, "text");
    await using folder = await consumer(readme);
    // All that is changed: a port that is free, and its number on stdout.
    const listening = "onListen: (a) => console.log((a as Deno.NetAddr).port)";
    const path = `${folder.path}/server.ts`;
    await Deno.writeTextFile(
      path,
      program.replace("port: 8800", `port: 0, ${listening}`),
    );
    await using server = startChild(Deno.execPath(), [...folder.args, path]);
    const port = Number(await server.line());
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(
      new TextEncoder().encode(sent.replaceAll(String.raw`\n`, "\n")),
    );
    await conn.closeWrite();
    assertEquals(await new Response(conn.readable).text(), answers);
  });

  Deno.test(`the server and client of ${file} print what is printed under them`, async () => {
    const [program] = blocks(readme, "ts");
    const [, answers] = blocks(readme, "text");
    await using folder = await consumer(readme);
    const path = `${folder.path}/both.ts`;
    await Deno.writeTextFile(path, program);
    const { stdout, success } = await new Deno.Command(Deno.execPath(), {
      args: [...folder.args, path],
      stderr: "inherit",
    }).output();
    assert(success);
    assertEquals(new TextDecoder().decode(stdout), answers);
  });

  Deno.test({
    name: `the client in Python of ${file} talks to echo`,
    ignore: !HAS_PYTHON,
    async fn() {
      const [client] = blocks(readme, "python");
      await using server = startTask("echo", [
        ..."serve --wire u32be --port 0".split(" "),
      ]);
      const [, port] = await server.says(/listening on [^ ]+:(\d+)/);
      const { stdout, stderr } = await new Deno.Command("python3", {
        args: ["-c", client.replace("8800", port)],
      }).output();
      const text = new TextDecoder();
      assertEquals(text.decode(stderr), "");
      assertEquals(text.decode(stdout), "AHOY\nGRÜSSE\nALL ABOARD\n");
    },
  });
}

Deno.test("every task that the examples' tour names exists", () => {
  const named = tasksIn(read("examples/README.md"));
  assertGreater(named.size, 3);
  assertEquals([...named].filter((name) => !(name in config.tasks)), []);
});

Deno.test("both READMEs name the same tests, tasks and figures", () => {
  const [english, chinese] = READMES.map(read);
  assertEquals(promised(chinese), promised(english));
  assertEquals([...tasksIn(chinese)].sort(), [...tasksIn(english)].sort());
  assertEquals(figures(chinese), figures(english));
});

for (const file of ["README.md", "docs/comparison.md"]) {
  Deno.test(`the figures in ${file} are those of docs/performance.md`, () => {
    const measured = new Set(
      read("docs/performance.md").match(/\b\d+\.\d+\b/g),
    );
    const named = figures(read(file));
    assertGreater(named.length, 20);
    assertEquals(named.filter((number) => !measured.has(number)), []);
  });
}

function tasksIn(markdown: string): Set<string> {
  return new Set(
    Array.from(markdown.matchAll(/\btask ([a-z:]+)/g), ([, name]) => name),
  );
}

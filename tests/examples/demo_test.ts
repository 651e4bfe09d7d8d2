/** The demo as a newcomer runs it. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { concat } from "@std/bytes";
import { cut } from "../../examples/kit/cut.ts";
import { isInstalled, runTask } from "../support/task.ts";

function digests(stdout: string): string[] {
  return Array.from(stdout.matchAll(/^ +([0-9a-f]{64})$/gm), ([, hex]) => hex);
}

Deno.test("deno task demo loses nothing but what its handler crashed on", async () => {
  const { code, stdout, stderr } = await runTask("demo");
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, /came out +50,000 whole frames/);
  assertMatch(stdout, /answered +49,995 records, in order/);
  assertMatch(stdout, /crashed +5 times/);
  assertStringIncludes(stdout, "Equal.");
  const [sent, reassembled, ...others] = digests(stdout);
  assertEquals([reassembled, others], [sent, []]);
  assertEquals(stdout.includes("\x1b"), false, "colours in a pipe");
  for (const line of stdout.split("\n")) {
    assertEquals(line.length <= 80, true, `wider than 80 columns: ${line}`);
  }
});

Deno.test("deno task demo takes any file: bytes, empty lines, no last line end", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(
      path,
      Uint8Array.of(0, 255, 10, 10, 10, 0xe2, 0x98, 0xa0, 10, 200),
    );
    const { code, stdout } = await runTask("demo", [
      "--file",
      path,
      "--records",
      "9",
      "--seed",
      "4711",
    ]);
    // Every fourth line of the five is poison by itself.
    assertMatch(stdout, /crashed +2 times/);
    assertMatch(stdout, /answered +7 records/);
    assertEquals(code, 0);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test({
  name: "deno task demo leaves the terminal as it was when Ctrl-C ends it",
  ignore: !isInstalled("script"),
  async fn() {
    const demo = new URL("../../examples/demo.ts", import.meta.url).pathname;
    // It gives the demo a terminal, in which a bar is drawn.
    await using terminal = new Deno.Command("script", {
      args: [
        "--quiet",
        "--return",
        "--command",
        `"${Deno.execPath()}" run --quiet --allow-net=127.0.0.1 --allow-read "${demo}" --file "${demo}" --records 1000000000`,
        "/dev/null",
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const writer = terminal.stdin.getWriter();
    let shown = "";
    for await (
      const text of terminal.stdout.pipeThrough(new TextDecoderStream())
    ) {
      const isFirst = !shown.includes(" records");
      shown += text;
      if (isFirst && shown.includes(" records")) {
        await writer.write(Uint8Array.of(3));
      }
    }
    const { code } = await terminal.status;
    await writer.close();
    const [, ...wraps] = shown.split("\x1b[?7").map(([first]) => first);
    assertEquals({ code, wraps }, { code: 130, wraps: ["l", "h"] });
  },
});

Deno.test("deno task demo says in one line what is wrong", async () => {
  const cases: [string[], number, string][] = [
    [
      ["--file", "nosuch"],
      1,
      "demo: Cannot read nosuch: there is no such file",
    ],
    [
      ["--file", "/dev/null"],
      1,
      "demo: Cannot use /dev/null: the file is empty",
    ],
    [["--records", "abc"], 2, "demo: Cannot use --records abc: it must be an"],
    [["--records", "0"], 2, "demo: Cannot use --records 0: it must be an"],
    [["--speed", "9"], 2, "demo: Cannot find flag --speed"],
    [["faster"], 2, 'demo: Cannot use "faster": no words are expected'],
  ];
  for (const [args, expected, message] of cases) {
    const { code, stdout, stderr } = await runTask("demo", args);
    assertEquals([code, stdout], [expected, ""]);
    assertStringIncludes(stderr, message);
    assertEquals(stderr.trimEnd().split("\n").length, expected);
  }
});

Deno.test("cut() gives all bytes in order, the same pieces for the same seed, and borders of its own", () => {
  const frames = Array.from(
    { length: 5_000 },
    (_, i) => new Uint8Array(i % 97).fill(i),
  );
  const whole = concat(frames);
  const pieces = [...cut(frames, 7)];
  assertEquals(concat(pieces), whole);
  assertEquals([...cut(frames, 7)], pieces);
  const lengths = new Set(pieces.map(({ length }) => length));
  assertEquals([lengths.has(0), lengths.has(1)], [false, true]);
  assertEquals(Math.max(...lengths) > 900, true);
  assertEquals([...cut([], 7)], []);
});

/** The puzzle of the sticky packets, as it is drawn. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runTask } from "../support/task.ts";

Deno.test("deno task sticky shows messages torn and stuck, and whole frames beside them", async () => {
  const { code, stdout, stderr } = await runTask("sticky");
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, /^ +1 +91 +1 to 10 stuck together +1 +9 +1$/m);
  assertMatch(stdout, /^ +2 +1024 +a part of 11 +2 +9 +2$/m);
  assertMatch(
    stdout,
    /^\d+ reads: 0 whole, 1 stuck, \d+ torn +21 frames: 21 whole$/m,
  );
  assertMatch(stdout, /^ +21 +10 +21$/m);
  assertEquals(stdout.includes("\x1b"), false, "colours in a pipe");
});

Deno.test("deno task sticky with a one-byte buffer tears everything", async () => {
  const { stdout } = await runTask("sticky", ["--buffer", "1"]);
  assertMatch(stdout, /^\d+ reads: 0 whole, 0 stuck, \d+ torn/m);
});

Deno.test("deno task sticky says in one line what is wrong", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String(taken.addr.port);
  const cases: [string[], number, string][] = [
    [["--buffer", "0"], 2, "sticky: Cannot use --buffer 0"],
    [["--port", port], 1, `sticky: Cannot listen on 127.0.0.1:${port}: the`],
  ];
  for (const [args, expected, message] of cases) {
    const { code, stderr } = await runTask("sticky", args);
    assertEquals(code, expected);
    assertStringIncludes(stderr, message);
    assertEquals(stderr.trimEnd().split("\n").length, expected);
  }
});

/**
 * The README keeps its word: the tests that it names exist, its Python runs, its commands are tasks. Its TypeScript
 * is run by `deno test --doc`.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { HAS_PYTHON } from "./support/python.ts";
import { startTask } from "./support/task.ts";

const ROOT = new URL("../", import.meta.url);
const README = Deno.readTextFileSync(new URL("README.md", ROOT));

Deno.test("every promise in the README names a test that exists", () => {
  const named = Array.from(
    README.matchAll(/\]\((tests\/[^)]+)\): "(.+?)" +\|$/gm),
    ([, path, name]) => ({ path, name }),
  );
  assertGreater(named.length, 5);
  const missing = named.filter(({ path, name }) =>
    !new RegExp(`Deno\\.test\\(["\`][^\n]*${RegExp.escape(name)}`)
      .test(Deno.readTextFileSync(new URL(path, ROOT)))
  );
  assertEquals(missing, []);
});

Deno.test("every task that the README and the examples' tour name exists", () => {
  const tour = Deno.readTextFileSync(new URL("examples/README.md", ROOT));
  const named = new Set(
    Array.from(`${README}${tour}`.matchAll(/\btask ([a-z:]+)/g), ([, n]) => n),
  );
  assertGreater(named.size, 3);
  assertEquals([...named].filter((name) => !(name in config.tasks)), []);
});

Deno.test({
  name: "the README's client in Python talks to echo",
  ignore: !HAS_PYTHON,
  async fn() {
    const [, client] = README.match(/```python\n(.*?)```/s)!;
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

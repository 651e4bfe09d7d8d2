/**
 * The gate finds what is left open: a test that leaves a socket, a timer or an operation behind fails by it, because
 * deno.json turns Deno's sanitizers on. Every other test relies on that.
 */

import { assertEquals, assertMatch } from "@std/assert";

const CONFIG = new URL("../deno.json", import.meta.url).pathname;

/** What a careless test does, and what Deno calls what it leaves behind. */
const LEFT_OPEN: Record<string, [body: string, complaint: RegExp]> = {
  "a socket": [
    `Deno.listen({ hostname: "127.0.0.1", port: 0 });`,
    /TCP listener/,
  ],
  "a timer": [`setTimeout(() => {}, 60_000);`, /timer/],
  "an operation": [
    `const socket = Deno.listen({ hostname: "127.0.0.1", port: 0 });
     void socket.accept();`,
    /accept/,
  ],
};

for (const [what, [body, complaint]] of Object.entries(LEFT_OPEN)) {
  Deno.test(`the gate fails a test that leaves ${what} behind`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/careless_test.ts`;
      await Deno.writeTextFile(path, `Deno.test("x", () => { ${body} });`);
      const { code, stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "--config", CONFIG, "--allow-net=127.0.0.1", path],
        env: { NO_COLOR: "1" },
        stderr: "null",
      }).output();
      const said = new TextDecoder().decode(stdout);
      assertEquals(code, 1, said);
      assertMatch(said, /Leaks detected/);
      assertMatch(said, complaint);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

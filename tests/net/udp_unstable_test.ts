/** What a user sees who forgot `--unstable-net`: from the library, and from the task. */

import { assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url);

/** This repository's deno.json without the flag, and with paths that do not depend on where it lies. */
async function configWithoutFlag(): Promise<
  AsyncDisposable & { path: string }
> {
  const folder = await Deno.makeTempDir();
  const { imports, links, name, exports } = config;
  const own = Object.entries(exports).map(([key, path]) => [
    name + key.slice(1),
    new URL(path, ROOT).href,
  ]);
  await Deno.writeTextFile(
    `${folder}/deno.json`,
    JSON.stringify({
      imports: { ...imports, ...Object.fromEntries(own) },
      links: links.map((link) => new URL(link, ROOT).pathname),
    }),
  );
  return {
    path: `${folder}/deno.json`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function run(...args: string[]) {
  await using config = await configWithoutFlag();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-lock", "--config", config.path, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const SAYS =
  "Cannot listen on 127.0.0.1:8803: datagrams need the flag --unstable-net, which is off; " +
  'run "deno run --unstable-net …" or put "unstable": ["net"] into the deno.json of the application';

Deno.test("serveUdp() without --unstable-net says so, and how to turn it on", async () => {
  const script = `
    import { serveUdp } from "@packetboat/net/udp";
    import { lines, ListenError } from "@packetboat/net";
    try {
      serveUdp({ port: 8803, codec: lines() }, () => ({ frame() {} }));
    } catch (error) {
      console.log(error instanceof ListenError, error.code, error.message);
    }`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, script);
  try {
    const { code, stdout, stderr } = await run("--allow-net", file);
    assertEquals([code, stdout.trim(), stderr], [
      0,
      `true UNSTABLE_NET ${SAYS}`,
      "",
    ]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("deno task udp without --unstable-net says the same in one line", async () => {
  const task = new URL("examples/udp.ts", ROOT).pathname;
  for (
    const args of [["serve"], ["send", "x"], ["broadcast", "x"], ["discover"]]
  ) {
    const { code, stdout, stderr } = await run("--allow-net", task, ...args);
    assertEquals([code, stdout], [1, ""]);
    const where = args[0] === "serve" ? "127.0.0.1:8803" : "0.0.0.0:0";
    assertEquals(stderr, `udp: ${SAYS.replace("127.0.0.1:8803", where)}\n`);
  }
});

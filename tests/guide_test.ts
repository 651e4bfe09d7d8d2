/**
 * The blocks of TypeScript that `deno test --doc` cannot run as they are, because they never end or want files: which
 * they are, and that the guide's one about TLS works. The READMEs' are run by `readme_test.ts`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { tlsCertificate } from "./support/tls_certificate.ts";
import { tlsFiles } from "./support/tls_files.ts";

const ROOT = new URL("../", import.meta.url);
const FENCE = /^```(?:ts|typescript|js|javascript) ignore\n(.*?)^```$/gms;

function ignoredBlocks(path: string): string[] {
  const page = Deno.readTextFileSync(new URL(path, ROOT));
  return Array.from(page.matchAll(FENCE), ([, code]) => code);
}

Deno.test("all code blocks but three are run by deno test --doc", () => {
  const pages = ["", "docs/", "docs/decisions/", "examples/"].flatMap((
    folder,
  ) =>
    [...Deno.readDirSync(new URL(folder, ROOT))]
      .map(({ name }) => folder + name)
      .filter((path) => path.endsWith(".md"))
  );
  const ignored = pages
    .map((path) => [path, ignoredBlocks(path).length])
    .filter(([, count]) => count !== 0);
  assertEquals(Object.fromEntries(ignored), {
    "README.md": 1,
    "README.zh-CN.md": 1,
    "docs/guide.md": 1,
  });
});

Deno.test({
  name: "the guide's server and client with TLS talk to each other",
  ignore: tlsCertificate === undefined,
  async fn() {
    await using files = await tlsFiles();
    const folder = files.cert.slice(0, files.cert.lastIndexOf("/"));
    const [program] = ignoredBlocks("docs/guide.md");
    // All that is changed: a port that is free, and nobody outside of this machine can reach it.
    const here = program.replace("0.0.0.0", "127.0.0.1")
      .replace("port: 4433", "port: 0")
      .replace("port: 4433", "port: (server.addr as Deno.NetAddr).port");
    await Deno.writeTextFile(`${folder}/main.ts`, here);
    const imports = { "@packetboat/net": new URL("mod.ts", ROOT).href };
    await Deno.writeTextFile(
      `${folder}/deno.json`,
      JSON.stringify({ imports }),
    );
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: "run --quiet --check --allow-net --allow-read main.ts".split(" "),
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder();
    assertEquals(text.decode(stderr), "");
    assertEquals(text.decode(stdout), '[ "ahoy" ]\n');
  },
});

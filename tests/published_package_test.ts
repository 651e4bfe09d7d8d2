/**
 * What a user gets: publishes this package for real, to a registry on loopback, and uses it from an empty folder.
 * Everything but loopback is cut off by a proxy that does not exist, so a package that needed more would fail.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { type JsrRegistry, startJsrRegistry } from "./support/jsr_registry.ts";

const ROOT = new URL("../", import.meta.url);

const ENTRY_POINTS = Object.entries(config.exports).map(([name, path]) => ({
  specifier: `jsr:${config.name}@${config.version}${name.slice(1)}`,
  path: path.slice("./".length),
}));

/** What goes along with the modules. JSR reads the entry points from deno.json; nobody follows its imports. */
const BESIDE_MODULES = ["CHANGELOG.md", "LICENSE", "README.md", "deno.json"];

Deno.test("the published package", async (t) => {
  await using registry = startJsrRegistry();
  await using folder = await emptyFolder();
  const deno = runner(registry, folder.path);

  await t.step("is taken by a registry", async () => {
    // The token is a word: the registry takes anyone's. Provenance would ask a service on the internet.
    await deno(
      ROOT,
      "publish",
      "--token",
      "none",
      "--no-provenance",
      "--allow-dirty",
      "--frozen",
    );
    assertEquals(
      registry.published.map(({ name, version }) => `${name}@${version}`),
      [`${config.name}@${config.version}`],
    );
  });

  await t.step("holds its modules and four files, and nothing else", () => {
    const paths = [...registry.published[0].files.keys()];
    const expected = [
      ...BESIDE_MODULES,
      ...ENTRY_POINTS.map(({ path }) => path),
      ...modulesBelow("src/"),
    ];
    assertEquals(paths.sort(), expected.sort());
  });

  const consumer = `${folder.path}/main.ts`;
  const lines = ENTRY_POINTS.flatMap(({ specifier, path }, i) => [
    `import * as entry${i} from "${specifier}";`,
    `console.log("${path}", Object.keys(entry${i}).join());`,
  ]);
  await Deno.writeTextFile(consumer, lines.join("\n"));

  await t.step("type-checks where it is imported", async () => {
    // All: without it, only the consumer's own two lines are checked.
    await deno(folder.path, "check", "--all", consumer);
  });

  await t.step(
    "runs with no permission and exports the same names",
    async () => {
      const here = await Promise.all(ENTRY_POINTS.map(async ({ path }) => {
        const names = Object.keys(await import(new URL(path, ROOT).href));
        return `${path} ${names.join()}`;
      }));
      const there = await deno(folder.path, "run", "--no-prompt", consumer);
      assertEquals(there.trim().split("\n"), here);
    },
  );

  await t.step("brings no other package along", async () => {
    const graph: { modules: { specifier: string }[] } = JSON.parse(
      await deno(folder.path, "info", "--json", consumer),
    );
    const strangers = graph.modules
      .map(({ specifier }) => specifier)
      .filter((specifier) =>
        !specifier.startsWith(`${registry.url}${config.name}/`) &&
        !specifier.startsWith("file:")
      );
    assertEquals(strangers, []);
    const others = registry.requests.filter((request) =>
      !request.startsWith(`GET /${config.name}/`) &&
      !request.includes(
        ` /api/scopes/${config.name.slice(1).replace("/", "/packages/")}`,
      )
    );
    assertEquals(others, []);
  });
});

Deno.test("every module in the root folder is an entry point", () => {
  const modules = [...Deno.readDirSync(ROOT)]
    .map((entry) => entry.name)
    .filter((name) => name.endsWith(".ts"));
  assertEquals(modules.sort(), ENTRY_POINTS.map(({ path }) => path).sort());
});

function modulesBelow(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap((entry) =>
    entry.isDirectory
      ? modulesBelow(`${folder}${entry.name}/`)
      : entry.name.endsWith(".ts")
      ? [folder + entry.name]
      : []
  );
}

async function emptyFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** Runs this Deno with nothing cached, the registry for JSR, and no way to anywhere else; gives what it printed. */
function runner(registry: JsrRegistry, folder: string) {
  const nowhere = "http://127.0.0.1:9/";
  const env = {
    DENO_DIR: `${folder}/cache`,
    JSR_URL: registry.url,
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    NO_PROXY: "127.0.0.1",
    NO_COLOR: "1",
  };
  return async (cwd: string | URL, ...args: string[]): Promise<string> => {
    const command = new Deno.Command(Deno.execPath(), { args, cwd, env });
    const { success, stdout, stderr } = await command.output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  };
}

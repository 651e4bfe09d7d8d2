/**
 * Markdown that leads nowhere: a link to a file or a heading that was moved, a decision that the index does not name; and
 * defaults that are not the options'; a public name without an example. What code blocks say is checked by `deno test --doc`; addresses on the internet
 * are not checked at all.
 *
 * @module
 */

import {
  assert,
  assertArrayIncludes,
  assertEquals,
  assertGreater,
} from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { lengthPrefixed } from "../framing.ts";
import { resolveConnectionOptions } from "../src/net/options.ts";
import { resolveRestartLimits } from "../src/supervision/mod.ts";

const ROOT = new URL("../", import.meta.url);
const ENTRY_POINTS = Object.values(config.exports).map((path) => ({
  name: path,
  url: new URL(path, ROOT),
}));
const SKIPPED = new Set([".git", "node_modules", "coverage"]);

function filesBelow(folder: URL, extension: string): URL[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) =>
    entry.isDirectory
      ? SKIPPED.has(entry.name)
        ? []
        : filesBelow(new URL(`${entry.name}/`, folder), extension)
      : entry.name.endsWith(extension)
      ? [new URL(entry.name, folder)]
      : []
  );
}

/** The targets of `[text](target)` that are files; code is left out, where `a[i](b)` looks the same. */
function fileLinks(markdown: string): string[] {
  const prose = markdown.replace(/^```.*?^```/gms, "").replace(/`[^`]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
    .map((match) => match[1])
    .filter((target) => !/^[a-z]+:/.test(target));
}

function exists(url: URL): boolean {
  try {
    Deno.statSync(url);
    return true;
  } catch {
    return false;
  }
}

Deno.test("fileLinks() finds links to files, outside of code", () => {
  const markdown = "[a](x.md) [b](y.md#part) ![c](z.png) [d](#here) " +
    "[e](https://e.f/g) `h[i](j)`\n```ts\nk[l](m);\n```\n[n](o/p.ts)";
  assertEquals(fileLinks(markdown), ["x.md", "y.md", "z.png", "o/p.ts"]);
});

Deno.test("every link in Markdown leads to a file", () => {
  const pages = filesBelow(ROOT, ".md");
  assertGreater(pages.length, 5);
  const dead = pages.flatMap((page) =>
    fileLinks(Deno.readTextFileSync(page))
      .filter((target) => !exists(new URL(target, page)))
      .map((target) => `${page.href.slice(ROOT.href.length)} → ${target}`)
  );
  assertEquals(dead, []);
});

/** What headings are called in links: as GitHub does it. */
function anchors(markdown: string): Set<string> {
  const headings = markdown.replace(/^```.*?^```/gms, "").matchAll(
    /^#+ (.*)$/gm,
  );
  return new Set(
    Array.from(
      headings,
      ([, heading]) =>
        heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "")
          .replaceAll(" ", "-"),
    ),
  );
}

Deno.test("every link to a heading leads to one", () => {
  let count = 0;
  const dead = filesBelow(ROOT, ".md").flatMap((page) => {
    const prose = Deno.readTextFileSync(page).replace(/^```.*?^```/gms, "");
    return [...prose.matchAll(/\]\(([^)\s#]*)#([^)\s]+)\)/g)]
      .filter(([, path]) => !/^[a-z]+:/.test(path))
      .filter(([, path, anchor]) => {
        count++;
        const target = path === "" ? page : new URL(path, page);
        return !anchors(Deno.readTextFileSync(target)).has(anchor);
      })
      .map(([link]) => `${page.href.slice(ROOT.href.length)} → ${link}`);
  });
  assertGreater(count, 10);
  assertEquals(dead, []);
});

Deno.test("every decision is in the index, and no number is given twice", () => {
  const folder = new URL("docs/decisions/", ROOT);
  const pages = [...Deno.readDirSync(folder)]
    .map((entry) => entry.name)
    .filter((name) => name !== "README.md")
    .sort();
  const index = Deno.readTextFileSync(new URL("README.md", folder));
  assertEquals(
    fileLinks(index).filter((target) => /^\d{4}-/.test(target)).sort(),
    pages,
  );
  const numbers = pages.map((name) => name.slice(0, 4));
  assertEquals(numbers, [...new Set(numbers)]);
});

/** What the documentation of the options says: by name, each `@default`. */
function documentedDefaults(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of filesBelow(new URL("src/", ROOT), ".ts")) {
    const text = Deno.readTextFileSync(file);
    const options = text.matchAll(
      /@default \{(\{.*?\}|.*?)\}[\s*]*\*\/\s+(\w+)\??:/g,
    );
    for (const [, value, name] of options) {
      const all = found.get(name) ?? found.set(name, new Set()).get(name)!;
      all.add(value.replaceAll("_", ""));
    }
  }
  return found;
}

Deno.test("the defaults in docs/limits.md are those of the options, as documented and as they are", () => {
  const codec = lengthPrefixed();
  const resolved: Record<string, unknown> = {
    ...codec,
    ...resolveConnectionOptions({}, codec),
    ...resolveRestartLimits(),
  };
  const documented = documentedDefaults();
  const page = Deno.readTextFileSync(new URL("docs/limits.md", ROOT));
  const rows = page.matchAll(/^\| [^|`]*`(\w+)`[^|]*\| +([^|]+?) +\|/gm);
  const checked: string[] = [];
  for (const [, name, cell] of rows) {
    if (!documented.has(name)) continue;
    checked.push(name);
    const value = cell === "none" ? "Infinity" : cell.match(/^[\d,]+/)?.[0];
    const number = String(value).replaceAll(",", "");
    assert(documented.get(name)!.has(number), `${name}: ${cell}`);
    if (name in resolved) assertEquals(String(resolved[name]), number, name);
  }
  assertArrayIncludes(checked, [
    ..."maxFrameBytes frameTimeoutMs maxConnections backlog".split(" "),
    ..."connectTimeoutMs idleTimeoutMs highWaterBytes graceMs".split(" "),
  ]);
});

Deno.test("docs/events.md has every event with all of its fields, and no other", () => {
  const source = Deno.readTextFileSync(
    new URL("src/observe/events.ts", ROOT),
  );
  const types = source.slice(source.indexOf("export type NetEvent"));
  const declared = Array.from(
    types.replace(/\/\*\*.*?\*\//gs, "").matchAll(/\| \{(.*?)\}/gs),
    ([, body]) => {
      const fields = Array.from(
        body.matchAll(/(\w+)\??:/g),
        ([, name]) => name,
      );
      const [, kind] = /kind: "(\w+)"/.exec(body)!;
      return `${kind}: ${fields.filter((name) => name !== "kind").sort()}`;
    },
  );
  const page = Deno.readTextFileSync(new URL("docs/events.md", ROOT));
  const [table] = /^\| `kind`.*?\n\n/ms.exec(page)!;
  const written = Array.from(
    table.matchAll(/^\| `(\w+)` .*?\|.*?\|(.*)\|$/gm),
    ([, kind, cell]) => {
      const fields = cell.replace(/\([^)]*\)/g, "").match(/\w+/g)!;
      return `${kind}: ${fields.sort()}`;
    },
  ).filter((row) => !row.startsWith("kind:"));
  assertGreater(declared.length, 10);
  assertEquals(written.sort(), declared.sort());
});

/** What `deno doc --json` says of one file, as far as it is used here. */
interface Documentation {
  nodes: Record<string, {
    symbols: { name: string; declarations: { jsDoc?: unknown }[] }[];
  }>;
}

for (const { name, url } of ENTRY_POINTS) {
  Deno.test(`every name that ${name} exports has an example`, async () => {
    const { stdout, success } = await new Deno.Command(Deno.execPath(), {
      args: ["doc", "--json", url.href],
    }).output();
    assert(success);
    const { nodes }: Documentation = JSON.parse(
      new TextDecoder().decode(stdout),
    );
    const symbols = Object.values(nodes).flatMap(({ symbols }) => symbols);
    assertGreater(symbols.length, 5);
    const bare = symbols.filter(({ declarations }) =>
      !declarations.some(({ jsDoc }) =>
        JSON.stringify(jsDoc ?? {}).includes("```ts")
      )
    );
    assertEquals(bare.map(({ name }) => name), []);
  });
}

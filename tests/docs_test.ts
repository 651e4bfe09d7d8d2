/**
 * Markdown that leads nowhere: a link to a file that was moved, a decision that the index does not name. What code
 * blocks say is checked by `deno test --doc`; addresses on the internet are not checked at all.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";

const ROOT = new URL("../", import.meta.url);
const SKIPPED = new Set([".git", "node_modules", "coverage"]);

function markdownBelow(folder: URL): URL[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) =>
    entry.isDirectory
      ? SKIPPED.has(entry.name)
        ? []
        : markdownBelow(new URL(`${entry.name}/`, folder))
      : entry.name.endsWith(".md")
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
  const pages = markdownBelow(ROOT);
  assertGreater(pages.length, 5);
  const dead = pages.flatMap((page) =>
    fileLinks(Deno.readTextFileSync(page))
      .filter((target) => !exists(new URL(target, page)))
      .map((target) => `${page.href.slice(ROOT.href.length)} → ${target}`)
  );
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

import { assertEquals } from "@std/assert";
import { readFacts, readSource } from "./source.ts";

Deno.test("readFacts() sees every form of import", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const root = new URL(`file://${await Deno.realPath(folder)}/`);
    await Deno.mkdir(new URL("src/net/deep/", root), { recursive: true });
    const write = (name: string, text: string) =>
      Deno.writeTextFile(new URL(name, root), text);
    await write("deno.json", `{ "name": "@a/b", "exports": "./mod.ts" }`);
    await write("mod.ts", `export type { A } from "./src/a.ts";`);
    await write("src/a.ts", `export type A = 1;`);
    await write("src/b.ts", `export const b: number = 1;`);
    await write(
      "src/net/deep/c.ts",
      `
      import type { A } from "../../a.ts";
      import { self } from "@a/b";
      import * as net from "node:net";
      import "npm:no-such-package@1";
      import "bare";
      export * from "../../b.ts";
      export type B = typeof import("../d.ts").d;
      await import("./e.ts");
      const f: string = "./f.ts";
      await import(f);
      await import(\`./\${f}\`);
      `,
    );
    await write("src/net/d.ts", `export const d: number = 1;`);
    await write("src/net/deep/e.ts", ``);
    const facts = await readFacts(root);
    assertEquals(facts.files, [
      "mod.ts",
      "src/a.ts",
      "src/b.ts",
      "src/net/d.ts",
      "src/net/deep/c.ts",
      "src/net/deep/e.ts",
    ]);
    const from = "src/net/deep/c.ts";
    assertEquals(facts.imports, [
      { from: "mod.ts", to: "src/a.ts" },
      { from, to: "src/a.ts" },
      { from, to: "mod.ts" },
      { from, to: "node:net" },
      { from, to: "npm:no-such-package@1" },
      { from, to: "bare" },
      { from, to: "src/b.ts" },
      { from, to: "src/net/d.ts" },
      { from, to: "src/net/deep/e.ts" },
    ]);
    assertEquals(facts.computedImports, [
      { file: from, line: 11 },
      { file: from, line: 12 },
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readSource() tells a use of Deno from a mention, and a value from a type", () => {
  const says = (source: string) =>
    readSource("src/net/a.ts", source).denoUses.map(({ use, member }) =>
      member === undefined ? use : `${use} ${member}`
    );
  const cases: Record<string, string[]> = {
    "// Deno.listen": [],
    "/** {@linkcode Deno.listen} */ let x;": [],
    'const text = "Deno.listen is not called here";': [],
    "Deno.listen({ port: 0 });": ["value listen"],
    "Deno?.listen;": ["value listen"],
    'Deno["listen"];': ["value listen"],
    "Deno[name];": ["value"],
    "globalThis.Deno.listen;": ["value listen"],
    'globalThis["Deno"].listen;': ["value listen"],
    "globalThis[`Deno`].listen;": ["value"],
    "const { listen } = Deno;": ["value"],
    "const { Deno: d } = globalThis;": ["value"],
    "import open = Deno.listen;": ["value listen"],
    "class A extends Deno.Command {}": ["value Command"],
    "error instanceof Deno.errors.NotFound;": ["value errors"],
    "let a: Deno.Addr;": ["type Addr"],
    "let a: typeof Deno.listen;": ["type listen"],
    "let a: typeof globalThis.Deno.listen;": ["type listen"],
    "interface A extends Deno.Conn {}": ["type Conn"],
    "class A implements Deno.Conn {}": ["type Conn"],
    "// deno-lint-ignore-file\nDeno.listen;": ["value listen"],
  };
  for (const [source, expected] of Object.entries(cases)) {
    assertEquals(says(source), expected, source);
  }
});

/**
 * Decides how the facts for `rules.ts` are read off the source: imports from `deno info --json`, which resolves
 * every form of them as Deno itself does (`import type`, `export … from`, `import("…")` in code and in types,
 * `@ts-types`, this package's own name); uses of `Deno` from the syntax tree that lint plugins are given, so
 * that comments and ordinary strings do not count. Reads only; asks no registry.
 *
 * Not seen: the module of a `new Worker(…)`, and a global that is reached by a computed name
 * (`globalThis["De" + "no"]`). Nor is a socket that opens without `Deno`, such as `fetch`.
 *
 * @module
 */

import type { DenoUse, Facts, Import } from "./rules.ts";

const MODULE_NAME = /\.[cm]?[jt]sx?$/;

/** Reads the facts about the modules in `root` itself and in its `src/`; the URL ends with a slash. */
export async function readFacts(root: URL): Promise<Facts> {
  const files = [...modulesIn(root), ...modulesBelow(root, "src/")].sort();
  const read = files.map((file) =>
    readSource(file, Deno.readTextFileSync(new URL(file, root)))
  );
  return {
    files,
    imports: await readImports(root, files),
    denoUses: read.flatMap((it) => it.denoUses),
    computedImports: read.flatMap((it) => it.computedImports),
  };
}

function modulesIn(root: URL): string[] {
  return [...Deno.readDirSync(root)]
    .filter((entry) => entry.isFile && MODULE_NAME.test(entry.name))
    .map((entry) => entry.name);
}

function modulesBelow(root: URL, folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, root))].flatMap((entry) =>
    entry.isDirectory
      ? modulesBelow(root, `${folder}${entry.name}/`)
      : MODULE_NAME.test(entry.name)
      ? [folder + entry.name]
      : []
  );
}

/** The part of `deno info --json` that is used here. */
interface ModuleGraph {
  modules: {
    specifier: string;
    dependencies?: {
      specifier: string;
      code?: { specifier?: string };
      type?: { specifier?: string };
    }[];
  }[];
}

async function readImports(
  root: URL,
  files: readonly string[],
): Promise<Import[]> {
  const imports: Import[] = [];
  const seen = new Set<string>();
  const toPath = (specifier: string) =>
    specifier.startsWith(root.href)
      ? decodeURIComponent(specifier.slice(root.href.length))
      : specifier;
  // One graph holds all that its root reaches, so few files need a run of their own.
  for (const file of files) {
    if (seen.has(file)) continue;
    for (const module of (await readGraph(root, file)).modules) {
      const from = toPath(module.specifier);
      if (seen.has(from) || !files.includes(from)) continue;
      seen.add(from);
      for (const { specifier, code, type } of module.dependencies ?? []) {
        // Two where `@ts-types` gives a module the types of another; none where Deno could not resolve it.
        const targets = [code, type].flatMap((it) => it?.specifier ?? []);
        for (const to of targets.length > 0 ? targets : [specifier]) {
          imports.push({ from, to: toPath(to) });
        }
      }
    }
    if (!seen.has(file)) throw new Error(`deno info does not know ${file}`);
  }
  return imports;
}

async function readGraph(root: URL, file: string): Promise<ModuleGraph> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-remote", "--no-npm", "--no-lock", file],
    cwd: root,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

type SourceFacts = Pick<Facts, "denoUses" | "computedImports">;

/** Where a name is a type, although it looks like an expression in the syntax tree. */
const TYPE_POSITIONS = new Set<Deno.lint.Node["type"]>([
  "TSTypeReference",
  "TSTypeQuery",
  "TSInterfaceHeritage",
  "TSClassImplements",
]);

/** What a name with dots in it is made of. */
const IS_PART_OF_A_NAME = new Set<Deno.lint.Node["type"]>([
  "MemberExpression",
  "TSQualifiedName",
  "ChainExpression",
]);

/** What one file says of `Deno`, and which of its imports cannot be read. */
export function readSource(file: string, source: string): SourceFacts {
  const denoUses: DenoUse[] = [];
  const computedImports: { file: string; line: number }[] = [];
  const lineOf = (node: Deno.lint.Node) =>
    source.slice(0, node.range[0]).split("\n").length;
  const note = (node: NodeInProgram) =>
    denoUses.push({ file, line: lineOf(node), ...describeUse(node) });
  const visitor: Deno.lint.LintVisitor = {
    Identifier: (node) => node.name === "Deno" && note(node),
    // `globalThis["Deno"]`, in both spellings.
    Literal: (node) => node.value === "Deno" && note(node),
    TemplateElement: (node) => node.cooked === "Deno" && note(node),
    ImportExpression(node) {
      const { source } = node;
      if (source.type !== "Literal") {
        computedImports.push({ file, line: lineOf(node) });
      }
    },
  };
  const rules = { facts: { create: () => visitor } };
  Deno.lint.runPlugin({ name: "architecture", rules }, file, source);
  return { denoUses, computedImports };
}

type NodeInProgram = Extract<Deno.lint.Node, { parent: Deno.lint.Node }>;

/** Climbs from the name `Deno` to the whole of the expression or type that it belongs to. */
function describeUse(name: NodeInProgram): Pick<DenoUse, "use" | "member"> {
  let node = name;
  let isMemberKnown = false;
  let member: string | undefined;
  for (;;) {
    const { parent } = node;
    const isLeftOfDot = parent.type === "MemberExpression"
      ? parent.object === node
      : parent.type === "TSQualifiedName" && parent.left === node;
    if (isLeftOfDot && !isMemberKnown) {
      // Only the first name after `Deno` counts: `errors` in `Deno.errors.NotFound`.
      isMemberKnown = true;
      member = memberName(parent);
    }
    if (!IS_PART_OF_A_NAME.has(parent.type)) {
      return {
        use: TYPE_POSITIONS.has(parent.type) ? "type" : "value",
        member,
      };
    }
    node = parent as NodeInProgram;
  }
}

/** The name after the dot, or nothing where it is computed (`Deno[name]`) and can be any. */
function memberName(node: Deno.lint.Node): string | undefined {
  if (node.type === "TSQualifiedName") return node.right.name;
  if (node.type !== "MemberExpression") return undefined;
  const { property, computed } = node;
  if (property.type === "Identifier" && !computed) return property.name;
  if (property.type === "Literal") return String(property.value);
}

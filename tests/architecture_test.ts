/**
 * The rooms keep to their arrows. First the source as it is, then proof that every rule can fail: a made-up bad
 * package for each. That the reader sees what is there is proved in `architecture/source_test.ts`.
 *
 * @module
 */

import { assertArrayIncludes, assertEquals } from "@std/assert";
import { type DenoUse, type Facts, RULES } from "./architecture/rules.ts";
import { readFacts } from "./architecture/source.ts";

const ROOT = new URL("../", import.meta.url);

Deno.test("the source keeps every rule of the architecture", async (t) => {
  const facts = await readFacts(ROOT);
  // Without these the rules would be kept by nobody having been asked.
  assertArrayIncludes(facts.files, ["mod.ts", "src/errors.ts"]);
  assertArrayIncludes(facts.imports, [
    { from: "mod.ts", to: "src/errors.ts" },
    { from: "src/supervision/types.ts", to: "src/actor/mod.ts" },
  ]);
  for (const rule of RULES) {
    await t.step(rule.name, () => assertEquals(rule.breaches(facts), []));
  }
});

/** A package in which nothing but the given import is wrong. */
function importing(from: string, to: string, ...more: string[][]): Facts {
  const edges = [[from, to], ...more];
  return {
    files: [...new Set(edges.flat())].filter((file) => file.endsWith(".ts")),
    imports: edges.map(([from, to]) => ({ from, to })),
    denoUses: [],
    computedImports: [],
  };
}

/** A package in which nothing but the given use of `Deno` is wrong. */
function naming(
  file: string,
  use: DenoUse["use"],
  member?: string,
  ...imports: string[][]
): Facts {
  const files = [...new Set([file, ...imports.flat()])];
  return {
    files,
    imports: imports.map(([from, to]) => ({ from, to })),
    denoUses: [{ file, line: 7, use, member }],
    computedImports: [],
  };
}

/** For each rule what breaks it, and what it then says. */
const BAD: Record<string, [Facts, string[]][]> = {
  "every file stands in a room that the table knows": [
    [
      importing("src/utils/a.ts", "src/clock.ts"),
      ["src/utils/a.ts is in no known room"],
    ],
    [
      importing("src/a.ts", "src/clock.ts"),
      ["src/a.ts is in no known room"],
    ],
  ],
  "the package imports nothing but itself": [
    ...["npm:left-pad@1", "jsr:@std/assert@1", "node:net", "https://x.y/z.js"]
      .map((to): [Facts, string[]] => [
        importing("src/net/a.ts", to),
        [`src/net/a.ts imports ${to}, which is not ours`],
      ]),
    [
      { ...importing("mod.ts", "tools/std/assert/mod.ts"), files: ["mod.ts"] },
      ["mod.ts imports tools/std/assert/mod.ts, which is not ours"],
    ],
  ],
  "what is imported can be read off the source": [
    [
      {
        ...importing("mod.ts", "src/clock.ts"),
        computedImports: [{ file: "src/net/a.ts", line: 3 }],
      },
      ["src/net/a.ts:3 computes what it imports"],
    ],
  ],
  "arrows run downward only": [
    [
      importing("src/framing/a.ts", "src/net/mod.ts"),
      ["src/framing/a.ts imports src/net/mod.ts: that is upward"],
    ],
    [
      importing("src/framing/a.ts", "src/actor/mod.ts"),
      ["src/framing/a.ts imports src/actor/mod.ts: that is sideways"],
    ],
    [
      importing("src/observe/a.ts", "src/errors.ts"),
      ["src/observe/a.ts imports src/errors.ts: that is sideways"],
    ],
    [
      importing("src/errors.ts", "src/actor/mod.ts"),
      ["src/errors.ts imports src/actor/mod.ts: that is upward"],
    ],
    [
      importing("src/net/a.ts", "src/testing/mod.ts"),
      ["src/net/a.ts imports src/testing/mod.ts: that is upward"],
    ],
    [
      importing("src/testing/a.ts", "mod.ts"),
      ["src/testing/a.ts imports mod.ts: that is upward"],
    ],
    [
      importing("udp.ts", "framing.ts"),
      ["udp.ts imports framing.ts: that is sideways"],
    ],
    [
      importing("framing.ts", "mod.ts"),
      ["framing.ts imports mod.ts: that is upward"],
    ],
  ],
  "a room is entered through its mod.ts": [
    [
      importing("src/net/a.ts", "src/actor/mailbox.ts"),
      ["src/net/a.ts imports src/actor/mailbox.ts, past its room's door"],
    ],
    [
      importing("framing.ts", "src/framing/lines.ts"),
      ["framing.ts imports src/framing/lines.ts, past its room's door"],
    ],
    [
      importing("src/net/a.ts", "src/framing/codecs/mod.ts"),
      ["src/net/a.ts imports src/framing/codecs/mod.ts, past its room's door"],
    ],
  ],
  "framing, actor and transport meet in net": [
    [
      importing("src/supervision/a.ts", "src/actor/mod.ts", [
        "src/supervision/b.ts",
        "src/framing/mod.ts",
      ]),
      ["supervision brings actor and framing together"],
    ],
  ],
  "no file imports itself by a detour": [
    [
      importing(
        "src/framing/a.ts",
        "src/framing/b.ts",
        ["src/framing/b.ts", "src/framing/c.ts"],
        ["src/framing/c.ts", "src/framing/b.ts"],
      ),
      ["src/framing/b.ts → src/framing/c.ts → src/framing/b.ts"],
    ],
    [
      importing("src/clock.ts", "src/clock.ts"),
      ["src/clock.ts → src/clock.ts"],
    ],
  ],
  "what runs in a browser never names Deno": [
    ...["framing", "actor", "supervision"].map((room): [Facts, string[]] => [
      naming(`src/${room}/a.ts`, "type", "Addr"),
      [`src/${room}/a.ts:7 names Deno.Addr: ${room} runs without it`],
    ]),
    [
      naming("mod.ts", "value", "build"),
      ["mod.ts:7 names Deno.build: main entry point runs without it"],
    ],
    [
      naming(
        "src/observe/events.ts",
        "type",
        "Addr",
        ["framing.ts", "src/framing/mod.ts"],
        ["src/framing/mod.ts", "src/observe/mod.ts"],
        ["src/observe/mod.ts", "src/observe/events.ts"],
      ),
      [
        "src/observe/events.ts:7 names Deno.Addr: framing.ts or actor.ts reaches this file",
      ],
    ],
  ],
  "observe and net know Deno's types only": [
    [
      naming("src/net/a.ts", "value", "build"),
      ["src/net/a.ts:7 names Deno.build: net may name its types only"],
    ],
  ],
  "only transport opens sockets": [
    ...["listen", "connectTls", "listenDatagram"].map(
      (member): [Facts, string[]] => [
        naming("src/testing/a.ts", "value", member),
        [`src/testing/a.ts:7 names Deno.${member}: only transport opens sockets`],
      ],
    ),
    [
      naming("src/net/a.ts", "value"),
      ["src/net/a.ts:7 names Deno: only transport opens sockets"],
    ],
  ],
  "only transport/deno_errors.ts knows Deno's errors": [
    [
      naming("src/transport/tcp.ts", "value", "errors"),
      [
        "src/transport/tcp.ts:7 names Deno.errors: only src/transport/deno_errors.ts knows what they mean",
      ],
    ],
  ],
};

for (const rule of RULES) {
  Deno.test(`a package that breaks it is refused by: ${rule.name}`, () => {
    const examples = BAD[rule.name];
    assertEquals(
      examples.map(([facts]) => rule.breaches(facts)),
      examples.map(([, says]) => says),
    );
  });
}

Deno.test("a package with every arrow that is allowed keeps every rule", () => {
  const edges = [
    ["mod.ts", "src/net/mod.ts"],
    ["mod.ts", "src/clock.ts"],
    ["mod.ts", "framing.ts"],
    ["framing.ts", "src/framing/mod.ts"],
    ["src/net/mod.ts", "src/net/serve.ts"],
    ["src/net/serve.ts", "src/framing/mod.ts"],
    ["src/net/serve.ts", "src/actor/mod.ts"],
    ["src/net/serve.ts", "src/transport/mod.ts"],
    ["src/net/serve.ts", "src/supervision/mod.ts"],
    ["src/supervision/mod.ts", "src/actor/mod.ts"],
    ["src/transport/mod.ts", "src/transport/deno_errors.ts"],
    ["src/transport/deno_errors.ts", "src/errors.ts"],
    ["src/testing/mod.ts", "src/net/mod.ts"],
  ];
  const facts: Facts = {
    files: [...new Set(edges.flat())],
    imports: edges.map(([from, to]) => ({ from, to })),
    denoUses: [
      { file: "src/net/serve.ts", line: 1, use: "type", member: "Addr" },
      { file: "src/transport/mod.ts", line: 1, use: "value", member: "listen" },
      {
        file: "src/transport/deno_errors.ts",
        line: 1,
        use: "value",
        member: "errors",
      },
      { file: "src/testing/mod.ts", line: 1, use: "value", member: "build" },
    ],
    computedImports: [],
  };
  assertEquals(RULES.flatMap((rule) => rule.breaches(facts)), []);
});

/**
 * Decides who may look into whom: the rooms of `src/`, and the rules that their imports and their uses of
 * `Deno` keep. Pure: facts in, sentences out. How the facts are read off the source is `source.ts`; that
 * every rule can fail is shown in `../architecture_test.ts`.
 *
 * @module
 */

/** One import, of whatever form. */
export interface Import {
  /** The importing file, relative to the root, such as `src/net/mod.ts`. */
  from: string;
  /** The imported file, relative to the root; or the specifier, where it is not a file of this repository. */
  to: string;
}

/** One place that names `Deno`. */
export interface DenoUse {
  file: string;
  line: number;
  /** `Deno.Addr` in a type is erased; a value is there when the program runs. */
  use: "type" | "value";
  /** `listen` for `Deno.listen`; nothing where `Deno` stands alone, as in `const d = Deno`. */
  member?: string;
}

/** What the rules are asked about. */
export interface Facts {
  /** All modules of `src/` and of the root folder. */
  files: readonly string[];
  imports: readonly Import[];
  denoUses: readonly DenoUse[];
  /** Places where what is imported is known only when the program runs. */
  computedImports: readonly { file: string; line: number }[];
}

/** One rule: its name, and one sentence for each place that breaks it. */
export interface Rule {
  name: string;
  breaches(facts: Facts): string[];
}

interface Room {
  /** Arrows run from a higher level to a lower one. */
  level: number;
  /** How a room may speak of the runtime. */
  deno: "never" | "types" | "no sockets" | "freely";
}

/** The rooms: files and folders directly in `src/`. A new one is entered here first. */
const ROOMS: Record<string, Room> = {
  "errors.ts": { level: 0, deno: "never" },
  "clock.ts": { level: 0, deno: "never" },
  "shown.ts": { level: 0, deno: "never" },
  observe: { level: 0, deno: "types" },
  framing: { level: 1, deno: "never" },
  actor: { level: 1, deno: "never" },
  transport: { level: 1, deno: "freely" },
  supervision: { level: 2, deno: "never" },
  net: { level: 3, deno: "types" },
  testing: { level: 4, deno: "no sockets" },
};

/** `framing.ts` and its like, in the root folder: the doors of the package. */
const ENTRY = "entry point";
/** The root's `mod.ts`, which may gather up the other entry points. */
const FACE = "main entry point";
const ROOT_ROOMS: Record<string, Room> = {
  [ENTRY]: { level: 5, deno: "never" },
  [FACE]: { level: 6, deno: "never" },
};

/** The three that know nothing of each other, and who may bring them together. */
const STRANGERS = ["framing", "actor", "transport"];
const MEETING_PLACES = ["net", "testing", ENTRY, FACE];

/** What a user may load in a browser: neither it nor anything behind it names `Deno`. */
const BROWSER_ENTRIES = ["framing.ts", "actor.ts"];

const DENO_ERRORS_FILE = "src/transport/deno_errors.ts";

/** Everything on `Deno` that makes a socket. */
const OPENS_SOCKETS = new Set([
  "connect",
  "connectQuic",
  "connectTls",
  "createHttpClient",
  "listen",
  "listenDatagram",
  "listenTls",
  "QuicEndpoint",
  "serve",
  "startTls",
  "upgradeWebTransport",
]);

/** The name of a file's room, as the tables have it. */
function roomOf(file: string): string {
  const [top, name] = file.split("/");
  return top === "src" ? name : file === "mod.ts" ? FACE : ENTRY;
}

/** What the table says of a file's room; nothing where it does not know the room. */
function roomFor(file: string): Room | undefined {
  return ROOMS[roomOf(file)] ?? ROOT_ROOMS[roomOf(file)];
}

/** The imports that lead from one room into another; what is not ours has a rule of its own. */
function crossings(facts: Facts): Import[] {
  const ours = new Set(facts.files);
  return facts.imports.filter(({ from, to }) =>
    ours.has(to) && (roomOf(from) !== roomOf(to) || roomOf(from) === ENTRY)
  );
}

/** One sentence for each use of `Deno` that `isBreach` picks. */
function denoBreaches(
  facts: Facts,
  isBreach: (use: DenoUse) => string | false,
): string[] {
  return facts.denoUses.flatMap((use) => {
    const why = isBreach(use);
    const name = use.member === undefined ? "Deno" : `Deno.${use.member}`;
    return why === false
      ? []
      : [`${use.file}:${use.line} names ${name}: ${why}`];
  });
}

/** All files that `start` reaches, itself included. */
function reach(facts: Facts, start: string): Set<string> {
  const seen = new Set([start]);
  // A Set hands out what is added to it while it is walked.
  for (const file of seen) {
    for (const { from, to } of facts.imports) if (from === file) seen.add(to);
  }
  return seen;
}

/** Every cycle is found; of several that share a file, at least one is. */
function cycles(facts: Facts): string[] {
  const targets = Map.groupBy(facts.imports, (edge) => edge.from);
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (file: string, path: string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file].join(" → "));
    if (start >= 0 || done.has(file)) return;
    for (const { to } of targets.get(file) ?? []) walk(to, [...path, file]);
    done.add(file);
  };
  for (const file of facts.files) walk(file, []);
  return found;
}

/** All rules, in the order in which a reader would want to hear of a breach. */
export const RULES: readonly Rule[] = [
  {
    name: "every file stands in a room that the table knows",
    breaches: (facts) =>
      facts.files
        .filter((file) => roomFor(file) === undefined)
        .map((file) => `${file} is in no known room`),
  },
  {
    name: "the package imports nothing but itself",
    breaches(facts) {
      const ours = new Set(facts.files);
      return facts.imports
        .filter(({ to }) => !ours.has(to))
        .map(({ from, to }) => `${from} imports ${to}, which is not ours`);
    },
  },
  {
    name: "what is imported can be read off the source",
    breaches: (facts) =>
      facts.computedImports.map(({ file, line }) =>
        `${file}:${line} computes what it imports`
      ),
  },
  {
    name: "arrows run downward only",
    breaches: (facts) =>
      crossings(facts).flatMap(({ from, to }) => {
        const [above, below] = [roomFor(from)?.level, roomFor(to)?.level];
        if (above === undefined || below === undefined || above > below) {
          return [];
        }
        const way = above === below ? "sideways" : "upward";
        return [`${from} imports ${to}: that is ${way}`];
      }),
  },
  {
    name: "a room is entered through its mod.ts",
    breaches: (facts) =>
      crossings(facts)
        .filter(({ to }) =>
          to.startsWith("src/") && to.split("/").length > 2 &&
          to !== `src/${roomOf(to)}/mod.ts`
        )
        .map(({ from, to }) => `${from} imports ${to}, past its room's door`),
  },
  {
    name: "framing, actor and transport meet in net",
    breaches(facts) {
      const guests = crossings(facts).filter(({ from, to }) =>
        STRANGERS.includes(roomOf(to)) && !MEETING_PLACES.includes(roomOf(from))
      );
      return [...Map.groupBy(guests, ({ from }) => roomOf(from))]
        .map(([host, edges]) => ({
          host,
          met: [...new Set(edges.map(({ to }) => roomOf(to)))],
        }))
        .filter(({ met }) => met.length > 1)
        .map(({ host, met }) => `${host} brings ${met.join(" and ")} together`);
    },
  },
  {
    name: "no file imports itself by a detour",
    breaches: cycles,
  },
  {
    name: "what runs in a browser never names Deno",
    breaches: (facts) => {
      const inBrowser = new Set(
        BROWSER_ENTRIES.flatMap((entry) => [...reach(facts, entry)]),
      );
      return denoBreaches(
        facts,
        ({ file }) =>
          roomFor(file)?.deno === "never"
            ? `${roomOf(file)} runs without it`
            : inBrowser.has(file)
            ? `${BROWSER_ENTRIES.join(" or ")} reaches this file`
            : false,
      );
    },
  },
  {
    name: "observe and net know Deno's types only",
    breaches: (facts) =>
      denoBreaches(
        facts,
        ({ file, use }) =>
          roomFor(file)?.deno === "types" && use === "value" &&
          `${roomOf(file)} may name its types only`,
      ),
  },
  {
    name: "only transport opens sockets",
    breaches: (facts) =>
      denoBreaches(
        facts,
        ({ file, use, member }) =>
          roomFor(file)?.deno !== "freely" && use === "value" &&
          // `Deno` standing alone can become any of them under another name.
          (member === undefined || OPENS_SOCKETS.has(member)) &&
          "only transport opens sockets",
      ),
  },
  {
    name: "only transport/deno_errors.ts knows Deno's errors",
    breaches: (facts) =>
      denoBreaches(
        facts,
        ({ file, member }) =>
          member === "errors" && file !== DENO_ERRORS_FILE &&
          `only ${DENO_ERRORS_FILE} knows what they mean`,
      ),
  },
];

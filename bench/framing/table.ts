/**
 * Makes the tables of docs/performance.md from `deno task bench --json`, on standard input. Times are the
 * fastest of each bench's runs, which other work on the machine disturbs least.
 *
 * @module
 */

interface Bench {
  group: string;
  name: string;
  results: { ok?: { min: number; avg: number } }[];
}

const text = await new Response(Deno.stdin.readable).text();
const { cpu, runtime, benches } = JSON.parse(text.slice(text.indexOf("{"))) as {
  cpu: string;
  runtime: string;
  benches: Bench[];
};

/** Nanoseconds by format, then shape, then contender. */
const tables = new Map<string, Map<string, Map<string, number>>>();
for (const { group, name, results } of benches) {
  const ns = results[0].ok?.min;
  if (ns === undefined) continue;
  const [format, ...rest] = group.split(", ");
  const shapes = tables.getOrInsertComputed(format, () => new Map());
  shapes.getOrInsertComputed(rest.join(", "), () => new Map()).set(name, ns);
}

console.log(`${runtime}, ${cpu}\n`);
for (const [format, shapes] of tables) {
  const names = [
    ...new Set([...shapes.values()].flatMap((m) => [...m.keys()])),
  ];
  const [first, ...others] = names;
  console.log(`### ${format}\n`);
  console.log(`| shape | ${first} | ${others.join(" | ")} |`);
  console.log(`| --- |${" ---: |".repeat(names.length)}`);
  for (const [shape, times] of shapes) {
    const base = times.get(first) ?? times.get(others[0])!;
    const cells = names.map((name, i) => {
      const ns = times.get(name);
      if (ns === undefined) return "–";
      const speed = base / ns;
      const ms = (ns / 1e6).toFixed(ns < 1e6 ? 3 : ns < 1e8 ? 2 : 0);
      return i === 0 ? `${ms} ms` : `${ms} ms (${speed.toFixed(2)})`;
    });
    console.log(`| ${shape} | ${cells.join(" | ")} |`);
  }
  console.log();
}

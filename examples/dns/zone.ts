/**
 * A zone: reads its file, and looks names up in it. The file is a subset of RFC 1035, section 5.1: $ORIGIN, $TTL, and
 * records A, AAAA, TXT and CNAME on one line each. Decides what a zone has for a question; knows no message.
 *
 * @module
 */

/** The types of record that a zone can have. */
export type RecordType = "A" | "AAAA" | "TXT" | "CNAME";

/** One record, its name and the name in its data without a dot at the end. */
export interface ZoneRecord {
  name: string;
  type: RecordType;
  ttl: number;
  /** An address, a name, or the strings of a TXT record. */
  data: string | string[];
}

/** What is known of a name, by the name in lower case. */
export interface Zone {
  origin: string;
  ttl: number;
  records: ReadonlyMap<string, ZoneRecord[]>;
}

/** What a zone has for a question. */
export type Found =
  | { kind: "records"; records: ZoneRecord[] }
  | { kind: "no data" | "no name"; records: ZoneRecord[] }
  | { kind: "outside" };

const TTL = 3_600;
const MOST_TTL = 2 ** 31 - 1;
/** Longest text of a name that fits into the 255 bytes of the wire, and of one label. */
const MOST_NAME = 253;
const MOST_LABEL = 63;
const MOST_STRING_BYTES = 255;

/**
 * Reads a zone file.
 *
 * @throws {SyntaxError} What is wrong, and in which line.
 */
export function parseZone(text: string): Zone {
  let origin: string | undefined;
  let ttl = TTL;
  let owner: string | undefined;
  const records = new Map<string, ZoneRecord[]>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const fail = (what: string): never => {
      throw new SyntaxError(
        `Cannot read line ${index + 1} of the zone: ${what}`,
      );
    };
    const full = (name: string): string => {
      if (origin === undefined) return fail("$ORIGIN comes first");
      const whole = name === "@"
        ? origin
        : name.endsWith(".")
        ? name.slice(0, -1)
        : `${name}.${origin}`;
      return isName(whole) ? whole : fail(`"${name}" is not a name`);
    };
    const seconds = (word: string): number =>
      /^\d{1,10}$/.test(word) && Number(word) <= MOST_TTL
        ? Number(word)
        : fail(`"${word}" is not a time in seconds`);
    const words = wordsOf(line) ?? fail("a quote is not closed");
    if (words.length === 0) continue;
    if (words[0] === "$ORIGIN") {
      if (origin !== undefined) fail("there is one $ORIGIN already");
      origin = words[1]?.replace(/\.$/, "") ?? "";
      if (words.length !== 2 || !isName(origin)) fail("$ORIGIN takes a name");
      continue;
    }
    if (words[0] === "$TTL") {
      if (words.length !== 2) fail("$TTL takes a number");
      ttl = seconds(words[1]);
      continue;
    }
    if (!/^\s/.test(line)) owner = full(words.shift()!);
    const name = owner ?? fail("the first record needs a name");
    const ownTtl = /^\d/.test(words[0] ?? "") ? seconds(words.shift()!) : ttl;
    if (words[0]?.toUpperCase() === "IN") words.shift();
    const type = (words.shift() ?? fail("a type is missing")).toUpperCase();
    const known = name.toLowerCase();
    const here = records.get(known) ?? [];
    const record = { name, ttl: ownTtl, ...dataOf(type, words, full, fail) };
    if (
      here.some((other) => (other.type === "CNAME") || record.type === "CNAME")
    ) {
      fail(`${name} cannot have a CNAME and other records`);
    }
    records.set(known, [...here, record]);
    // What lies above a name is a name too, one without records.
    for (
      let above = known;
      above !== origin!.toLowerCase() && above.includes(".");
    ) {
      above = above.slice(above.indexOf(".") + 1);
      if (!records.has(above)) records.set(above, []);
    }
    if (!isWithin(known, origin!)) fail(`${name} is outside of ${origin}`);
  }
  if (origin === undefined) {
    throw new SyntaxError("Cannot read the zone: it has no $ORIGIN");
  }
  return { origin, ttl, records };
}

function dataOf(
  type: string,
  words: string[],
  full: (name: string) => string,
  fail: (what: string) => never,
): Pick<ZoneRecord, "type" | "data"> {
  const single = words.length === 1 ? words[0] : undefined;
  switch (type) {
    case "A":
      if (single !== undefined && isIpv4(single)) return { type, data: single };
      return fail(`A takes an IPv4 address`);
    case "AAAA":
      if (single?.includes(":") && URL.canParse(`http://[${single}]`)) {
        return { type, data: single };
      }
      return fail(`AAAA takes an IPv6 address`);
    case "CNAME":
      return single === undefined
        ? fail("CNAME takes a name")
        : { type, data: full(single) };
    case "TXT": {
      const length = (word: string) => new TextEncoder().encode(word).length;
      if (words.length === 0) return fail("TXT takes strings");
      if (words.some((word) => length(word) > MOST_STRING_BYTES)) {
        return fail(`a string of TXT has ${MOST_STRING_BYTES} bytes at most`);
      }
      return { type, data: words };
    }
    default:
      return fail(`${type} is none of A, AAAA, TXT, CNAME`);
  }
}

/** The words of a line, without quotes and comment; `undefined` = a quote is not closed. */
function wordsOf(line: string): string[] | undefined {
  const words: string[] = [];
  const part = /\s+|;.*|"((?:[^"\\]|\\.)*)"|[^\s;"]+/gy;
  let end = 0;
  for (const match of line.matchAll(part)) {
    end = match.index + match[0].length;
    if (match[1] !== undefined) words.push(match[1].replace(/\\(.)/g, "$1"));
    else if (!/^[\s;]/.test(match[0])) words.push(match[0]);
  }
  return end === line.length ? words : undefined;
}

function isName(name: string): boolean {
  return name.length <= MOST_NAME &&
    name.split(".").every((label) =>
      label.length <= MOST_LABEL && /^[\w-]+$/.test(label)
    );
}

function isIpv4(text: string): boolean {
  const bytes = text.split(".");
  return bytes.length === 4 &&
    bytes.every((byte) => /^\d{1,3}$/.test(byte) && Number(byte) < 256);
}

function isWithin(name: string, origin: string): boolean {
  const zone = origin.toLowerCase();
  return name === zone || name.endsWith(`.${zone}`);
}

/** Looks up `name` and follows its CNAMEs, as far as they stay within the zone. `ANY` takes all types. */
export function lookUp(zone: Zone, name: string, type: string): Found {
  let at = name.toLowerCase();
  if (!isWithin(at, zone.origin)) return { kind: "outside" };
  const chain: ZoneRecord[] = [];
  const seen = new Set<string>();
  for (;;) {
    const here = zone.records.get(at);
    if (here === undefined) return { kind: "no name", records: chain };
    const matching = here.filter((it) => type === "ANY" || it.type === type);
    if (matching.length > 0) {
      return { kind: "records", records: [...chain, ...matching] };
    }
    const alias = here.find((it) => it.type === "CNAME");
    if (alias === undefined) return { kind: "no data", records: chain };
    seen.add(at);
    chain.push(alias);
    at = (alias.data as string).toLowerCase();
    // Elsewhere somebody else knows more; a circle is all that there is to know.
    if (seen.has(at) || !isWithin(at, zone.origin)) {
      return { kind: "records", records: chain };
    }
  }
}

/**
 * The commands, as a table: name, arity, what it does to the keyspace. Decides every answer and its words, which
 * are those of Redis 7.0. Synchronous; a command that throws anything but `Refusal` is a bug.
 *
 * @module
 */

import { append, kept, List, type Text } from "./keyspace.ts";
import { configuration, debug, hello, info } from "./facts.ts";
import type { Command, Reply } from "./resp.ts";
import { Refusal, type Shop, subcommand, wrongArity } from "./shop.ts";
import { bytesOf, int64Of, isInt64, keyOf, textOf } from "./text.ts";

interface Definition {
  /** Words, the name included; negative = at least. */
  arity: number;
  flags: "write" | "readonly" | "fast";
  run(args: Command, shop: Shop): Reply;
}

const OK = "+OK\r\n";
const NOT_AN_INTEGER = "value is not an integer or out of range";
const EMPTY = new Uint8Array(0);

function number(bytes: Uint8Array): bigint {
  const value = int64Of(bytes);
  if (value === undefined) throw new Refusal(NOT_AN_INTEGER);
  return value;
}

function wrongType(): never {
  throw new Refusal(
    "Operation against a key holding the wrong kind of value",
    "WRONGTYPE",
  );
}

function textAt({ keys }: Shop, key: string): Text | undefined {
  const value = keys.get(key);
  return value instanceof List ? wrongType() : value;
}

function listAt({ keys }: Shop, key: string): List | undefined {
  const value = keys.get(key);
  return value === undefined || value instanceof List ? value : wrongType();
}

function get([, key]: Command, shop: Shop): Reply {
  return textAt(shop, keyOf(key))?.bytes ?? null;
}

function mget([, ...keys]: Command, { keys: space }: Shop): Reply {
  return keys.map((key) => {
    const value = space.get(keyOf(key));
    return value === undefined || value instanceof List ? null : value.bytes;
  });
}

function set([, name, bytes, ...options]: Command, { keys }: Shop): Reply {
  const key = keyOf(name);
  let condition: "NX" | "XX" | undefined;
  let ttl: { amount: Uint8Array; unitMs: bigint } | undefined;
  for (let i = 0; i < options.length; i++) {
    const option = textOf(options[i]).toUpperCase();
    if (
      (option === "EX" || option === "PX") && !ttl && i + 1 < options.length
    ) {
      ttl = { amount: options[++i], unitMs: option === "EX" ? 1_000n : 1n };
    } else if ((option === "NX" || option === "XX") && !condition) {
      condition = option;
    } else throw new Refusal("syntax error");
  }
  const ms = ttl && number(ttl.amount) * ttl.unitMs;
  if (ms !== undefined && !(ms > 0n && isInTime(ms))) throw badExpiry("set");
  if (condition && (keys.get(key) === undefined) !== (condition === "NX")) {
    return null;
  }
  keys.set(key, { bytes: kept(bytes) });
  if (ms !== undefined) keys.expireIn(key, Number(ms));
  return OK;
}

/** Whether the moment in so many milliseconds has a number of 64 bits. */
function isInTime(ms: bigint): boolean {
  return isInt64(ms) && isInt64(ms + BigInt(Date.now()));
}

function badExpiry(command: string): Refusal {
  return new Refusal(`invalid expire time in '${command}' command`);
}

function expire([, name, seconds, option]: Command, { keys }: Shop): Reply {
  const ms = number(seconds) * 1_000n;
  if (option) throw new Refusal(`Unsupported option ${textOf(option)}`);
  if (!isInTime(ms)) throw badExpiry("expire");
  const key = keyOf(name);
  if (keys.get(key) === undefined) return 0;
  keys.expireIn(key, Number(ms));
  return 1;
}

function ttl([, name]: Command, { keys }: Shop): Reply {
  const key = keyOf(name);
  if (keys.get(key) === undefined) return -2;
  const ms = keys.expiresIn(key);
  return ms === undefined ? -1 : Math.floor((ms + 500) / 1_000);
}

function increment([, name]: Command, shop: Shop): Reply {
  const key = keyOf(name);
  const text = textAt(shop, key);
  const value = (text === undefined ? 0n : number(text.bytes)) + 1n;
  if (!isInt64(value)) {
    throw new Refusal("increment or decrement would overflow");
  }
  const bytes = bytesOf(String(value));
  // Counting does not change when a key expires, unlike setting it.
  if (text === undefined) shop.keys.set(key, { bytes });
  else [text.bytes, text.room] = [bytes, undefined];
  return value;
}

function appendTo([, name, more]: Command, shop: Shop): Reply {
  const key = keyOf(name);
  const text = textAt(shop, key);
  const length = (text?.bytes.length ?? 0) + more.length;
  if (length > shop.maxValueBytes) {
    throw new Refusal(
      "string exceeds maximum allowed size (proto-max-bulk-len)",
    );
  }
  if (text === undefined) shop.keys.set(key, { bytes: kept(more) });
  else append(text, more);
  return length;
}

function push(side: "pushLeft" | "pushRight"): Definition["run"] {
  return ([, name, ...items], shop) => {
    const key = keyOf(name);
    let list = listAt(shop, key);
    if (list === undefined) shop.keys.set(key, list = new List());
    for (const item of items) list[side](kept(item));
    return list.length;
  };
}

function range([, name, first, last]: Command, shop: Shop): Reply {
  const [start, end] = [number(first), number(last)].map(Number);
  const list = listAt(shop, keyOf(name));
  if (list === undefined) return [];
  const from = Math.max(0, start < 0 ? list.length + start : start);
  const to = Math.min(list.length - 1, end < 0 ? list.length + end : end);
  return list.range(from, to);
}

function count(one: (key: string, shop: Shop) => boolean): Definition["run"] {
  return ([, ...keys], shop) =>
    keys.filter((key) => one(keyOf(key), shop)).length;
}

function flushAll([, mode, ...more]: Command, { keys }: Shop): Reply {
  if (more.length > 0 || mode && !/^(a?sync)$/i.test(textOf(mode))) {
    throw new Refusal("syntax error");
  }
  keys.clear();
  return OK;
}

function describeCommands([, what]: Command): Reply {
  if (what === undefined) {
    return [...COMMANDS].map(([name, { arity, flags }]) => [
      bytesOf(name),
      arity,
      [`+${flags}\r\n`],
      ...[0, 0, 0],
      ...[[], [], [], []],
    ]);
  }
  const name = subcommand("command", what, ["count", "docs"]);
  return name === "count" ? COMMANDS.size : [];
}

const COMMANDS = new Map<string, Definition>(Object.entries(
  {
    append: { arity: 3, flags: "write", run: appendTo },
    command: { arity: -1, flags: "readonly", run: describeCommands },
    config: { arity: -2, flags: "readonly", run: configuration },
    dbsize: { arity: 1, flags: "fast", run: (_, { keys }) => keys.size },
    debug: { arity: -2, flags: "readonly", run: debug },
    del: {
      arity: -2,
      flags: "write",
      run: count((key, { keys }) => keys.delete(key)),
    },
    echo: { arity: 2, flags: "fast", run: ([, word]) => word },
    exists: {
      arity: -2,
      flags: "readonly",
      run: count((key, { keys }) => keys.get(key) !== undefined),
    },
    expire: { arity: -3, flags: "write", run: expire },
    flushall: { arity: -1, flags: "write", run: flushAll },
    get: { arity: 2, flags: "readonly", run: get },
    hello: { arity: -1, flags: "fast", run: hello },
    incr: { arity: 2, flags: "write", run: increment },
    info: { arity: -1, flags: "readonly", run: info },
    lpush: { arity: -3, flags: "write", run: push("pushLeft") },
    lrange: { arity: 4, flags: "readonly", run: range },
    mget: { arity: -2, flags: "readonly", run: mget },
    ping: {
      arity: -1,
      flags: "fast",
      run: ([, word, ...more]) => {
        if (more.length > 0) throw wrongArity("ping");
        return word ?? "+PONG\r\n";
      },
    },
    quit: { arity: -1, flags: "fast", run: () => OK },
    rpush: { arity: -3, flags: "write", run: push("pushRight") },
    set: { arity: -3, flags: "write", run: set },
    ttl: { arity: 2, flags: "readonly", run: ttl },
  } satisfies Record<string, Definition>,
));

/** What Redis shows of a command that it does not know. */
const SHOWN = 128;

function unknown([name, ...args]: Command): Refusal {
  let shown = "";
  for (const arg of args) {
    if (shown.length >= SHOWN) break;
    shown += `'${textOf(arg).slice(0, SHOWN - shown.length)}' `;
  }
  return new Refusal(
    `unknown command '${
      textOf(name).slice(0, SHOWN)
    }', with args beginning with: ${shown}`,
  );
}

/** Whether the connection ends after the answer to this command. */
export function isQuit([name]: Command): boolean {
  return name.length === 4 && keyOf(name).toLowerCase() === "quit";
}

/**
 * Runs one command.
 *
 * @throws What a bug throws; whatever a client can do wrong is an answer.
 */
export function execute(command: Command, shop: Shop): Reply {
  shop.served++;
  const name = keyOf(command[0] ?? EMPTY).toLowerCase();
  const definition = COMMANDS.get(name);
  try {
    if (definition === undefined) throw unknown(command);
    const { arity, run } = definition;
    const { length } = command;
    if (arity < 0 ? length < -arity : length !== arity) throw wrongArity(name);
    return run(command, shop);
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    throw error;
  }
}

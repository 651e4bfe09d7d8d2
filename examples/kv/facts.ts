/**
 * The commands that ask about the server, not about its keys: HELLO, CONFIG GET, INFO, DEBUG. Decides what a client
 * that takes us for a Redis is told, so that it goes on.
 *
 * @module
 */

import type { Command, Reply } from "./resp.ts";
import { Refusal, type Shop, subcommand, wrongArity } from "./shop.ts";
import { bytesOf, int64Of, textOf } from "./text.ts";

export function hello([, version, ...options]: Command): Reply {
  if (version !== undefined) {
    const number = int64Of(version);
    if (number === undefined) {
      throw new Refusal("Protocol version is not an integer or out of range");
    }
    if (number !== 2n) {
      throw new Refusal("unsupported protocol version", "NOPROTO");
    }
  }
  if (options.length > 0) {
    throw new Refusal(`Syntax error in HELLO option '${textOf(options[0])}'`);
  }
  const facts: Record<string, Reply> = {
    server: bytesOf("packetboat-kv"),
    version: bytesOf("7.0.0"),
    proto: 2,
    id: 1,
    mode: bytesOf("standalone"),
    role: bytesOf("master"),
    modules: [],
  };
  return Object.entries(facts).flatMap(([name, fact]) => [bytesOf(name), fact]);
}

export function configuration(
  [, what, ...patterns]: Command,
  shop: Shop,
): Reply {
  const settings: Record<string, string> = {
    save: "",
    appendonly: "no",
    maxmemory: "0",
    databases: "1",
    "proto-max-bulk-len": String(shop.maxValueBytes),
  };
  subcommand("config", what, ["get"]);
  if (patterns.length === 0) throw wrongArity("config|get");
  const wanted = patterns.map((pattern) => glob(textOf(pattern)));
  return Object.entries(settings)
    .filter(([name]) => wanted.some((pattern) => pattern.test(name)))
    .flat().map(bytesOf);
}

/** Of what Redis takes as a pattern, `*` and `?`. */
function glob(pattern: string): RegExp {
  const source = RegExp.escape(pattern).replaceAll("\\*", ".*")
    .replaceAll("\\?", ".");
  return new RegExp(`^${source}$`, "is");
}

export function info(_: Command, shop: Shop): Reply {
  const seconds = Math.floor((Date.now() - shop.startedAtMs) / 1_000);
  return bytesOf([
    "# Server",
    "redis_version:7.0.0",
    "redis_mode:standalone",
    "server_name:packetboat-kv",
    `uptime_in_seconds:${seconds}`,
    "",
    "# Stats",
    `total_commands_processed:${shop.served}`,
    "",
    "# Keyspace",
    ...(shop.keys.size === 0
      ? []
      : [`db0:keys=${shop.keys.size},expires=${shop.keys.expiring},avg_ttl=0`]),
    "",
  ].join("\r\n"));
}

/** What ends a real Redis with a report of the crash; here it costs its own answer. */
export function debug([, what]: Command): Reply {
  subcommand("debug", what, ["panic"]);
  throw new Error("DEBUG PANIC, as asked");
}

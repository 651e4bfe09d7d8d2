/** `deno task kv`, as a process, in front of the clients of the real thing, and compared with it byte by byte. */

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { concat } from "@std/bytes";
import { decodeAll, decodeFrames } from "@packetboat/net";
import { Keyspace } from "../../examples/kv/keyspace.ts";
import { resp } from "../../examples/kv/resp.ts";
import { startChild } from "../support/child.ts";
import {
  isInstalled,
  runTask,
  startTask,
  type TaskProcess,
} from "../support/task.ts";

const HAS_CLIENTS = isInstalled("redis-cli") && isInstalled("redis-benchmark");
const HAS_REDIS = isInstalled("redis-server");
const MIB = 1_048_576;
const ENCODER = new TextEncoder();

async function startKv(...flags: string[]): Promise<
  AsyncDisposable & { port: number; server: TaskProcess }
> {
  const server = startTask("kv", ["--port", "0", ...flags]);
  const port = await server.port();
  return {
    port: Number(port),
    server,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A command as clients send it. */
function request(...words: (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return concat([
    ENCODER.encode(`*${words.length}\r\n`),
    ...words.flatMap((word) => {
      const bytes = typeof word === "string" ? ENCODER.encode(word) : word;
      return [
        ENCODER.encode(`$${bytes.length}\r\n`),
        bytes,
        ENCODER.encode("\r\n"),
      ];
    }),
  ]);
}

async function send(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await conn.write(bytes.subarray(at));
  }
}

/** Sends the pieces, and gives back all that comes until the server closes. */
async function exchange(
  port: number,
  pieces: Iterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const answer = new Response(conn.readable).bytes();
  try {
    for (const piece of pieces) await send(conn, piece);
  } catch (error) {
    // A server that refuses what it is told need not hear the rest.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
  return await answer;
}

async function words(port: number, requests: Uint8Array[]): Promise<string> {
  return new TextDecoder().decode(await exchange(port, requests));
}

const QUIT = request("QUIT");

Deno.test("resp() finds the same commands in a pipeline however it is cut", async () => {
  const codec = resp(1_000);
  const pipeline = concat([
    request("SET", "a\r\nb", Uint8Array.of(0, 13, 10, 255)),
    ENCODER.encode('\r\nPING "two words" \'it\\\'s\' \\x "\\x41\\n"\r\n'),
    ENCODER.encode("*0\r\n*-1\r\nPING\n"),
    request("DEL", ...Array.from({ length: 20 }, (_, i) => "k".repeat(i))),
  ]);
  const whole = decodeAll(codec, pipeline);
  assertEquals(whole.length, 7);
  assertEquals(
    whole[2].map((word) => new TextDecoder().decode(word)),
    ["PING", "two words", "it's", "\\x", "A\n"],
  );
  async function* cut(...places: number[]) {
    let at = 0;
    for (const place of [...places, pipeline.length]) {
      yield pipeline.slice(at, at = place);
    }
  }
  const every = Array.from(pipeline, (_, i) => i);
  assertEquals(
    await Array.fromAsync(decodeFrames(codec, cut(...every))),
    whole,
  );
  for (const place of every) {
    const frames = await Array.fromAsync(decodeFrames(codec, cut(place)));
    assertEquals(frames, whole, `cut at ${place}`);
  }
});

Deno.test("Keyspace forgets a key when its time has come, asked or not", () => {
  let now = 1_000;
  const keys = new Keyspace(() => now);
  const value = { bytes: Uint8Array.of(1) };
  for (const key of ["asked", "swept", "stays"]) keys.set(key, value);
  keys.expireIn("asked", 500);
  keys.expireIn("swept", 500);
  now += 499;
  assertEquals([keys.get("asked"), keys.expiresIn("asked")], [value, 1]);
  now += 1;
  assertEquals([keys.get("asked"), keys.size], [undefined, 2]);
  keys.sweep();
  assertEquals([keys.size, keys.expiring, keys.get("stays")], [1, 0, value]);
  keys.set("asked", value);
  assertEquals(keys.expiresIn("asked"), undefined);
});

Deno.test({
  name: "deno task kv serves redis-cli",
  ignore: !HAS_CLIENTS,
  async fn() {
    await using kv = await startKv();
    const cli = async (...args: string[]) => {
      const { stdout } = await new Deno.Command("redis-cli", {
        args: ["-p", String(kv.port), "--no-raw", ...args],
      }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    assertEquals(await cli("ping"), "PONG");
    assertEquals(await cli("set", "k", "a\r\nb", "ex", "100"), "OK");
    assertEquals(await cli("get", "k"), '"a\\r\\nb"');
    assertEquals(await cli("ttl", "k"), "(integer) 100");
    assertEquals(await cli("get", "none"), "(nil)");
    assertEquals(
      await cli("-2", "hello", "3"),
      "(error) NOPROTO unsupported protocol version",
    );
    assertEquals(await cli("lrange", "none", "0", "-1"), "(empty array)");
    assertStringIncludes(await cli("info"), "redis_version:7.0.0");
  },
});

Deno.test({
  name: "deno task kv serves redis-benchmark: 50 clients, pipelines of 16",
  ignore: !HAS_CLIENTS,
  async fn() {
    await using kv = await startKv();
    const { code, stdout, stderr } = await new Deno.Command("redis-benchmark", {
      args: [
        ..."-t ping,set,get,incr,lpush -n 10000 -P 16 -c 50 --csv -p".split(
          " ",
        ),
        String(kv.port),
      ],
    }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    assertEquals(
      new TextDecoder().decode(stdout).match(/^"\w+","\d+/gm)?.length,
      6,
    );
  },
});

/** What the two must answer with the same bytes. */
const SAME: string[] = [
  "PING",
  "PING hello",
  "PING a b",
  "ECHO",
  "ECHO word",
  "nosuch",
  "nosuch a b c",
  `nosuch ${"x".repeat(200)} y`,
  "GET",
  "get a b",
  "SET a",
  "SET a 1",
  "SET a 1 EX",
  "SET a 1 EX 0",
  "SET a 1 EX -1",
  "SET a 1 EX x",
  "SET a 1 PX 9223372036854775807",
  "SET a 1 EX 9223372036854775807",
  "SET a 1 NX",
  "SET a 2 XX",
  "SET a 2 NX XX",
  "SET a 2 BOGUS",
  "SET fresh 1 NX PX 100000",
  "GET a",
  "MGET a none a",
  "MGET",
  "INCR a",
  "INCR a b",
  "INCR",
  "SET word w",
  "INCR word",
  "SET most 9223372036854775807",
  "INCR most",
  "SET least -9223372036854775808",
  "INCR least",
  "SET zeros 007",
  "INCR zeros",
  "SET minus -0",
  "INCR minus",
  "APPEND a x",
  "APPEND new x",
  "APPEND a",
  "GET a",
  "LPUSH l 1 2 3",
  "RPUSH l 4",
  "LPUSH l",
  "LRANGE l 0 -1",
  "LRANGE l 1 1",
  "LRANGE l -2 100",
  "LRANGE l 3 1",
  "LRANGE l -100 0",
  "LRANGE l 9 9",
  "LRANGE l x 1",
  "LRANGE none 0 -1",
  "LRANGE a 0 -1",
  "GET l",
  "INCR l",
  "APPEND l x",
  "LPUSH a 1",
  "MGET l a",
  "SET l now-a-string",
  "GET l",
  "DEL a none word",
  "DEL",
  "EXISTS new new none",
  "EXISTS",
  "TTL new",
  "TTL none",
  "TTL",
  "EXPIRE new 100",
  "TTL new",
  "EXPIRE none 100",
  "EXPIRE new x",
  "EXPIRE new 9223372036854775807",
  "EXPIRE new 100 BOGUS",
  "EXPIRE new",
  "INCR n",
  "EXPIRE n 100",
  "INCR n",
  "TTL n",
  "SET n 1",
  "TTL n",
  "EXPIRE n -1",
  "GET n",
  "DBSIZE",
  "DBSIZE x",
  "CONFIG",
  "CONFIG GET",
  "CONFIG NOSUCH",
  "CONFIG GET save",
  "CONFIG GET APPEND*ly",
  "CONFIG GET nosuch",
  "COMMAND NOSUCH",
  "HELLO 3x",
  "HELLO 4",
  "HELLO 2 BOGUS",
  "FLUSHALL BOGUS",
  "FLUSHALL",
  "DBSIZE",
  "FLUSHALL ASYNC",
  "FLUSHALL ASYNC ASYNC",
  "SET à voilà",
  "GET à",
  "ECHO  \u00a0\u0085\ufeff\t'à'\t",
  'SET "q\\x00\\n" "\\xff\\x00"',
  'GET "q\\x00\\n"',
  "GET 'q'",
  "",
  "   ",
  "ping",
];

/** What breaks the protocol: the last words, then the end. */
const BROKEN: string[] = [
  "*1\r\n+PING\r\n",
  "*1\r\n$-1\r\n",
  "*1\r\n$x\r\n",
  "*x\r\n",
  "*2000000000000\r\n",
  "*1\r\n$99999999999\r\n",
  "*1\r\n$67108865\r\n",
  'PING "open\r\n',
  'PING "a"b\r\n',
  `${"x".repeat(70_000)}`,
  "PING\r\n*1\r\n:1\r\n",
];

Deno.test({
  name: "deno task kv answers with the very bytes of a real redis-server",
  ignore: !HAS_REDIS,
  async fn() {
    const dir = await Deno.makeTempDir();
    try {
      await using kv = await startKv();
      const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = probe.addr;
      probe.close();
      await using redis = startChild("redis-server", [
        ..."--bind 127.0.0.1 --appendonly no --proto-max-bulk-len 64mb --port"
          .split(" "),
        String(port),
        "--dir",
        dir,
        "--save",
        "",
      ]);
      while (!(await redis.line()).includes("Ready to accept"));
      const session = async (port: number) => {
        const answers: [string, string][] = [];
        for (const line of SAME) {
          const requests = [ENCODER.encode(`${line}\r\n`), QUIT];
          answers.push([line, await words(port, requests)]);
        }
        return answers;
      };
      assertEquals(await session(kv.port), await session(port));
      for (const text of BROKEN) {
        const requests = [ENCODER.encode(text)];
        const answer = await words(kv.port, requests);
        assertEquals(answer, await words(port, requests), text.slice(0, 80));
        assertMatch(answer, /-ERR Protocol error: [^\r]+\r\n$/);
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});

Deno.test("deno task kv keeps keys and values of any bytes, up to 64 MiB, and refuses more in words", async () => {
  await using kv = await startKv();
  const strange = Uint8Array.from({ length: 1_000 }, (_, i) => i % 256);
  const answer = await exchange(kv.port, [
    request("SET", strange, "\r\n$3\r\nabc\r\n\0"),
    request("GET", strange),
    QUIT,
  ]);
  assertEquals(
    new TextDecoder().decode(answer),
    "+OK\r\n$12\r\n\r\n$3\r\nabc\r\n\0\r\n+OK\r\n",
  );

  const large = new Uint8Array(64 * MIB);
  crypto.getRandomValues(large.subarray(0, 65_536));
  large.copyWithin(large.length - 65_536, 0, 65_536);
  const stored = await exchange(kv.port, [
    request("SET", "large", large),
    request("MGET", "none", "large"),
    request("APPEND", "large", "x"),
    QUIT,
  ]);
  const expected = concat([
    ENCODER.encode(`+OK\r\n*2\r\n$-1\r\n$${large.length}\r\n`),
    large,
    ENCODER.encode(
      "\r\n-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n+OK\r\n",
    ),
  ]);
  assertEquals(stored.length, expected.length);
  assertEquals(stored.every((byte, i) => byte === expected[i]), true);

  assertEquals(
    await words(kv.port, [
      ENCODER.encode(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${large.length + 1}\r\n`),
    ]),
    "-ERR Protocol error: invalid bulk length\r\n",
  );
  assertEquals(await words(kv.port, [QUIT]), "+OK\r\n");
});

Deno.test("deno task kv answers a pipeline in order, whole and torn byte by byte, also after its end", async () => {
  await using kv = await startKv();
  const pipeline = concat(
    Array.from({ length: 50 }, (_, i) => [
      request("SET", `key:${i}`, String(i)),
      request("INCR", `key:${i}`),
      ENCODER.encode(`ECHO ${i}\r\n`),
    ]).flat(),
  );
  const expected = Array.from(
    { length: 50 },
    (_, i) => `+OK\r\n:${i + 1}\r\n$${String(i).length}\r\n${i}\r\n`,
  ).join("");
  assertEquals(await words(kv.port, [pipeline, QUIT]), `${expected}+OK\r\n`);
  const bytes = Array.from(pipeline, (byte) => Uint8Array.of(byte));
  assertEquals(await words(kv.port, [...bytes, QUIT]), `${expected}+OK\r\n`);

  // A client that ends its direction still gets every answer.
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: kv.port });
  await send(conn, pipeline);
  await conn.closeWrite();
  assertEquals(await new Response(conn.readable).text(), expected);
});

Deno.test("deno task kv waits for who reads the answers of a pipeline, however much larger they are than all that may wait", async () => {
  await using kv = await startKv("--max-value", "1");
  const value = new Uint8Array(60_000).fill(0x78);
  const gets = 1_000;
  const answer = await exchange(kv.port, [
    request("SET", "k", value),
    concat(Array.from({ length: gets }, () => request("GET", "k"))),
    QUIT,
  ]);
  assertEquals(
    answer.length,
    "+OK\r\n".length * 2 + gets * ("$60000\r\n\r\n".length + value.length),
  );

  // Items of an array that are nothing but what is around them.
  const push = request("RPUSH", "l", ...new Array(50_000).fill(""));
  const list = await exchange(kv.port, [
    ...new Array(8).fill(push),
    request("LRANGE", "l", "0", "-1"),
    QUIT,
  ]);
  const items = 400_000;
  const [, all] = new TextDecoder().decode(list).split(`:${items}\r\n`);
  const expected = `*${items}\r\n${"$0\r\n\r\n".repeat(items)}+OK\r\n`;
  assertEquals(all === expected, true, all?.slice(-100));
});

Deno.test("deno task kv loses a command that crashes, and nothing else: no other answer, no data", async () => {
  await using kv = await startKv();
  const rounds = 20;
  const pipeline = Array.from({ length: rounds }, () => [
    request("INCR", "survivor"),
    request("DEBUG", "PANIC"),
    request("INCR", "survivor"),
  ]).flat();
  const expected = Array.from(
    { length: rounds },
    (_, i) =>
      `:${2 * i + 1}\r\n-ERR internal error: the command crashed\r\n:${
        2 * i + 2
      }\r\n`,
  ).join("");
  assertEquals(
    await words(kv.port, [...pipeline, QUIT]),
    `${expected}+OK\r\n`,
  );
  await kv.server.complains(/kv: store: DEBUG PANIC, as asked/);
});

Deno.test("deno task kv does nothing for a page in a browser", async () => {
  await using kv = await startKv();
  assertEquals(
    await words(kv.port, [request("SET", "k", "v"), QUIT]),
    "+OK\r\n+OK\r\n",
  );
  for (const method of ["POST", "PUT"]) {
    await assertRejects(() =>
      fetch(`http://127.0.0.1:${kv.port}/`, { method, body: "FLUSHALL\r\n" })
    );
  }
  assertEquals(
    await words(kv.port, [request("DBSIZE"), QUIT]),
    ":1\r\n+OK\r\n",
  );
});

Deno.test("deno task kv does not mind a client that leaves in the middle of a large answer", async () => {
  await using kv = await startKv();
  const hostname = "127.0.0.1";
  const large = new Uint8Array(32 * MIB);
  await exchange(kv.port, [request("SET", "large", large), QUIT]);
  const leaving = await Deno.connect({ hostname, port: kv.port });
  await send(leaving, request("GET", "large"));
  await leaving.read(new Uint8Array(1));
  leaving.close();
  assertEquals(
    await words(kv.port, [request("DBSIZE"), QUIT]),
    ":1\r\n+OK\r\n",
  );
  kv.server.signal("SIGINT");
  const { code, stderr } = await kv.server.ended;
  assertEquals([code, stderr.trimEnd().split("\n").length], [0, 1], stderr);
});

Deno.test("deno task kv drains at Ctrl-C, and says in one line what is wrong", async () => {
  await using kv = await startKv();
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: kv.port });
  const answer = new Response(conn.readable).text();
  await send(conn, request("PING"));
  const taken = await runTask("kv", ["--port", String(kv.port)]);
  assertEquals(taken, {
    code: 1,
    stdout: "",
    stderr:
      `kv: Cannot listen on 127.0.0.1:${kv.port}: the address is in use\n`,
  });
  kv.server.signal("SIGINT");
  assertEquals((await kv.server.ended).code, 0);
  assertEquals(await answer, "+PONG\r\n");

  const wrong = await runTask("kv", ["--max-value", "0"]);
  assertEquals([wrong.code, wrong.stdout], [2, ""]);
  assertStringIncludes(wrong.stderr, "Cannot use --max-value 0");
  const help = await runTask("kv", ["--help"]);
  assertEquals([help.code, help.stderr], [0, ""]);
  assertStringIncludes(help.stdout, "Usage: deno task kv [FLAGS]");
});

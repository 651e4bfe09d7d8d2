/** `deno task dns`: its zone, its answers to bytes of every kind, and the process in front of `dig`. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
// @ts-types="npm:@types/dns-packet@^5.6.5"
import * as dns from "dns-packet";
import {
  connect,
  decodeAll,
  encodeFrame,
  lengthPrefixed,
} from "@packetboat/net";
import { datagram, serveUdp } from "@packetboat/net/udp";
import { answer } from "../../examples/dns/answer.ts";
import { lookUp, parseZone } from "../../examples/dns/zone.ts";
import { runTask, startTask, type TaskProcess } from "../support/task.ts";

const ZONE_FILE = new URL("../../examples/dns/example.zone", import.meta.url);
const zone = parseZone(await Deno.readTextFile(ZONE_FILE));

function hasDig(): boolean {
  try {
    return new Deno.Command("dig", { args: ["-v"], stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}
const HAS_DIG = hasDig();

function query(
  name: string,
  type: string,
  more: Partial<dns.Packet> = {},
): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(dns.encode({
    type: "query",
    id: 4_242,
    questions: [{ name, type: type as dns.RecordType }],
    ...more,
  }));
}

function edns(udpPayloadSize: number, ednsVersion = 0): Partial<dns.Packet> {
  const opt = { type: "OPT", name: ".", udpPayloadSize, ednsVersion, flags: 0 };
  return { additionals: [opt as dns.OptAnswer] };
}

function ask(bytes: Uint8Array, transport: "udp" | "tcp" = "udp") {
  const reply = answer(zone, bytes, transport);
  return reply === undefined
    ? undefined
    : dns.decode(Buffer.from(reply)) as dns.DecodedPacket & { rcode: string };
}

const code = (bytes: Uint8Array) => ask(bytes)?.rcode ?? "silence";

Deno.test("lookUp() finds records, follows aliases within the zone, and stops at a circle", () => {
  const found = (name: string, type: string) => {
    const { kind, ...rest } = lookUp(zone, name, type);
    const records = "records" in rest ? rest.records : [];
    return [kind, ...records.map(({ type, data }) => `${type} ${data}`)];
  };
  assertEquals(found("EXAMPLE.test", "A"), ["records", "A 192.0.2.1"]);
  assertEquals(found("ferry.example.test", "A"), [
    "records",
    "CNAME boat.example.test",
    "CNAME harbour.example.test",
    "A 192.0.2.10",
    "A 192.0.2.11",
  ]);
  assertEquals(found("ferry.example.test", "CNAME"), [
    "records",
    "CNAME boat.example.test",
  ]);
  assertEquals(found("abroad.example.test", "A"), [
    "records",
    "CNAME www.example.org",
  ]);
  assertEquals(found("circle.example.test", "A").length, 3);
  assertEquals(found("ferry.example.test", "TXT")[0], "no data");
  assertEquals(found("in.the.hold.example.test", "A"), ["no data"]);
  assertEquals(found("nosuch.example.test", "A"), ["no name"]);
  assertEquals(found("badexample.test", "A"), ["outside"]);
  assertEquals(found("example.test", "ANY").length, 4);
});

Deno.test("parseZone() says what is wrong, and in which line", () => {
  const cases: [string, string][] = [
    ["a A 192.0.2.1", "line 2 of the zone: $ORIGIN comes first"],
    [
      "$ORIGIN x.\n$ORIGIN y.",
      "line 3 of the zone: there is one $ORIGIN already",
    ],
    ["$ORIGIN x.\n A 192.0.2.1", "the first record needs a name"],
    ["$ORIGIN x.\na", "a type is missing"],
    ["$ORIGIN x.\na MX 10 b", "MX is none of A, AAAA, TXT, CNAME"],
    ["$ORIGIN x.\na A 192.0.2.256", "A takes an IPv4 address"],
    ["$ORIGIN x.\na AAAA 1:2", "AAAA takes an IPv6 address"],
    ['$ORIGIN x.\na TXT "open', "a quote is not closed"],
    ["$ORIGIN x.\na TXT " + "x".repeat(256), "255 bytes at most"],
    ["$ORIGIN x.\na CNAME b\na A 192.0.2.1", "cannot have a CNAME and other"],
    ["$ORIGIN x.\na..b A 192.0.2.1", '"a..b" is not a name'],
    ["$ORIGIN x.\na.y. A 192.0.2.1", "a.y is outside of x"],
    ["", "it has no $ORIGIN"],
  ];
  for (const [text, message] of cases) {
    assertThrows(() => parseZone(`\n${text}`), SyntaxError, message);
  }
});

Deno.test("answer() cuts what is too large for UDP: 512 bytes, or what the asker takes, up to 1,232", () => {
  const name = "manifest.example.test";
  for (
    const [size, most] of [[0, 512], [100, 512], [700, 700], [9_000, 1_232]]
  ) {
    const bytes = query(name, "TXT", size === 0 ? {} : edns(size));
    const reply = answer(zone, bytes, "udp")!;
    const packet = dns.decode(Buffer.from(reply));
    assert(reply.length <= most, `${reply.length} bytes, ${most} allowed`);
    assertEquals([packet.flag_tc, packet.answers], [true, []]);
    assertEquals(packet.additionals?.length, size === 0 ? 0 : 1);
  }
  const whole = ask(query(name, "TXT"), "tcp")!;
  assertEquals([whole.flag_tc, whole.answers?.length], [false, 12]);
});

Deno.test("answer() has a code for whatever is no question, and silence for what is no message", () => {
  const good = query("example.test", "A");
  const patched = (at: number, ...bytes: number[]) => {
    const copy = good.slice();
    copy.set(bytes, at);
    return copy;
  };
  const loop = Uint8Array.from([...good.subarray(0, 12), 0xc0, 12, 0, 1, 0, 1]);
  const cases: [string, Uint8Array, string][] = [
    ["a question", good, "NOERROR"],
    ["nothing", new Uint8Array(0), "silence"],
    ["half a header", good.subarray(0, 11), "silence"],
    ["an answer", patched(2, 0x80), "silence"],
    ["a header alone", good.subarray(0, 12), "FORMERR"],
    ["a cut name", good.subarray(0, 20), "FORMERR"],
    ["a cut type", good.subarray(0, good.length - 3), "FORMERR"],
    ["no question", patched(5, 0), "FORMERR"],
    ["two questions", patched(5, 2), "FORMERR"],
    ["65,535 questions", patched(4, 255, 255), "FORMERR"],
    ["65,535 more records", patched(10, 255, 255), "FORMERR"],
    ["a name that points to itself", loop, "FORMERR"],
    ["a reserved label", patched(12, 0x80), "FORMERR"],
    ["64 KiB of ones", new Uint8Array(65_535).fill(0x7f), "NOTIMP"],
    ["64 KiB of zeros", new Uint8Array(65_535), "FORMERR"],
    ["another opcode", patched(2, 0x10), "NOTIMP"],
    ["a class without a name", patched(good.length - 2, 9, 9), "REFUSED"],
    [
      "another class",
      query("example.test", "A", {
        questions: [{ name: "example.test", type: "A", class: "CH" }],
      }),
      "REFUSED",
    ],
    ["a type without a name", patched(good.length - 4, 9, 9), "NOERROR"],
    ["a zone transfer", query("example.test", "AXFR"), "REFUSED"],
    ["a name elsewhere", query("example.org", "A"), "REFUSED"],
    ["the root", query(".", "A"), "REFUSED"],
    ["no such name", query("nosuch.example.test", "A"), "NXDOMAIN"],
    [
      "a later version of EDNS",
      query("example.test", "A", edns(1_232, 1)),
      "NOERROR",
    ],
  ];
  for (const [what, bytes, expected] of cases) {
    assertEquals(code(bytes), expected, what);
  }
  const later = ask(query("example.test", "A", edns(1_232, 1)))!;
  assertEquals(
    [later.answers, (later.additionals?.[0] as dns.OptAnswer).extendedRcode],
    [[], 1],
  );
});

Deno.test("answer() survives every cut and every changed byte of a question", () => {
  const good = query("ferry.example.test", "A", edns(1_232));
  for (let at = 0; at < good.length; at++) {
    code(good.subarray(0, at));
    for (const byte of [0, 1, 0x3f, 0x40, 0x80, 0xc0, 0xff]) {
      const copy = good.slice();
      copy[at] = byte;
      const reply = answer(zone, copy, "udp");
      assert(reply === undefined || reply.length <= 1_232);
    }
  }
});

async function startDns(): Promise<
  AsyncDisposable & { port: number; server: TaskProcess }
> {
  const server = startTask("dns", ["--port", "0"]);
  const port = await server.port();
  return {
    port: Number(port),
    server,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

Deno.test({
  name: "deno task dns answers dig over UDP and TCP",
  ignore: !HAS_DIG,
  async fn() {
    await using server = await startDns();
    const dig = async (...args: string[]) => {
      const { stdout } = await new Deno.Command("dig", {
        args: ["@127.0.0.1", "-p", String(server.port), "+norec", ...args],
      }).output();
      return new TextDecoder().decode(stdout);
    };
    for (const transport of ["+notcp", "+tcp"]) {
      const short = async (...args: string[]) =>
        (await dig(transport, "+short", ...args)).trimEnd().split("\n");
      assertEquals(await short("example.test"), ["192.0.2.1"]);
      assertEquals(await short("EXAMPLE.test", "AAAA"), ["2001:db8::1"]);
      assertEquals(await short("ferry.example.test"), [
        "boat.example.test.",
        "harbour.example.test.",
        "192.0.2.10",
        "192.0.2.11",
      ]);
      assertEquals(await short("log.example.test", "TXT"), [
        '"wind: west; sea: slight" "all well"',
      ]);
      const none = await dig(transport, "nosuch.example.test");
      assertMatch(
        none,
        /status: NXDOMAIN[\s\S]+flags: qr aa;[^\n]+AUTHORITY: 1/,
      );
      assertMatch(none, /example\.test\.\s+300\s+IN\s+SOA\s/);
      const empty = await dig(transport, "harbour.example.test", "AAAA");
      assertMatch(empty, /status: NOERROR[\s\S]+ANSWER: 0, AUTHORITY: 1/);
      assertMatch(await dig(transport, "example.org"), /status: REFUSED/);
    }
    const large = await dig("manifest.example.test", "TXT");
    assertMatch(large, /Truncated, retrying in TCP mode[\s\S]+ANSWER: 12/);
    const cut = await dig("+ignore", "+noedns", "manifest.example.test", "TXT");
    assertMatch(cut, /flags: qr aa tc;[^\n]+ANSWER: 0/);
    const names = Array.from(
      { length: 50 },
      (_, i) => i % 2 === 0 ? "harbour.example.test" : "example.test",
    );
    const many = await dig("+tcp", "+keepopen", "+short", ...names);
    assertEquals(many.trimEnd().split("\n").length, 75);
  },
});

Deno.test("deno task dns answers many questions in one TCP stream, however they are cut, and harm comes to nobody", async () => {
  await using server = await startDns();
  const { port } = server;
  const hostname = "127.0.0.1";
  const codec = lengthPrefixed({ bytes: 2, maxFrameBytes: 65_537 });
  const patient = await Deno.connect({ hostname, port });

  // Hostile messages, over both: an answer, or none, and the next is served as ever.
  const good = query("example.test", "A");
  const hostile = [
    new Uint8Array(0),
    good.subarray(0, 20),
    new Uint8Array(65_000),
    Uint8Array.from([...good.subarray(0, 12), 0xc0, 12, 0, 1, 0, 1]),
  ];
  await using stranger = await connect({ hostname, port, codec });
  for (const bytes of [...hostile, good]) stranger.send(bytes);
  await stranger.endWrite();
  const codes = (await Array.fromAsync(stranger)).map((bytes) =>
    (dns.decode(Buffer.from(bytes)) as unknown as { rcode: string }).rcode
  );
  assertEquals(codes, ["FORMERR", "FORMERR", "FORMERR", "NOERROR"]);

  const heard: string[] = [];
  const done = Promise.withResolvers<void>();
  await using asker = serveUdp(
    { port: 0, hostname, codec: datagram() },
    () => ({
      frame(bytes) {
        const { rcode } = dns.decode(Buffer.from(bytes)) as unknown as {
          rcode: string;
        };
        heard.push(rcode);
        if (heard.length === codes.length) done.resolve();
      },
    }),
  );
  const peer = asker.peer({ hostname, port });
  for (const bytes of [...hostile, good]) peer.send(bytes);
  await done.promise;
  // Datagrams keep no order.
  assertEquals(heard.toSorted(), codes);

  // One byte at a time, by somebody who was there all along.
  const answers = new Response(patient.readable).bytes();
  for (const name of ["example.test", "harbour.example.test", "nosuch.test"]) {
    for (const byte of encodeFrame(codec, query(name, "A"))) {
      await patient.write(Uint8Array.of(byte));
    }
  }
  await patient.closeWrite();
  const counts = decodeAll(codec, await answers).map((bytes) =>
    dns.decode(Buffer.from(bytes)).answers?.length
  );
  assertEquals(counts, [1, 2, 0]);

  server.server.signal("SIGINT");
  const { code, stderr } = await server.server.ended;
  assertEquals([code, stderr.trimEnd().split("\n").length], [0, 1]);
});

Deno.test("deno task dns says in one line what is wrong", async () => {
  const taken = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: 0,
  });
  const port = String((taken.addr as Deno.NetAddr).port);
  const dir = await Deno.makeTempDir();
  try {
    const bad = `${dir}/bad.zone`;
    await Deno.writeTextFile(bad, "$ORIGIN x.\na MX b\n");
    const cases: [string[], number, string][] = [
      [
        ["--zone", "nosuch"],
        1,
        "dns: Cannot read nosuch: there is no such file",
      ],
      [
        ["--zone", bad],
        1,
        "dns: Cannot read line 2 of the zone: MX is none of",
      ],
      [
        ["--port", port],
        1,
        `dns: Cannot listen on 127.0.0.1:${port}: the address is in use`,
      ],
      [["--port", "x"], 2, "dns: Cannot use --port x"],
    ];
    for (const [args, expected, message] of cases) {
      const { code, stdout, stderr } = await runTask("dns", args);
      assertEquals([code, stdout], [expected, ""], stderr);
      assertStringIncludes(stderr, message);
      assertEquals(stderr.trimEnd().split("\n").length, expected, stderr);
    }
    const help = await runTask("dns", ["--help"]);
    assertEquals([help.code, help.stderr], [0, ""]);
    assertStringIncludes(help.stdout, "Usage: deno task dns [FLAGS]");
  } finally {
    taken.close();
    await Deno.remove(dir, { recursive: true });
  }
});

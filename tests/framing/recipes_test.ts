/**
 * Every row of the recipes in docs/framing.md, on bytes of the real protocol: the codec is made from the very
 * words of the row, must decode the bytes for every cutting, and must encode the frames to the same bytes.
 */

import { assertEquals } from "@std/assert";
import * as framing from "../../framing.ts";
import { type Codec, encodeFrame } from "../../framing.ts";
import { assertSameFaces } from "../../src/testing/assert_codec.ts";
import { utf8 } from "./cuts.ts";
import { bulkString } from "./samples.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(/\s/g, ""));

/** By the row's first cell: bytes as they go over the wire, and the frames in them. */
const RECIPES: Record<string, [wire: Uint8Array, frames: unknown[]]> = {
  'Python `struct.pack(">I", n)`': [
    hex("00000003 414141 00000000"),
    [utf8("AAA"), utf8("")],
  ],
  'Python `struct.pack("<i", n)`': [
    hex("03000000 414141 00000000"),
    [utf8("AAA"), utf8("")],
  ],
  'Python `struct.pack("<q", n)`': [
    hex("0300000000000000 414141 0000000000000000"),
    [utf8("AAA"), utf8("")],
  ],
  'Python `struct.pack(">BI", type, n)`': [
    hex("07 00000003 414141 08 00000000"),
    [hex("07 00000003 414141"), hex("08 00000000")],
  ],
  'Python `struct.pack(">IB", n, type)`': [
    hex("00000003 07 414141 00000000 08"),
    [hex("07 414141"), hex("08")],
  ],
  // The file of 3 bytes is not among them: no frame.
  'Python `struct.pack("<i", n)`, JSON, a file': [
    new Uint8Array([...hex("0f000000"), ...utf8('{"file_size":3}')]),
    [{ file_size: 3 }],
  ],
  "Erlang `{packet, 1}`": [hex("03 414141 00"), [utf8("AAA"), utf8("")]],
  "Erlang `{packet, 2}`": [hex("0003 414141 0000"), [utf8("AAA"), utf8("")]],
  "Erlang `{packet, 4}`": [
    hex("00000003 414141 00000000"),
    [utf8("AAA"), utf8("")],
  ],
  // ApiVersions, version 0, correlation id 1, client id "test".
  "Kafka": [
    hex("0000000e 0012 0000 00000001 0004 74657374"),
    [hex("0012 0000 00000001 0004 74657374")],
  ],
  // Query "SELECT 1", then ReadyForQuery, idle.
  "PostgreSQL": [
    hex("51 0000000d 53454c454354203100 5a 00000005 49"),
    [hex("51 0000000d 53454c454354203100"), hex("5a 00000005 49")],
  ],
  // Protocol 3.0, user "me".
  "PostgreSQL, the startup message": [
    hex("00000011 00030000 7573657200 6d6500 00"),
    [hex("00030000 7573657200 6d6500 00")],
  ],
  // COM_QUERY "SELECT 1", then an OK packet.
  "MySQL": [
    hex("090000 00 03 53454c4543542031 070000 01 00000002000000"),
    [hex("00 03 53454c4543542031"), hex("01 00000002000000")],
  ],
  // OP_MSG { ping: 1 }.
  "MongoDB": [
    hex(
      "24000000 01000000 00000000 dd070000 00000000 00 0f000000 1070696e6700 01000000 00",
    ),
    [hex(
      "01000000 00000000 dd070000 00000000 00 0f000000 1070696e6700 01000000 00",
    )],
  ],
  // A query for example.com, type A.
  "DNS over TCP": [
    hex(
      "001d 1234 0100 0001 0000 0000 0000 07 6578616d706c65 03 636f6d 00 0001 0001",
    ),
    [hex(
      "1234 0100 0001 0000 0000 0000 07 6578616d706c65 03 636f6d 00 0001 0001",
    )],
  ],
  // PINGREQ, then PUBLISH of "hi" to a/b.
  "MQTT": [
    hex("c000 3007 0003 612f62 6869"),
    [hex("c000"), hex("3007 0003 612f62 6869")],
  ],
  // TuneOk: 2047 channels, frames of 128 KiB, a heartbeat each minute; then the first one.
  "AMQP 0-9-1": [
    hex(
      "01 0000 0000000c 000a001f 07ff 00020000 003c ce 08 0000 00000000 ce",
    ),
    [
      hex("01 0000 0000000c 000a001f 07ff 00020000 003c ce"),
      hex("08 0000 00000000 ce"),
    ],
  ],
  // SETTINGS with SETTINGS_MAX_CONCURRENT_STREAMS 100, and its acknowledgement.
  "HTTP/2": [
    hex("000006 04 00 00000000 0003 00000064 000000 04 01 00000000"),
    [
      hex("000006 04 00 00000000 0003 00000064"),
      hex("000000 04 01 00000000"),
    ],
  ],
  // Read three holding registers of unit 17; they are 0xAE41, 0x5652, 0x4340.
  "Modbus/TCP": [
    hex("0001 0000 0006 11 03 006b 0003 0001 0000 0009 11 03 06 ae4156524340"),
    [
      hex("0001 0000 0006 11 03 006b 0003"),
      hex("0001 0000 0009 11 03 06 ae4156524340"),
    ],
  ],
  // Field 1 is 150; then the empty message.
  "Protocol Buffers, delimited": [
    hex("03 089601 00"),
    [hex("089601"), hex("")],
  ],
  "Redis bulk strings": [
    utf8("$5\r\nhello\r\n$0\r\n\r\n$-1\r\n"),
    [utf8("hello"), utf8(""), null],
  ],
  "LSP and DAP": [
    utf8(
      'Content-Length: 46\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"initialize"}',
    ),
    [{ jsonrpc: "2.0", id: 1, method: "initialize" }],
  ],
  "syslog over TCP (RFC 6587)": [
    utf8("17 <34>1 - - - - - -5 <0>hi"),
    [utf8("<34>1 - - - - - -"), utf8("<0>hi")],
  ],
  "NDJSON": [utf8('{"id":1}\n[2]\n'), [{ id: 1 }, [2]]],
  "`0003AAA0004BBBB`": [utf8("0003AAA0004BBBB"), ["AAA", "BBBB"]],
  "`{2H:AAA:}{2H:BBB:}`": [utf8("{2H:AAA:}{2H:BBB:}"), ["AAA", "BBB"]],
  "STX … ETX": [hex("02 4142 03 02 03"), [utf8("AB"), utf8("")]],
  "netstrings": [
    utf8("12:hello world!,0:,"),
    [utf8("hello world!"), utf8("")],
  ],
  "SLIP (RFC 1055)": [
    hex("c0 01dbdc02dbdd c0"),
    [hex("01c002db")],
  ],
};

/** The rows: protocol and codec, as they are written. */
function rows(): [protocol: string, codec: string][] {
  const path = new URL("../../docs/framing.md", import.meta.url);
  const text = Deno.readTextFileSync(path);
  const table = text.slice(text.indexOf("<!-- recipes -->"));
  const lines = table.split("\n").filter((line, i) => line !== "" && i > 0);
  const end = lines.findIndex((line) => !line.startsWith("|"));
  return lines.slice(2, end).map((line) => {
    const [protocol, codec] = line.split("|").slice(1, 3).map((s) => s.trim());
    return [protocol, codec.slice(1, -1)];
  });
}

/** The codec that the row's code makes. */
function made(code: string): Codec<unknown> {
  const scope = { ...framing, bulkString };
  const make = new Function(...Object.keys(scope), `return ${code};`);
  return make(...Object.values(scope));
}

for (const [protocol, code] of rows()) {
  Deno.test(`recipe for ${protocol}: ${code}`, () => {
    const [wire, frames] = RECIPES[protocol];
    const codec = made(code);
    const splits = Array.from(wire, (_, at) => [at]);
    const bytewise = Array.from(wire, (_, at) => at);
    const outcome = assertSameFaces(codec, wire, [[], bytewise, ...splits]);
    assertEquals(outcome, { frames, error: undefined });
    const again = frames.flatMap((frame) => [...encodeFrame(codec, frame)]);
    assertEquals(Uint8Array.from(again), wire);
  });
}

Deno.test("every recipe that has bytes has a row in docs/framing.md", () => {
  assertEquals(rows().map(([protocol]) => protocol), Object.keys(RECIPES));
});

/**
 * One question in, one answer out: bytes to bytes, the same for UDP and TCP. Decides which messages get an answer,
 * with which code, and what is left out where it would be too large. The messages themselves are the work of
 * `dns-packet`. Sources: RFC 1035 (messages), RFC 2308 (names that are not there), RFC 6891 (EDNS).
 *
 * @module
 */

import { Buffer } from "node:buffer";
// @ts-types="npm:@types/dns-packet@^5.6.5"
import * as dns from "dns-packet";
import { lookUp, type Zone, type ZoneRecord } from "./zone.ts";

/** The most that a message over TCP can be: its length has two bytes. */
export const MOST_TCP_BYTES = 65_535;
/** What a message over UDP may be unless its asker takes more. */
const PLAIN_UDP_BYTES = 512;
/** What we send at most however much the asker takes: larger datagrams are cut on their way, and get lost. */
const MOST_UDP_BYTES = 1_232;

const HEADER_BYTES = 12;
/** In the flags of a header. */
const OPCODE = 0b1111 << 11;
const AUTHORITATIVE = dns.AUTHORITATIVE_ANSWER;
const TRUNCATED = dns.TRUNCATED_RESPONSE;
const RECURSION_DESIRED = dns.RECURSION_DESIRED;

const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
} as const;
/** The code 16 for an EDNS version that we do not have: its upper bits go into the OPT record. */
const BAD_VERSION_HIGH_BITS = 1;
/** Zone transfers and the like: types of questions that ask for no records of that type. */
const META_TYPES = new Set(["AXFR", "IXFR", "MAILA", "MAILB"]);

/** What goes into an answer besides what every answer has. */
interface Parts {
  flags: number;
  questions?: dns.Question[];
  answers?: dns.Answer[];
  authorities?: dns.Answer[];
  additionals?: dns.Answer[];
}

/**
 * Answers one message.
 *
 * @param query What came.
 * @param transport Over UDP an answer is cut to what the asker takes, and says so.
 * @returns The answer; `undefined` = none: it is no question, or too short to be answered.
 */
export function answer(
  zone: Zone,
  query: Uint8Array,
  transport: "udp" | "tcp",
): Uint8Array | undefined {
  if (query.length < HEADER_BYTES) return undefined;
  const header = new DataView(query.buffer, query.byteOffset, HEADER_BYTES);
  const flags = header.getUint16(2);
  // Two servers that answer each other's answers would never end.
  if ((flags & 0x8000) !== 0) return undefined;
  const id = header.getUint16(0);
  const kept = flags & (OPCODE | RECURSION_DESIRED);
  if ((flags & OPCODE) !== 0) {
    return message(id, { flags: kept | RCODE.NOTIMP });
  }
  const packet = isQuestion(header) ? decode(query) : undefined;
  if (packet === undefined) {
    return message(id, { flags: kept | RCODE.FORMERR });
  }
  const opt = packet.additionals?.find((it) => it.type === "OPT");
  const additionals = opt === undefined ? [] : [ours()];
  const questions = packet.questions!;
  const parts = opt !== undefined && opt.ednsVersion > 0
    ? { flags: 0, additionals: [ours(BAD_VERSION_HIGH_BITS)] }
    : { additionals, ...answerOne(zone, questions[0]) };
  try {
    const whole = message(id, {
      ...parts,
      flags: kept | parts.flags,
      questions,
    });
    if (whole.length <= limit(transport, opt)) return whole;
    return message(id, {
      flags: kept | parts.flags | TRUNCATED,
      questions,
      additionals,
    });
  } catch {
    // A question that cannot be written again, such as one of a class without a name.
    const rcode = parts.flags & 0b1111 || RCODE.SERVFAIL;
    return message(id, { flags: kept | rcode, additionals });
  }
}

function limit(transport: "udp" | "tcp", opt: dns.OptAnswer | undefined) {
  if (transport === "tcp") return MOST_TCP_BYTES;
  const taken = opt?.udpPayloadSize ?? PLAIN_UDP_BYTES;
  return Math.min(Math.max(taken, PLAIN_UDP_BYTES), MOST_UDP_BYTES);
}

/**
 * One question, no answers, at most an OPT and a signature. Also what keeps work small: a decoder that is given
 * thousands of names, each a long chain of pointers, is busy for seconds.
 */
function isQuestion(header: DataView): boolean {
  return header.getUint16(4) === 1 && header.getUint16(6) === 0 &&
    header.getUint16(8) === 0 && header.getUint16(10) <= 2;
}

function decode(query: Uint8Array): dns.DecodedPacket | undefined {
  try {
    const { buffer, byteOffset, byteLength } = query;
    return dns.decode(Buffer.from(buffer, byteOffset, byteLength));
  } catch {
    return undefined;
  }
}

function message(id: number, parts: Parts): Uint8Array {
  return dns.encode({ type: "response", id, ...parts });
}

function ours(extendedRcode = 0): dns.OptAnswer {
  return {
    type: "OPT",
    name: ".",
    udpPayloadSize: MOST_UDP_BYTES,
    extendedRcode,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

function answerOne(zone: Zone, question: dns.Question): Parts {
  const { name, type, class: klass = "IN" } = question;
  if (klass !== "IN" && klass !== "ANY") return { flags: RCODE.REFUSED };
  if (META_TYPES.has(type)) return { flags: RCODE.REFUSED };
  const found = lookUp(zone, name, type);
  if (found.kind === "outside") return { flags: RCODE.REFUSED };
  // The first record has the asker's own spelling of the name, which some compare with what they sent.
  const answers = found.records.map((record, index) =>
    wireRecord(record, index === 0 || sameName(record, name) ? name : undefined)
  );
  switch (found.kind) {
    case "records":
      return { flags: AUTHORITATIVE, answers };
    case "no data":
      return { flags: AUTHORITATIVE, answers, authorities: [authority(zone)] };
    case "no name":
      return {
        flags: AUTHORITATIVE | RCODE.NXDOMAIN,
        answers,
        authorities: [authority(zone)],
      };
  }
}

function sameName(record: ZoneRecord, name: string): boolean {
  return record.name.toLowerCase() === name.toLowerCase();
}

function wireRecord(
  { name, type, ttl, data }: ZoneRecord,
  spelling = name,
): dns.Answer {
  // A copy, because the encoder puts buffers in place of the strings.
  const own = Array.isArray(data) ? [...data] : data;
  return { name: spelling, type, ttl, class: "IN", data: own } as dns.Answer;
}

/** Who says so, and for how long that there is nothing may be remembered. A zone file of ours has no SOA of its own. */
function authority({ origin, ttl }: Zone): dns.Answer {
  return {
    name: origin,
    type: "SOA",
    class: "IN",
    ttl,
    data: {
      mname: origin,
      rname: `hostmaster.${origin}`,
      serial: 1,
      refresh: 3_600,
      retry: 600,
      expire: 86_400,
      minimum: ttl,
    },
  };
}

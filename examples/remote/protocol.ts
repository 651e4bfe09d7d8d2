/**
 * What client and server of `remote` say to each other, and how a token is proved without being sent.
 *
 *     server → client   hello     with a challenge, if a token is asked for
 *     client → server   run       the words of one command, and the proof
 *     server → client   stdout, stderr, as they come; then exit. Or: refused
 *
 * One command a connection. Anything that the client sends while it runs, and its going away, ends the command.
 *
 * @module
 */

import { concat } from "@std/bytes";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { lengthPrefixed, mapCodec } from "@packetboat/net";

/** One frame. */
export type Message =
  | { kind: "hello"; challenge?: string }
  | { kind: "run"; words: string[]; proof?: string }
  | { kind: "stdout" | "stderr"; bytes: Uint8Array }
  | { kind: "exit"; code: number; note?: string }
  | { kind: "refused"; why: string };

/** First byte of a frame: what follows it. */
const JSON_TEXT = 0;
const OUTPUT = ["stdout", "stderr"] as const;

/** 4-byte length, one byte for the kind, then JSON, or bytes as the command wrote them. */
export const codec = mapCodec<Uint8Array, Message>(lengthPrefixed(), {
  decode(frame) {
    const rest = frame.subarray(1);
    if (frame[0] !== JSON_TEXT) {
      return { kind: OUTPUT[frame[0] - 1], bytes: rest };
    }
    const text = new TextDecoder("utf-8", { fatal: true }).decode(rest);
    // What is no object has no kind, which is no kind that anybody waits for.
    return JSON.parse(text) ?? {};
  },
  encode(message) {
    const [tag, rest] = "bytes" in message
      ? [OUTPUT.indexOf(message.kind) + 1, message.bytes]
      : [JSON_TEXT, new TextEncoder().encode(JSON.stringify(message))];
    return concat([Uint8Array.of(tag), rest]);
  },
});

/** Never the same twice, so that a proof that somebody overheard is worth nothing. */
export function newChallenge(): string {
  return encodeHex(crypto.getRandomValues(new Uint8Array(32)));
}

/** HMAC-SHA-256 over the challenge and the words: it proves the token, and that the words are whose it is. */
export async function proofOf(
  token: string,
  challenge: string,
  words: readonly string[],
): Promise<string> {
  const { key, data } = await hmac(token, challenge, words);
  return encodeHex(await crypto.subtle.sign("HMAC", key, data));
}

/** Takes the same time, however much of the proof is right. */
export async function isProof(
  proof: unknown,
  token: string,
  challenge: string,
  words: readonly string[],
): Promise<boolean> {
  if (typeof proof !== "string" || !/^[0-9a-f]{64}$/.test(proof)) return false;
  const { key, data } = await hmac(token, challenge, words);
  return await crypto.subtle.verify("HMAC", key, decodeHex(proof), data);
}

async function hmac(
  token: string,
  challenge: string,
  words: readonly string[],
) {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey(
    "raw",
    encoder.encode(token),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign", "verify"],
  );
  return { key, data: encoder.encode(JSON.stringify([challenge, words])) };
}

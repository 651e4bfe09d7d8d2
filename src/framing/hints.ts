/**
 * Guesses why a header makes no sense: what another protocol's first bytes look like when they are taken
 * for a length. A guess is a help for people; no program decides by it.
 *
 * @module
 */

const TEXT_STARTS: readonly (readonly [string, string])[] = [
  ["GET ", "looks like an HTTP request"],
  ["HEAD", "looks like an HTTP request"],
  ["POST", "looks like an HTTP request"],
  ["PUT ", "looks like an HTTP request"],
  ["DELE", "looks like an HTTP request"],
  ["OPTI", "looks like an HTTP request"],
  ["PATC", "looks like an HTTP request"],
  ["CONN", "looks like an HTTP request"],
  ["PRI ", "looks like an HTTP/2 connection preface"],
  ["HTTP", "looks like an HTTP response"],
  ["SSH-", "looks like an SSH banner"],
  ["PROX", "looks like a PROXY protocol header"],
  ["Cont", "looks like a Content-Length header"],
];

/** What protocol begins with these bytes, if it is one that often comes to the wrong port. */
export function foreignProtocolHint(bytes: Uint8Array): string | undefined {
  // RFC 8446, 5.1: record type 22 (handshake), then the legacy version 3.x.
  if (
    bytes.length >= 2 && bytes[0] === 0x16 && bytes[1] === 0x03 &&
    (bytes.length === 2 || bytes[2] <= 0x04)
  ) return "looks like a TLS ClientHello";
  if (bytes.length >= 3) {
    const text = String.fromCharCode(...bytes.subarray(0, 4));
    for (const [start, hint] of TEXT_STARTS) {
      if (start.startsWith(text)) return hint;
    }
  }
  return undefined;
}

/** Whether every byte is printable ASCII, a tab, or a line end. */
export function isText(bytes: Uint8Array): boolean {
  return bytes.length > 0 &&
    bytes.every((byte) =>
      (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d ||
      byte === 0x09
    );
}

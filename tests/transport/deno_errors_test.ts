/** What each of the runtime's errors means: class by class, code by code, and in the words of the three wrappers. */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  connectError,
  describe,
  isAddrInUse,
  isClosed,
  isRefused,
  listenError,
  lostError,
} from "../../src/transport/deno_errors.ts";

/** An error that Deno gives no class of its own: a plain one with the system's code. */
function plain(code: string): Error {
  return Object.assign(new Error(`${code} (os error)`), { code });
}

const BY_CLASS: Record<string, string> = {
  AddrInUse: "ADDR_IN_USE",
  AddrNotAvailable: "ADDR_NOT_AVAILABLE",
  BadResource: "CLOSED",
  BrokenPipe: "BROKEN_PIPE",
  Busy: "BUSY",
  ConnectionAborted: "CONNECTION_ABORTED",
  ConnectionRefused: "CONNECTION_REFUSED",
  ConnectionReset: "CONNECTION_RESET",
  Interrupted: "CLOSED",
  InvalidData: "TLS",
  NotCapable: "NOT_CAPABLE",
  NotConnected: "NOT_CONNECTED",
  NotFound: "NOT_FOUND",
  PermissionDenied: "PERMISSION_DENIED",
  TimedOut: "TIMED_OUT",
  UnexpectedEof: "UNEXPECTED_EOF",
  NetworkUnreachable: "NETWORK_UNREACHABLE",
};

for (const [name, code] of Object.entries(BY_CLASS)) {
  Deno.test(`Deno.errors.${name} is ${code}, in words of ours`, () => {
    const { [name as keyof typeof Deno.errors]: Class } = Deno.errors;
    const error = new Class("what the runtime says");
    const described = describe(error);
    assertEquals(described.code, code);
    assert(described.words.length > 0);
    // A missing permission is the one thing that Deno says best itself: which, and how to give it.
    assertEquals(
      described.words === "what the runtime says",
      name === "NotCapable",
    );
    const lost = lostError("127.0.0.1:7", error);
    assertEquals(
      [lost.code, lost.message],
      [code, `Lost the connection to 127.0.0.1:7: ${described.words}`],
    );
    assertStrictEquals(lost.cause, error);
  });
}

const BY_CODE: Record<string, string> = {
  EMFILE: "EMFILE",
  ENFILE: "ENFILE",
  ENOBUFS: "ENOBUFS",
  ENOMEM: "ENOMEM",
  EHOSTUNREACH: "HOST_UNREACHABLE",
  ENETUNREACH: "NETWORK_UNREACHABLE",
  ENOTSOCK: "ENOTSOCK",
  EISDIR: "EISDIR",
};

for (const [systemCode, code] of Object.entries(BY_CODE)) {
  Deno.test(`a plain error of the system, ${systemCode}, is ${code}, in words of ours`, () => {
    const error = plain(systemCode);
    const { words } = describe(error);
    assertEquals(words.includes("os error"), false);
    const failed = connectError("127.0.0.1:7", error);
    assertEquals(
      [failed.code, failed.message],
      [code, `Cannot connect to 127.0.0.1:7: ${words}`],
    );
    assertStrictEquals(failed.cause, error);
  });
}

Deno.test("describe() prefers the system's code to the class", () => {
  const error = Object.assign(new Deno.errors.ConnectionRefused("no"), {
    code: "EHOSTUNREACH",
  });
  assertEquals(describe(error).code, "HOST_UNREACHABLE");
});

Deno.test("an error that no table knows keeps its own code, and the first line of its own words", () => {
  const error = Object.assign(new Error("strange thing\nand its details"), {
    code: "ESTRANGE",
  });
  assertEquals(describe(error), { code: "ESTRANGE", words: "strange thing" });
  assertEquals(describe(new Error("no code")), {
    code: "UNKNOWN",
    words: "no code",
  });
  assertEquals(describe("thrown text"), {
    code: "UNKNOWN",
    words: "thrown text",
  });
  // A name or a code that is only inherited is in no table.
  const odd = Object.assign(new Error("odd"), { name: "toString" });
  assertEquals(describe(odd), { code: "UNKNOWN", words: "odd" });
  assertEquals(describe(plain("constructor")).code, "constructor");
});

Deno.test("a permission that is missing keeps Deno's first line, which says how to give it", () => {
  const error = new Deno.errors.NotCapable(
    'Requires net access to "127.0.0.1:80", run again with the --allow-net flag\n  at somewhere',
  );
  assertEquals(
    listenError("127.0.0.1:80", error).message,
    'Cannot listen on 127.0.0.1:80: Requires net access to "127.0.0.1:80", run again with the --allow-net flag',
  );
});

Deno.test("what is missing is the file for who connects, the folder for who listens", () => {
  const error = new Deno.errors.NotFound("ENOENT");
  assertEquals(
    connectError("/tmp/x/s", error).message,
    "Cannot connect to /tmp/x/s: there is no such socket file",
  );
  const listening = listenError("/tmp/x/s", error);
  assertEquals(
    [listening.code, listening.message],
    ["NOT_FOUND", "Cannot listen on /tmp/x/s: there is no such folder"],
  );
  assertStrictEquals(listening.cause, error);
});

Deno.test("isClosed(), isAddrInUse() and isRefused() know one failure each", () => {
  const { BadResource, Interrupted, AddrInUse, ConnectionRefused } =
    Deno.errors;
  const errors = [BadResource, Interrupted, AddrInUse, ConnectionRefused].map(
    (Class) => new Class("x"),
  );
  assertEquals(errors.map(isClosed), [true, true, false, false]);
  assertEquals(errors.map(isAddrInUse), [false, false, true, false]);
  assertEquals(errors.map(isRefused), [false, false, false, true]);
  assertEquals(
    [isClosed(undefined), isAddrInUse(null), isRefused("ConnectionRefused")],
    [false, false, false],
  );
});

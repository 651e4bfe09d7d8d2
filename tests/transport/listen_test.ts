/** Listening: what is refused at the door, and whose socket file may be removed. */

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { ListenError } from "../../src/errors.ts";
import { memoryNetwork, memoryPair } from "../../testing.ts";
import {
  type Endpoint,
  handshake,
  listen,
  mayBeStale,
  removeStaleSocket,
  tune,
} from "../../src/transport/mod.ts";
import { inDir } from "../support/temp_dir.ts";

const OPTIONS = { backlog: 10, reusePort: false };

Deno.test("listen() with TLS wants a certificate and a key, both", () => {
  for (const given of [{}, { cert: "PEM" }, { key: "PEM" }]) {
    assertThrows(
      () => listen({ transport: "tls", port: 0, ...given }, OPTIONS),
      TypeError,
      "Cannot listen with TLS: 'cert' and 'key' must be given",
    );
  }
});

Deno.test("listen() with TLS and a certificate that is none says so, and leaves the port free", () => {
  const error = assertThrows(
    () =>
      listen(
        { transport: "tls", port: 0, cert: "not PEM", key: "not PEM" },
        OPTIONS,
      ),
    ListenError,
    "Cannot listen on 127.0.0.1:0: the certificate or the key cannot be used: No certificates found",
  );
  assertEquals(error.code, "TLS");
});

Deno.test("listen() says that this machine has no such address", () => {
  // TEST-NET-1 of RFC 5737 is nobody's.
  const error = assertThrows(
    () => listen({ hostname: "192.0.2.1", port: 0 }, OPTIONS),
    ListenError,
    "Cannot listen on 192.0.2.1:0: this machine has no such address",
  );
  assertEquals(error.code, "ADDR_NOT_AVAILABLE");
});

Deno.test("listen() on a custom network passes its words on", () => {
  const network = memoryNetwork();
  listen({ transport: "custom", network }, OPTIONS);
  const error = assertThrows(
    () => listen({ transport: "custom", network }, OPTIONS),
    ListenError,
    "Cannot listen on the custom network: the address is in use",
  );
  assertEquals(error.code, "ADDR_IN_USE");
  assertInstanceOf(error.cause, Error);
});

Deno.test("mayBeStale() is true of a Unix socket's path in use only", () => {
  const inUse = new ListenError("x", "ADDR_IN_USE", {
    cause: new Deno.errors.AddrInUse("x"),
  });
  const denied = new ListenError("x", "PERMISSION_DENIED", {
    cause: new Deno.errors.PermissionDenied("x"),
  });
  const unix: Endpoint = { transport: "unix", path: "/tmp/s" };
  assertEquals(
    [
      mayBeStale(unix, inUse),
      mayBeStale(unix, denied),
      mayBeStale(unix, "ADDR_IN_USE"),
      mayBeStale({ port: 1 }, inUse),
    ],
    [true, false, false, false],
  );
});

Deno.test("removeStaleSocket() leaves a living server and any other file alone, and finds the path free where nothing is", () =>
  inDir(async (dir) => {
    const living = `${dir}/living`;
    using _listener = Deno.listen({ transport: "unix", path: living });
    assertEquals(
      await removeStaleSocket({ transport: "unix", path: living }),
      false,
    );
    assertEquals((await Deno.lstat(living)).isSocket, true);

    const plain = `${dir}/plain`;
    await Deno.writeTextFile(plain, "precious");
    const link = `${dir}/link`;
    await Deno.symlink(living, link);
    for (const path of [plain, dir, link]) {
      assertEquals(
        await removeStaleSocket({ transport: "unix", path }),
        false,
      );
    }
    assertEquals(await Deno.readTextFile(plain), "precious");
    assertEquals((await Deno.lstat(link)).isSymlink, true);

    assertEquals(
      await removeStaleSocket({ transport: "unix", path: `${dir}/none` }),
      true,
    );
  }));

Deno.test("removeStaleSocket() leaves the file of whoever takes the place, or frees it, meanwhile", () =>
  inDir(async (dir) => {
    const path = `${dir}/s`;
    const stale = () =>
      Deno.listenDatagram({ transport: "unixpacket", path }).close();
    let meanwhile: () => void = () => {};
    const { connect } = Deno;
    Deno.connect = (): Promise<never> => {
      meanwhile();
      return Promise.reject(new Deno.errors.ConnectionRefused());
    };
    try {
      stale();
      meanwhile = () => Deno.removeSync(path);
      assertEquals(await removeStaleSocket({ transport: "unix", path }), true);

      stale();
      let other: Deno.UnixListener | undefined;
      meanwhile = () => {
        Deno.renameSync(path, `${dir}/moved`);
        other = Deno.listen({ transport: "unix", path });
      };
      assertEquals(await removeStaleSocket({ transport: "unix", path }), false);
      assertEquals(Deno.lstatSync(path).isSocket, true);
      other!.close();
    } finally {
      Deno.connect = connect;
    }
  }));

Deno.test("removeStaleSocket() passes on what it does not understand, and removes nothing then", () =>
  inDir(async (dir) => {
    const path = `${dir}/s`;
    using _listener = Deno.listen({ transport: "unix", path });
    const { connect } = Deno;
    Deno.connect = (): Promise<never> =>
      Promise.reject(new Deno.errors.PermissionDenied("not yours"));
    try {
      await assertRejects(
        () => removeStaleSocket({ transport: "unix", path }),
        Deno.errors.PermissionDenied,
      );
    } finally {
      Deno.connect = connect;
    }
    assertEquals((await Deno.lstat(path)).isSocket, true);
  }));

Deno.test("handshake() and tune() leave a stream alone that has nothing of the kind", async () => {
  const [near, far] = memoryPair();
  await handshake(near);
  tune(near);
  near.close();
  far.close();
});

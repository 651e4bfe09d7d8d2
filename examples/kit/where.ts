/**
 * Where an example listens or connects: the flags that they share, and what they mean.
 *
 * @module
 */

import type { Endpoint } from "@packetboat/net";
import { type Flag, UsageError, type Values } from "./cli.ts";
import { readFile } from "./files.ts";

/** `--hostname` and `--port`. Examples stay on this machine unless told otherwise. */
export function tcpFlags<const P extends number>(port: P) {
  return {
    hostname: {
      type: "string",
      placeholder: "HOST",
      default: "127.0.0.1",
      help: "name or address",
    },
    port: { type: "integer", min: 0, max: 65_535, default: port, help: "port" },
  } as const satisfies Record<string, Flag>;
}

/** `--unix`, for those that can do without TCP. */
export const UNIX_FLAG = {
  unix: {
    type: "string",
    placeholder: "PATH",
    help: "a Unix socket instead of host and port",
  },
} as const satisfies Record<string, Flag>;

/** TLS as a server. */
export const TLS_SERVER_FLAGS = {
  tls: { type: "boolean", help: "speak TLS, with --cert and --key" },
  cert: { type: "string", placeholder: "FILE", help: "certificate chain, PEM" },
  key: { type: "string", placeholder: "FILE", help: "private key, PEM" },
} as const satisfies Record<string, Flag>;

/** TLS as a client. */
export const TLS_CLIENT_FLAGS = {
  tls: { type: "boolean", help: "speak TLS" },
  ca: {
    type: "string",
    placeholder: "FILE",
    help: "trust this certificate, PEM, besides the system's",
  },
} as const satisfies Record<string, Flag>;

type Where =
  & Values<ReturnType<typeof tcpFlags>>
  & Partial<Values<typeof UNIX_FLAG>>
  & Partial<Values<typeof TLS_SERVER_FLAGS>>
  & Partial<Values<typeof TLS_CLIENT_FLAGS>>;

/** What the flags above ask for. */
export async function endpointOf(where: Where): Promise<Endpoint> {
  const { hostname, port, unix, tls = false, cert, key, ca } = where;
  const others = Object.entries({ unix, cert, key, ca })
    .filter(([, value]) => value !== undefined).map(([name]) => name);
  if (!tls) {
    const tlsOnly = others.find((name) => name !== "unix");
    if (tlsOnly !== undefined) {
      throw new UsageError(`Cannot use --${tlsOnly} without --tls`);
    }
    return unix === undefined
      ? { hostname, port }
      : { transport: "unix", path: unix };
  }
  if (unix !== undefined) {
    throw new UsageError("Cannot use --tls on a Unix socket");
  }
  if ("key" in where && (cert === undefined || key === undefined)) {
    throw new UsageError("Cannot serve TLS without --cert and --key");
  }
  return {
    transport: "tls",
    hostname,
    port,
    cert: await pem(cert),
    key: await pem(key),
    caCerts: ca === undefined ? undefined : [await pem(ca) as string],
  };
}

/** An address as people write it. */
export function addrText(addr: Deno.Addr): string {
  if ("path" in addr) return addr.path;
  if (!("hostname" in addr)) return addr.transport;
  const { hostname, port } = addr;
  return hostname.includes(":")
    ? `[${hostname}]:${port}`
    : `${hostname}:${port}`;
}

async function pem(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  return new TextDecoder().decode(await readFile(path));
}

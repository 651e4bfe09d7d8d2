/**
 * Decides what a valid endpoint is, and how an address is written for people. Opens nothing.
 *
 * @module
 */

import { shown } from "../shown.ts";
import type { Endpoint } from "./types.ts";

/** Listeners and clients stay on this machine unless told otherwise. */
export const DEFAULT_HOSTNAME = "127.0.0.1";

/** `sun_path` holds 108 bytes with its closing zero: unix(7). */
const MAX_UNIX_PATH_BYTES = 107;

/**
 * Throws on an endpoint that cannot be meant.
 *
 * @throws {RangeError} For a port outside 0 to 65535, or a path that is empty or too long.
 * @throws {TypeError} For an unknown transport, or a path that is no text.
 */
export function checkEndpoint(endpoint: Endpoint): void {
  switch (endpoint.transport) {
    case undefined:
    case "tcp":
    case "tls":
      if (
        !Number.isInteger(endpoint.port) || endpoint.port < 0 ||
        endpoint.port > 65_535
      ) {
        throw new RangeError(
          `Cannot use endpoint: 'port' must be an integer from 0 to 65535: current value is ${
            shown(endpoint.port)
          }`,
        );
      }
      return;
    case "unix": {
      if (typeof endpoint.path !== "string") {
        throw new TypeError(
          `Cannot use endpoint: 'path' must be a string: current value is ${
            shown(endpoint.path)
          }`,
        );
      }
      const byteLength = new TextEncoder().encode(endpoint.path).length;
      if (byteLength < 1 || byteLength > MAX_UNIX_PATH_BYTES) {
        throw new RangeError(
          `Cannot use endpoint: 'path' must have 1 to ${MAX_UNIX_PATH_BYTES} bytes: current value has ${byteLength}`,
        );
      }
      return;
    }
    case "custom":
      return;
    default:
      throw new TypeError(
        `Cannot use endpoint: 'transport' must be "tcp", "tls", "unix" or "custom": current value is ${
          shown((endpoint as { transport: unknown }).transport)
        }`,
      );
  }
}

/** An endpoint as people write it: `127.0.0.1:80`, `[::1]:80`, or a path. */
export function endpointText(endpoint: Endpoint): string {
  if (endpoint.transport === "unix") return endpoint.path;
  if (endpoint.transport === "custom") return "the custom network";
  return hostPort(endpoint.hostname ?? DEFAULT_HOSTNAME, endpoint.port);
}

/** An address as people write it; a Unix socket without a name is `(unnamed)`. */
export function addrText(addr: Deno.Addr): string {
  if ("hostname" in addr) return hostPort(addr.hostname, addr.port);
  if ("path" in addr) return addr.path || "(unnamed)";
  return addr.transport;
}

function hostPort(hostname: string, port: number): string {
  return hostname.includes(":")
    ? `[${hostname}]:${port}`
    : `${hostname}:${port}`;
}

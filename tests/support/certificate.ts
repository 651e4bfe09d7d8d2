/**
 * A certificate for 127.0.0.1 that signs itself, made by `openssl`.
 *
 * @module
 */

import { isInstalled } from "./task.ts";

/** Whether one can be made. */
export const HAS_OPENSSL = isInstalled("openssl") || hasOldOpenssl();

/** `openssl --version` is younger than `openssl version`. */
function hasOldOpenssl(): boolean {
  try {
    return new Deno.Command("openssl", {
      args: ["version"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

/** Paths of a certificate and its key; they are removed at the end of the scope. */
export async function makeCertificate(): Promise<
  AsyncDisposable & { cert: string; key: string }
> {
  const dir = await Deno.makeTempDir();
  const cert = `${dir}/cert.pem`;
  const key = `${dir}/key.pem`;
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt"],
      ...["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-subj", "/CN=localhost", "-keyout", key, "-out", cert],
      ...["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
      // What signs itself is an authority by default, and rustls takes no authority for a server.
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return {
    cert,
    key,
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

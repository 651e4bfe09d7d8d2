/** The certificate of this run as files, for programs that want paths. */

import { tlsCertificate } from "./tls_certificate.ts";

/** Where they lie; they are removed at the end of the scope. */
export async function tlsFiles(): Promise<
  AsyncDisposable & { cert: string; key: string }
> {
  const dir = await Deno.makeTempDir();
  const cert = `${dir}/cert.pem`;
  const key = `${dir}/key.pem`;
  await Deno.writeTextFile(cert, tlsCertificate!.cert);
  await Deno.writeTextFile(key, tlsCertificate!.key);
  return {
    cert,
    key,
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

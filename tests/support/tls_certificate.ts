/** A certificate for localhost, made by openssl for this run only. */

/** PEM texts; `undefined` where there is no openssl. */
export const tlsCertificate = makeCertificate();

function makeCertificate(): { cert: string; key: string } | undefined {
  const dir = Deno.makeTempDirSync();
  try {
    const { success } = new Deno.Command("openssl", {
      args: [
        ...["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"],
        ...["-pkeyopt", "ec_paramgen_curve:prime256v1"],
        ...["-subj", "/CN=localhost", "-addext"],
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ...["-addext", "basicConstraints=critical,CA:FALSE"],
        ...["-keyout", `${dir}/key.pem`, "-out", `${dir}/cert.pem`],
      ],
      stdout: "null",
      stderr: "null",
    }).outputSync();
    if (!success) return undefined;
    return {
      cert: Deno.readTextFileSync(`${dir}/cert.pem`),
      key: Deno.readTextFileSync(`${dir}/key.pem`),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

/**
 * Decides how much of JSR's protocol a test needs: enough for a real `deno publish` to upload a package and for a
 * real `deno run` to import it, on loopback. Checks nothing that JSR would check, keeps everything in memory,
 * and writes down every request.
 *
 * @module
 */

/** What one `deno publish` uploaded. */
export interface PublishedPackage {
  /** Such as `@scope/name`. */
  name: string;
  version: string;
  /** By path inside the package, such as `src/errors.ts`. */
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** A registry that runs; disposing of it stops it. */
export interface JsrRegistry extends AsyncDisposable {
  /** What `JSR_URL` has to be. */
  url: string;
  published: readonly PublishedPackage[];
  /** Method and path of every request, in order. */
  requests: readonly string[];
}

const API_VERSION = new URLPattern({
  pathname: "/api/scopes/:scope/packages/:name/versions/:version",
});
const API_PACKAGE = new URLPattern({
  pathname: "/api/scopes/:scope/packages/:name",
});
const META = new URLPattern({ pathname: "/@:scope/:name/meta.json" });
const VERSION_META = new URLPattern({
  pathname: "/@:scope/:name/:version([^/]+)_meta.json",
});
const FILE = new URLPattern({ pathname: "/@:scope/:name/:version/:path+" });

/** Starts an empty registry on a free port of 127.0.0.1. */
export function startJsrRegistry(): JsrRegistry {
  const published: PublishedPackage[] = [];
  const requests: string[] = [];
  const find = (url: string, pattern: URLPattern) => {
    const groups = pattern.exec(url)?.pathname.groups;
    const name = `@${groups?.scope}/${groups?.name}`;
    const found = groups &&
      published.find((it) =>
        it.name === name && it.version === (groups.version ?? it.version)
      );
    return found && { found, path: groups.path ?? "" };
  };
  const answer = async (request: Request): Promise<Response> => {
    const { method, url } = request;
    requests.push(`${method} ${new URL(url).pathname}`);
    const target = API_VERSION.exec(url)?.pathname.groups;
    if (target && method === "POST") {
      published.push({
        name: `@${target.scope}/${target.name}`,
        version: target.version!,
        files: await unpack(request.body!),
      });
      return Response.json({ id: "1", status: "success", error: null });
    }
    if (target) return refuse("packageVersionNotFound");
    if (API_PACKAGE.test(url)) return Response.json({});
    // The order counts: the address of a file would match the other two as well.
    const meta = find(url, META);
    if (meta) {
      return Response.json({ versions: { [meta.found.version]: {} } });
    }
    const version = find(url, VERSION_META);
    if (version) return Response.json(await describe(version.found));
    const file = find(url, FILE);
    const bytes = file?.found.files.get(file.path);
    return bytes ? new Response(bytes) : refuse("notFound");
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    answer,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    published,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function refuse(code: string): Response {
  return Response.json({ code, message: code }, { status: 404 });
}

/** What JSR says of one version: a checksum for each file, and the entry points. */
async function describe({ files }: PublishedPackage) {
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, bytes] of files) {
    const hash = await crypto.subtle.digest("SHA-256", bytes);
    manifest[`/${path}`] = {
      size: bytes.length,
      checksum: `sha256-${new Uint8Array(hash).toHex()}`,
    };
  }
  const config = new TextDecoder().decode(files.get("deno.json"));
  return { manifest, exports: JSON.parse(config).exports };
}

const BLOCK = 512;

/** Takes a gzipped tar apart (POSIX.1-1988 ustar: a header block, then the file, padded to whole blocks). */
async function unpack(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const plain = body.pipeThrough(new DecompressionStream("gzip"));
  const tar = await new Response(plain).bytes();
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let at = 0;
  const text = (offset: number, length: number) =>
    new TextDecoder()
      .decode(tar.subarray(at + offset, at + offset + length))
      .replace(/\0.*$/s, "");
  // An empty block, which has no name, ends the archive.
  while (at < tar.length && text(0, 100) !== "") {
    const prefix = text(345, 155);
    const path = (prefix && `${prefix}/`) + text(0, 100);
    const size = parseInt(text(124, 12), 8);
    const kind = text(156, 1);
    // Links, folders and long names are other kinds; `deno publish` has had no need of them so far.
    if (kind !== "0" && kind !== "") {
      throw new Error(`Cannot unpack ${path}: its kind is '${kind}'`);
    }
    at += BLOCK;
    files.set(path.replace(/^\.?\//, ""), tar.slice(at, at + size));
    at += Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

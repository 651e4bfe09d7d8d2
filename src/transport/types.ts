/**
 * The contract of the transport room: a byte stream, and what accepts them. `Deno.Conn` and
 * `Deno.Listener` fit as they are; so does anything that a test makes up.
 *
 * @module
 */

/**
 * Where to listen or to connect.
 *
 * @example A place given in one word, such as an argument of a program
 * ```ts
 * import { type Endpoint, lines, serve } from "@packetboat/net";
 * import { assertEquals } from "@std/assert";
 *
 * function endpointOf(place: string): Endpoint {
 *   return place.includes("/") ? { transport: "unix", path: place } : { port: Number(place) };
 * }
 * await using server = serve({ ...endpointOf("0"), codec: lines() }, () => ({ frame() {} }));
 * assertEquals(server.addr.transport, "tcp");
 * ```
 */
export type Endpoint =
  | TcpEndpoint
  | TlsEndpoint
  | UnixEndpoint
  | CustomEndpoint;

/**
 * A TCP address.
 *
 * @example The address of a server whose port the system chose
 * ```ts
 * import { connect, lines, serve, type TcpEndpoint } from "@packetboat/net";
 * import { assertEquals } from "@std/assert";
 *
 * const anyPort: TcpEndpoint = { hostname: "127.0.0.1", port: 0 };
 * await using server = serve({ ...anyPort, codec: lines() }, () => ({ frame() {} }));
 *
 * const { hostname, port } = server.addr as Deno.NetAddr;
 * const chosen: TcpEndpoint = { hostname, port };
 * await using client = await connect({ ...chosen, codec: lines() });
 * assertEquals(client.remoteAddr, server.addr);
 * ```
 */
export interface TcpEndpoint {
  /** May be left out. */
  transport?: "tcp";
  /** A name or an IP address. @default {"127.0.0.1"} */
  hostname?: string;
  /** 0 to 65535; listening on 0 lets the system choose a free one. */
  port: number;
}

/**
 * A TCP address that speaks TLS.
 *
 * @example A client is told when the server does not speak TLS
 * ```ts
 * import { connect, ConnectError, lines, serve, type TlsEndpoint } from "@packetboat/net";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * await using plain = serve({ port: 0, codec: lines() }, (connection) => {
 *   connection.send("220 ready");
 *   return { frame() {} };
 * });
 * const { port } = plain.addr as Deno.NetAddr;
 * const endpoint: TlsEndpoint = { transport: "tls", hostname: "127.0.0.1", port };
 * const error = await assertRejects(
 *   () => connect({ ...endpoint, codec: lines() }),
 *   ConnectError,
 * );
 * assertEquals(error.code, "TLS");
 * ```
 */
export interface TlsEndpoint {
  /** Tells it from plain TCP. */
  transport: "tls";
  /** A name or an IP address. @default {"127.0.0.1"} */
  hostname?: string;
  /** 0 to 65535; listening on 0 lets the system choose a free one. */
  port: number;
  /** The certificate chain, PEM. A server needs it. */
  cert?: string;
  /** The private key, PEM. A server needs it. */
  key?: string;
  /** Certificates of authorities that a client trusts besides the system's own, PEM. */
  caCerts?: string[];
  /** Protocols to offer, in order of preference. */
  alpnProtocols?: string[];
}

/**
 * A Unix domain socket.
 *
 * @example A server and a client that meet at a file
 * ```ts
 * import { connect, lines, serve, type UnixEndpoint } from "@packetboat/net";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const endpoint: UnixEndpoint = { transport: "unix", path: `${folder}/echo.sock` };
 * {
 *   await using _server = serve({ ...endpoint, codec: lines() }, (connection) => ({
 *     frame: (line) => connection.send(line),
 *   }));
 *   await using client = await connect({ ...endpoint, codec: lines() });
 *   client.send("ahoy");
 *   await client.endWrite();
 *   assertEquals(await Array.fromAsync(client), ["ahoy"]);
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export interface UnixEndpoint {
  /** Tells it from TCP. */
  transport: "unix";
  /** Path of the socket file, 1 to 107 bytes. */
  path: string;
}

/**
 * A network of somebody else's making: a test's memory, a tunnel, a serial line.
 *
 * @example A server that no socket leads to
 * ```ts
 * import { connect, type CustomEndpoint, lines, serve } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const endpoint: CustomEndpoint = { transport: "custom", network: memoryNetwork() };
 * await using _server = serve({ ...endpoint, codec: lines() }, (connection) => ({
 *   frame: (line) => connection.send(line),
 * }));
 * await using client = await connect({ ...endpoint, codec: lines() });
 * client.send("ahoy");
 * await client.endWrite();
 * assertEquals(await Array.fromAsync(client), ["ahoy"]);
 * ```
 */
export interface CustomEndpoint {
  /** Tells it from the runtime's own. */
  transport: "custom";
  /** Makes the streams. */
  network: Network;
}

/**
 * What makes the streams of a {@linkcode CustomEndpoint}.
 *
 * @example A network of one stream that is open already, such as a serial line
 * ```ts
 * import { connect, lines, type Network } from "@packetboat/net";
 * import { memoryPair } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const [near, far] = memoryPair();
 * const line: Network = {
 *   listen() {
 *     throw new Error("a line takes no connections");
 *   },
 *   connect: () => Promise.resolve(near),
 * };
 * await using client = await connect({ transport: "custom", network: line, codec: lines() });
 * client.send("ahoy");
 * const into = new Uint8Array(8);
 * const count = await far.read(into);
 * assertEquals(new TextDecoder().decode(into.subarray(0, count ?? 0)), "ahoy\n");
 * far.close();
 * ```
 */
export interface Network {
  /** Starts to accept. @throws Whatever says why not; its words become those of the `ListenError`. */
  listen(): Acceptor;
  /** Makes one connection. Rejects with whatever says why not. */
  connect(signal: AbortSignal): Promise<ByteStream>;
}

/**
 * A bidirectional stream of bytes. Reads do not overlap, nor do writes; a read and a write may.
 *
 * @example Reading one to its end; what `Deno.connect` gives is read the same way
 * ```ts
 * import type { ByteStream } from "@packetboat/net";
 * import { memoryPair } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * async function countBytes(stream: ByteStream): Promise<number> {
 *   const into = new Uint8Array(1024);
 *   let total = 0;
 *   for (let count; (count = await stream.read(into)) !== null;) total += count;
 *   return total;
 * }
 * const [near, far] = memoryPair({ sliceBytes: 2 });
 * await near.write(new TextEncoder().encode("ahoy!"));
 * near.close();
 * assertEquals(await countBytes(far), 5);
 * far.close();
 * ```
 */
export interface ByteStream {
  /** Our end. */
  readonly localAddr: Deno.Addr;
  /** The peer's end. */
  readonly remoteAddr: Deno.Addr;
  /** Bytes read into the front of `into`, or `null` at the end of the stream. */
  read(into: Uint8Array): Promise<number | null>;
  /** Bytes taken from the front of `bytes`; may be fewer than all. */
  write(bytes: Uint8Array): Promise<number>;
  /** Sends the end of our direction; the other one stays open. */
  closeWrite(): Promise<void>;
  /** Frees the stream; what is pending rejects. */
  close(): void;
}

/**
 * What a server listens with.
 *
 * @example A network that notes who comes
 * ```ts
 * import { type Acceptor, connect, lines, type Network, serve } from "@packetboat/net";
 * import { memoryNetwork } from "@packetboat/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const inner = memoryNetwork();
 * const callers: Deno.Addr[] = [];
 * const network: Network = {
 *   connect: () => inner.connect(),
 *   listen() {
 *     const acceptor: Acceptor = inner.listen();
 *     const accept = async () => {
 *       const stream = await acceptor.accept();
 *       callers.push(stream.remoteAddr);
 *       return stream;
 *     };
 *     return { ...acceptor, accept };
 *   },
 * };
 * const wire = { transport: "custom", network, codec: lines() } as const;
 * await using _server = serve(wire, (connection) => ({ frame: (line) => connection.send(line) }));
 * await using client = await connect(wire);
 * client.send("ahoy");
 * await client.endWrite();
 * await Array.fromAsync(client);
 * assertEquals(callers, [client.localAddr]);
 * ```
 */
export interface Acceptor {
  /** Where it listens. */
  readonly addr: Deno.Addr;
  /** The next connection, before any handshake. */
  accept(): Promise<ByteStream>;
  /** Stops accepting; a pending `accept` rejects. */
  close(): void;
  /** Lets it keep the process alive. */
  ref(): void;
  /** Lets the process end although it is open. */
  unref(): void;
}

/** What `listen` takes besides the address. */
export interface ListenOptions {
  backlog: number;
  reusePort: boolean;
}

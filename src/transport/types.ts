/**
 * The contract of the transport room: a byte stream, and what accepts them. `Deno.Conn` and
 * `Deno.Listener` fit as they are; so does anything that a test makes up.
 *
 * @module
 */

/** Where to listen or to connect. */
export type Endpoint =
  | TcpEndpoint
  | TlsEndpoint
  | UnixEndpoint
  | CustomEndpoint;

/** A TCP address. */
export interface TcpEndpoint {
  /** May be left out. */
  transport?: "tcp";
  /** A name or an IP address. @default {"127.0.0.1"} */
  hostname?: string;
  /** 0 to 65535; listening on 0 lets the system choose a free one. */
  port: number;
}

/** A TCP address that speaks TLS. */
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

/** A Unix domain socket. */
export interface UnixEndpoint {
  /** Tells it from TCP. */
  transport: "unix";
  /** Path of the socket file, 1 to 107 bytes. */
  path: string;
}

/** A network of somebody else's making: a test's memory, a tunnel, a serial line. */
export interface CustomEndpoint {
  /** Tells it from the runtime's own. */
  transport: "custom";
  /** Makes the streams. */
  network: Network;
}

/** What makes the streams of a {@linkcode CustomEndpoint}. */
export interface Network {
  /** Starts to accept. @throws Whatever says why not; its words become those of the `ListenError`. */
  listen(): Acceptor;
  /** Makes one connection. Rejects with whatever says why not. */
  connect(signal: AbortSignal): Promise<ByteStream>;
}

/** A bidirectional stream of bytes. Reads do not overlap, nor do writes; a read and a write may. */
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

/** What a server listens with. */
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

"""Talks to `deno task echo serve --reply upper`, knowing nothing but how each wire is described.

    echo_peer.py PORT WIRE [CA]

Sends the same texts three times: one byte a send, all of them stuck together in one send, and one send each. CA is
a certificate to trust, and asks for TLS. Prints how many replies were right, or says what was wrong and exits with 1.
"""

import socket
import ssl
import struct
import sys

TEXTS = ["a", "hello, world", "", "grüße ☃ 你好", "x" * 5000, "{", "12:", "z"]


class Stream:
    """Reads exact numbers of bytes from a socket."""

    def __init__(self, sock):
        self.sock = sock
        self.rest = b""

    def exactly(self, count):
        while len(self.rest) < count:
            more = self.sock.recv(4096)
            if not more:
                raise EOFError(f"closed after {self.rest!r}, wanted {count} bytes")
            self.rest += more
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def until(self, end):
        taken = b""
        while not taken.endswith(end):
            taken += self.exactly(1)
        return taken[: -len(end)]


class Struct:
    """A length as `struct` packs it, then the body."""

    def __init__(self, form):
        self.form = form

    def pack(self, body):
        return struct.pack(self.form, len(body)) + body

    def unpack(self, stream):
        (length,) = struct.unpack(self.form, stream.exactly(struct.calcsize(self.form)))
        return stream.exactly(length)


class Lines:
    def pack(self, body):
        return body + b"\n"

    def unpack(self, stream):
        return stream.until(b"\n")


class Decimal:
    """Four digits, then the body."""

    def pack(self, body):
        return b"%04d" % len(body) + body

    def unpack(self, stream):
        return stream.exactly(int(stream.exactly(4)))


class Markers:
    def pack(self, body):
        return b"{2H:" + body + b":}"

    def unpack(self, stream):
        start = stream.exactly(4)
        assert start == b"{2H:", start
        return stream.until(b":}")


class Varint:
    """Seven bits a byte, the lowest first; the top bit says that more follow."""

    def pack(self, body):
        length, head = len(body), b""
        while length > 127:
            head += bytes([length & 127 | 128])
            length >>= 7
        return head + bytes([length]) + body

    def unpack(self, stream):
        length, shift = 0, 0
        while True:
            (byte,) = stream.exactly(1)
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return stream.exactly(length)


class Netstring:
    def pack(self, body):
        return b"%d:%s," % (len(body), body)

    def unpack(self, stream):
        body = stream.exactly(int(stream.until(b":")))
        assert stream.exactly(1) == b","
        return body


class Raw:
    """No framing: only the sum of everything can be compared."""

    def pack(self, body):
        return body


WIRES = {
    "lines": Lines(),
    "raw": Raw(),
    "u32be": Struct(">I"),
    "u32le": Struct("<I"),
    "i32le": Struct("<i"),
    "i64le": Struct("<q"),
    "decimal": Decimal(),
    "markers": Markers(),
    "varint": Varint(),
    "netstring": Netstring(),
}


def connect(port, ca):
    sock = socket.create_connection(("127.0.0.1", port), timeout=60)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if ca is None:
        return sock
    return ssl.create_default_context(cafile=ca).wrap_socket(
        sock, server_hostname="127.0.0.1"
    )


def pieces(frames, how):
    stuck = b"".join(frames)
    if how == "one byte a send":
        return [stuck[i : i + 1] for i in range(len(stuck))]
    return [stuck] if how == "stuck together" else frames


def main(port, name, ca=None):
    wire = WIRES[name]
    wanted = [text.upper().encode() for text in TEXTS]
    right = 0
    for how in ("one byte a send", "stuck together", "one send each"):
        frames = [wire.pack(text.encode()) for text in TEXTS]
        with connect(int(port), ca) as sock:
            for piece in pieces(frames, how):
                sock.sendall(piece)
            stream = Stream(sock)
            if name == "raw":
                whole = b"".join(wanted)
                got = stream.exactly(len(whole))
                assert got == whole, (how, got, whole)
                right += len(TEXTS)
                continue
            for body in wanted:
                got = wire.unpack(stream)
                assert got == body, (how, got, body)
                right += 1
    print(f"{right} replies")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (AssertionError, EOFError, OSError) as error:
        sys.exit(f"{sys.argv[2]}: {error!r}")

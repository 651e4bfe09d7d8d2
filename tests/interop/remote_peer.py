"""A client of `deno task remote serve --allow printf,seq,sh`, knowing nothing but how each wire is described.

    remote_peer.py PORT WIRE

WIRE is i64le, i32le or ascii. Prints "fine", or says what was wrong and exits with 1.
"""

import socket
import struct
import sys

# 11,688,896 bytes.
SEQ = "seq 1 1600000"


def exactly(sock, count):
    parts = []
    while count > 0:
        more = sock.recv(min(count, 65536))
        if not more:
            raise EOFError(f"closed, {count} bytes are missing")
        parts.append(more)
        count -= len(more)
    return b"".join(parts)


class I64le:
    def ask(self, sock, line, torn):
        body = line.encode()
        frame = struct.pack("<q", len(body)) + body
        if torn:
            for byte in frame:
                sock.sendall(bytes([byte]))
        else:
            sock.sendall(frame)

    def reply(self, sock):
        (length,) = struct.unpack("<q", exactly(sock, 8))
        return exactly(sock, length)


class I32le:
    def ask(self, sock, line, torn):
        sock.sendall(line.encode())

    def reply(self, sock):
        (length,) = struct.unpack("<i", exactly(sock, 4))
        return exactly(sock, length)


class Ascii(I32le):
    def reply(self, sock):
        # The tutorials take one read for the length; digits alone do not say where they end.
        length = int(sock.recv(1024).decode())
        sock.sendall(b"go on")
        return exactly(sock, length)


WIRES = {"i64le": I64le(), "i32le": I32le(), "ascii": Ascii()}


def main(port, name):
    wire = WIRES[name]
    sock = socket.create_connection(("127.0.0.1", port), timeout=60)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(line, torn=False):
        wire.ask(sock, line, torn)
        return wire.reply(sock)

    assert run("printf %s ahoy") == b"ahoy"
    assert run("printf '%s|' 'one word' two", torn=True) == b"one word|two|"
    assert run("printf grüße☃").decode() == "grüße☃"
    # On the wire "ascii", where nothing comes after "go on", the next request would stick to it.
    assert name == "ascii" or run("printf ''") == b""
    assert run("sh -c 'printf err >&2; printf out'") == b"outerr"
    numbers = run(SEQ)
    assert numbers == "".join(f"{i}\n" for i in range(1, 1600001)).encode()
    assert run("cat /etc/passwd") == (
        b"remote: cat is not allowed, only printf, seq, sh\n"
    )
    assert run("printf 'no end") == b"remote: a quotation has no end\n"
    # No shell looks at it: the semicolon and what follows are words.
    assert run("printf '%s ' here; cat /etc/passwd") == b"here; cat /etc/passwd "

    if name == "i64le":
        # Requests that stick together are answered one after the other.
        stuck = b"".join(
            struct.pack("<q", len(line)) + line for line in (b"printf 1", b"printf 2")
        )
        sock.sendall(stuck + struct.pack("<q", 0))
        assert wire.reply(sock) == b"1"
        assert wire.reply(sock) == b"2"
        assert sock.recv(1) == b"", "an empty request did not end the connection"
    print("fine")


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), sys.argv[2])
    except (AssertionError, EOFError, OSError, ValueError) as error:
        sys.exit(f"{sys.argv[2]}: {error!r}")

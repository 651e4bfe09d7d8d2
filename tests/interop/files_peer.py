"""Peers of `deno task files`, knowing nothing but how its wires are described.

    files_peer.py fetch PORT      a tutorial's client of `files offer`
    files_peer.py offer NAME      a tutorial's server, for `files fetch`; prints its port, serves one client
    files_peer.py own PORT        puts 10 MB to `files serve`, one byte a send at first, and gets them back

Prints what came of it, or says what was wrong and exits with 1.
"""

import hashlib
import json
import socket
import struct
import sys

CONTENT = b"".join(b"%d gr\xc3\xbc\xc3\x9fe\n" % i for i in range(700000))


def exactly(sock, count):
    parts = []
    while count > 0:
        more = sock.recv(min(count, 65536))
        if not more:
            raise EOFError(f"closed, {count} bytes are missing")
        parts.append(more)
        count -= len(more)
    return b"".join(parts)


def connect(port):
    sock = socket.create_connection(("127.0.0.1", int(port)), timeout=60)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def fetch(port):
    with connect(port) as sock:
        (length,) = struct.unpack("<q", exactly(sock, 8))
        header = json.loads(exactly(sock, length))
        content = exactly(sock, header["file_size"])
        assert sock.recv(1) == b"", "the server did not close"
    digest = hashlib.sha256(content).hexdigest()
    assert digest == header["sha256"], header
    print(header["file_name"], digest)


def offer(name):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        sock, _ = listener.accept()
        with sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            header = {"file_name": name, "file_size": len(CONTENT)}
            head = json.dumps(header).encode()
            for byte in struct.pack("<q", len(head)) + head:
                sock.sendall(bytes([byte]))
            try:
                sock.sendall(CONTENT)
            except OSError:
                pass
    print(hashlib.sha256(CONTENT).hexdigest())


def own(port):
    def frame(value):
        body = json.dumps(value).encode()
        return struct.pack(">I", len(body)) + body

    def answer():
        (length,) = struct.unpack(">I", exactly(sock, 4))
        return json.loads(exactly(sock, length))

    size, sha256 = len(CONTENT), hashlib.sha256(CONTENT).hexdigest()
    put = {"op": "put", "name": "grüße.txt", "size": size, "sha256": sha256}
    with connect(port) as sock:
        for byte in frame(put) + CONTENT[:1000]:
            sock.sendall(bytes([byte]))
        assert answer() == {"from": 0}
        # The rest of the body and the next two requests stick together.
        sock.sendall(
            CONTENT[1000:] + frame({"op": "list"}) + frame({"op": "get", "name": "grüße.txt"})
        )
        assert answer() == {"done": True}
        assert answer() == {"files": [{"name": "grüße.txt", "size": size}]}
        assert answer() == {"name": "grüße.txt", "size": size, "sha256": sha256}
        sock.sendall(frame({"from": 5}) + frame({"op": "nonsense"}))
        assert exactly(sock, size - 5) == CONTENT[5:]
        assert "refused" in answer()
        for name in ("../x", "/etc/passwd", "..", ".hidden", "a/b", "a\\b", "", 7, None, "a\0b"):
            sock.sendall(frame({"op": "get", "name": name}))
            assert "refused" in answer(), name
            sock.sendall(frame({"op": "put", "name": name, "size": 0, "sha256": "0" * 64}))
            assert "refused" in answer(), name
        for size in (-1, 1.5, "7", None, 2**60):
            sock.sendall(frame({"op": "put", "name": "x", "size": size, "sha256": "0" * 64}))
            assert "refused" in answer(), size
    print("fine")


if __name__ == "__main__":
    try:
        {"fetch": fetch, "offer": offer, "own": own}[sys.argv[1]](sys.argv[2])
    except (AssertionError, EOFError, OSError, KeyError) as error:
        sys.exit(repr(error))

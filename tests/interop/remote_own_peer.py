"""A client of `deno task remote serve --allow printf --token TOKEN`, on the example's own wire.

    remote_own_peer.py PORT TOKEN

Proves the token, then says the very same bytes on a second connection, as somebody would who overheard them.
"""

import hashlib
import hmac
import json
import socket
import struct
import sys


class Server:
    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=60)

    def exactly(self, count):
        taken = b""
        while len(taken) < count:
            more = self.sock.recv(count - len(taken))
            if not more:
                raise EOFError("the server closed the connection")
            taken += more
        return taken

    def frame(self):
        (length,) = struct.unpack(">I", self.exactly(4))
        body = self.exactly(length)
        return body[0], body[1:]

    def json(self):
        kind, body = self.frame()
        assert kind == 0, (kind, body)
        return json.loads(body)


def main(port, token):
    words = ["printf", "grüße"]
    server = Server(port)
    challenge = server.json()["challenge"]
    signed = json.dumps([challenge, words], ensure_ascii=False, separators=(",", ":"))
    proof = hmac.new(token.encode(), signed.encode(), hashlib.sha256).hexdigest()
    body = json.dumps({"kind": "run", "words": words, "proof": proof}).encode()
    request = struct.pack(">I", len(body) + 1) + b"\0" + body
    for byte in request:
        server.sock.sendall(bytes([byte]))
    assert server.frame() == (1, "grüße".encode())
    assert server.json() == {"kind": "exit", "code": 0}

    replay = Server(port)
    assert replay.json()["challenge"] != challenge
    replay.sock.sendall(request)
    assert replay.json() == {"kind": "refused", "why": "the token is wrong"}

    for nonsense in (b"\0null", b"\0{}", b'\0{"kind":"run","words":[1]}', b"\1output"):
        server = Server(port)
        server.json()
        server.sock.sendall(struct.pack(">I", len(nonsense)) + nonsense)
        assert server.json()["kind"] == "refused", nonsense
    print("fine")


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), sys.argv[2])
    except (AssertionError, EOFError, OSError, KeyError) as error:
        sys.exit(repr(error))

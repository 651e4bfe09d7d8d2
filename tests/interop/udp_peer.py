"""Datagrams from Python's socket module, knowing nothing but what UDP is.

    udp_peer.py ask PORT      asks `deno task udp serve --reply upper` from several sockets
    udp_peer.py answer        answers every datagram with its bytes reversed; prints its port first

Prints how many replies were right, or says what was wrong and exits with 1.
"""

import socket
import sys

TEXTS = [b"a", b"hello, world", "grüße ".encode(), b"", b"x" * 1471]


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got[:40]!r} of {len(got)} bytes, wanted {wanted[:40]!r}")


def ask(port):
    server = ("127.0.0.1", port)
    socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
    for sock in socks:
        sock.settimeout(60)
        sock.bind(("127.0.0.1", 0))
    right = 0

    def reply(sock, wanted):
        nonlocal right
        data, sender = sock.recvfrom(65536)
        expect("sender", repr(sender).encode(), repr(server).encode())
        expect("reply", data, wanted)
        right += 1

    # Each text from each socket before anything is read: an answer goes to the one that asked.
    for text in TEXTS:
        for number, sock in enumerate(socks):
            sock.sendto(text + b"%d" % number, server)
        for number, sock in enumerate(socks):
            reply(sock, (text.decode() + str(number)).upper().encode())
    # The largest there is, one by one, since no system queues many; and nothing at all, which is a datagram too.
    for sock in socks:
        for text in [b"y" * 65507, b""]:
            sock.sendto(text, server)
            reply(sock, text.upper())
    print(f"{right} replies")


def answer():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        print(sock.getsockname()[1], flush=True)
        while True:
            data, sender = sock.recvfrom(65536)
            sock.sendto(data[::-1], sender)


if __name__ == "__main__":
    if sys.argv[1] == "ask":
        ask(int(sys.argv[2]))
    else:
        answer()

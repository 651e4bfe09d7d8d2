"""Serves one connection: reads frames by the standard library's struct, answers each with its bytes reversed.

Usage: struct_peer.py FORMAT, where FORMAT is struct's for the length, such as ">I". Prints its port.
"""
import signal
import socket
import struct
import sys

signal.alarm(30)
header = struct.Struct(sys.argv[1])


def exactly(conn, count):
    parts = []
    while count > 0:
        part = conn.recv(min(count, 65536))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    conn, _ = server.accept()
    with conn:
        while True:
            head = exactly(conn, header.size)
            if head is None:
                break
            (length,) = header.unpack(head)
            body = exactly(conn, length)
            if body is None:
                break
            conn.sendall(header.pack(length) + body[::-1])

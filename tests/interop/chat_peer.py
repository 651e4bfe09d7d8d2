"""Joins `deno task chat serve` as plain lines, as `nc` would.

    chat_peer.py PORT

Ann and Ben talk while Sloth, who joined too, never reads. Prints what the two saw in the end, or says what was wrong.
"""

import socket
import sys

# Together far more than the buffers of a socket that nobody reads.
ROUNDS = 40
LINES = 200


class Guest:
    def __init__(self, port, name):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.sock.makefile("r", encoding="utf-8", newline="\n")
        self.expect("Your name?")
        self.send(name)

    def send(self, line):
        self.sock.sendall(line.encode() + b"\n")

    def read(self):
        line = self.file.readline()
        if not line:
            raise EOFError("the server closed the connection")
        return line.rstrip("\n")

    def expect(self, wanted):
        got = self.read()
        assert got == wanted, (got, wanted)

    def until(self, wanted):
        while self.read() != wanted:
            pass


def main(port):
    sloth = Guest(port, "sloth")
    ann = Guest(port, "ann")
    ann.until("* ann joined")
    ben = Guest(port, "ben")
    ben.until("* ben joined")
    ann.expect("* ben joined")

    # One byte a send, empty lines in between, text beyond ASCII, control characters.
    for byte in "\n\r\n grüße ☃ \x1b[2J\a\r\n".encode():
        ann.sock.sendall(bytes([byte]))
    for guest in (ann, ben):
        guest.expect("ann: grüße ☃ [2J")

    # Each round in one send.
    for turn in range(ROUNDS):
        said = [f"{turn}.{i}".ljust(900, ".") for i in range(LINES)]
        ben.sock.sendall("".join(line + "\n" for line in said).encode())
        for guest in (ann, ben):
            for line in said:
                guest.expect(f"ben: {line}")

    ann.send("/crash")
    ann.send("/who")
    ann.expect("* here: ann, ben, sloth")
    ann.send("still here")
    for guest in (ann, ben):
        guest.expect("ann: still here")

    # Bytes that are no text cost only the one who sent them; so does vanishing with everything unread.
    vandal = Guest(port, "vandal")
    for guest in (ann, ben):
        guest.expect("* vandal joined")
    vandal.sock.sendall(b"\xff\xfe\n")
    for guest in (ann, ben):
        guest.expect("* vandal left")
    sloth.file.close()
    sloth.sock.close()
    for guest in (ann, ben):
        guest.expect("* sloth left")

    ben.send("/quit")
    ann.expect("* ben left")
    assert ben.file.readline() == "", "ben was not let go"
    print("ann and ben saw everything")


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except (AssertionError, EOFError, OSError) as error:
        sys.exit(repr(error))

"""Serves one connection by a receiver of Twisted's, answers each frame with its bytes reversed.

Usage: twisted_peer.py RECEIVER, the name of a class in twisted.protocols.basic. Prints its port.
"""
import signal
import sys

from twisted.internet import protocol, reactor
from twisted.protocols import basic

signal.alarm(30)
Receiver = getattr(basic, sys.argv[1])


class Peer(Receiver):
    MAX_LENGTH = 1 << 20

    def stringReceived(self, string):
        self.sendString(string[::-1])

    def lineReceived(self, line):
        self.sendLine(line[::-1])

    def connectionLost(self, reason=None):
        if reactor.running:
            reactor.stop()


factory = protocol.Factory.forProtocol(Peer)
port = reactor.listenTCP(0, factory, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()

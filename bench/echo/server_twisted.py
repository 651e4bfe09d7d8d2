"""A peer: Twisted's Int32StringReceiver. Prints its port."""

from twisted.internet import epollreactor

epollreactor.install()

from twisted.internet import protocol, reactor
from twisted.protocols.basic import Int32StringReceiver


class Echo(Int32StringReceiver):
    MAX_LENGTH = 4 << 20

    def connectionMade(self):
        self.transport.setTcpNoDelay(True)

    def stringReceived(self, string):
        self.sendString(string)


class EchoFactory(protocol.Factory):
    protocol = Echo


port = reactor.listenTCP(0, EchoFactory(), backlog=511, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()

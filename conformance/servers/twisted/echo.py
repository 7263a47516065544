"""Echo on Twisted: echo.py HOST:PORT line|length.

After Twisted's "Writing Servers", with the receivers of twisted.protocols.basic.
SIGTERM stops the reactor, as reactor.run does by itself.
"""
import sys

from twisted.internet import protocol, reactor
from twisted.protocols import basic

MAX = 1 << 20


class Line(basic.LineReceiver):
    delimiter, MAX_LENGTH = b"\n", MAX

    def lineReceived(self, line):
        self.sendLine(line)


class Length(basic.Int32StringReceiver):
    MAX_LENGTH = MAX

    def stringReceived(self, string):
        self.sendString(string)


addr, framing = sys.argv[1:]
host, port = addr.rsplit(":", 1)
factory = protocol.Factory.forProtocol(Line if framing == "line" else Length)
reactor.listenTCP(int(port), factory, interface=host)
reactor.run()

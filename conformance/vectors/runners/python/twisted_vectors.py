"""Plays the wire vectors on Twisted's protocols: twisted_vectors.py TESTDATA."""
from twisted.internet.testing import StringTransport
from twisted.protocols import basic

from player import frame, run

NO_LIMIT = 2**62


def lines(base, delimiter, limit):
    class Protocol(base):
        MAX_LENGTH = limit

        def lineReceived(self, line):
            self.events.append(frame(line))

        def lineLengthExceeded(self, line):
            self.events.append("too_large")
            return super().lineLengthExceeded(line)

    Protocol.delimiter = delimiter
    return Protocol


def strings(base, limit):
    class Protocol(base):
        MAX_LENGTH = limit

        def stringReceived(self, string):
            self.events.append(frame(string))

        def lengthLimitExceeded(self, length):
            self.events.append("too_large")
            super().lengthLimitExceeded(length)

    return Protocol


def netstrings(limit):
    class Protocol(basic.NetstringReceiver):
        MAX_LENGTH = limit

        def stringReceived(self, string):
            self.events.append(frame(string))

    return Protocol


def protocols(s, limit):
    if s.name in ("crlf", "delimiter") and len(s.delimiters) == 1 and s.only():
        yield "LineReceiver", lines(basic.LineReceiver, s.delimiters[0], limit)
        yield "LineOnlyReceiver", lines(basic.LineOnlyReceiver, s.delimiters[0], limit)
    elif s.name == "length" and s.only("width") and s.number("width", 4) in (1, 2, 4):
        base = {1: basic.Int8StringReceiver, 2: basic.Int16StringReceiver, 4: basic.Int32StringReceiver}[s.number("width", 4)]
        yield base.__name__, strings(base, limit)
    elif s.name == "netstring" and s.only() and limit > 0:  # it takes the logarithm
        yield "NetstringReceiver", netstrings(limit)


def connected(protocol):
    p, transport = protocol(), StringTransport()
    p.events = []
    p.makeConnection(transport)
    return p, transport


def play(protocol, wire, cuts):
    p, transport = connected(protocol)
    at = 0
    for to in [*cuts, len(wire)]:
        if transport.disconnecting:
            break
        p.dataReceived(wire[at:to])
        at = to
    if transport.disconnecting and not (p.events and p.events[-1] == "too_large"):
        p.events.append("error disconnected")
    return p.events


def decoders(s, v):
    if v.get("accept_unterminated"):
        return
    for name, protocol in protocols(s, int(v.get("max_payload", NO_LIMIT))):
        yield f"twisted {name}", lambda wire, cuts: play(protocol, wire, cuts)


def encoders(s):
    for name, protocol in protocols(s, NO_LIMIT):

        def encode(payload):
            p, transport = connected(protocol)
            (p.sendLine if hasattr(p, "sendLine") else p.sendString)(payload)
            return transport.value()

        yield f"twisted {name}", encode


run(decoders, encoders)

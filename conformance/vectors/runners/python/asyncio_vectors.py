"""Plays the wire vectors on asyncio's StreamReader: asyncio_vectors.py TESTDATA."""
import asyncio

from player import frame, run

NO_LIMIT = 2**62


class TooLarge(Exception):
    pass


class Malformed(Exception):
    pass


def until(delimiter, keep):
    async def read(reader):
        try:
            b = await reader.readuntil(delimiter)
        except asyncio.LimitOverrunError:
            raise TooLarge
        return b if keep else b[: -len(delimiter)]

    return read


async def line(reader):
    try:
        b = await reader.readline()
    except ValueError:
        raise TooLarge
    if not b:
        raise asyncio.IncompleteReadError(b, None)
    return b


def exactly(size, limit):
    async def read(reader):
        if size > limit:
            raise TooLarge
        return await reader.readexactly(size)

    return read


def length(s, limit):
    """The row `length` of testdata/README.md, in terms of readexactly."""
    header = s.number("offset", 0) + s.number("width", 4)
    strip = 0 if "keep" in s.keys else s.number("strip", header)
    least = max(header, strip)

    async def read(reader):
        head = await reader.readexactly(header)
        value = int.from_bytes(head[s.number("offset", 0) :], s.keys.get("order", "big"))
        size = value + s.number("adjust", 0) + (0 if "includes-header" in s.keys else header)
        if size < least:
            raise Malformed
        if size - strip > limit or size > 2**63 - 1:
            raise TooLarge
        try:
            return (head + await reader.readexactly(size - header))[strip:]
        except asyncio.IncompleteReadError as e:
            raise asyncio.IncompleteReadError(head + e.partial, size)

    return read


def readers(s, limit):
    """Yields names, limits of the StreamReader, and coroutines that read one payload."""
    keep = "keep" in s.keys
    if s.name in ("crlf", "delimiter") and len(s.delimiters) == 1 and s.only("keep"):
        size = len(s.delimiters[0]) if keep else 0
        yield "readuntil", limit - size, until(s.delimiters[0], keep)
    elif s.name == "line" and keep and s.only("keep"):
        yield "readline", limit - 1, line
    elif s.name == "fixed" and s.only("size"):
        yield "readexactly (fixed)", NO_LIMIT, exactly(s.number("size", 0), limit)
    elif s.name == "length" and s.only("width", "offset", "order", "adjust", "includes-header", "strip", "keep"):
        yield "readexactly (length)", NO_LIMIT, length(s, limit)


async def play(limit, read, wire, cuts):
    reader, events = asyncio.StreamReader(limit=limit), []

    async def read_all():
        try:
            while True:
                events.append(frame(await read(reader)))
        except asyncio.IncompleteReadError as e:
            if e.partial:
                events.append("unexpected_eof")
        except TooLarge:
            events.append("too_large")
        except Malformed:
            events.append("malformed")

    task, at = asyncio.create_task(read_all()), 0
    for to in [*cuts, len(wire)]:
        if to > at:
            reader.feed_data(wire[at:to])
        at = to
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    reader.feed_eof()
    await task
    return events


def decoders(s, v):
    if v.get("accept_unterminated"):
        return
    for name, limit, read in readers(s, int(v.get("max_payload", NO_LIMIT))):
        if limit > 0:  # StreamReader refuses others
            yield f"asyncio {name}", lambda wire, cuts: loop.run_until_complete(play(limit, read, wire, cuts))


loop = asyncio.new_event_loop()
run(decoders, lambda s: [])

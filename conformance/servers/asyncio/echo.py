"""Echo on asyncio's streams: echo.py HOST:PORT line|length.

After the TCP echo server of Python's documentation (asyncio, Streams). SIGTERM
and SIGINT close the server and wait for it, as Server.close describes.
"""
import asyncio
import signal
import sys

MAX = 1 << 20


async def read(reader, framing):
    if framing == "line":
        return await reader.readuntil(b"\n")
    header = await reader.readexactly(4)
    size = int.from_bytes(header, "big")
    if size > MAX:
        raise asyncio.LimitOverrunError("payload too large", 4)
    return header + await reader.readexactly(size)


async def echo(reader, writer, framing):
    try:
        while True:
            writer.write(await read(reader, framing))
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        pass
    finally:
        writer.close()


async def main(addr, framing):
    host, port = addr.rsplit(":", 1)
    server = await asyncio.start_server(lambda r, w: echo(r, w, framing), host, int(port), limit=MAX)
    stop = asyncio.Event()
    for number in signal.SIGTERM, signal.SIGINT:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()
    await server.wait_closed()


asyncio.run(main(*sys.argv[1:]))

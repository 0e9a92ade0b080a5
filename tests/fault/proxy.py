"""A TCP proxy on loopback between a worker and the broker, whose link can be broken in several ways (F12)."""

import asyncio
import socket
import struct
import threading
from enum import StrEnum
from typing import Final

LOOPBACK: Final = "127.0.0.1"
CHUNK: Final = 16_384
DELAY_SECONDS: Final = 0.3
SLOW_BYTES_A_SECOND: Final = 64_000
PIECES_MAX: Final = 256
"""Pieces on their way in one direction of a connection; more are not taken from the sender."""
Pieces = asyncio.Queue[tuple[float, bytes]]
"""When each is due on the other side, by the loop's clock, and what it is."""
_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on with 0 s: closing sends a reset instead of an end."""


class Link(StrEnum):
    """What the link does with connections and bytes."""

    WHOLE = "whole"
    CUT = "cut"
    """Every connection ends, each new one at once."""
    HALF_OPEN = "half-open"
    """What the worker sends arrives, what the broker answers is swallowed."""
    RESET = "reset"
    """Every connection is reset once; new ones are whole."""
    STALLED = "stalled"
    """Connections stay and nothing moves, in no direction; it moves on afterwards."""
    DELAYED = "delayed"
    """Each piece comes 300 ms later, in both directions."""
    SLOW = "slow"
    """64 kB a second for all connections together, in each direction."""


class Proxy:
    """Forwards a port to the broker's, in a thread of its own."""

    def __init__(self, port: int, upstream: int) -> None:
        self._port = port
        self._upstream = upstream
        self._link = Link.WHOLE
        self._open: set[asyncio.StreamWriter] = set()
        self._torn: set[asyncio.StreamWriter] = set()
        """Connections that lost bytes: they cannot go on."""
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._lanes = (asyncio.Lock(), asyncio.Lock())
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self.forwarded = 0
        """Bytes that have passed: shows that the worker's traffic goes this way."""

    def start(self) -> None:
        """Listen; returns when connections are taken."""
        self._thread.start()
        if not self._ready.wait(10):
            raise TimeoutError(f"the proxy does not listen at port {self._port}")

    def stop(self) -> None:
        """End every connection and stop listening."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def become(self, link: Link) -> None:
        """Change the link; returns when that has happened."""
        asyncio.run_coroutine_threadsafe(self._become(link), self._loop).result(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._flowing.set()
        serving = asyncio.start_server(self._connection, LOOPBACK, self._port)
        server = self._loop.run_until_complete(serving)
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for writer in list(self._open):
            writer.transport.abort()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _become(self, link: Link) -> None:
        self._link = link
        if link is Link.STALLED:
            self._flowing.clear()
        else:
            self._flowing.set()
        ending = set(self._open) if link in {Link.CUT, Link.RESET} else set()
        if link is Link.WHOLE:
            ending, self._torn = self._torn, set()
        for writer in ending:
            if link is Link.RESET:
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _RESET
                )
            writer.transport.abort()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._link is Link.CUT:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._upstream)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._open |= both
        asked: Pieces = asyncio.Queue(PIECES_MAX)
        answered: Pieces = asyncio.Queue(PIECES_MAX)
        tasks = [
            asyncio.create_task(self._take(reader, asked, far_writer, answers=False)),
            asyncio.create_task(self._give(asked, far_writer, self._lanes[0])),
            asyncio.create_task(self._take(far_reader, answered, writer, answers=True)),
            asyncio.create_task(self._give(answered, writer, self._lanes[1])),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # The proxy stops: nothing is left to do for either side.
            pass
        finally:
            self._open -= both
            for each in both:
                each.transport.abort()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(
        self,
        reader: asyncio.StreamReader,
        pieces: Pieces,
        writer: asyncio.StreamWriter,
        *,
        answers: bool,
    ) -> None:
        """Take what comes, to the end, and note when it is due on the other side."""
        while data := await reader.read(CHUNK):
            if self._link is Link.HALF_OPEN and answers:
                self._torn.add(writer)
                continue
            late = DELAY_SECONDS if self._link is Link.DELAYED else 0.0
            await pieces.put((self._loop.time() + late, data))

    async def _give(self, pieces: Pieces, writer: asyncio.StreamWriter, lane: asyncio.Lock) -> None:
        """Hand on what is due, when the link lets it."""
        while True:
            due, data = await pieces.get()
            await self._flowing.wait()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            if self._link is Link.SLOW:
                async with lane:
                    await asyncio.sleep(len(data) / SLOW_BYTES_A_SECOND)
            self.forwarded += len(data)
            writer.write(data)
            await writer.drain()

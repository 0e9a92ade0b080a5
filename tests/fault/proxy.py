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
        try:
            await asyncio.gather(
                self._pump(reader, far_writer, answers=False),
                self._pump(far_reader, writer, answers=True),
            )
        except (OSError, asyncio.CancelledError):
            # One side has ended, or the proxy stops: nothing is left to do for either.
            pass
        finally:
            self._open -= both
            for each in both:
                each.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        while data := await reader.read(CHUNK):
            if self._link is Link.HALF_OPEN and answers:
                self._torn.add(writer)
                continue
            await self._hold_up(len(data), self._lanes[answers])
            self.forwarded += len(data)
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError("one side has ended")

    async def _hold_up(self, size: int, lane: asyncio.Lock) -> None:
        await self._flowing.wait()
        if self._link is Link.DELAYED:
            await asyncio.sleep(DELAY_SECONDS)
        elif self._link is Link.SLOW:
            async with lane:
                await asyncio.sleep(size / SLOW_BYTES_A_SECOND)

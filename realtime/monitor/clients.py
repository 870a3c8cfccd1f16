"""The pages that are connected, each with a queue. Who does not read is sent away, and holds nobody up."""

from __future__ import annotations

import asyncio

from starlette.websockets import WebSocket, WebSocketDisconnect

MOST_WAITING = 50
"""Messages, of about ten seconds."""
SLOW_S = 10.0
"""A client that takes a message no faster is sent away. Its page comes back by itself."""


class Clients:
    """Pages at one address. All methods are called in the server's thread."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[str | None]] = set()

    def __len__(self) -> int:
        return len(self._queues)

    def send(self, message: str | None) -> None:
        """Let a message wait for every client; None ends them after what waits."""
        for queue in list(self._queues):
            try:
                queue.put_nowait(message)
            except asyncio.QueueFull:
                self._send_away(queue)

    async def serve(self, socket: WebSocket, first: str) -> None:
        """Send a client the first message, and then all that follow, until one of both ends it."""
        queue: asyncio.Queue[str | None] = asyncio.Queue(MOST_WAITING)
        queue.put_nowait(first)
        self._queues.add(queue)
        await socket.accept()
        try:
            while (message := await queue.get()) is not None:
                async with asyncio.timeout(SLOW_S):
                    await socket.send_text(message)
            await socket.close()
        except (WebSocketDisconnect, TimeoutError):
            pass  # it went away, or is too slow
        finally:
            self._queues.discard(queue)

    def _send_away(self, queue: asyncio.Queue[str | None]) -> None:
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)
        self._queues.discard(queue)

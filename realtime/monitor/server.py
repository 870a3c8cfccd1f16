"""The monitor: an output of the engine that serves a web page from a thread of its own."""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from ...errors import InputError, MissingExtraError
from ...errors.printable import json_text
from ..decision import Status
from ..outputs.udp import address_of
from .feed import Feed
from .frames import Frames

if TYPE_CHECKING:
    import uvicorn

    from .app import Room

FRAME_S = 0.2
"""How often pages are sent what is new."""
END_S = 2
"""How long the end waits for pages that do not take what waits for them."""
ANYWHERE = ("0.0.0.0", "::")


class Monitor(Feed):
    """Serve a page that shows the session, and one for its participant.

    The engine's thread only hands over what it says anyway, and between two turns (`poll`) the newest samples of the
    chosen channels; all else is done in the server's thread.

    Parameters
    ----------
    host, port : str, int
        Where it listens; port 0 for a free one. With the host ``127.0.0.1`` only this machine reaches it.
    commands : path, optional
        The folder from which the session takes its commands, see `hotwire.realtime.swap`.
    participant_css : str
        Styles of one's own for the participant's page.

    Attributes
    ----------
    url, participant_url : str
        The addresses of both pages, with their tokens: the first may command the session, the second may not.

    Raises
    ------
    InputError
        It cannot listen there.
    MissingExtraError
        The packages of the extra ``monitor`` are not installed.
    """

    def __init__(self, host: str, port: int, commands: Path | None = None, participant_css: str = "") -> None:
        super().__init__()
        try:
            import uvicorn

            from .app import Room, make_app
        except ImportError as error:
            raise MissingExtraError(
                "--monitor needs starlette, uvicorn and websockets; install hotwire[monitor]"
            ) from error
        listening = _listening(host, port)
        self.room = room = Room(self, Frames(commands is not None), commands, participant_css)
        shown = socket.gethostname() if host in ANYWHERE else f"[{host}]" if ":" in host else host
        base = f"http://{shown}:{listening.getsockname()[1]}"
        self.url = f"{base}/?token={room.token}"
        self.participant_url = f"{base}/participant?token={room.participant_token}"
        config = uvicorn.Config(
            make_app(room),
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._closing = Event()
        serving = _serve(uvicorn.Server(config), listening, room, self._closing)
        self._thread = Thread(target=lambda: asyncio.run(serving), name="monitor", daemon=True)
        self._thread.start()

    def heartbeat(self, status: Status) -> None:
        super().heartbeat(status)
        if not self._thread.is_alive():
            raise OSError("its server has ended; standard error tells why")

    def close(self) -> None:
        """Say goodbye to all pages, and end."""
        self._closing.set()
        self._thread.join()


def _listening(host: str, port: int) -> socket.socket:
    address = address_of(host, port)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server(address, family=family)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            expected = f"host: expected an address of this machine, such as 127.0.0.1 or 0.0.0.0, got {host}"
            raise InputError(expected) from error
        raise InputError(f"port: expected one that is free on {host}, got {port}: {error.strerror}") from error


async def _serve(server: uvicorn.Server, listening: socket.socket, room: Room, closing: Event) -> None:
    telling = asyncio.create_task(_tell(server, room, closing))
    await server.serve(sockets=[listening])
    await telling


async def _tell(server: uvicorn.Server, room: Room, closing: Event) -> None:
    """Send all pages what is new, until the end."""
    feedback = ""
    try:
        while not closing.is_set():
            await asyncio.sleep(FRAME_S)
            message = room.frames.message(room.feed.now(), room.feed.take())
            if message is not None:
                room.monitors.send(message)
            before, feedback = feedback, json_text(room.frames.feedback)
            if message is not None and (feedback != before or '"beat":' in message):
                room.participants.send(feedback)
        room.monitors.send('{"ended":true}')
        room.participants.send('{"state":"ENDED"}')
        for clients in (room.monitors, room.participants):
            clients.send(None)
        until_s = room.feed.now() + END_S
        while len(room.monitors) + len(room.participants) and room.feed.now() < until_s:
            await asyncio.sleep(FRAME_S / 4)
    finally:
        server.should_exit = True

"""Decisions and states for web pages: a WebSocket server."""

from __future__ import annotations

import re
from queue import Full, Queue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from ...errors import InputError, MissingExtraError
from ...errors.printable import json_text
from ..decision import LiveDecision, Output, Status
from ..live_decoder import LiveDecoder
from ..live_feedback import LiveFeedback
from ..live_text import LiveText
from ..sources.source import StreamInfo
from .udp import address_of

if TYPE_CHECKING:
    from websockets.sync.server import ServerConnection


MOST_WAITING = 1000
"""Messages; a client that is further behind is sent away, so that nobody holds up the decisions or fills the memory."""
OWN_PAGES = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
TRY_AGAIN_LATER = 1013


class WebSocketServer(Output):
    """Send every decision, text and state to all that are connected, as the JSON object that `JsonLines` writes.

    Who comes later first gets the classes and the newest state. Decisions in the shadow are not sent.

    Parameters
    ----------
    host, port : str, int
        Where it listens. With the host ``127.0.0.1`` only programs on this machine reach it.
    origin : str, optional
        A web page of this origin may connect, too, e.g. ``"https://lab.example.org"``. Without it only pages of this
        machine may: any other page in the participant's browser could read along.

    Raises
    ------
    InputError
        It cannot listen there.
    MissingExtraError
        The package websockets is not installed.
    """

    def __init__(self, host: str, port: int | str, origin: str | None = None) -> None:
        try:
            from websockets.sync.server import serve
        except ImportError as error:
            raise MissingExtraError("WebSockets need the package websockets; install hotwire[outputs]") from error
        host, port = address_of(host, port)
        origins: list[Any] = [None, OWN_PAGES, *([origin] if origin else [])]
        self._lock = Lock()
        self._clients: dict[ServerConnection, Queue[str | None]] = {}
        self._first: dict[str, str] = {}
        self._closed = False
        try:
            self._server = serve(self._serve, host, port, origins=origins)
        except OSError as error:
            raise InputError(f"port: expected one that is free on {host}, got {port}: {error.strerror}") from error
        self.port: int = self._server.socket.getsockname()[1]
        """The port it listens on; for a given 0, a free one."""
        self._thread = Thread(target=self._server.serve_forever, name="WebSocket server", daemon=True)
        self._thread.start()

    def open(self, info: StreamInfo, decoder: LiveDecoder) -> None:
        start = {"type": "start", "stream": info.name, "answers": list(decoder.answers)}
        self._send(json_text(start), remember="start")

    def decision(self, decision: LiveDecision) -> None:
        if not decision.shadow:
            self._send(json_text(decision.to_dict()))

    def text(self, text: LiveText) -> None:
        self._send(json_text(text.to_dict()))

    def feedback(self, feedback: LiveFeedback) -> None:
        self._send(json_text(feedback.to_dict()))

    def status(self, status: Status) -> None:
        self._send(json_text(status.to_dict()), remember="status")

    def heartbeat(self, status: Status) -> None:
        self.status(status)

    def close(self) -> None:
        """Say goodbye to all, after they have got what waits for them."""
        with self._lock:
            self._closed = True
            slow = [client for client, queue in self._clients.items() if not _put(queue, None)]
        for client in slow:
            client.socket.close()
        self._server.shutdown()
        self._thread.join()

    def _send(self, message: str, remember: str | None = None) -> None:
        with self._lock:
            if remember is not None:
                self._first[remember] = message
            slow = [client for client, queue in self._clients.items() if not _put(queue, message)]
            for client in slow:
                del self._clients[client]
        for client in slow:
            client.socket.close()  # a closing handshake would wait for it

    def _serve(self, client: ServerConnection) -> None:
        from websockets.exceptions import ConnectionClosed

        queue: Queue[str | None] = Queue(MOST_WAITING)
        with self._lock:
            if self._closed:  # it connected in the last moment, and nothing would ever end its wait
                return
            for message in self._first.values():
                queue.put(message)
            self._clients[client] = queue
        try:
            while (message := queue.get()) is not None:
                client.send(message)
        except (ConnectionClosed, OSError):
            pass  # it went away, or was sent away
        finally:
            with self._lock:
                self._clients.pop(client, None)


def _put(queue: Queue[str | None], message: str | None) -> bool:
    try:
        queue.put_nowait(message)
    except Full:
        return False
    return True


def ws(decoder: LiveDecoder, *, host: str, port: str, origin: str | None = None) -> WebSocketServer:
    """``ws://HOST:PORT?origin=https://lab.example.org``"""
    return WebSocketServer(host, port, origin)

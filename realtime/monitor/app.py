"""The monitor's addresses: two pages, their feeds, and the session's commands. All but the scripts need a token."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from secrets import compare_digest, token_urlsafe
from typing import Any

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from ...errors import HotwireError, InputError
from ...errors.printable import json_text
from ..swap import send
from .clients import Clients
from .feed import Feed
from .frames import Frames

HERE = Path(__file__).parent
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'",
}
FORBIDDEN = "This page needs the whole address that hotwire stream printed, with its token.\n"
POLICY = 1008
LONGEST_ANSWER_S = 60.0


@dataclass
class Room:
    """What the pages show, who looks at them, and where commands go.

    ``token`` opens everything; ``participant_token`` only the participant's page. ``commands`` is the session's folder
    of commands, None where it takes none.
    """

    feed: Feed
    frames: Frames
    commands: Path | None
    participant_css: str = ""
    token: str = field(default_factory=partial(token_urlsafe, 16))
    participant_token: str = field(default_factory=partial(token_urlsafe, 16))
    monitors: Clients = field(default_factory=Clients)
    participants: Clients = field(default_factory=Clients)


def make_app(room: Room) -> Starlette:
    """The monitor as an ASGI application."""
    own, both = (room.token,), (room.token, room.participant_token)
    return Starlette(
        routes=[
            Route("/", partial(_page, "monitor.html", own)),
            Route("/participant", partial(_page, "participant.html", both)),
            Route("/monitor.js", partial(_file, "monitor.js")),
            Route("/participant.js", partial(_file, "participant.js")),
            Route("/participant.css", partial(_own_style, room)),
            WebSocketRoute("/feed", partial(_feed, room)),
            WebSocketRoute("/participant/feed", partial(_feedback, room)),
            Route("/command", partial(_command, room), methods=["POST"]),
            Route("/channels", partial(_channels, room), methods=["POST"]),
        ]
    )


def _is_allowed(connection: HTTPConnection, tokens: tuple[str, ...]) -> bool:
    given = connection.query_params.get("token") or connection.headers.get("x-token", "")
    return any(compare_digest(given.encode(), token.encode()) for token in tokens)


def _text(content: str, kind: str, status: int = 200) -> Response:
    return Response(content, status, HEADERS, kind)


async def _page(name: str, tokens: tuple[str, ...], request: Request) -> Response:
    if not _is_allowed(request, tokens):
        return PlainTextResponse(FORBIDDEN, 403, HEADERS)
    return _text((HERE / name).read_text(encoding="utf-8"), "text/html")


async def _file(name: str, _: Request) -> Response:
    return _text((HERE / name).read_text(encoding="utf-8"), "text/javascript")


async def _own_style(room: Room, _: Request) -> Response:
    return _text(room.participant_css, "text/css")


async def _feed(room: Room, socket: WebSocket) -> None:
    if not _is_allowed(socket, (room.token,)):
        await socket.close(POLICY)
        return
    await room.monitors.serve(socket, room.frames.first(room.feed.now()))


async def _feedback(room: Room, socket: WebSocket) -> None:
    if not _is_allowed(socket, (room.token, room.participant_token)):
        await socket.close(POLICY)
        return
    await room.participants.serve(socket, json_text(room.frames.feedback))


async def _command(room: Room, request: Request) -> Response:
    """Carry out a command by the session's folder, as `hotwire swap` does, and return its answer."""
    if not _is_allowed(request, (room.token,)):
        return PlainTextResponse(FORBIDDEN, 403, HEADERS)
    try:
        if room.commands is None:
            raise InputError("this session takes no commands")
        wanted = await _read(request)
        command, argument = str(wanted.get("command")), wanted.get("argument") or None
        message = await asyncio.to_thread(send, room.commands, command, argument, LONGEST_ANSWER_S)
    except HotwireError as error:
        return JSONResponse({"error": str(error)}, 400, HEADERS)
    return JSONResponse({"told": message}, 200, HEADERS)


async def _channels(room: Room, request: Request) -> Response:
    """Choose the channels whose signals are shown, to all."""
    if not _is_allowed(request, (room.token,)):
        return PlainTextResponse(FORBIDDEN, 403, HEADERS)
    try:
        room.feed.choose((await _read(request)).get("channels"))
    except HotwireError as error:
        return JSONResponse({"error": str(error)}, 400, HEADERS)
    return JSONResponse({"told": "done"}, 200, HEADERS)


async def _read(request: Request) -> dict[str, Any]:
    try:
        content = await request.json()
    except ValueError as error:
        raise InputError(f"request: expected a JSON object: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"request: expected a JSON object, got {content!r}")
    return content

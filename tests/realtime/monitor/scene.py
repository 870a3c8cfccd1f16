"""A session with a monitor whose every item is given by a test, and a client of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from websockets.sync.client import ClientConnection, connect

from hotwire.realtime.decision import Latency, LiveDecision, Status
from hotwire.realtime.health import State
from hotwire.realtime.monitor.server import Monitor

from ..small import SignDecoder

DECODER: Any = SignDecoder(4)
GIST: Any = SignDecoder(4)
GIST.answers = ()
LIVE = Status(State.LIVE, 1.0, "the first samples came", {"lost": 3, "late": 0}, bundle="ab" * 32)


def decision(number: int, *, answer: str | None = "up", shadow: bool = False, **other: Any) -> LiveDecision:
    probabilities = {} if answer is None else {"up": 0.75, "down": 0.25}
    why = "no samples" if answer is None else None
    settings: dict[str, Any] = {
        "number": number, "answer": answer, "probabilities": probabilities, "text": None, "label": None, "event": -1,
        "start_s": 0.0, "stop_s": 1.0, "start_stamp_s": 100.0, "stop_stamp_s": 101.0, "present": 1.0, "abstained": why,
        "late": False, "shadow": shadow, "bundle": "ab" * 32, "latency": Latency(0.004, 0.001, 0.002),
    }  # fmt: skip
    return LiveDecision(**(settings | other))


@contextmanager
def monitored(commands: Path | None = None, css: str = "", decoder: Any = DECODER) -> Iterator[Monitor]:
    monitor = Monitor("127.0.0.1", 0, commands, css)
    monitor.status(LIVE)
    monitor.open(decoder.info(), decoder)
    try:
        yield monitor
    finally:
        monitor.close()


def token_of(url: str) -> str:
    return url.rpartition("=")[2]


def base_of(monitor: Monitor) -> str:
    return monitor.url.partition("/?")[0]


def socket_to(monitor: Monitor, path: str = "/feed", token: str | None = None, **options: Any) -> ClientConnection:
    address = base_of(monitor).replace("http", "ws", 1)
    return connect(f"{address}{path}?token={token_of(monitor.url) if token is None else token}", **options)


def until(client: ClientConnection, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """The messages up to the first for which `wanted` holds."""
    found: list[dict[str, Any]] = []
    while not found or not wanted(found[-1]):
        found.append(json.loads(client.recv(20)))
    return found


def numbers(messages: list[dict[str, Any]]) -> list[int]:
    """The numbers of all decisions in messages, those in the past of the first included."""
    frames = [frame for one in messages for frame in [*one.get("past", []), one]]
    return [one["n"] for frame in frames for one in frame.get("decisions", [])]


def request(url: str, content: Any = None, token: str = "") -> tuple[int, str]:
    """The status and the text of the answer to a GET, or with content to a POST."""
    data = None if content is None else json.dumps(content).encode()
    try:
        with urlopen(Request(url, data, {"X-Token": token} if token else {}), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()

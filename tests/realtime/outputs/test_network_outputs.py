"""Decisions by UDP, OSC and WebSocket, over real sockets on this machine."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from queue import Queue
from threading import Thread
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from hotwire.errors import InputError, UnknownNameError
from hotwire.realtime.decision import Latency, LiveDecision, Status
from hotwire.realtime.health import State
from hotwire.realtime.live_feedback import LiveFeedback
from hotwire.realtime.live_text import LiveText
from hotwire.realtime.outputs.websocket import MOST_WAITING, WebSocketServer
from hotwire.realtime.plugins import make_output

from ..small import SignDecoder

DECODER: Any = SignDecoder()
TEXT = LiveText(("dog",), ("barks",), ("a", "dog"), 2, 2.5, True, 9.0, 109.0, 0, 8, 0.1, 0.2, "ab" * 32)
FEEDBACK = LiveFeedback(1.5, 203.0, 200.0, None, 4.0, 6.0, 506.0)
STATUS = Status(State.LIVE, 1.0, "the first samples came", number=4, bundle="ab" * 32)
HEARTBEAT = replace(STATUS, repeated_after_s=2.5)


def decision(number: int = 7, *, answer: str | None = "up", shadow: bool = False) -> LiveDecision:
    probabilities = {} if answer is None else {"up": 0.75, "down": 0.25}
    why = "no samples" if answer is None else None
    late, present = False, 1.0
    stamps = (0.0, 1.0, 100.0, 101.0)
    latency = Latency(0.0, 0.0, 0.0)
    return LiveDecision(
        number, answer, probabilities, None, None, -1, *stamps, present, why, late, shadow, DECODER.digest, latency
    )


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(5.0)
        yield one


def test_udp_sends_what_json_lines_write(receiver):
    output = make_output(f"udp://127.0.0.1:{receiver.getsockname()[1]}", DECODER)
    sent = [STATUS, decision(shadow=True), decision(), decision(8, answer=None), TEXT]
    output.status(STATUS)
    for one in sent[1:4]:
        output.decision(one)  # type: ignore[arg-type]
    output.text(TEXT)
    output.feedback(FEEDBACK)
    output.heartbeat(HEARTBEAT)
    output.close()
    for one in [sent[0], *sent[2:], FEEDBACK, HEARTBEAT]:
        assert json.loads(receiver.recv(65536)) == json.loads(json.dumps(one.to_dict()))


def test_osc_messages_are_read_by_python_osc(receiver):
    from pythonosc.osc_message import OscMessage

    output = make_output(f"osc://127.0.0.1:{receiver.getsockname()[1]}/brain/1", DECODER)
    output.status(STATUS)
    output.decision(decision(shadow=True))
    output.decision(decision())
    output.decision(decision(8, answer=None))
    output.text(TEXT)
    output.heartbeat(HEARTBEAT)
    output.feedback(FEEDBACK)
    output.close()
    received = [OscMessage(receiver.recv(65536)) for _ in range(8)]
    assert (received[7].address, received[7].params) == ("/brain/1/feedback", [1.5])
    assert [(one.address, one.params) for one in received[:3]] == [
        ("/brain/1/state", ["LIVE", "the first samples came"]),
        ("/brain/1/decision", ["up", 0.75, 7]),
        ("/brain/1/probability", ["up", 0.75, "down", 0.25]),
    ]
    said, probability, number = received[3].params
    assert (said, number) == ("", 8)
    assert np.isnan(probability)
    assert (received[4].address, received[4].params) == ("/brain/1/abstained", ["no samples"])
    assert (received[5].address, received[5].params) == ("/brain/1/text", ["a dog", "barks", 2.5])
    assert (received[6].address, received[6].params) == ("/brain/1/heartbeat", ["LIVE", "the first samples came", 2.5])


def test_a_web_page_gets_decisions_and_a_later_one_the_newest_state():
    output = WebSocketServer("127.0.0.1", 0)
    output.open(DECODER.info(), DECODER)
    url = f"ws://127.0.0.1:{output.port}"
    with connect(url) as first:
        assert json.loads(first.recv(5)) == {"type": "start", "stream": "amp", "answers": ["up", "down"]}
        output.status(STATUS)
        output.decision(decision(shadow=True))
        output.decision(decision())
        output.text(TEXT)
        output.feedback(FEEDBACK)
        output.heartbeat(HEARTBEAT)
        assert json.loads(first.recv(5))["state"] == "LIVE"
        assert json.loads(first.recv(5))["number"] == 7
        assert json.loads(first.recv(5))["said"] == "a dog"
        assert json.loads(first.recv(5))["percent"] == 1.5
        assert json.loads(first.recv(5))["repeated_after_s"] == 2.5
        with connect(url) as later:
            assert [json.loads(later.recv(5))["type"] for _ in range(2)] == ["start", "status"]
    output.close()


def test_a_page_of_another_origin_may_connect_only_where_this_is_said():
    output = WebSocketServer("127.0.0.1", 0)
    allowing = WebSocketServer("127.0.0.1", 0, "https://lab.example.org")
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://127.0.0.1:{output.port}", origin="https://lab.example.org")  # type: ignore[arg-type]
    for server, origin in ((output, "http://localhost:8000"), (allowing, "https://lab.example.org")):
        with connect(f"ws://127.0.0.1:{server.port}", origin=origin):  # type: ignore[arg-type]
            pass
        server.close()


def test_a_client_that_does_not_read_is_sent_away_and_holds_nobody_up():
    output = WebSocketServer("127.0.0.1", 0)
    received: Queue[int] = Queue()

    def read(client: Any) -> None:
        for message in client:
            received.put(json.loads(message)["number"])

    url = f"ws://127.0.0.1:{output.port}"
    with connect(url, max_queue=1, compression=None) as slow, connect(url) as reader:
        Thread(target=read, args=(reader,), daemon=True).start()
        for _ in range(1000):  # a client is connected before the server's thread for it has begun
            if len(output._clients) == 2:
                break
            time.sleep(0.01)
        long = decision()
        object.__setattr__(long, "text", "x" * 100_000)
        sent = 0
        while len(output._clients) != 1 or sent < 100:  # both are there, then one is not
            object.__setattr__(long, "number", sent)
            output.decision(long)
            assert received.get(timeout=10) == sent
            sent += 1
            assert sent < 20 * MOST_WAITING
        del slow
    output.close()


def test_neither_who_is_slow_nor_who_connects_in_the_last_moment_holds_up_the_end():
    output = WebSocketServer("127.0.0.1", 0)
    closed: list[bool] = []
    slow = MagicMock()
    slow.socket.close = lambda: closed.append(True)
    output._clients[slow] = Queue(1)
    output._clients[slow].put("a message that it has not read")
    output.close()
    assert closed
    late = Thread(target=output._serve, args=(slow,), daemon=True)
    late.start()
    late.join(10)
    assert not late.is_alive()


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        ("udp://127.0.0.1", InputError, "NAME://HOST:PORT, such as udp://127.0.0.1:9000"),
        ("udp://127.0.0.1:99999", InputError, "65535"),
        ("udp://no.such.host.invalid:9000", InputError, "expected one that is known"),
        ("osc://127.0.0.1:9000/two words", InputError, "OSC address"),
        ("udp://127.0.0.1:9000?speed=3", InputError, "speed"),
        ("http://127.0.0.1:9000", UnknownNameError, "osc, udp, ws"),
    ],
)
def test_a_url_that_is_none_says_what_one_is(url, error, said):
    with pytest.raises(error, match=said):
        make_output(url, DECODER)


def test_a_port_that_is_taken_is_named():
    output = WebSocketServer("127.0.0.1", 0)
    with pytest.raises(InputError, match=f"expected one that is free on 127.0.0.1, got {output.port}"):
        make_output(f"ws://127.0.0.1:{output.port}", DECODER)
    output.close()

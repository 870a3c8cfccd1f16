"""The monitor's addresses over real sockets: who may see what, late, slow and many clients, commands, the end."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hotwire.errors import InputError
from hotwire.realtime.engine.markers import MarkerAt
from hotwire.realtime.health import State
from hotwire.realtime.live_text import LiveText
from hotwire.realtime.monitor import clients, server
from hotwire.realtime.monitor.feed import Faults, Signals
from hotwire.realtime.monitor.server import Monitor
from hotwire.realtime.swap import Commands

from .scene import LIVE, base_of, decision, monitored, numbers, request, socket_to, token_of, until


def test_a_page_gets_all_that_happens_and_a_later_one_what_happened():
    with monitored() as monitor, socket_to(monitor) as first:
        monitor.decision(decision(0, motion={"trans_x": 0.1}))
        monitor.decision(decision(1, shadow=True))
        monitor.decision(decision(2, answer=None, probabilities={}))
        monitor._add(MarkerAt(0, "left", 25.0, 0.5))
        monitor._add(Signals(0, (0, 2), np.arange(8, dtype=np.float32).reshape(4, 2)))
        monitor._add(Faults({3: "flat"}))
        monitor.heartbeat(replace(LIVE, losses={"lost": 4}, repeated_after_s=1.0))
        seen = until(first, lambda one: "beat" in one)
        assert numbers(seen) == [0, 1, 2]
        last = seen[-1]
        assert (last["n"], last["beat"]["losses"], last["faults"]) == (2, {"lost": 4}, "...f")
        with socket_to(monitor) as later:
            hello = json.loads(later.recv(20))
        (past,) = [one["decisions"] for one in hello["past"] if "decisions" in one]
        assert [one["n"] for one in past] == [0, 1, 2]
        assert past[0]["p"] == {"up": 0.75, "down": 0.25}
        assert (past[0]["ms"], past[0]["motion"]) == ([4.0, 1.0, 2.0], {"trans_x": 0.1})
        assert past[2]["abstained"] == "no samples"
        assert hello["hello"]["answers"] == ["up", "down"]
        assert hello["hello"]["channels"] == ["ch0", "ch1", "ch2", "ch3"]
        assert (hello["now"]["faults"], hello["now"]["traces"]["channels"]) == ("...f", [0, 2])
        assert [one["markers"][0]["at"] for one in hello["past"] if "markers" in one] == [2.5]


def test_reloads_lose_no_decision():
    """Those that come again and again in the midst of decisions have each of them once, in order."""
    with monitored() as monitor:
        for number in range(300):
            monitor.decision(decision(number))
            if number % 60 == 30:
                time.sleep(0.12)
                with socket_to(monitor) as page:
                    hello = json.loads(page.recv(20))
                    assert numbers([hello]) == list(range(hello["now"]["n"]))
        with socket_to(monitor) as page:
            seen = until(page, lambda one: one.get("n", one.get("now", {}).get("n")) == 300)
        assert numbers(seen) == list(range(300))


def test_without_its_token_nothing_is_shown_or_done(tmp_path):
    with monitored(tmp_path) as monitor:
        base, token, other = base_of(monitor), token_of(monitor.url), token_of(monitor.participant_url)
        assert request(monitor.url)[0] == request(monitor.participant_url)[0] == 200
        for path in ("/", "/participant", "/?token=", "/?token=wrong", f"/?token={other}"):
            status, text = request(base + path)
            assert (status, "whole address" in text) == (403, True)
        for path, content in (("/command", {"command": "stop"}), ("/channels", {"channels": [1]})):
            for wrong in ("", "wrong", other):
                assert request(base + path, content, wrong)[0] == 403
        assert list(tmp_path.iterdir()) == []
        assert request(base + "/channels", {"channels": [1, 3]}, token) == (200, '{"told":"done"}')
        assert monitor.channels == (1, 3)
        for path, wrong in (("/feed", other), ("/feed", ""), ("/participant/feed", "wrong")):
            with pytest.raises(InvalidStatus, match="403"), socket_to(monitor, path, wrong):
                pass


@pytest.mark.parametrize("channels", [[], [4], [-1], [0, 0], ["0"], [True], None, 3, list(range(33))])
def test_a_choice_of_channels_that_are_not_there_is_refused(channels):
    with monitored() as monitor:
        status, text = request(base_of(monitor) + "/channels", {"channels": channels}, token_of(monitor.url))
        assert (status, "1 to 32 different numbers" in json.loads(text)["error"]) == (400, True)
        assert monitor.channels == (0, 1, 2, 3)


class Reported:
    """An engine that only hears messages."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def report(self, message: str) -> None:
        self.messages.append(message)


def test_commands_go_through_the_sessions_folder(tmp_path):
    commands, engine = Commands(tmp_path), Reported()
    with monitored(tmp_path) as monitor, ThreadPoolExecutor(1) as elsewhere:

        def asked(content: Any) -> tuple[int, Any]:
            url, token = base_of(monitor) + "/command", token_of(monitor.url)
            answer = elsewhere.submit(request, url, content, token)
            while not answer.done():
                commands.poll(engine)  # type: ignore[arg-type]
            status, text = answer.result()
            return status, json.loads(text)

        assert asked({"command": "note", "argument": "the cap moved"}) == (200, {"told": "noted"})
        assert engine.messages == ["note: the cap moved"]
        for content, said in (
            ({"command": "format"}, "load, promote, rollback, stop, note"),
            ({"command": "load"}, "expected a bundle"),
            ({"command": "note", "argument": "x" * 1001}, "1 to 1000 characters"),
            ([], "expected a JSON object"),
        ):
            status, answer = asked(content)
            assert (status, said in answer["error"]) == (400, True)
        assert asked({"command": "load", "argument": "nowhere.hotwire"})[0] == 400
        assert asked({"command": "stop"}) == (200, {"told": "stopping"})
        assert commands.stopped


def test_a_decoder_of_gist_shows_its_text_and_takes_no_commands():
    with monitored() as monitor:
        with socket_to(monitor) as page, socket_to(monitor, "/participant/feed") as watching:
            monitor.text(
                LiveText(("dog",), ("barks",), ("a", "dog"), 2, 2.5, True, 9.0, 109.0, 0, 8, 0.1, 0.2, "ab" * 32)
            )
            seen = until(page, lambda one: "texts" in one)
            assert seen[0]["hello"]["commands"] is False
            (text,) = seen[-1]["texts"]
            assert (text["said"], text["draft"], text["ms"]) == ("a dog", "barks", [100.0, 0.0, 200.0])
            assert until(watching, lambda one: one["said"] != "")[-1]["said"] == "a dog"
        status, text = request(base_of(monitor) + "/command", {"command": "stop"}, token_of(monitor.url))
        assert (status, "takes no commands" in text) == (400, True)


def test_the_participant_sees_feedback_only():
    with monitored(css="#word { color: red }") as monitor:
        with socket_to(monitor, "/participant/feed", token_of(monitor.participant_url)) as page:
            monitor.decision(decision(0, label="face"))
            monitor.decision(decision(1, answer="down", shadow=True))
            seen = until(page, lambda one: one["said"] != "")[-1]
            assert seen == {"state": "LIVE", "said": "up", "answer": "up", "p": {"up": 0.75, "down": 0.25}}
            monitor.decision(decision(2, answer=None))
            assert until(page, lambda one: not one["p"])[-1]["said"] == ""
        assert request(base_of(monitor) + "/participant.css") == (200, "#word { color: red }")


def test_fifty_pages_get_every_decision():
    with monitored() as monitor, ExitStack() as stack:
        pages = [stack.enter_context(socket_to(monitor)) for _ in range(50)]
        for number in range(20):
            monitor.decision(decision(number))
        for page in pages:
            seen = until(page, lambda one: one.get("n", one.get("now", {}).get("n")) == 20)
            assert numbers(seen) == list(range(20))


def test_a_page_that_does_not_read_is_sent_away_and_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(clients, "MOST_WAITING", 5)
    monkeypatch.setattr(server, "FRAME_S", 0.005)
    with monitored() as monitor, socket_to(monitor, max_queue=1, close_timeout=0.1), socket_to(monitor) as reader:
        until(reader, lambda one: "hello" in one)
        sent = 0
        while sent == 0 or len(monitor.room.monitors) == 2:
            monitor.decision(decision(sent, text="x" * 300_000))
            sent += 1
            assert numbers(until(reader, lambda one: "decisions" in one)) == [sent - 1]
            assert sent < 1000


def test_at_the_end_pages_are_told_and_the_port_is_free():
    with ExitStack() as stack:
        with monitored() as monitor:
            port = int(base_of(monitor).rpartition(":")[2])
            page = stack.enter_context(socket_to(monitor))
            watching = stack.enter_context(socket_to(monitor, "/participant/feed"))
            with pytest.raises(InputError, match=f"expected one that is free on 127.0.0.1, got {port}"):
                Monitor("127.0.0.1", port)
        assert until(page, lambda one: "ended" in one)[-1] == {"ended": True}
        assert until(watching, lambda one: one["state"] == "ENDED")
        with pytest.raises(ConnectionClosed):
            page.recv(20)
    socket.create_server(("127.0.0.1", port)).close()


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(InputError, match=r"host: expected an address of this machine, .*got 192\.0\.2\.1"):
        Monitor("192.0.2.1", 0)


def test_numbers_that_are_none_do_not_break_the_page():
    with monitored() as monitor, socket_to(monitor) as page:
        monitor.decision(decision(0, probabilities={"up": float("nan"), "down": float("inf")}))
        assert until(page, lambda one: "decisions" in one)[-1]["decisions"][0]["p"] == {"up": None, "down": None}


def test_a_server_that_has_ended_is_reported_by_the_engine():
    with monitored() as monitor:
        monitor.heartbeat(LIVE)
        monitor._closing.set()
        monitor._thread.join()
        with pytest.raises(OSError, match="server has ended"):
            monitor.heartbeat(replace(LIVE, state=State.GAP))

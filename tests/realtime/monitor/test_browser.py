"""The monitor's pages in a real browser: the system's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.realtime.engine.markers import MarkerAt
from hotwire.realtime.health import State
from hotwire.realtime.live_feedback import LiveFeedback
from hotwire.realtime.live_text import LiveText
from hotwire.realtime.monitor.feed import Faults, Signals
from hotwire.realtime.monitor.server import Monitor
from hotwire.realtime.swap import Commands

from .scene import GIST, LIVE, decision, monitored
from .test_server import Reported

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt install chromium)"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        one = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield one
        one.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that must run without an error of its script."""
    one, errors = browser.new_context().new_page(), []
    one.on("pageerror", lambda error: errors.append(error))  # it marks what it calls
    yield one
    one.context.close()
    assert errors == []


def say(monitor: Monitor) -> None:
    """A session in which everything happens that the page shows."""
    monitor._add(Signals(0, (0, 1), np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)))
    monitor._add(MarkerAt(0, "left", 25.0, 0.5))
    monitor._add(Faults({3: "flat"}))
    motion = {"trans_x": 0.4, "trans_y": 0.0, "trans_z": 0.0, "rot_x": 0.01, "rot_y": 0.0, "rot_z": 0.0}
    monitor.decision(decision(0, label="up", motion=motion))
    monitor.decision(decision(0, answer="down", shadow=True, bundle="cd" * 32))


def ink(page: Any, section: str) -> int:
    """How many pixels of a section's drawing are not empty."""
    return page.evaluate(
        """(id) => {
            const canvas = document.querySelector(`#${id} canvas`), pen = canvas.getContext("2d");
            const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
            return data.filter((v, i) => i % 4 == 3 && v).length;
        }""",
        section,
    )


def test_it_shows_what_happens_and_loses_nothing_in_a_reload(page):
    expect = playwright.expect
    with monitored() as monitor:
        page.goto(monitor.url)
        say(monitor)
        expect(page.locator("#word")).to_have_text("up")
        expect(page.locator("#note")).to_contain_text("75 % sure · shown: up · in shadow, cdcdcdcd: down")
        expect(page.locator("#state")).to_have_text("LIVE")
        expect(page.locator("#broken")).to_have_text("ch3 flat")
        expect(page.locator("#losses")).to_have_text("lost 3")
        expect(page.locator("#motion")).to_contain_text("x 0.40y 0.00z 0.00∠x 0.57")
        expect(page.locator("#latency tr").last).to_have_text("total7.007.007.00")
        for section in ("probabilities", "signals", "quality", "motion", "time"):
            assert ink(page, section) > 100, section
        monitor.decision(decision(1, answer="down"))
        expect(page.locator("#word")).to_have_text("down")
        page.reload()
        expect(page.locator("#session")).to_contain_text("2 decisions")
        assert page.evaluate("session.decisions.filter((one) => !one.shadow).map((one) => one.n)") == [0, 1]
        monitor.status(replace(LIVE, state=State.LOST, why="the outlet was closed"))
        expect(page.locator("#word")).to_have_text("LOST")
    expect(page.locator("#gone")).to_have_text("The session is over.")


def test_commands_and_channels_from_the_page(page, tmp_path):
    expect, commands, engine = playwright.expect, Commands(tmp_path), Reported()

    def answered() -> None:
        while page.locator("#answer").text_content() in ("", "…"):
            commands.poll(engine)  # type: ignore[arg-type]

    with monitored(tmp_path) as monitor:
        page.goto(monitor.url)
        page.get_by_label("note").fill("the cap moved")
        page.get_by_role("button", name="Note").click()
        answered()
        expect(page.locator("#answer")).to_have_text("noted")
        assert engine.messages == ["note: the cap moved"]
        say(monitor)
        page.get_by_label("channels").fill("1, 3-4")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("#answer")).to_have_text("done")
        assert monitor.channels == (0, 2, 3)
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Stop").click()
        page.wait_for_function("document.getElementById('answer').textContent == '…'")
        answered()
        assert commands.stopped


def test_texts_from_outside_are_text(page):
    """Labels and words may hold anything; none of it becomes part of the page."""
    with monitored() as monitor:
        page.goto(monitor.url)
        monitor.decision(decision(0, text="<img src=x onerror=alert(1)>", label="<b>x</b>"))
        monitor.status(replace(LIVE, why="<script>alert(1)</script>"))
        playwright.expect(page.locator("#word")).to_have_text("<img src=x onerror=alert(1)>")
        playwright.expect(page.locator("#log")).to_contain_text("<script>alert(1)</script>")
        assert page.locator("main img, main b b, #log script").count() == 0


def test_the_participants_page_shows_the_word_while_it_is_fresh(page):
    with monitored(css="#word { color: rgb(1, 2, 3) }") as monitor:
        page.goto(monitor.participant_url)
        monitor.decision(decision(0))
        playwright.expect(page.locator("#word")).to_have_text("up")
        playwright.expect(page.locator("#word")).to_have_css("color", "rgb(1, 2, 3)")
        assert page.evaluate("document.querySelector('.best').dataset.class") == "up"
        assert page.evaluate("document.querySelector('.best').style.getPropertyValue('--p')") == "0.75"
        monitor.status(replace(LIVE, state=State.STALE))
        playwright.expect(page.locator("#word")).to_have_text("")


def test_the_participants_page_shows_a_region_as_a_thermometer(page):
    def feedback(percent: float | None) -> LiveFeedback:
        return LiveFeedback(
            percent, 200.0, 200.0, None if percent is not None else "nothing came before", 0.0, 2.0, 9.0
        )

    height = (
        "document.querySelector('#thermometer i').offsetHeight / document.querySelector('#thermometer').clientHeight"
    )

    def fills(share: float) -> bool:
        """Whether so much of the thermometer is filled, after its movement."""
        for _ in range(200):
            if abs(page.evaluate(height) - share) < 0.01:
                return True
            page.wait_for_timeout(50)
        return False

    with monitored() as monitor:
        page.goto(monitor.participant_url)
        room = page.context.new_page()
        room.goto(monitor.url)
        monitor.decision(decision(0))
        monitor.feedback(feedback(None))
        playwright.expect(page.locator("body")).to_have_attribute("data-region", "none")
        playwright.expect(room.locator("#region .large")).to_have_text("–")
        monitor.feedback(feedback(1.0))
        playwright.expect(page.locator("body")).to_have_attribute("data-region", "above")
        playwright.expect(page.locator("#word")).to_be_hidden()
        assert fills(0.25)  # half of the upper half
        playwright.expect(room.locator("#region .large")).to_have_text("+1.00 %")
        assert ink(room, "region") > 100
        monitor.feedback(feedback(-9.0))
        playwright.expect(page.locator("body")).to_have_attribute("data-region", "below")
        assert fills(0.5)
        monitor.status(replace(LIVE, state=State.STALE))
        playwright.expect(page.locator("body")).to_have_attribute("data-region", "none")


def test_a_session_of_gist_shows_its_text_and_meter_and_takes_notes(page, tmp_path):
    expect, commands, engine = playwright.expect, Commands(tmp_path), Reported()
    says = {"stop_s": 2.0, "stop_stamp_s": 9.0, "n_lost": 0, "width": 8, "age_s": 0.1, "compute_s": 0.2, "bundle": "ab"}
    with monitored(tmp_path, decoder=GIST) as monitor:
        page.goto(monitor.url)
        monitor.text(LiveText((), (), (), 0, None, False, **says, why="signals too strong"))
        expect(page.locator("#meter h2")).to_have_text("Meter signals too strong")
        monitor.text(
            LiveText(
                ("dog",), ("barks",), ("a", "dog"), 2, 2.5, True, **says, passage="fair", passage_p=0.8, passage_s=62.0
            )
        )
        expect(page.locator("#note")).to_have_text("passage fair at 1:02, 80 % sure")
        expect(page.locator("#word")).to_have_text("a dog barks")
        expect(page.locator("#word i")).to_have_text(" barks")
        expect(page.locator("#meter .large")).to_have_text("+2.50")
        expect(page.locator("#session")).to_contain_text("2 words")
        monitor._add(Signals(0, (0, 1), np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)))
        monitor._add(Faults({3: "flat"}))
        expect(page.locator("#broken")).to_have_text("ch3 flat")
        for section in ("meter", "signals", "quality", "time"):
            assert ink(page, section) > 100, section
        monitor.text(LiveText((), ("cat",), ("a", "dog"), 2, 0.5, False, **says))
        expect(page.locator("#word")).to_contain_text("not distinguishable")
        assert "cat" not in page.locator("main").text_content()
        for section in ("#probabilities", "#load", "button[value=promote]"):
            expect(page.locator(section)).to_be_hidden()
        page.get_by_label("note").fill("a break")
        page.get_by_role("button", name="Note").click()
        while page.locator("#answer").text_content() in ("", "…"):
            commands.poll(engine)  # type: ignore[arg-type]
        expect(page.locator("#answer")).to_have_text("noted")
        expect(page.get_by_role("button", name="Stop")).to_be_visible()


KILLED = """
import sys, time
from tests_scene import LIVE, decision, monitored
with monitored() as monitor:
    monitor.decision(decision(0))
    print(monitor.url, monitor.participant_url, flush=True)
    while True:
        monitor.heartbeat(LIVE)
        time.sleep(0.5)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_server_that_is_killed_or_hangs_leaves_no_word_that_looks_fresh(page, how):
    program = KILLED.replace("tests_scene", f"{__package__}.scene")
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )
    try:
        assert child.stdout is not None
        url, participant = child.stdout.readline().split()
        page.goto(url)
        playwright.expect(page.locator("#word")).to_have_text("up")
        playwright.expect(page.locator("#gone")).to_be_hidden()
        watching = page.context.new_page()
        watching.goto(participant)
        playwright.expect(watching.locator("#word")).to_have_text("up")
        child.send_signal(how)
        playwright.expect(page.locator("#gone")).to_contain_text("What is shown may be old", timeout=20_000)
        playwright.expect(watching.locator("#word")).to_have_text("", timeout=20_000)
    finally:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()

"""Another bundle takes over while the stream runs: nothing is lost, nothing decided twice, and it can be taken back."""

from __future__ import annotations

import json
import os
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.bundle.signature import RequiredSignature, new_keys, sign
from hotwire.decoder.steps import RunningBaseline
from hotwire.decoder.windows import BlockAverage, Epoch, SlidingAverage
from hotwire.errors import BundleError, InputError, StreamMismatchError, UnknownNameError
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.scripted import At, Samples, ScriptedSource
from hotwire.realtime.sources.source import Chunk, StreamInfo
from hotwire.realtime.swap import Commands, send

from .bundles import RATE_HZ as BUNDLE_RATE_HZ
from .bundles import RUNNING, made_recording, save_bundle
from .scenes import ONSETS, RATE_HZ, all_but, check_decisions, chunks, decoder, markers, said, scene
from .scenes import ROWS as SCENE_ROWS
from .small import Kept, SignDecoder

SECOND = "1" * 64
THIRD = "2" * 64


class Opposite(SignDecoder):
    """Says the opposite, so that it shows who said it."""

    def decide(self, x: Any) -> Any:
        return super().decide(-np.asarray(x))


def opposite(digest: str = SECOND, **settings: Any) -> Opposite:
    defaults: dict[str, Any] = {"steps": [RunningBaseline()], "window": BlockAverage(stop_s=1.0)}
    return Opposite(4, RATE_HZ, digest=digest, **(defaults | settings))


def play(engine: Engine, clock: VirtualClock, until_s: float) -> list[Any]:
    """Let the stream go on until a moment."""
    decisions = []
    while clock.now() < until_s and not engine.ended:
        decisions += engine.turn(0.1)
        settle(engine)
    return decisions


def settle(engine: Engine) -> None:
    """Wait, in real time, until what runs beside the active decoder has done its work."""
    while not engine._stream.decoders.are_idle:
        time.sleep(0.0005)


def on_stage(script: list[Any] | None = None, **settings: Any) -> tuple[Engine, Kept, VirtualClock]:
    clock = VirtualClock()
    engine, kept = scene(script or [*chunks(), *markers()], clock=clock, **settings)
    return engine, kept, clock


def test_a_bundle_that_cannot_decide_on_the_sessions_window_is_refused():
    engine, _, clock = on_stage(window=SlidingAverage(1.0, 0.5))
    with engine:
        play(engine, clock, 3.0)
        with pytest.raises(
            InputError, match=r"window: .*own Epoch.*which holds 50 samples at 50 Hz, got SlidingAverage"
        ):
            engine.run_along(opposite(window=Epoch(0.0, 1.0)))  # type: ignore[arg-type]
        assert engine.shadow is None
        assert play(engine, clock, 5.0)


def test_in_the_shadow_it_is_logged_and_not_published_and_then_takes_over_without_a_loss():
    engine, kept, clock = on_stage()
    with engine:
        published = play(engine, clock, 5.25)  # within a window
        engine.run_along(opposite())  # type: ignore[arg-type]
        published += play(engine, clock, 10.55)  # within another
        engine.promote()
        published += play(engine, clock, 99.0)
    assert published == [one for one in kept.decisions if not one.shadow]
    assert kept.states == ["SEARCHING", "LIVE"]
    assert not any(engine.losses.values())

    # Each window was decided once, by whoever was at work when it ended, and as offline.
    assert [round(one.start_s * RATE_HZ) for one in published] == list(ONSETS)
    assert [one.number for one in published] == list(range(len(ONSETS)))
    assert [one.bundle for one in published] == ["0" * 64] * 10 + [SECOND] * (len(ONSETS) - 10)
    for one in published:
        by = decoder() if one.bundle == "0" * 64 else opposite()
        expected = said(by, SCENE_ROWS, all_but(), round(one.start_s * RATE_HZ), round(one.stop_s * RATE_HZ))
        assert list(one.probabilities.values()) == expected.probabilities.tolist()

    in_shadow = [one for one in kept.decisions if one.shadow]
    assert {one.bundle for one in in_shadow} == {SECOND}
    assert [one.start_s for one in in_shadow] == [5.0, 6.0, 7.0, 8.0, 9.0]  # the first was half over when it came
    beside = {one.number: one for one in published}
    for one in in_shadow:
        assert one.start_s == beside[one.number].start_s
        assert one.answer != beside[one.number].answer
    told = [status.why for status in kept.statuses]
    assert f"bundle {SECOND[:12]} runs in the shadow" in told
    assert f"bundle {SECOND[:12]} took over" in told


def test_a_promotion_is_taken_back_without_a_loss():
    engine, kept, clock = on_stage()
    with engine:
        play(engine, clock, 3.25)
        engine.run_along(opposite())  # type: ignore[arg-type]
        engine.promote()
        play(engine, clock, 8.25)
        engine.roll_back()
        play(engine, clock, 99.0)
        with pytest.raises(InputError, match="roll back"):
            engine.roll_back()
    assert [one.bundle for one in kept.decisions] == ["0" * 64] * 3 + [SECOND] * 5 + ["0" * 64] * (len(ONSETS) - 8)
    firsts = [round(one.start_s * RATE_HZ) for one in kept.decisions]
    assert firsts == list(ONSETS)
    for one in kept.decisions[8:]:  # its steps went on meanwhile
        first = round(one.start_s * RATE_HZ)
        expected = said(decoder(), SCENE_ROWS, all_but(), first, first + 50)
        assert list(one.probabilities.values()) == expected.probabilities.tolist()


def test_what_runs_in_the_shadow_is_taken_away():
    engine, kept, clock = on_stage()
    with engine:
        play(engine, clock, 3.25)
        engine.run_along(opposite())  # type: ignore[arg-type]
        play(engine, clock, 6.25)
        engine.roll_back()
        play(engine, clock, 9.25)
        with pytest.raises(InputError, match="promote"):
            engine.promote()
        play(engine, clock, 99.0)
    assert [one.start_s for one in kept.decisions if one.shadow] == [3.0, 4.0, 5.0]
    assert len([one for one in kept.decisions if not one.shadow]) == len(ONSETS)


def test_another_one_takes_the_place_in_the_shadow():
    engine, kept, clock = on_stage()
    with engine:
        play(engine, clock, 3.25)
        engine.run_along(opposite())  # type: ignore[arg-type]
        play(engine, clock, 6.25)
        engine.run_along(opposite(THIRD))  # type: ignore[arg-type]
        play(engine, clock, 99.0)
    in_shadow = [(one.start_s, one.bundle) for one in kept.decisions if one.shadow]
    assert in_shadow == [(s, SECOND if s < 6 else THIRD) for s in range(3, 19)]


@pytest.mark.parametrize("gap", [(180, 260), (195, 200), (100, 262)])
def test_after_a_gap_the_shadow_knows_where_it_is(gap):
    """It is told of the gap, too, also where nothing has come since."""
    engine, kept, clock = on_stage([*chunks(0, gap[0]), *chunks(gap[1]), *markers()])
    with engine:
        play(engine, clock, 5.35)
        engine.run_along(decoder(digest=SECOND))  # type: ignore[arg-type]
        engine.promote()
        play(engine, clock, 99.0)
    ran = type("Ran", (), {"decisions": [one for one in kept.decisions if not one.shadow]})
    check_decisions(ran, all_but(gap))  # type: ignore[arg-type]


def test_a_gap_that_ends_a_chunk_is_known_to_the_shadow():
    """What jitter could hide is found when a block of samples is over, and behind that nothing has come yet."""
    index = np.delete(np.arange(51), 20)
    first_block = At(51 / RATE_HZ, Samples(SCENE_ROWS[index], index / RATE_HZ))
    onsets = range(100, 900, 50)
    engine, kept, clock = on_stage([first_block, *chunks(51), *markers(onsets)])
    with engine:
        play(engine, clock, 51 / RATE_HZ)
        assert engine.losses["lost"] == 1
        engine.run_along(decoder(digest=SECOND, steps=[]))  # type: ignore[arg-type]
        engine.promote()
        play(engine, clock, 99.0)
    assert [round(one.start_s * RATE_HZ) for one in kept.decisions] == list(onsets)
    for one in kept.decisions:
        first = round(one.start_s * RATE_HZ)
        expected = said(decoder(steps=[]), SCENE_ROWS, all_but(), first, first + 50)
        assert list(one.probabilities.values()) == expected.probabilities.tolist()


def test_what_was_forgotten_is_not_made_up():
    """A bundle that knows less of the past than its window needs counts the rest as missing."""
    engine, kept, clock = on_stage(buffer_s=0.2)
    with engine:
        play(engine, clock, 5.55)
        engine.run_along(opposite(steps=[]))  # type: ignore[arg-type]
        play(engine, clock, 99.0)
    in_shadow = [one for one in kept.decisions if one.shadow]
    assert [one.start_s for one in in_shadow] == list(range(5, 19))
    assert [one.present for one in in_shadow] == [0.6, *[1.0] * 13]  # from 5.4 s on it was still there
    assert in_shadow[0].abstained
    for one in in_shadow[1:]:
        first = round(one.start_s * RATE_HZ)
        expected = said(opposite(steps=[]), SCENE_ROWS, all_but(), first, first + 50)
        assert list(one.probabilities.values()) == expected.probabilities.tolist()


class Other(Opposite):
    answers = ("up", "sideways")


@pytest.mark.parametrize(
    ("other", "error", "told"),
    [
        (Other(4, RATE_HZ), BundleError, "expected the active decoder's answers up, down, got up, sideways"),
        (opposite(unit="V"), StreamMismatchError, "'V'"),
        (Opposite(3, RATE_HZ), StreamMismatchError, "also has ch3"),
        (Opposite(4, 51.0), StreamMismatchError, "51 Hz"),
    ],
)
def test_a_bundle_that_does_not_fit_is_refused(other, error, told):
    engine, kept, clock = on_stage()
    with engine:
        play(engine, clock, 3.25)
        with pytest.raises(error, match=told):
            engine.run_along(other)
        with pytest.raises(InputError, match="promote"):
            engine.promote()
        play(engine, clock, 99.0)
    assert [one.bundle for one in kept.decisions] == ["0" * 64] * len(ONSETS)


def test_the_shadow_decides_on_the_same_windows_however_little_of_the_past_is_kept():
    engine, kept, clock = on_stage(window=SlidingAverage(1.0, 0.7), buffer_s=1.3)
    with engine:
        play(engine, clock, 7.45)
        engine.run_along(opposite(steps=[]))  # type: ignore[arg-type]
        play(engine, clock, 99.0)
    after = [(one.number, one.start_s, one.stop_s) for one in kept.decisions if not one.shadow and one.stop_s > 7.6]
    in_shadow = [one for one in kept.decisions if one.shadow]
    assert [(one.number, one.start_s, one.stop_s) for one in in_shadow] == after
    assert len(after) > 10


@pytest.mark.parametrize("backlog", ["newest", "every"])
def test_the_shadow_goes_by_the_same_policy(backlog):
    piled_up = [entry._replace(time_s=12.0) for entry in chunks(500, 600)]
    script = [*chunks(0, 500), *piled_up, *chunks(600)]
    engine, kept, clock = on_stage(script, backlog=backlog, window=SlidingAverage(1.0, 0.5))
    with engine:
        play(engine, clock, 5.0)
        engine.run_along(opposite())  # type: ignore[arg-type]
        play(engine, clock, 99.0)
    after = [(one.number, one.stop_s) for one in kept.decisions if not one.shadow and one.stop_s > 5.0]
    assert [(one.number, one.stop_s) for one in kept.decisions if one.shadow] == after
    assert engine.losses.get("windows_skipped", 0) == (3 if backlog == "newest" else 0)


class Endless(ScriptedSource):
    """Goes on for ever, a chunk with every pull."""

    def __init__(self, info: StreamInfo, clock: VirtualClock) -> None:
        super().__init__(info, [], clock)
        self._stream_clock = clock
        self._data = made_recording(1, seed=2).data
        self._n = 0

    def pull(self, timeout_s: float) -> Chunk:
        time.sleep(0.005)  # lets the thread that loads go on
        index = np.arange(self._n, self._n + 2)
        self._n += 2
        self._stream_clock.advance(2 / BUNDLE_RATE_HZ)
        stamps = index / BUNDLE_RATE_HZ
        return Chunk(self._data[index % len(self._data)], stamps, self._stream_clock.now())


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return [save_bundle(folder / f"{alpha}.hotwire", RUNNING, alpha) for alpha in (1.0, 100.0)]


class Stage:
    """An engine at work on an endless stream, that takes commands."""

    def __init__(self, bundle: Path, folder: Path, load: Any = CompiledDecoder.load) -> None:
        self.decoder = CompiledDecoder.load(bundle)
        self.folder, self.kept, clock = folder, Kept(), VirtualClock()
        names, n = self.decoder.feature_names, len(self.decoder.feature_names)
        info = StreamInfo("amp", "EEG", "amp-1", names, ("uV",) * n, BUNDLE_RATE_HZ)
        settings = LiveSettings(window=SlidingAverage(0.6, 0.5))
        self.engine = Engine(self.decoder, Endless(info, clock), settings, outputs=[self.kept], clock=clock)
        self.commands = Commands(folder, load)

    def asked(self, command: str, argument: Path | str | None = None) -> Any:
        """Send a command from elsewhere, and let the engine go on until it is answered."""
        with ThreadPoolExecutor(1) as elsewhere:
            return self.answered(elsewhere.submit(send, self.folder, command, argument))

    def answered(self, answer: Future[str]) -> str:
        while not answer.done():
            self.engine.turn()
            self.commands.poll(self.engine)
        return answer.result()

    @property
    def by(self) -> str:
        """Who decides now."""
        self.kept.decisions.clear()
        while not any(not one.shadow for one in self.kept.decisions):
            self.engine.turn()
        return next(one.bundle for one in self.kept.decisions if not one.shadow)


def test_a_session_that_asks_for_signatures_loads_nothing_else(bundles, tmp_path):
    key, public = new_keys(tmp_path / "lab")
    bundle = Path(shutil.copy(bundles[1], tmp_path / "next.hotwire"))
    load = partial(RequiredSignature(public).load, load=CompiledDecoder.load)
    stage = Stage(bundles[0], tmp_path / "commands", load)
    with stage.engine:
        with pytest.raises(InputError, match=r"load: refused: .*it is not signed, expected next\.hotwire\.sig beside"):
            stage.asked("load", bundle)
        assert stage.engine.shadow is None
        sign(bundle, key)
        assert stage.asked("load", bundle) == "done"
        assert stage.asked("promote") == "done"


def test_commands_through_the_folder(bundles, tmp_path):
    first, second = (CompiledDecoder.load(path).digest for path in bundles)
    stage = Stage(bundles[0], tmp_path / "commands")
    with stage.engine:
        assert stage.by == first
        with pytest.raises(InputError, match=r"promote: refused: .*no bundle in the shadow"):
            stage.asked("promote")
        with pytest.raises(InputError, match=r"load: refused: .*nowhere\.hotwire"):
            stage.asked("load", tmp_path / "nowhere.hotwire")
        damaged = tmp_path / "damaged.hotwire"
        damaged.write_bytes(bundles[1].read_bytes()[:-100])
        with pytest.raises(InputError, match=r"load: refused: .*damaged\.hotwire"):
            stage.asked("load", damaged)
        assert stage.by == first

        assert stage.asked("load", bundles[1]) == "done"
        assert stage.by == first
        while not (in_shadow := {one.bundle for one in stage.kept.decisions if one.shadow}):
            stage.engine.turn()
        assert in_shadow == {second}
        assert stage.asked("promote") == "done"
        assert stage.by == second
        assert stage.asked("rollback") == "done"
        assert stage.by == first
        assert stage.asked("note", "the cap moved") == "noted"
        assert not stage.commands.stopped
        assert stage.asked("stop") == "stopping"
        assert stage.commands.stopped
    assert list((tmp_path / "commands").iterdir()) == []
    assert not any(stage.engine.losses.values())
    told = " ".join(status.why for status in stage.kept.statuses)
    for part in (
        "loading",
        "not loaded",
        "refused",
        "runs in the shadow",
        "took over",
        "rolled back",
        "note: the cap moved",
    ):
        assert part in told


@pytest.mark.parametrize(
    "written",
    [
        *("", "no JSON", "[]", '{"command": "format"}', '{"command": "load"}', '{"command": ["stop"]}', '"note"', "7"),
        *("[" * 50_000, '{"command": ' * 5_000, '{"command": "\\u001b[2J"}', " " * 100_000 + '{"command": "stop"}'),
    ],
    ids=lambda text: text[:10].strip(),
)
def test_a_command_that_makes_no_sense_is_refused(written, tmp_path):
    engine, kept, clock = on_stage()
    commands = Commands(tmp_path)
    with engine:
        play(engine, clock, 3.25)
        engine.run_along(opposite())  # type: ignore[arg-type]
        (tmp_path / "1.json").write_text(written)
        commands.poll(engine)
        assert engine.shadow is not None
        assert not commands.stopped
        assert json.loads((tmp_path / "1.answer").read_text())["error"]
        assert [path.name for path in tmp_path.iterdir()] == ["1.answer"]
        play(engine, clock, 99.0)
    assert sum(status.why.startswith("refused") for status in kept.statuses) == 1
    assert len([one for one in kept.decisions if not one.shadow]) == len(ONSETS)


def test_a_folder_among_the_commands_is_named_once_and_the_others_go_on(tmp_path):
    engine, kept, clock = on_stage()
    commands = Commands(tmp_path)
    with engine:
        (tmp_path / "1.json").mkdir()
        for number in (2, 3):
            commands._looked_at_s = -1.0
            (tmp_path / f"{number}.json").write_text('{"command": "promote"}')
            commands.poll(engine)
        play(engine, clock, 99.0)
    assert sum("1.json is no file" in status.why for status in kept.statuses) == 1
    assert [(tmp_path / f"{number}.answer").exists() for number in (2, 3)] == [True, True]


def test_an_answer_does_not_wait_for_the_disk(tmp_path, monkeypatch):
    """While the raw stream is recorded, seeing a file safely onto the disk can take longer than a decision may."""
    waited = []
    monkeypatch.setattr(os, "fsync", waited.append)
    engine, _, _ = on_stage()
    commands = Commands(tmp_path)
    with engine:
        (tmp_path / "1.json").write_text('{"command": "stop"}')
        commands.poll(engine)
    assert json.loads((tmp_path / "1.answer").read_text())["told"] == "stopping"
    assert not waited


def test_what_an_earlier_engine_left_is_not_carried_out(tmp_path):
    for name in ("1.json", "2.taken", "3.part", "4.answer"):
        (tmp_path / name).write_text('{"command": "stop"}')
    (tmp_path / "notes.txt").write_text("mine")
    engine, _, _ = on_stage()
    commands = Commands(tmp_path)
    with engine:
        commands.poll(engine)
    assert not commands.stopped
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_nobody_answers(tmp_path):
    with pytest.raises(InputError, match="no engine answered"):
        send(tmp_path, "promote", wait_s=0.1)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="is no folder"):
        send(tmp_path / "none", "promote")
    with pytest.raises(UnknownNameError, match="load, promote, rollback, stop"):
        send(tmp_path, "format")
    with pytest.raises(InputError, match="bundle"):
        send(tmp_path, "load")
    with pytest.raises(InputError, match="bundle"):
        send(tmp_path, "stop", tmp_path)
    with pytest.raises(InputError, match="1 to 1000 characters"):
        send(tmp_path, "note", "")

"""A decoder of gist on a live stream: the words of the whole run, however it comes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.decoder.gist.passages import PassageFinder
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.recordings.timed_words import words_as_events
from hotwire.errors import InputError, RecordingError, StreamError
from hotwire.realtime.clock import SystemClock, VirtualClock
from hotwire.realtime.decision import Output, Status
from hotwire.realtime.engine import gist_engine
from hotwire.realtime.engine.gist_engine import GistEngine
from hotwire.realtime.live_text import LiveText
from hotwire.realtime.outputs.json_lines import JsonLines, read_decisions
from hotwire.realtime.sources.recording_source import RecordingSource
from hotwire.realtime.sources.source import Chunk, Marker
from hotwire.realtime.verify.gist import said_of_whole_run, verify_gist
from hotwire.realtime.word_times import EvenWords, MarkedWords

from ...decoder.bundle.gist_study import SavedGist, fit_and_save


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> SavedGist:
    return fit_and_save(tmp_path_factory.mktemp("gist"))


@pytest.fixture(scope="module")
def heard(saved: SavedGist) -> Recording:
    """The run that was held out, with its words as events."""
    return words_as_events(saved.recording, saved.words).select(runs=["d"])


class Losing(RecordingSource):
    """A source from which some samples are lost, and one comes as NaN."""

    def pull(self, timeout_s: float) -> Chunk | None:
        chunk = super().pull(timeout_s)
        if chunk is None:
            return None
        number = np.rint((chunk.stamps - self._origin_s) * self.info.rate_hz).astype(int)
        samples = chunk.samples.copy()
        samples[number == 30, 7] = np.nan
        kept = ~np.isin(number, [40, 41, 70])
        return chunk._replace(samples=samples[kept], stamps=chunk.stamps[kept])


class Messages(Output):
    def __init__(self) -> None:
        self.why: list[str] = []

    def status(self, status: Status) -> None:
        self.why.append(status.why)


class Slow(VirtualClock):
    """A clock on which all that is done takes time."""

    def now(self) -> float:
        self.advance(3.0)
        return super().now()


def run(saved: SavedGist, source: Any, clock: VirtualClock, outputs: list[Output], words: Any = None) -> Any:
    words = words or MarkedWords(0.4)
    engine = GistEngine(saved.loaded, source, words, outputs=outputs, clock=clock)
    with engine:
        texts = list(engine)
    return engine, texts


def test_live_words_are_those_of_the_whole_run(saved: SavedGist, heard: Recording) -> None:
    steps: list[tuple[int, int]] = []
    certificate = verify_gist(
        saved.loaded.path, heard, cuttings=4, seed=3, progress=lambda n, of: steps.append((n, of))
    )
    assert certificate.passed
    from_brain = said_of_whole_run(saved.loaded, heard, "d", "brain").words
    assert certificate.report["n_words"] == 190 + len(from_brain)
    assert abs(len(from_brain) - 190) < 20
    assert certificate.report["recording"]["part_of_fit"] == []
    assert steps[-1] == (4, 4)
    with pytest.raises(RecordingError, match="words as events of run d, got none"):
        verify_gist(saved.loaded.path, saved.recording, runs=["d"])


def test_drafts_meter_and_lines(saved: SavedGist, heard: Recording, tmp_path: Path) -> None:
    clock, lines = VirtualClock(), JsonLines(tmp_path / "texts.jsonl")
    engine, texts = run(saved, RecordingSource(heard, clock), clock, [lines])
    words = said_of_whole_run(saved.loaded, heard, "d").words
    assert [word for text in texts for word in text.final] == list(words)
    assert any(text.draft for text in texts)
    assert all(len(text.draft) <= 8 for text in texts)
    assert (texts[0].z, texts[0].why) == (None, "too few words yet")
    assert texts[0].said == "not distinguishable from the language model"
    known = [text for text in texts if text.z is not None]
    assert np.mean([text.distinguishable for text in known]) > 0.8
    told = [text for text in known if text.distinguishable][-1]
    assert told.said.split() == list(words[max(told.n_final - 60, 0) : told.n_final])
    assert [text.passage_p for text in texts[:1]] != [None]
    named = [text for text in texts[10:-10] if text.passage is not None]
    assert np.mean([text.passage == "d" for text in named]) > 0.9
    assert len(named) > 0.5 * len(texts)
    late_s = [text.stop_s - text.passage_s for text in named if text.passage == "d" and text.passage_s is not None]
    assert np.median(np.abs(late_s)) < 2.0
    assert saved.loaded.passages is not None
    finder, samples = PassageFinder(saved.loaded.passages), saved.loaded.samples(heard, "d")
    whitened = saved.fitted.model.project(samples)
    offline = [finder.heard(finder.push(sample)) for sample in whitened]
    assert [text.passage_p for text in texts[:-1]] == [one.probability for one in offline]
    # A word is final at the latest 10 samples (and a second for its marker), and 8 words, after it was heard.
    for text in texts[:-1]:
        assert text.n_final >= (text.stop_s - 1.0 - 10 * 2.0 - 3.0) / 1.5 - 8 - 1
    records = [record for record in read_decisions(tmp_path / "texts.jsonl").records if record["type"] == "text"]
    assert records == json.loads(json.dumps([text.to_dict() for text in texts]))
    assert engine.losses["words_refused"] == 0


def test_lost_samples_are_left_out_and_counted(saved: SavedGist, heard: Recording) -> None:
    clock, messages = VirtualClock(), Messages()
    engine, texts = run(saved, Losing(heard, clock), clock, [messages])
    samples = saved.loaded.samples(heard, "d").copy()
    samples[[30, 40, 41, 70]] = np.nan
    words, gist = saved.words["d"], saved.loaded.decoder()
    expected = gist.push(samples, words.middle_s.round(6), words.duration_s.round(6)).final + gist.finish().final
    assert [word for text in texts for word in text.final] == expected
    assert texts[-1].n_lost == 4
    assert (engine.losses["lost"], engine.losses["nonfinite"]) == (3, 1)
    assert [why for why in messages.why if "nonfinite" in why] == [
        "nonfinite: 1 samples hold NaN or infinity, in feature_7"
    ]
    # What a monitor shows: the samples that came, the lost ones as NaN, the channels, and the words.
    n = engine.position
    raw = engine.latest(2.0 * n)
    assert np.flatnonzero(np.isnan(raw).all(axis=1)).tolist() == [
        40 - n + len(raw),
        41 - n + len(raw),
        70 - n + len(raw),
    ]
    assert np.array_equal(raw[-5:], heard.data[n - 5 : n])
    assert engine.faults == {}
    assert [one.label for one in engine.markers_after(-1)] == saved.words["d"].word.tolist()
    for command in (engine.promote, engine.roll_back, lambda: engine.run_along(saved.loaded)):
        with pytest.raises(InputError, match="a decoder of gist is not exchanged while it runs"):
            command()
    unopened = GistEngine(saved.loaded, Losing(heard, clock), MarkedWords(0.4))
    with pytest.raises(StreamError, match=r"expected an open one, got one before open\(\)"):
        unopened.turn()


def test_nothing_is_published_of_signals_that_are_too_strong(saved: SavedGist, heard: Recording) -> None:
    clock, messages = VirtualClock(), Messages()
    mean = heard.data.mean(axis=0)
    loud = replace(heard, data=mean + 5 * (heard.data - mean))
    _, texts = run(saved, RecordingSource(loud, clock), clock, [messages])
    assert {text.z for text in texts} == {None}
    assert (texts[0].why, texts[-1].why) == ("too few words yet", "signals too strong")
    assert {text.said for text in texts} == {"not distinguishable from the language model"}
    [told] = [why for why in messages.why if "times as strong as the strongest of the training" in why]
    assert told.endswith("so none is published until it is over; look for an artefact")


def test_a_slow_machine_narrows_the_beam_and_says_so(
    saved: SavedGist, heard: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gist_engine, "LEAST_WIDTH", 2)
    messages, clock = Messages(), Slow()
    engine, texts = run(saved, RecordingSource(heard, clock, speed=np.inf), clock, [messages], EvenWords(0.5, 12.0))
    assert texts[0].width == 4
    assert texts[-1].width == 2
    assert engine.losses["beam_narrowed"] == 1
    [told] = [why for why in messages.why if "narrowed" in why]
    assert told.startswith("a sample's words took 3.00 s, longer than the 2 s that it lasts: the beam is narrowed to 2")


def test_even_words(saved: SavedGist, heard: Recording) -> None:
    clock = VirtualClock()
    _, texts = run(saved, RecordingSource(heard, clock), clock, [], EvenWords(0.5, 12.0))
    assert texts[-1].n_final == pytest.approx(len(heard.data) * 2.0 * 0.5 + 6, abs=2)
    assert isinstance(texts[-1], LiveText)
    with pytest.raises(InputError, match="words_per_s: expected a number above 0"):
        EvenWords(0.0, 1.0)


def test_markers_that_come_too_late_are_refused() -> None:
    words = MarkedWords(0.2)
    words.until(10.0, np.zeros(1, np.float32))
    words.take([(Marker("late", 0.0, None, 0.0), 8.0), (Marker("on time", 0.0, None, 0.0), 9.0)])
    assert words.n_refused == 1
    assert [word.middle_s for word in words.rest()] == [9.1]


def run_command(*arguments: str) -> tuple[Any, str]:
    from click.testing import CliRunner

    from hotwire.decoder.cli.commands import hotwire

    ran = CliRunner().invoke(hotwire, list(arguments))
    return ran, ran.output


def test_commands(saved: SavedGist, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, heard: Recording) -> None:
    monkeypatch.chdir(saved.study.parent)
    ran, told = run_command("verify", "me.hotwire", "gist.toml", "--run", "d", "--cuttings", "1")
    assert ran.exit_code == 0, told
    assert "PASS: 190 words" in told  # of one cutting, by markers alone
    monkeypatch.setattr(
        "hotwire.realtime.plugins.make_source", lambda *_: RecordingSource(heard, SystemClock(), speed=np.inf)
    )
    ran, told = run_command("stream", "me.hotwire", "--from", "made", "--publish", "none", "--out", str(tmp_path))
    assert ran.exit_code == 0, told
    assert "their times from the brain" in told
    assert "Passages named: d (after" in told
    texts = [record for record in read_decisions(tmp_path / "decisions.jsonl").records if record["type"] == "text"]
    assert len(texts) == len(heard.data) + 1
    ran, told = run_command(
        "stream", "me.hotwire", "--source", "x", "--markers", "y", "--words-per-s", "2", "--publish", "none"
    )
    assert ran.exit_code != 0
    assert "goes without --markers" in told

"""Certificates of parity: true ones are given, and a bit that differs is found."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.decoder import Recording
from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.readers import write_npz
from hotwire.decoder.recordings.events import Events
from hotwire.decoder.windows import BlockAverage, Epoch, Window
from hotwire.errors import InputError, RecordingError, UnknownNameError
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.recording_source import RecordingSource
from hotwire.realtime.sources.source import Chunk
from hotwire.realtime.verify import verify as module
from hotwire.realtime.verify.gap_replay import Sent, draw_faults, sent, source_with_faults
from hotwire.realtime.verify.parity import (
    DecisionRecord,
    NotingDecoder,
    decided_live,
    differences,
    recording_digest,
)
from hotwire.realtime.verify.twin import decided_with_gaps
from hotwire.realtime.verify.verify import verify

from ..bundles import BLOCKS, RUNNING, made_recording, save_bundle
from ..conftest import LslWorld

ONE = DecisionRecord("1", "face", 0, 6, "face", None, "ab", "cd")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(tmp_path_factory.mktemp("bundle") / "d.hotwire", RUNNING)


@pytest.mark.parametrize(
    "window", [BLOCKS, BlockAverage(start_s=-0.2, stop_s=0.9)], ids=["as long as the event", "wider"]
)
def test_every_cutting_decides_the_same(window: Window, tmp_path: Path) -> None:
    recording = made_recording()
    saved = save_bundle(tmp_path / "d.hotwire", window)
    certificate = verify(saved, recording, cuttings=30, lsl="never")
    decided = CompiledDecoder.load(saved).predict(recording)
    found = certificate.to_dict()
    assert certificate.passed
    assert found["result"] == "PASS"
    assert found["n_decisions"] == len(decided)
    assert found["cuttings"] == {"n": 30, "seed": 0, "n_compared": 30 * len(decided), "n_unequal": 0}
    assert [one["answer"] for one in found["decisions"]] == [one.answer for one in decided]
    assert len({one["sha256"] for one in found["decisions"]}) == len(decided)
    assert found["recording"]["runs"] == ["0", "1"]
    assert found["lsl"] is None
    assert json.loads(json.dumps(found)) == found


def test_says_which_runs_were_part_of_the_fit(bundle: Path) -> None:
    fitted_on, other = made_recording(6, seed=1), made_recording()
    found = verify(bundle, fitted_on, runs=[0, 5], cuttings=1, lsl="never").to_dict()
    assert found["recording"]["part_of_fit"] == ["0", "5"]
    found = verify(bundle, other, cuttings=1, lsl="never").to_dict()
    assert found["recording"]["part_of_fit"] == []


def test_counts_passes_and_takes_single_runs(bundle: Path) -> None:
    told: list[tuple[int, int]] = []
    found = verify(
        bundle, made_recording(), runs=[1], cuttings=3, lsl="never", progress=lambda *of: told.append(of)
    ).to_dict()
    assert found["recording"]["runs"] == ["1"]
    assert told == [(done, 5) for done in range(1, 6)]  # once offline, three cuttings, once with faults


class OneBitOff(RecordingSource):
    """Changes the last bit of one number of the second run."""

    def __init__(self, recording: Recording, *args: Any, **more: Any) -> None:
        super().__init__(recording, *args, **more)
        self._at = 5 if recording.runs == [1] else None
        self._n = 0

    def pull(self, timeout_s: float) -> Chunk | None:
        chunk = super().pull(timeout_s)
        if chunk is not None:
            self._n += len(chunk.samples)
            if self._at is not None and self._n > self._at:
                samples = chunk.samples.copy()
                place = len(samples) - (self._n - self._at)
                samples[place : place + 1, :1].view("uint32")[:] ^= 1
                self._at = None
                return chunk._replace(samples=samples)
        return chunk


def test_finds_a_single_bit(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RecordingSource", OneBitOff)
    certificate = verify(bundle, made_recording(), cuttings=2, lsl="never")
    found = certificate.to_dict()
    assert not certificate.passed
    assert found["result"] == "FAIL"
    assert found["cuttings"]["n_unequal"] > 0
    assert {one["run"] for one in found["differences"]} == {"1"}
    assert {one["where"] for one in found["differences"]} <= {"cutting 0", "cutting 1"}
    assert all("features" in one["differs"] for one in found["differences"])
    assert all(one["offline"] != one["live"] for one in found["differences"])


def test_differences_name_what_differs() -> None:
    other = ONE._replace(probabilities="ce")
    assert differences([ONE, other], [other, ONE]) == []
    assert differences([ONE], [other])[0]["differs"] == ["probabilities"]
    assert differences([ONE, ONE], [ONE])[0]["differs"] == ["only offline"]
    assert differences([], [ONE])[0]["differs"] == ["only live"]
    abstained = ONE._replace(answer=None, features="", probabilities="")
    assert differences([ONE], [abstained])[0]["differs"] == ["answer", "features", "probabilities"]


def test_digests_tell_recordings_apart() -> None:
    recording = made_recording()
    samples = recording.data.copy()
    samples[3, 2] += 1e-6
    renamed = replace(recording.events, label=recording.events.label[::-1])
    others = [
        replace(recording, data=samples),
        replace(recording, rate_hz=10.5),
        replace(recording, unit="mV"),
        replace(recording, events=renamed),
    ]
    assert recording_digest(made_recording()) == recording_digest(recording)
    assert len({recording_digest(one) for one in [recording, *others]}) == 5


def long_recording() -> Recording:
    """Long enough for a fault of each kind in each run."""
    return made_recording(seed=3, n_blocks=20)


@pytest.mark.parametrize("window", [RUNNING, BLOCKS, Epoch(0.0, 0.6, bin_s=0.2)], ids=["running", "blocks", "samples"])
def test_with_faults_a_session_decides_and_abstains_as_its_offline_twin(window: Window, tmp_path: Path) -> None:
    saved = save_bundle(tmp_path / "d.hotwire", window)
    certificate = verify(saved, long_recording(), cuttings=6, lsl="never")
    found = certificate.to_dict()["gaps"]
    assert certificate.passed
    assert (found["n"], found["n_unequal"]) == (2, 0)
    assert found["policy"] == {"min_present": 0.75, "max_bad": 0.05}
    assert found["n_untouched"] + found["n_with_missing"] + found["n_abstained"] == found["n_compared"]
    assert min(found[name] for name in ("lost", "nonfinite", "duplicated", *COUNTS)) > 0
    strict = verify(saved, long_recording(), cuttings=6, lsl="never", min_present=1.0).to_dict()["gaps"]
    # Of at most three samples, one that is missing is more than a quarter anyway.
    assert (strict["n_abstained"] > found["n_abstained"]) == (window is not RUNNING)


COUNTS = ("n_untouched", "n_with_missing", "n_abstained")


def test_faults_are_of_each_kind_and_apart() -> None:
    run = long_recording().select(runs=[1])
    for seed in range(30):
        faults = draw_faults(run, 6, np.random.default_rng(seed))
        assert sorted(fault.kind for fault in faults) == ["duplicated", "flat", "lost", "lost", "nan"]
        spans = sorted((fault.at_s, fault.at_s + getattr(fault, "for_s", 0.0)) for fault in faults)
        assert spans[0][0] > 1.2
        assert spans[-1][1] < run.n_samples / run.rate_hz - 1.2
        assert all(stop < first for (_, stop), (first, _) in pairwise(spans))
        as_sent = sent(run, faults)
        assert len(as_sent.delivery.sample) == run.n_samples - as_sent.losses["lost"] + as_sent.losses["duplicated"]
        assert (~as_sent.unaltered).sum() >= as_sent.losses["lost"] + as_sent.losses["nonfinite"]
    assert draw_faults(made_recording().select(runs=[1]), 6, np.random.default_rng(0)) == []


def test_the_twin_abstains_by_both_rules(bundle: Path) -> None:
    decoder, run = NotingDecoder.load(bundle), long_recording().select(runs=[1])
    reasons = [
        one.record.abstained
        for seed in range(3)
        for one in decided_with_gaps(
            decoder, run, sent(run, draw_faults(run, 3, np.random.default_rng(seed))), LiveSettings()
        )
        if one.record.abstained is not None
    ]
    assert any(re.fullmatch(r"\d of the window's \d samples came, 75% needed", one) for one in reasons)
    assert any(re.fullmatch(r"1 of 8 features cannot be trusted: ch\d \(flat\)", one) for one in reasons)


@pytest.mark.parametrize("otherwise", [{"min_present": 0.0}, {"max_bad": 1.0}], ids=str)
def test_another_policy_than_the_twin_s_is_found(
    bundle: Path, otherwise: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(*args: Any) -> Any:
        policy = args[6:]  # none where nothing is missing
        return decided_live(*args[:6], *(replace(one, **otherwise) for one in policy))

    monkeypatch.setattr(module, "decided_live", careless)
    certificate = verify(bundle, long_recording(), cuttings=6, lsl="never")
    found = certificate.to_dict()
    assert not certificate.passed
    assert found["cuttings"]["n_unequal"] == 0
    assert found["gaps"]["n_unequal"] > 0
    assert all("abstained" in one["differs"] or "features" in one["differs"] for one in found["differences"])
    assert {one["where"] for one in found["differences"]} <= {f"gaps {number}" for number in range(2)}


def test_a_sample_that_is_lost_more_is_found(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin is of another loss: windows differ, and so does the count."""

    def once_more(run: Recording, as_sent: Sent, *args: Any) -> Any:
        kept = np.delete(np.arange(len(as_sent.delivery.sample)), 40)
        return source_with_faults(run, as_sent._replace(delivery=as_sent.delivery.take(kept)), *args)

    monkeypatch.setattr(module, "source_with_faults", once_more)
    found = verify(bundle, long_recording(), cuttings=1, lsl="never").to_dict()
    assert found["result"] == "FAIL"
    assert found["gaps"]["n_unequal"] > 2
    monkeypatch.setattr("hotwire.realtime.verify.pass_counts.MAX_REPORTED", 10_000)
    every = verify(bundle, long_recording(), cuttings=1, lsl="never").to_dict()["differences"]
    counted = [one["differs"] for one in every if one["stop"] == 0]
    assert len(counted) == 2
    assert all(re.fullmatch(r"lost: (\d+) samples, (\d+) counted", text) for [text] in counted)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"cuttings": 0, "lsl": "never"}, InputError, "cuttings: expected 1 or more, got 0"),
        ({"lsl": "maybe"}, UnknownNameError, "also, never"),
        ({"runs": [7], "lsl": "never"}, UnknownNameError, "There are: 0, 1"),
    ],
)
def test_refuses(bundle: Path, changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        verify(bundle, made_recording(), **changes)


def test_refuses_a_recording_without_anything_to_decide(bundle: Path) -> None:
    with pytest.raises(RecordingError, match="nothing to decide"):
        verify(bundle, replace(made_recording(), events=Events.none()), lsl="never")


def test_interrupting_ends_the_threads(bundle: Path) -> None:
    def interrupted(done: int, of: int) -> None:
        if done > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(bundle, made_recording(), cuttings=10_000, lsl="never", progress=interrupted)


@pytest.fixture
def files(bundle: Path, tmp_path: Path) -> tuple[Path, Path]:
    path = tmp_path / "recording.npz"
    write_npz(long_recording(), path)
    return bundle, path


@pytest.mark.slow
def test_through_lsl_between_two_processes(files: tuple[Path, Path], lsl: LslWorld) -> None:
    found = lsl.run(
        """
        import json, sys
        from hotwire.decoder.readers import read_npz
        from hotwire.realtime.verify.verify import verify

        bundle, recording = json.loads(sys.argv[1])
        print(json.dumps(verify(bundle, read_npz(recording), cuttings=1).to_dict()))
        """,
        *map(str, files),
    )
    assert found["result"] == "PASS"
    assert found["lsl"]["n_compared"] == found["n_decisions"] > 0
    assert found["lsl"]["n_unequal"] == 0
    assert not any(found["lsl"]["losses"].values())
    gaps = found["gaps_through_lsl"]
    assert gaps["n_unequal"] == 0
    assert min(gaps[name] for name in ("lost", "nonfinite", "duplicated", "n_with_missing", "n_abstained")) > 0

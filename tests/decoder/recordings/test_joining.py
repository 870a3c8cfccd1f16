"""Recordings of one session in several files."""

from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder import Events, Recording
from hotwire.decoder.recordings.joining import joined
from hotwire.errors import InputError, RecordingError


def make(runs: list[str], unit: str = "V", channel: str = "Cz", rate_hz: float = 10.0) -> Recording:
    n = 20
    events = Events(np.array(runs), np.ones(len(runs)), np.zeros(len(runs)), np.array(["a"] * len(runs)))
    data = np.random.default_rng(len(runs)).normal(size=(n * len(runs), 1)).astype(np.float32)
    return Recording(data, rate_hz, (channel,), np.repeat(runs, n), events, unit=unit, source=f"{len(runs)}.edf")


def test_runs_are_numbered_through_all_files() -> None:
    r = joined([make(["x", "y"]), make(["x"]), make(["a", "b", "c"])])
    assert r.run_lengths() == dict.fromkeys(range(1, 7), 20)
    assert r.events.run.tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(r.data[40:60], make(["x"]).data)
    assert r.source == "2.edf, 1.edf, 3.edf"


def test_files_that_do_not_fit() -> None:
    for other, told in (
        (make(["x"], unit="uV"), r"1\.edf: cannot be joined to 2\.edf: .* 'uV', but 2\.edf has 'V': multiply by 1e-06"),
        (make(["x"], channel="Pz"), "1 are missing: Cz"),
        (make(["x"], rate_hz=15), r"rate_hz is 15\.0"),
    ):
        with pytest.raises(RecordingError, match=told):
            joined([make(["x", "y"]), other])
    with pytest.raises(InputError, match="expected one or more"):
        joined([])

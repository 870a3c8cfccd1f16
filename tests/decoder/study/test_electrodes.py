"""Recordings of electrodes in a study file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from hotwire.decoder.study.recordings import AnyRecording
from hotwire.errors import RecordingError


def told(folder: Path, **fields: Any) -> Any:
    return TypeAdapter(AnyRecording).validate_python(fields, context={"folder": folder})


def write(path: Path) -> dict[str, Any]:
    np.savez(
        path,
        x=np.random.default_rng(0).normal(size=(2, 1000)),
        t=np.arange(1, 10) * 100 + 1,
        y=np.array([1, 2, 1] * 3),
        names=np.array(["C3", "C4"]),
    )
    return {
        "kind": "continuous",
        "path": path.name,
        "data": "x",
        "rate_hz": 100,
        "rows": "channels",
        "channel_names": "names",
        "onsets": "t",
        "counted_from": 1,
        "labels": "y",
        "label_names": {"1": "left", "2": "right"},
        "duration_s": 0.5,
        "unit": "uV",
    }


def test_continuous(tmp_path: Path) -> None:
    fields = write(tmp_path / "a.npz")
    r = told(tmp_path, **fields).read()
    assert (r.runs, r.feature_names, r.unit, r.rate_hz) == ([1], ("C3", "C4"), "uV", 100.0)
    assert r.events.onset_s.tolist() == [*range(1, 10)]
    assert r.events.label.tolist() == ["left", "right", "left"] * 3
    cut = told(tmp_path, **fields, cut={"n_runs": 3, "margin_s": [0.1, 0.2]}).read()
    assert cut.runs == ["1 part 1", "1 part 2", "1 part 3"]
    assert [int(np.sum(cut.events.run == run)) for run in cut.runs] == [3, 3, 3]
    np.testing.assert_array_equal(cut.data, r.data)
    assert len(told(tmp_path, **fields, cut={"pause_s": 0.4}).read().runs) == 9
    several = told(tmp_path, **fields | {"path": ["a.npz", "a.npz"], "run": ["one", "two"], "channels": ["C4"]}).read()
    assert several.run_lengths() == {"one": 1000, "two": 1000}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"cut": {}}, "cut\n.*expected either n_runs or pause_s"),
        ({"cut": {"n_runs": 3, "pause_s": 1.0}}, "cut\n.*expected either n_runs or pause_s"),
        ({"cut": {"n_runs": 0}}, r"cut\.n_runs\n.*greater than or equal to 1"),
        ({"cut": {"runs": 3}}, r"unknown field 'runs'; did you mean 'n_runs'"),
        ({"cut": {"n_runs": 3, "margin_s": [1]}}, r"cut\.margin_s\n.*at least 2 items"),
        ({"rate_hz": -1}, "rate_hz"),
        ({"onset_unit": "minutes"}, "onset_unit\n.*'samples', 's' or 'ms'"),
        ({"labels": 3}, "labels\n.*valid string"),
        ({"onset": "t"}, "unknown field 'onset'; did you mean 'onsets'"),
    ],
)
def test_wrong_fields_are_named(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    fields = write(tmp_path / "a.npz")
    with pytest.raises(ValidationError, match=message):
        told(tmp_path, **fields | changed)


def test_too_many_runs(tmp_path: Path) -> None:
    section = told(tmp_path, **write(tmp_path / "a.npz"), cut={"n_runs": 30})
    with pytest.raises(RecordingError, match="n_runs: for 30 runs, 29 pauses"):
        section.read()


def test_spike_times(tmp_path: Path) -> None:
    (tmp_path / "spikes.csv").write_text("unit,time_s\n1,0.25\n2,9.9\n")
    (tmp_path / "events.csv").write_text("onset_s,label\n1,a\n2,b\n5,a\n6,b\n")
    fields = {"kind": "spike_times", "path": "spikes.csv", "events": "events.csv", "bin_ms": 50}
    r = told(tmp_path, **fields, cut={"n_runs": 2}).read()
    assert (r.rate_hz, r.feature_names) == (20.0, ("unit_1", "unit_2"))
    assert [int(np.sum(r.events.run == run)) for run in r.runs] == [2, 2]
    r = told(tmp_path, **fields, stop_s=20, units=[2], values="counts").read()
    assert (r.n_samples, r.feature_names, r.unit) == (400, ("unit_2",), "spikes")


def test_mne(tmp_path: Path) -> None:
    info = mne.create_info(["C3", "C4"], 100.0, "eeg")
    for name in ("a_raw.fif", "b_raw.fif"):
        data = 1e-5 * np.random.default_rng(0).normal(size=(2, 3000))
        raw = mne.io.RawArray(data, info, verbose="error")
        raw.set_annotations(mne.Annotations([2, 5, 12, 15], 1.0, ["left", "right", "BAD", "left"]))
        raw.save(tmp_path / name, verbose="error")
    fields = {"kind": "mne", "path": ["a_raw.fif", "b_raw.fif"], "channels": ["C4"], "bad_spans": "drop events"}
    r = told(tmp_path, **fields).read()
    assert (r.run_lengths(), r.feature_names) == ({1: 3000, 2: 3000}, ("C4",))
    assert r.events.label.tolist() == ["left", "right", "left"] * 2
    cut = told(tmp_path, **fields, cut={"n_runs": 4}).read()
    assert cut.runs == ["1 part 1", "1 part 2", "2 part 1", "2 part 2"]
    with pytest.raises(ValidationError, match="bad_spans"):
        told(tmp_path, **fields | {"bad_spans": "ignore"})

"""Cut trials and stimulus channels in arrays."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from hotwire.decoder.readers.arrays.cut_trials import AXES
from hotwire.decoder.readers.arrays.named_arrays import read_named_arrays
from hotwire.decoder.run_splits import split_runs
from hotwire.decoder.windows import Epoch, windows
from hotwire.errors import InputError, RecordingError, UnknownNameError

TRIALS = np.random.default_rng(0).normal(size=(6, 3, 20)).astype(np.float32)
LABELS = np.array([1, 2, 1, 2, 1, 2])


@pytest.mark.parametrize("axes", list(permutations(AXES)), ids="-".join)
@pytest.mark.parametrize("ending", ["npz", "mat"])
def test_cut_trials_in_any_order_of_axes(tmp_path: Path, axes: tuple[str, ...], ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    content = {"X": TRIALS.transpose([AXES.index(axis) for axis in axes]), "y": LABELS}
    np.savez(path, X=content["X"], y=LABELS) if ending == "npz" else scipy.io.savemat(path, content)
    names = {"1": "left", "2": "right"}
    r = read_named_arrays(path, "X", "y", rate_hz=100.0, axes=axes, onset_s=0.05, label_names=names)
    assert r.run_lengths() == dict.fromkeys(range(1, 7), 20)
    assert r.events.label.tolist() == ["left", "right"] * 3
    np.testing.assert_allclose(r.events.duration_s, 0.15)
    cut = windows(Epoch(start_s=-0.05, stop_s=0.15), r)
    np.testing.assert_array_equal(cut.X.reshape(6, 20, 3), TRIALS.transpose(0, 2, 1))


def test_trials_of_a_run_are_held_out_together(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=TRIALS, y=LABELS, run=np.array([1, 1, 3, 3, 3, 1]))
    r = read_named_arrays(tmp_path / "a.npz", "X", "y", rate_hz=100.0, axes=AXES, run="run")
    assert r.runs == ["1 1", "1 2", "3 1", "3 2", "3 3", "1 3"]
    assert split_runs(r.runs, "session") == [["1 1", "1 2", "1 3"], ["3 1", "3 2", "3 3"]]


def test_a_stimulus_channel_is_a_label_of_each_sample(tmp_path: Path) -> None:
    stim = np.zeros(50)
    stim[5:8], stim[20:22], stim[22:25], stim[40] = 7, 8, 7, 8
    np.savez(tmp_path / "a.npz", X=np.zeros((50, 2)), y=stim, holes=np.where(stim == 0, np.nan, stim))
    r = read_named_arrays(tmp_path / "a.npz", "X", "y", rate_hz=10.0, rest="0")
    assert r.events.label.tolist() == ["7", "8", "7", "8"]
    np.testing.assert_allclose(r.events.onset_s, [0.5, 2.0, 2.2, 4.0])
    np.testing.assert_allclose(r.events.duration_s, [0.3, 0.2, 0.3, 0.1])
    named = {"7": "left", "8": "right"}
    for meaning in (named, named | {"0": "0"}):
        found = read_named_arrays(tmp_path / "a.npz", "X", "y", rate_hz=10.0, rest="0", label_names=meaning)
        assert found.events.label.tolist() == ["left", "right", "left", "right"]
    found = read_named_arrays(
        tmp_path / "a.npz", "X", "y", rate_hz=10.0, rest="pause", label_names=named | {"0": "pause"}
    )
    assert found.events.label.tolist() == ["left", "right", "left", "right"]
    holes = read_named_arrays(tmp_path / "a.npz", "X", "holes", rate_hz=10.0, rest="n/a")
    np.testing.assert_array_equal(holes.events.onset_s, r.events.onset_s)


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        (
            {"rate_hz": 9.0},
            InputError,
            r"'X' has the shape \(6, 3, 20\); .* \['trials', 'channels', 'times'\], got",
        ),
        ({"rate_hz": 9.0, "axes": ["trials", "times"]}, InputError, "got trials, times"),
        ({"axes": AXES}, InputError, "cut trials need rate_hz or tr_s"),
        ({"rate_hz": 9.0, "axes": AXES, "onset_s": 3.0}, InputError, r"from 0 to below 2.22222 .*got 3"),
        ({"rate_hz": 9.0, "axes": AXES, "data": "y"}, RecordingError, "numbers with three axes"),
        ({"rate_hz": 9.0, "axes": AXES[::-1]}, RecordingError, "an entry for each of the 20"),
        ({"rate_hz": 9.0, "axes": AXES, "rest": "0"}, UnknownNameError, "unknown label of rest '0'.* There are: 1, 2"),
        ({"data": "flat", "onset_s": 0.1}, InputError, "onset_s: expected with axes"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, fields: dict[str, Any], error: type[Exception], words: str) -> None:
    np.savez(tmp_path / "a.npz", X=TRIALS, y=LABELS, flat=TRIALS[:, :, 0])
    arguments: dict[str, Any] = {"data": "X", "label": "y"} | fields
    with pytest.raises(error, match=words):
        read_named_arrays(tmp_path / "a.npz", **arguments)

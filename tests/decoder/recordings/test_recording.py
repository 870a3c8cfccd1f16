from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hotwire.decoder.recordings.events import Events, first_sample_at
from hotwire.decoder.recordings.recording import Recording
from hotwire.errors import InputError, NonFiniteError, RecordingError, ShapeError, UnknownNameError


def events(**changes: Any) -> Events:
    table: dict[str, Any] = {
        "run": ["a", "b"],
        "onset_s": [0.0, 2.0],
        "duration_s": [2.0, 1.0],
        "label": ["face", "house"],
        "stimulus": ["f.png", "h.png"],
    }
    return Events(**{**table, **changes})


def recording(**changes: Any) -> Recording:
    fields: dict[str, Any] = {
        "data": np.arange(24.0).reshape(8, 3),
        "rate_hz": 0.5,
        "feature_names": ("x", "y", "z"),
        "run": ["a"] * 5 + ["b"] * 3,
        "events": events(),
        "positions_mm": np.arange(9).reshape(3, 3),
        "confounds": np.arange(8.0)[:, None],
        "confound_names": ("motion",),
    }
    return Recording(**{**fields, **changes})


def test_properties() -> None:
    r = recording()
    assert r.data.dtype == np.float32
    assert (r.n_samples, r.n_features, r.tr_s, r.runs) == (8, 3, 2.0, ["a", "b"])
    assert r.run_lengths() == {"a": 5, "b": 3}
    assert r.samples_of("b") == slice(5, 8)
    assert "8 samples x 3 features" in repr(r)


def test_arrays_are_read_only_and_the_callers_own_is_not() -> None:
    data = np.zeros((8, 3), np.float32)
    r = recording(data=data)
    with pytest.raises(ValueError, match="read-only"):
        r.data[0, 0] = 1.0
    data[0, 0] = 1.0


def test_select() -> None:
    r = recording(unit=("V", "T", "m")).select(features=["z", "x"], runs=["b"])
    np.testing.assert_array_equal(r.data, [[17, 15], [20, 18], [23, 21]])
    assert r.feature_names == ("z", "x")
    assert r.unit == ("m", "V")
    assert r.runs == ["b"]
    assert r.events.label.tolist() == ["house"]
    assert r.events.stimulus is not None
    assert r.events.stimulus.tolist() == ["h.png"]
    assert r.positions_mm is not None
    assert r.positions_mm[:, 0].tolist() == [6, 0]
    assert r.confounds is not None
    assert r.confounds.ravel().tolist() == [5, 6, 7]
    assert recording().select(features=np.array([False, True, False])).feature_names == ("y",)
    assert recording().select(features=[2, 0]).feature_names == ("z", "x")


def test_select_events_by_label() -> None:
    kept = recording().select(labels=["house"], runs=["a", "b"])
    assert kept.events.label.tolist() == ["house"]
    assert kept.n_samples == 8
    with pytest.raises(UnknownNameError, match=r"unknown label 'horse'; did you mean 'house'\? There are: face, house"):
        recording().select(labels=["horse"])


def test_select_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match=r"run 'c'.*a, b"):
        recording().select(runs=["c"])
    with pytest.raises(UnknownNameError, match=r"feature 'w'.*x, y, z"):
        recording().select(features=["w"])
    with pytest.raises(InputError, match="names, indices or a boolean mask"):
        recording().select(features=[0.5])
    many = recording(data=np.zeros((8, 500)), feature_names=[f"voxel_{i}" for i in range(500)], positions_mm=None)
    with pytest.raises(UnknownNameError, match="500 in all") as raised:
        many.select(features=["voxel_5000"])
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"data": np.zeros(8)}, ShapeError, r"\(n_samples, n_features\), got shape \(8,\)"),
        ({"feature_names": ("x",)}, ShapeError, "expected 3 names"),
        ({"feature_names": ("x", "y", "x")}, RecordingError, "several of x"),
        ({"run": ["a"] * 7}, ShapeError, r"shape \(8,\)"),
        ({"run": ["a"] * 4 + ["b"] * 3 + ["a"]}, RecordingError, "blocks a, b, a"),
        ({"run": np.full(8, 1.5)}, RecordingError, "integers or strings"),
        ({"rate_hz": 0}, RecordingError, "rate_hz"),
        ({"unit": ("V", "V")}, ShapeError, "each of the 3 features, got 2"),
        ({"positions_mm": np.zeros((2, 3))}, ShapeError, r"\(3, 3\)"),
        ({"confounds": None}, ShapeError, "confounds"),
        ({"confounds": np.zeros((7, 1))}, ShapeError, r"\(8, 1\), got \(7, 1\)"),
        ({"regions": {"V1": [0, 3]}}, ShapeError, "'V1' names feature 3, but the recording has 3, counted from 0"),
        ({"regions": {"V1": [-1]}}, ShapeError, "'V1' names feature -1"),
        ({"regions": {"V1": [True, False, True]}}, ShapeError, "'V1' a list of positions.* an array of bool"),
        ({"regions": {"V1": [[0]]}}, ShapeError, r"of shape \(1, 1\)"),
        ({"regions": {"V1": [1, 1]}}, RecordingError, "each feature once, but 'V1' has some"),
        ({"events": events(run=["a", "c"])}, RecordingError, r"does not have: c\. Its runs are: a, b"),
        ({"events": events(onset_s=[0.0, 6.0])}, RecordingError, r"'house'.* at 6 s.* run b .*0 to 6 s"),
        ({"events": events(onset_s=[-0.5, 0.0])}, RecordingError, r"at -0.5 s.*1 of 2 events"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        recording(**changes)


def test_names_of_a_whole_brain_that_occur_twice_are_told() -> None:
    """Comparing each name with each would go on for hours."""
    names = [f"voxel_{i // 2}" for i in range(200_000)]
    with pytest.raises(RecordingError, match="each name once, got several of voxel_0, voxel_1, voxel_10, "):
        Recording(np.zeros((1, len(names)), np.float32), 0.5, tuple(names), np.zeros(1, int))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_a_sample_that_is_not_finite_is_named(value: float) -> None:
    data = np.zeros((8, 3))
    data[6, 1] = value
    with pytest.raises(NonFiniteError, match=r"in 'y', run b, sample 1 of the run"):
        recording(data=data)


def test_regions_follow_the_features_that_are_kept() -> None:
    whole = recording(regions={"left": [2, 0], "right": np.array([1]), "empty": []})
    assert whole.regions["left"].tolist() == [0, 2]
    assert not whole.regions["left"].flags.writeable
    assert "3 regions" in whole.summary()
    assert "regions" not in recording().summary()
    for features in ([2, 1], ["z", "y"]):
        kept = whole.select(features=features)
        assert {name: of.tolist() for name, of in kept.regions.items()} == {"left": [0], "right": [1], "empty": []}
    assert {name: of.tolist() for name, of in whole.select(runs=["b"]).regions.items()} == {
        "left": [0, 2],
        "right": [1],
        "empty": [],
    }


def test_events_may_begin_where_a_lag_trimmed_the_run() -> None:
    late = events(onset_s=[0.0, 7.0])
    assert recording(events=late, trimmed_samples=1).events is late


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"label": ["face"]}, ShapeError, "one length"),
        ({"onset_s": [0.0, np.nan]}, NonFiniteError, r"onset_s.*nan for event 1.*house.*run b"),
        ({"duration_s": [1.0, -1.0]}, RecordingError, r"-1.0 s for event 1"),
    ],
)
def test_events_that_do_not_fit(changes: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        events(**changes)


def test_joined_events_keep_stimuli() -> None:
    joined = Events.joined([events(stimulus=None), Events.none(), events()])
    assert joined.stimulus is not None
    assert joined.stimulus.tolist() == ["", "", "f.png", "h.png"]
    assert len(Events.joined([])) == 0


def test_times_on_the_grid_are_not_moved_by_rounding() -> None:
    for tr_s in (2.5, 0.72, 1.97, 0.1, 1 / 3):
        times = [first_sample_at(i * tr_s, 1 / tr_s) for i in range(2000)]
        assert times == list(range(2000))
    assert first_sample_at(15.0, 1 / 2.5) == 6
    assert first_sample_at(15.0 + 0.02, 1 / 2.5) == 7

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from hotwire.decoder.readers.arrays.named_arrays import read_named_arrays
from hotwire.decoder.readers.arrays.stored_pictures import read_stored_pictures
from hotwire.decoder.readers.arrays.stored_voxels import VoxelList, VoxelMasks
from hotwire.decoder.steps import Detrend, run_steps
from hotwire.decoder.windows import BlockAverage, windows
from hotwire.errors import InputError, NonFiniteError, RecordingError, UnknownNameError

from ..conftest import recordings

N = 8
SHAPE = (2, 3, 2)


def arrays() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "X": rng.normal(size=(N, 4)),
        "label": np.array(["cat", "cat", "shoe", "shoe", "cat", "cat", "cat", "shoe"]),
        "run": np.repeat([3, 5], 4),
        "block": np.array([1, 1, 2, 2, 3, 3, 4, 5]),
        "index": np.array([1, 2, 9, 12]),
        "shape": np.array(SHAPE),
        "size": np.array([3.0, 2.0, 1.0]),
        "pictures": rng.integers(0, 256, size=(N, 6)).astype(np.uint8),
    }


def saved(folder: Path, ending: str = "npz", **changes: Any) -> Path:
    path = folder / f"a.{ending}"
    content = arrays() | changes
    np.savez(path, **content) if ending == "npz" else scipy.io.savemat(path, content)
    return path


def test_samples_with_a_rate_follow_each_other_in_time(tmp_path: Path) -> None:
    recording = read_named_arrays(saved(tmp_path), "X", "label", run="run", block="block", rate_hz=0.5, unit="%")
    np.testing.assert_array_equal(recording.data, arrays()["X"].astype(np.float32))
    assert (recording.rate_hz, recording.unit) == (0.5, "%")
    assert recording.run_lengths() == {3: 4, 5: 4}
    events = recording.events
    assert events.label.tolist() == ["cat", "shoe", "cat", "cat", "shoe"]
    assert events.run.tolist() == [3, 3, 5, 5, 5]
    assert events.onset_s.tolist() == [0.0, 4.0, 0.0, 4.0, 6.0]
    assert events.duration_s.tolist() == [4.0, 4.0, 4.0, 2.0, 2.0]
    assert read_named_arrays(saved(tmp_path), "X", "label", rate_hz=0.5).runs == [1]


def test_samples_without_a_rate_are_trials(tmp_path: Path) -> None:
    recording = read_named_arrays(saved(tmp_path), "X", "label", stimuli="pictures")
    assert recording.runs == list(range(N))
    assert recording.events.label.tolist() == arrays()["label"].tolist()
    assert set(recording.events.duration_s) == {1.0}
    assert recording.events.stimulus is not None
    assert recording.events.stimulus.tolist() == [f"picture_{i}" for i in range(N)]
    of_runs = read_named_arrays(saved(tmp_path), "X", "label", run="run")
    assert of_runs.runs == [3, 5]
    assert of_runs.events.onset_s.tolist() == [0.0, 1.0, 2.0, 3.0] * 2


def test_matlab_turns_and_widens_what_it_saves(tmp_path: Path) -> None:
    changes = {"X": arrays()["X"].T, "run": np.repeat([3.0, 5.0], 4), "label": np.array([[1.0] * 4 + [2.0] * 4]).T}
    path = saved(tmp_path, "mat", **changes)
    names = {"1": "six", "2": "nine"}
    recording = read_named_arrays(path, "X", "label", rows="features", run="run", rate_hz=1.0, label_names=names)
    np.testing.assert_array_equal(recording.data, arrays()["X"].astype(np.float32))
    assert recording.runs == [3, 5]
    assert recording.events.label.tolist() == ["six", "nine"]


@pytest.mark.parametrize(("order", "expected"), [("F", "voxel_1_0_0"), ("C", "voxel_0_0_1")])
def test_voxels_are_counted_in_the_order_that_is_told(tmp_path: Path, order: Any, expected: str) -> None:
    voxels = VoxelList("index", "shape", "size", counted_from=1)
    recording = read_named_arrays(saved(tmp_path), "X", "label", voxels=voxels, order=order)
    assert recording.feature_names[1] == expected
    assert recording.positions_mm is not None
    for name, position in zip(recording.feature_names, recording.positions_mm, strict=True):
        index = np.array(name.split("_")[1:], int)
        np.testing.assert_array_equal(position, index * arrays()["size"])
        at = arrays()["index"][recording.feature_names.index(name)] - 1
        assert np.ravel_multi_index(tuple(index), SHAPE, order=order) == at


@pytest.mark.parametrize("ending", ["npz", "mat"])
def test_regions_are_the_masks_of_the_features_voxels(tmp_path: Path, ending: str) -> None:
    rng = np.random.default_rng(1)
    features, left, right = (rng.random((3, *SHAPE)) < 0.6).astype(np.uint8)
    order = "F" if ending == "mat" else "C"
    masks: Any = np.stack([features, left, right])
    if ending == "mat":
        masks = np.empty((1, 3), object)
        masks[0] = [features, left, right]
    n = int(features.sum())
    names = np.array(["all", "lh.V1", "rh.V1"], object if ending == "mat" else None)
    # The value of a feature is where its voxel lies.
    X = np.tile(np.arange(np.prod(SHAPE)).reshape(SHAPE).ravel(order=order)[features.ravel(order=order) > 0], (N, 1))
    path = saved(tmp_path, ending, X=X, masks=masks, names=names)
    voxels = VoxelMasks("masks", "names", "all")
    recording = read_named_arrays(path, "X", "label", voxels=voxels, regions={"V1": ["?h.V1"], "left": ["lh.*"]})
    for region, mask in (("left", left), ("V1", left | right)):
        expected = np.flatnonzero((features & mask).ravel())
        assert sorted(recording.data[0, recording.regions[region]].tolist()) == expected.tolist()
    places = [tuple(map(int, name.split("_")[1:])) for name in recording.feature_names]
    assert [np.ravel_multi_index(place, SHAPE) for place in places] == recording.data[0].tolist()
    apart = read_named_arrays(path, "X", "label", voxels=voxels)
    assert {name: len(of) for name, of in apart.regions.items()}["all"] == n
    with pytest.raises(UnknownNameError, match=r"mask of region 'V2' '\*V2'.* lh\.V1, rh\.V1"):
        read_named_arrays(path, "X", "label", voxels=voxels, regions={"V2": ["*V2"]})
    with pytest.raises(UnknownNameError, match="mask of features 'primary'"):
        read_named_arrays(path, "X", "label", voxels=VoxelMasks("masks", "names", "primary"))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"rows": "columns"}, "rows: expected one of samples, features, got 'columns'"),
        ({"order": "A"}, "order: expected 'C' or 'F', got 'A'"),
        ({"block": "block"}, "block: samples without a rate are trials"),
        ({"rate_hz": 1.0, "stimuli": "pictures"}, "stimuli: expected samples that are trials"),
        ({"rate_hz": 0.0}, "rate_hz: expected a positive number"),
        ({"regions": {"V1": ["V1"]}}, "regions: they are made of masks"),
        ({"label_names": {"cat": "Cat"}}, "a name for each label of 'label', got none for 'shoe'"),
        ({"label_names": {"cat": "Cat", "shoe": "Shoe", "dog": "Dog"}}, "unknown label in 'label' 'dog'"),
        ({"run": "runs"}, "unknown array in .* 'runs'; did you mean 'run'"),
    ],
)
def test_what_is_asked_for_is_checked(tmp_path: Path, asked: dict, words: str) -> None:
    voxels = VoxelList("index", "shape") if "order" in asked else None
    with pytest.raises(InputError, match=words):
        read_named_arrays(saved(tmp_path), "X", "label", voxels=voxels, **asked)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"X": np.zeros(8)}, r"'X' to be numbers with two axes.* float64 of shape \(8,\)"),
        ({"X": np.zeros((8, 4), complex)}, "got an array of complex128"),
        ({"X": np.zeros((4, 8))}, r"'label' to have an entry for each of the 4 samples, got shape \(8,\)"),
        ({"label": np.array(["cat"] * 7)}, r"each of the 8 samples, got shape \(7,\)"),
        ({"label": np.zeros((2, 4))}, r"each of the 8 samples, got shape \(2, 4\)"),
        ({"label": np.full(8, 0.5)}, "'label' to be texts or whole numbers, got an array of float64"),
        ({"run": np.array([1, 1, 2, 2, 1, 1, 1, 1])}, "each run to be one unbroken block"),
        ({"block": np.array([1, 1, 1, 2, 3, 3, 4, 5])}, "block 1 of run 3 goes from 'cat' to 'shoe' at sample 2"),
        ({"index": np.arange(3)}, "'X' has 4 features, but there are 3 voxels"),
        ({"index": np.array([0, 1, 2, 12])}, r"'index' names voxel 12, counted from 0.* shape \(2, 3, 2\)"),
        ({"index": np.array(["a"] * 4)}, "'index' to be whole numbers, got texts"),
        ({"shape": np.arange(2)}, r"'shape' to be three numbers, got shape \(2,\)"),
        ({"size": np.array(["a"] * 3)}, "'size' to be three numbers"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, changes: dict, words: str) -> None:
    voxels = VoxelList("index", "shape", "size")
    content: dict[str, Any] = {"index": np.arange(4)} | changes
    path = saved(tmp_path, **content)
    with pytest.raises(RecordingError, match=words):
        read_named_arrays(path, "X", "label", run="run", block="block", rate_hz=1.0, voxels=voxels)


def test_masks_that_do_not_fit_are_named(tmp_path: Path) -> None:
    voxels = VoxelMasks("masks", "names", "all")
    for masks, names, words in (
        (np.ones((2, *SHAPE)), ["all"], "'names' to name each of the 2 masks in 'masks'"),
        (np.ones((1, 4)), ["all"], r"'masks' to be volumes of one shape, got \{\(4,\)\}"),
        (np.ones((1, *SHAPE)), ["all"], "'X' has 4 features, but there are 12 voxels"),
    ):
        path = saved(tmp_path, masks=masks, names=np.array(names))
        with pytest.raises(RecordingError, match=words):
            read_named_arrays(path, "X", "label", voxels=voxels)


def test_a_sample_that_is_not_finite_is_named(tmp_path: Path) -> None:
    X = arrays()["X"]
    X[5, 2] = np.nan
    with pytest.raises(NonFiniteError, match="got nan in 'feature_2', run 5, sample 1"):
        read_named_arrays(saved(tmp_path, X=X), "X", "label", run="run", rate_hz=1.0)


@pytest.mark.slow
def test_haxby_ventral_temporal() -> None:
    from sklearn.linear_model import RidgeClassifier
    from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    recording = read_named_arrays(
        recordings("haxby2001-vt") / "haxby2001_subj1_vt.npz",
        "X",
        "category",
        run="run",
        block="block",
        rate_hz=1 / 2.5,
        voxels=VoxelList("mask_idx_1based_fortran", "mask_dim", "voxel_mm", counted_from=1),
        order="F",
    )
    assert (recording.n_samples, recording.n_features, recording.tr_s) == (864, 577, 2.5)
    assert recording.run_lengths() == dict.fromkeys(range(12), 72)
    assert set(recording.events.duration_s) == {9 * 2.5}
    for run in recording.runs:
        of_run = recording.events.run == run
        assert sorted(recording.events.label[of_run]) == sorted(set(recording.events.label))
        np.testing.assert_allclose(recording.events.onset_s[of_run], np.arange(8) * 22.5)
    # Neighbours in the volume are alike: the voxels are where they are said to be.
    assert neighbours(recording) > 0.2
    trials = windows(BlockAverage(), run_steps((Detrend(order=1),), recording))
    ridge = make_pipeline(StandardScaler(), RidgeClassifier(1000.0))
    assert cross_val_score(ridge, trials.X, trials.label, groups=trials.run, cv=LeaveOneGroupOut()).mean() > 0.85


@pytest.mark.slow
def test_digits() -> None:
    from sklearn.linear_model import RidgeClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    path = recordings("digits69") / "69dataset2.mat"
    recording = read_named_arrays(
        path,
        "Y",
        "stimulus_label",
        label_names={"1": "six", "2": "nine"},
        stimuli="X",
        voxels=VoxelMasks("region_of_interest_mask", "region_of_interest_label", "primary.nii"),
        regions={name: [f"?h.{name}d.nii", f"?h.{name}v.nii"] for name in ("V1", "V2", "V3")},
    )
    assert (recording.n_samples, recording.n_features) == (100, 3092)
    assert {name: len(of) for name, of in recording.regions.items()} == {"V1": 1185, "V2": 623, "V3": 344}
    # Neighbours in the volume are alike: the voxels were laid out in MATLAB's order (in the other one it is 0.17).
    assert neighbours(recording) > 0.35
    label, X = recording.events.label, recording.data[:, recording.regions["V1"]]
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    ridge = make_pipeline(StandardScaler(), RidgeClassifier(1000.0))
    assert cross_val_score(ridge, X, label, cv=folds).mean() >= 0.95

    pictures = read_stored_pictures(path, "X", (28, 28))
    assert list(pictures) == list(recording.events.stimulus if recording.events.stimulus is not None else ())
    # Upright, a six is wide below and a nine above; turned over, both would be wider below.
    wider = np.array([wider_below(np.asarray(picture)[:, :, 0] > 100) for picture in pictures.values()])
    assert wider[label == "six"].mean() > 3
    assert wider[label == "nine"].mean() < -1


def wider_below(ink: np.ndarray) -> int:
    """By how many pixels the lower half of what is drawn is wider than the upper half."""
    rows = np.flatnonzero(ink.any(axis=1))
    upper, lower = ink[: (rows[0] + rows[-1]) // 2], ink[(rows[0] + rows[-1]) // 2 :]
    return int(np.ptp(np.flatnonzero(lower.any(axis=0))) - np.ptp(np.flatnonzero(upper.any(axis=0))))


def neighbours(recording: Any) -> float:
    """Mean correlation of voxels that lie side by side."""
    Z = recording.data - recording.data.mean(axis=0)
    Z /= np.maximum(Z.std(axis=0), 1e-9)
    at = {tuple(map(int, name.split("_")[1:])): i for i, name in enumerate(recording.feature_names)}
    pairs = [(i, at[x + dx, y + dy, z + dz])
             for (x, y, z), i in at.items()
             for dx, dy, dz in ((1, 0, 0), (0, 1, 0), (0, 0, 1))
             if (x + dx, y + dy, z + dz) in at]  # fmt: skip
    left, right = np.array(pairs).T
    return float((Z[:, left] * Z[:, right]).mean())

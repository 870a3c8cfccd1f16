from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.decoder.readers.spikes.pseudo_trials import read_spikes
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.windows import BlockAverage, windows
from hotwire.errors import InputError, RecordingError

from ..conftest import recordings

RANGE: dict[str, Any] = {"bin_ms": 10, "start_ms": -20, "stop_ms": 30}


def made(folder: Path, **changes: Any) -> Path:
    """Three neurons; the time of its only spike tells the neuron and the trial, and its label."""
    rng = np.random.default_rng(0)
    label = np.array([rng.permutation(["cat"] * 4 + ["shoe"] * 4) for _ in range(3)])
    neuron, trial = np.divmod(np.arange(24), 8)
    arrays: dict[str, Any] = {
        "neuron": neuron,
        "trial": trial,
        "time_ms": np.where(label.ravel() == "cat", 5, 25),
        "label": label,
        "place": np.array([["up"] * 8] * 3),
    } | changes
    arrays["neuron"] = np.append(arrays["neuron"], [0, 0])
    arrays["trial"] = np.append(arrays["trial"], [0, 0])
    arrays["time_ms"] = np.append(arrays["time_ms"], [-20, 29])
    np.savez(folder / "spikes.npz", allow_pickle=False, **arrays)
    return folder / "spikes.npz"


def test_spikes_become_rates_around_the_onset(tmp_path: Path) -> None:
    recording = read_spikes(made(tmp_path), **RANGE)
    assert (recording.n_samples, recording.n_features, recording.rate_hz) == (8 * 5, 3, 100.0)
    assert recording.unit == "spikes/s"
    assert recording.feature_names == ("neuron_0", "neuron_1", "neuron_2")
    assert set(recording.run_lengths().values()) == {5}
    assert recording.events.onset_s.tolist() == [0.02] * 8
    assert recording.events.duration_s.tolist() == [0.03] * 8
    assert recording.data.sum() == 26 * 100.0
    for start_ms, label in ((0, "cat"), (20, "shoe")):
        found = windows(BlockAverage(start_ms / 1000, start_ms / 1000 + 0.01), recording)
        mine = found.X[found.label == label][:, 1:]
        np.testing.assert_array_equal(mine, np.full(mine.shape, 100.0))
        np.testing.assert_array_equal(found.X[found.label != label][:, 1:], 0.0)


def test_every_trial_of_a_neuron_is_used_once_and_pairing_follows_the_seed(tmp_path: Path) -> None:
    times = np.tile(np.arange(8.0) * 10 + 0.5, 3)  # tells the trial
    path = made(tmp_path, time_ms=times)

    def trials(recording: Recording) -> np.ndarray:
        X = recording.data.reshape(8, 10, 3)[:, 2:, 1:]
        np.testing.assert_array_equal(X.sum(axis=1), 100.0)
        return X.argmax(axis=1)

    given: dict[str, Any] = {"bin_ms": 10, "start_ms": -20, "stop_ms": 80}
    first, again, other = (read_spikes(path, **given, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.data, again.data)
    assert not np.array_equal(trials(first), trials(other))
    label = np.load(path)["label"]
    for recording in (first, other):
        np.testing.assert_array_equal(np.sort(trials(recording), axis=0), np.arange(8)[:, None].repeat(2, axis=1))
        for neuron in (1, 2):
            assert label[neuron][trials(recording)[:, neuron - 1]].tolist() == recording.events.label.tolist()


def test_the_neuron_with_the_fewest_trials_sets_how_many_there_are(tmp_path: Path) -> None:
    label = np.array([["cat"] * 4 + ["shoe"] * 4] * 3)
    label[1, 7] = ""
    path = made(tmp_path, label=label, neuron=np.zeros(24, int), trial=np.zeros(24, int))
    assert sorted(read_spikes(path, **RANGE).events.label.tolist()) == ["cat"] * 4 + ["shoe"] * 3


def test_trials_of_one_pseudo_trial_also_match_in_what_is_asked_for(tmp_path: Path) -> None:
    place = np.array([["up", "down"] * 4] * 3)
    path = made(tmp_path, place=place, label=np.array([["cat"] * 8] * 3))
    assert read_spikes(path, **RANGE).events.stimulus is None
    stimulus = read_spikes(path, **RANGE, match=["place"]).events.stimulus
    assert stimulus is not None
    assert sorted(stimulus.tolist()) == ["cat down"] * 4 + ["cat up"] * 4


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"bin_ms": 0}, "bin_ms: expected a width above 0"),
        ({"start_ms": -25}, r"start_ms: expected 0 or more whole bins of 10 ms before the onset.* got 2\.5"),
        ({"start_ms": 10}, "start_ms: .* got -1"),
        ({"stop_ms": 0}, "stop_ms: expected 1 or more whole bins of 10 ms after the onset.* got 0"),
    ],
)
def test_onset_lies_between_two_bins(tmp_path: Path, asked: dict, words: str) -> None:
    given: dict[str, Any] = RANGE | asked
    with pytest.raises(InputError, match=words):
        read_spikes(made(tmp_path), **given)


def test_rates_are_not_made_up_where_nothing_was_kept(tmp_path: Path) -> None:
    asked: dict[str, Any] = RANGE | {"stop_ms": 50}
    with pytest.raises(RecordingError, match="kept only from -20 to 29 ms"):
        read_spikes(made(tmp_path), **asked)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label": np.zeros((3, 8))}, r"'label' to hold texts \(n_neurons, n_trials\)"),
        ({"place": np.array([["up"] * 7] * 3)}, r"'place' .* shape \(3, 7\); 'label' has shape \(3, 8\)"),
        ({"time_ms": np.zeros(3)}, r"a number for each spike in every array, got 'neuron': int64 26.* float64 5"),
        ({"neuron": np.full(24, 3)}, "expected 'neuron' from 0 to 2, .* got 3"),
        ({"trial": np.full(24, -1)}, "expected 'trial' from 0 to 7, .* got -1"),
        ({"label": np.array([["a"] * 8, ["a"] * 8, ["b"] * 8])}, "neuron 2 has no trial of 'a'"),
        ({"label": np.array([[""] * 8] * 3)}, "no trial has a label"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, changes: dict, words: str) -> None:
    asked: dict[str, Any] = RANGE | {"match": ["place"] if "place" in changes else []}
    with pytest.raises(RecordingError, match=words):
        read_spikes(made(tmp_path, **changes), **asked)


@pytest.mark.slow
def test_it_neurons_name_objects_after_the_onset_and_not_before() -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.model_selection import KFold, cross_val_score

    recording = read_spikes(
        recordings("it-objects") / "ZD_spikes.npz",
        bin_ms=50,
        start_ms=-500,
        stop_ms=500,
        neuron="site",
        trial="trial",
        time_ms="t_ms",
        label="obj",
        match=["pos"],
    )
    # Seven of the 132 neurons lack one of the 420 trials.
    assert (recording.n_features, len(recording.events), recording.rate_hz) == (132, 419, 20.0)
    labels, counts = np.unique(recording.events.label, return_counts=True)
    assert dict(zip(labels.tolist(), counts.tolist(), strict=True)) == {
        name: 59 if name == "flower" else 60 for name in ("car", "couch", "face", "flower", "guitar", "hand", "kiwi")
    }

    def accuracy(start_s: float, stop_s: float) -> float:
        trials = windows(BlockAverage(start_s, stop_s), recording)
        lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        folds = KFold(10, shuffle=True, random_state=0)
        return float(cross_val_score(lda, trials.X, trials.label, cv=folds).mean())

    assert accuracy(0.1, 0.25) > 0.85
    assert accuracy(-0.5, -0.35) < 1 / 7 + 0.06

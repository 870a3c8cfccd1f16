"""Rows that are runs of their own although their neighbours share their noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hotwire.decoder import Decoder, Recording, Settings, WordTargets, evaluate
from hotwire.decoder.evaluation.audit.neighbours import neighbours_finding, shared_by_neighbours
from hotwire.decoder.evaluation.splits import split_runs
from hotwire.decoder.finding import Finding
from hotwire.decoder.readers.arrays.named_arrays import read_named_arrays
from hotwire.decoder.windows import BlockAverage, windows
from hotwire.errors import LeakError
from hotwire.models import Network

LABELS = np.array(["cat", "face", "house", "shoe"])
WORDS = WordTargets({label: label for label in LABELS.tolist()})


def reaches(n: int = 80, length: int = 5, seed: int = 0, n_features: int = 20) -> dict[str, NDArray]:
    """Pure noise that hardly changes while a direction lasts: a row for each bin."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 4, n).repeat(length)
    held = rng.normal(size=(n, n_features)).repeat(length, axis=0)
    return {
        "X": held + 0.3 * rng.normal(size=held.shape),
        "direction": LABELS[label],
        "run": np.arange(8).repeat(n * length // 8),
    }


def read(folder: Path, arrays: dict[str, NDArray], run: str | None = None) -> Recording:
    np.savez(folder / "reaches.npz", **arrays)  # pyright: ignore[reportArgumentType]
    return read_named_arrays(folder / "reaches.npz", "X", "direction", run=run)


def found_in(recording: Recording, folds: int = 10) -> Finding:
    held_out = split_runs(recording.runs, min(folds, len(recording.runs)))
    number = {run: i for i, runs in enumerate(held_out) for run in runs}
    return neighbours_finding(recording, windows(BlockAverage(), recording), number)


def test_bins_of_a_reach_are_no_runs_of_their_own(tmp_path: Path) -> None:
    found = found_in(read(tmp_path, reaches()))
    assert found.verdict == "leak"
    assert "as if recorded one right after the other, so that they share noise, which tells the label" in found.reason
    whole = found_in(read(tmp_path, reaches(), run="run"))
    assert whole.verdict == "warning"
    assert (
        "p and intervals take them for such. Give rate_hz or tr_s, and each stretch of a label is one" in whole.reason
    )
    arrays = reaches()
    arrays["X"] = np.random.default_rng(1).normal(size=arrays["X"].shape)
    independent = found_in(read(tmp_path, arrays, run="run"))
    assert (independent.verdict, independent.reason) == (
        "fine",
        "Runs hold several trials, so that neighbours stay together.",
    )


def test_evaluate_refuses_and_says_how_to_give_the_runs(tmp_path: Path, network: Network) -> None:
    """Noise gave far more than its 0.25; with its runs it gives no more."""
    decoder = Decoder(network, WORDS, Settings("first"))
    arrays = reaches(n_features=60)
    with pytest.raises(LeakError, match=r'neighbours: .*To do: .*kind "arrays" by run = .*rate_hz or tr_s'):
        evaluate(decoder, read(tmp_path, arrays), folds=10, controls=(), n_permutations=100)
    with pytest.warns(UserWarning, match="neighbours"):
        loose = evaluate(decoder, read(tmp_path, arrays), folds=10, controls=(), n_permutations=100, audit="warn")
    assert loose.decoder.measures["candidate"].value > 0.6
    sound = evaluate(decoder, read(tmp_path, arrays, run="run"), controls=(), n_permutations=100)
    assert sound.decoder.measures["candidate"].value < 0.4


@pytest.mark.parametrize("memory", [0.5, 0.9])
def test_noise_that_changes_slowly(tmp_path: Path, memory: float) -> None:
    rng = np.random.default_rng(1)
    made = reaches()
    noise = rng.normal(size=made["X"].shape)
    for i in range(1, len(noise)):
        noise[i] += memory * noise[i - 1]
    assert found_in(read(tmp_path, made | {"X": noise})).verdict == "leak"


def test_labels_in_mixed_order_gain_nothing_from_neighbours(tmp_path: Path) -> None:
    made = reaches(length=5)
    mixed = np.random.default_rng(3).permutation(made["direction"])
    assert found_in(read(tmp_path, made | {"direction": mixed})).verdict == "fine"


def test_a_file_sorted_by_label(tmp_path: Path) -> None:
    """Rows may have been recorded in mixed order before: only what is shared by far is a leak."""
    rng = np.random.default_rng(0)
    label = np.sort(rng.integers(0, 4, 200))
    noise = rng.normal(size=(200, 20))
    made = {"X": noise, "direction": LABELS[label]}
    assert found_in(read(tmp_path, made)).verdict == "fine"
    little = noise + 0.5 * np.roll(noise, 1, axis=0) * (np.arange(200) > 0)[:, None]
    assert found_in(read(tmp_path, made | {"X": 0.6 * noise + little * 0.5})).verdict == "warning"
    much = rng.normal(size=(50, 20)).repeat(4, axis=0) + 0.3 * noise
    assert found_in(read(tmp_path, made | {"X": much})).verdict == "leak"


def test_what_a_label_evokes_is_not_taken_for_noise() -> None:
    """In one of two hundred recordings at most, whatever the order of labels and the strength of their responses."""
    accused = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        label = np.sort(rng.integers(0, 4, 120)) if seed % 2 else rng.integers(0, 4, 30).repeat(4)
        patterns = rng.choice([0.0, 1.0, 10.0]) * rng.normal(size=(4, int(rng.choice([2, 20]))))
        X = patterns[label] + rng.normal(size=(120, patterns.shape[1]))
        told = shared_by_neighbours(X, label, rng.integers(0, 10, 120))
        assert told is not None
        accused += told.p_value <= 0.005
    assert accused <= 4


def test_nothing_to_compare() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 5))
    assert shared_by_neighbours(X, np.arange(30), np.arange(30)) is None  # every stimulus once
    assert shared_by_neighbours(X, np.zeros(30), np.zeros(30)) is None  # one fold
    constant = shared_by_neighbours(np.ones((30, 5)), np.zeros(30), np.arange(30))
    assert constant is not None
    assert constant.p_value == 1.0

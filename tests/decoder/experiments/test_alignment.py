"""A decoder of one session started on another."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.adapters import RidgeAdapter, Whitener
from hotwire.adapters.alignment.aligner import Aligner
from hotwire.adapters.alignment.covariance import CovarianceAligner
from hotwire.adapters.alignment.procrustes import ProcrustesAligner
from hotwire.adapters.kinds import KINDS
from hotwire.decoder import Decoder, NearestReadout, Recording, Settings, WordTargets, load, save
from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.experiments.alignment import PLAIN, folded, matched, start_on
from hotwire.decoder.fitted_on import runs_of_fit
from hotwire.decoder.linear import Linear
from hotwire.decoder.readers import read_attributes, read_nifti
from hotwire.decoder.statistics.measures import hit_table
from hotwire.decoder.statistics.permutation import exchanges, permutation_p
from hotwire.decoder.steps import Detrend, RunningZScore, run_steps
from hotwire.decoder.windows import BlockAverage, SlidingAverage, Trials, windows
from hotwire.errors import InputError, RecordingError, UnknownNameError
from hotwire.models import Network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})


def right(decoder: Decoder, recording: Recording) -> float:
    decisions = decoder.predict(recording)
    return float(np.mean([decision.answer == recording.events.label[decision.event] for decision in decisions]))


def fitted(network: Network, recording: Recording, whiten: Any = "none", **more: Any) -> Decoder:
    return Decoder(network, TARGETS, Settings("first", whiten=whiten, readout=NearestReadout(), **more)).fit(recording)


def changed(recording: Recording, M: np.ndarray, offset: Any, prefix: str = "voxel") -> Recording:
    """Another session: the same events in features that are mixed and shifted."""
    data = recording.data @ M + offset
    names = tuple(f"{prefix}_{i}" for i in range(data.shape[1]))
    return replace(recording, data=data.astype(np.float32), feature_names=names)


def trials_of(rng: np.random.Generator, labels: list[str], n_features: int) -> Trials:
    n = len(labels)
    return Trials(
        X=rng.normal(size=(n, n_features)).astype(np.float32),
        label=np.array(labels),
        run=np.zeros(n, int),
        event=np.arange(n),
        start_s=np.zeros(n),
        stop_s=np.ones(n),
        stimulus=None,
        left_out=np.empty(0, np.int64),
    )


@settings(max_examples=25)
@given(
    kind=st.sampled_from(["mean", "variance", "covariance", "procrustes"]),
    whiten=st.booleans(),
    scale=st.sampled_from(["none", "unit_variance"]),
    n_features=st.integers(2, 12) | st.integers(35, 60),
    seed=st.integers(0, 2**16),
)
def test_folded_is_the_alignment_then_the_old_one(
    kind: str, whiten: bool, scale: str, n_features: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, n_features)) + 5.0
    Y = X @ rng.normal(size=(n_features, 30)) + rng.normal(size=(40, 30))
    whitener = Whitener().fit(X) if whiten else None
    adapter = RidgeAdapter(alphas=1.0, scale=scale, gain="unit").fit(
        X if whitener is None else whitener.transform(X), Y
    )
    linear = Linear(adapter, whitener)
    other = rng.normal(size=(40, n_features)) @ rng.normal(size=(n_features, n_features)) - 3.0
    aligner: Aligner = ProcrustesAligner("variance") if kind == "procrustes" else CovarianceAligner(kind)
    aligner.fit(other, X)
    made = folded(linear, aligner)
    expected = linear.predict(aligner.transform(other))
    np.testing.assert_allclose(made.predict(other), expected, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_array_equal(made.mean, linear.mean)


@settings(max_examples=25)
@given(n_source=st.integers(1, 15), n_target=st.integers(1, 15), seed=st.integers(0, 2**16))
def test_out_of_reach_it_stays_at_the_mean(n_source: int, n_target: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, other = rng.normal(size=(6, n_target)), rng.normal(size=(6, n_source))
    adapter = RidgeAdapter(alphas=1.0).fit(rng.normal(1.0, size=(20, n_target)), rng.normal(size=(20, 9)))
    aligner = ProcrustesAligner().fit(other, X)
    reached = aligner.outward_.T @ aligner.outward_
    aligned = adapter.x_mean_ + (aligner.transform(other) - adapter.x_mean_) @ reached
    made = folded(Linear(adapter), aligner)
    np.testing.assert_allclose(made.predict(other), adapter.predict(aligned), atol=1e-5)


@pytest.mark.parametrize("whiten", ["none", "samples"])
@pytest.mark.parametrize("how", ["mean", "variance", "covariance"])
def test_without_shared_stimuli(network: Network, recordings: Any, whiten: str, how: str) -> None:
    """Each is made for a change between sessions that puts the old decoder out."""
    rng = np.random.default_rng(3)
    monday, tuesday = recordings(n_runs=8), recordings(n_runs=8, seed=1)
    M = {
        "mean": np.eye(20),
        "variance": np.diag(np.exp(2.0 * rng.normal(size=20))),
        "covariance": np.eye(20) + 0.2 * np.ones((20, 20)),
    }[how]
    later = changed(tuesday, M, 50.0 * rng.normal(size=20))
    decoder = fitted(network, monday, whiten)
    state = decoder.linear_.adapter.projection_.copy()
    started = start_on(decoder, later, monday, how=how)
    assert runs_of_fit(monday, started.fitted_on_) == [str(run) for run in monday.runs]
    assert runs_of_fit(later, started.fitted_on_) == [str(run) for run in later.runs]
    assert runs_of_fit(recordings(seed=2), started.fitted_on_) == []
    decoder.fitted_on_ = None  # as one that was saved before this was kept
    assert runs_of_fit(later, start_on(decoder, later, monday, how=how).fitted_on_) is None
    assert right(decoder, later) < 0.6 < 0.85 < right(started, later)
    assert decoder.settings.whiten == whiten
    np.testing.assert_array_equal(decoder.linear_.adapter.projection_, state)
    if how == "covariance":
        return
    same = start_on(decoder, monday, monday, how=how)
    for one, other in zip(same.predict(monday), decoder.predict(monday), strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)


@pytest.mark.parametrize("whiten", ["none", "samples"])
@pytest.mark.parametrize("n_features", [9, 20, 33])
def test_by_shared_labels_on_other_features(network: Network, recordings: Any, whiten: str, n_features: int) -> None:
    """Another person's voxels: calibrated on three runs, judged on the others."""
    rng = np.random.default_rng(4)
    mixed = np.linalg.qr(rng.normal(size=(max(n_features, 20), max(n_features, 20))))[0][:20, :n_features]
    monday = recordings()
    other = changed(recordings(seed=1), mixed, 7.0, "other")
    calibration, test = other.select(runs=[0, 1, 2]), other.select(runs=[3, 4, 5])
    decoder = fitted(network, monday, whiten)
    started = start_on(decoder, calibration, monday, how="procrustes", shared="label")
    assert started.feature_names_ == other.feature_names
    assert right(started, test) > 0.7
    with pytest.raises(RecordingError, match="expected the 20 features"):
        decoder.predict(test)


@pytest.mark.parametrize(
    ("how", "whiten"), [("covariance", "samples"), ("procrustes", "samples"), ("procrustes", "none")]
)
def test_it_is_saved_and_runs_live_as_any_other(
    network: Network, recordings: Any, tmp_path: Path, how: str, whiten: str
) -> None:
    monday = recordings()
    other = changed(recordings(seed=1), np.diag(np.linspace(0.5, 3.0, 20)), 30.0)
    other = replace(other, unit="percent")
    decoder = fitted(network, monday, whiten, steps=[RunningZScore()])
    started = start_on(decoder, other, monday, how=how, shared="label")
    save(started, tmp_path / "started.hotwire")
    again = load(tmp_path / "started.hotwire", network=network)
    assert again.predict(other) == started.predict(other)
    assert again.unit_ == "percent"
    np.testing.assert_array_equal(again.feature_high_, other.data.max(axis=0))
    live = CompiledDecoder.load(tmp_path / "started.hotwire")
    for one, wanted in zip(live.predict(other), started.predict(other), strict=True):
        assert one.probabilities == pytest.approx(wanted.probabilities, abs=1e-4)


def test_matched_trials() -> None:
    rng = np.random.default_rng(0)
    ours = trials_of(rng, ["cat", "shoe", "cat", "face", ""], 3)
    theirs = trials_of(rng, ["face", "cat", "", "tree"], 5)
    mine, wanted, names = matched(ours, theirs, "label")
    assert names == ["cat", "face"]
    np.testing.assert_allclose(mine, [(ours.X[0] + ours.X[2]) / 2, ours.X[3]], rtol=1e-6)
    np.testing.assert_allclose(wanted, theirs.X[[1, 0]])
    with pytest.raises(RecordingError, match="recording: its events do not say which stimulus"):
        matched(ours, theirs, "stimulus")
    with pytest.raises(RecordingError, match=r"two label names or more .* got 1; recording has cat, face, shoe, ref"):
        matched(ours, trials_of(rng, ["cat", "tree"], 5), "label")


def test_what_cannot_be_started(network: Network, recording: Recording) -> None:
    decoder = fitted(network, recording)
    with pytest.raises(UnknownNameError, match="There are: mean, variance, covariance, procrustes"):
        start_on(decoder, recording, recording, how="rotation")
    with pytest.raises(UnknownNameError, match="There are: stimulus, label"):
        start_on(decoder, recording, recording, how="procrustes", shared="run")
    few = recording.select(features=np.arange(5))
    with pytest.raises(RecordingError, match="expected the 20 features"):
        start_on(decoder, few, recording)
    with pytest.raises(RecordingError, match="expected the 20 features"):
        start_on(decoder, recording, few, how="procrustes")
    fast = Recording(recording.data, 1.0, recording.feature_names, recording.run)
    with pytest.raises(RecordingError, match=r"rate_hz is 1\.0, but the decoder was fitted on 0.5"):
        start_on(decoder, fast, recording, how="procrustes", shared="label")
    nothing = fitted(network, recording, window=SlidingAverage(6.0, 2.0), fit_window=BlockAverage())
    with pytest.raises(RecordingError, match="recording has none, reference has none"):
        start_on(nothing, recording, recording, how="procrustes", shared="label")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_adapter_is_started_or_refused(kind: str) -> None:
    assert set(PLAIN) <= set(KINDS)
    rng = np.random.default_rng(0)
    X, Y = rng.normal(2.0, size=(30, 4)), rng.normal(size=(30, 7))
    other = rng.normal(size=(30, 4))
    make: Any = KINDS[kind]
    linear = Linear(make().fit(X, Y))
    aligner = CovarianceAligner().fit(other, X)
    if kind not in PLAIN:
        with pytest.raises(InputError, match=f"kind '{kind}', .* started on another session: banded, pls"):
            folded(linear, aligner)
        return
    np.testing.assert_allclose(folded(linear, aligner).predict(other), linear.predict(aligner.transform(other)), 1e-5)
    narrow = folded(linear, ProcrustesAligner().fit(other[:, :2], X))
    assert narrow.predict(other[:, :2]).shape == (30, 7)


class _Words(Network):
    """One layer, in which every word is a random vector."""

    name = "words"
    labels = None

    def __init__(self) -> None:
        self.layers = {"first": (64,)}

    def untrained(self, seed: int = 0) -> Network:
        return self

    def _record(self, stimuli: Any, layers: tuple[str, ...]) -> list[np.ndarray]:
        vectors = [np.random.default_rng(list(text.encode())).normal(size=64) for text in stimuli]
        return [np.stack(vectors).astype(np.float32) for _ in layers]

    def _resume(self, layer: str, activations: np.ndarray) -> np.ndarray:
        return activations

    def _forward(self, stimuli: Any) -> np.ndarray:
        return self._record(stimuli, ("first",))[0]

    def _weights(self) -> list:
        return []


@pytest.mark.slow
def test_haxby_started_on_later_runs() -> None:
    """A decoder of the first six runs, on the last six with other gains; each half of these aligns the other."""
    folder = Path(os.environ.get("HOTWIRE_DATA", "")) / "haxby2001-slice"
    if not folder.is_dir():
        pytest.skip("needs haxby2001-slice in the folder that HOTWIRE_DATA names")
    made = read_nifti(folder / "bold.nii.gz", mask=folder / "mask.nii.gz")
    run, events = read_attributes(folder / "attributes_literal.txt", made.tr_s)
    made = replace(made, run=run, events=events)
    monday, later = made.select(runs=range(6)), made.select(runs=range(6, 12))
    rng = np.random.default_rng(1)
    later = replace(later, data=later.data * np.exp(rng.normal(size=later.n_features)))
    words = WordTargets({label: label for label in np.unique(events.label).tolist()})
    chosen = Settings("first", steps=[Detrend(2)], whiten="samples", readout=NearestReadout())
    decoder = Decoder(_Words(), words, chosen).fit(monday)

    scores = {"as it is": hits(decoder, later)[0]}
    for how in ("variance", "covariance", "procrustes"):
        halves = [
            hits(start_on(decoder, later.select(runs=by), monday, how=how, shared="label"), later.select(runs=of))
            for by, of in (((6, 7, 8), (9, 10, 11)), ((9, 10, 11), (6, 7, 8)))
        ]
        scores[how] = float(np.mean([score for score, _ in halves]))
        assert max(p for _, p in halves) < 0.01
    assert scores["as it is"] < 0.6
    assert min(scores["variance"], scores["covariance"], scores["procrustes"]) > 0.7


def hits(decoder: Decoder, recording: Recording) -> tuple[float, float]:
    """The share of right decisions, and its permutation p."""
    answers = decoder.entry_.answers
    trials = windows(decoder.settings.window, run_steps(decoder.settings.steps, recording))
    table = hit_table(np.array([list(decision.probabilities.values()) for decision in decoder.decide(trials)]))
    truth = np.array([answers.index(label) for label in trials.label])
    p = permutation_p(table, truth, truth[exchanges(trials.run, trials.event, 1000)])
    return float(table[np.arange(len(truth)), truth].mean()), p

"""The discriminant behind the adapter: against Gaussian densities, and what it may learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.covariance import ledoit_wolf

from hotwire.decoder import (
    Choice,
    Decoder,
    DiscriminantReadout,
    LabelReadout,
    NearestReadout,
    Recording,
    Settings,
    TextReadout,
    TrialDecoder,
    WordTargets,
    evaluate,
)
from hotwire.decoder.discriminant import fit_discriminant, held_out_predictions
from hotwire.decoder.report.evaluation_report import EvaluationReport
from hotwire.decoder.statistics.calibration import softmax
from hotwire.decoder.windows import Epoch
from hotwire.errors import InputError
from hotwire.models import Network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})
SETTINGS = Settings("first", readout=DiscriminantReadout())
Made = Callable[..., Recording]
pytestmark = pytest.mark.filterwarnings("ignore:response")


def made_states(seed: int = 0, n: int = 90) -> tuple[np.ndarray, ...]:
    """Predictions that vary most along one direction that says nothing: classes, targets, states."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    patterns = np.random.default_rng(7).normal(size=(3, 12))
    noise = rng.normal(size=(n, 12)) + 6.0 * rng.normal(size=(n, 1)) * (patterns[0] - patterns[1])
    return truth, patterns[truth], patterns[truth] + 0.5 * noise + 3.0, np.full(12, 3.0)


def test_scores_are_log_densities_of_gaussians_with_one_covariance() -> None:
    truth, targets, states, mean = made_states()
    found = fit_discriminant(states, truth, targets, mean, 3).scores(states - mean)
    patterns = np.stack([targets[truth == c][0] for c in range(3)])
    z = states @ np.linalg.qr((patterns[1:] - patterns[0]).T)[0]
    # The space of differences is the same in any basis; its covariance is shrunk in the one that is used.
    basis = np.linalg.svd(patterns - patterns.mean(axis=0), full_matrices=False)[2][:2].T
    assert np.linalg.matrix_rank(np.c_[basis, np.linalg.qr((patterns[1:] - patterns[0]).T)[0]]) == z.shape[1] == 2
    z = states @ basis
    means = np.stack([z[truth == c].mean(axis=0) for c in range(3)])
    within = z - means[truth]
    scale = within.std(axis=0)
    covariance = ledoit_wolf(within / scale, assume_centered=True)[0] * np.outer(scale, scale)
    densities = [
        multivariate_normal.logpdf(z, of, covariance) + np.log((truth == c).mean()) for c, of in enumerate(means)
    ]
    np.testing.assert_allclose(softmax(found), softmax(np.stack(densities, axis=1)), atol=1e-4)


def test_it_looks_away_from_noise_that_predictions_share() -> None:
    truth, targets, states, mean = made_states()
    new_truth, _, new, _ = made_states(seed=1, n=3000)
    patterns = np.stack([targets[truth == c][0] for c in range(3)])
    own = fit_discriminant(states, truth, targets, mean, 3).scores(new - mean).argmax(axis=1)
    nearest = np.square((new - mean)[:, None] - patterns).sum(axis=2).argmin(axis=1)
    assert np.mean(own == new_truth) > np.mean(nearest == new_truth) + 0.1


def test_a_class_without_trials_is_hardly_ever_chosen() -> None:
    truth, targets, states, mean = made_states()
    scores = fit_discriminant(states, truth, targets, mean, 5).scores(states - mean)
    assert np.isfinite(scores).all()
    assert set(scores.argmax(axis=1).tolist()) <= {0, 1, 2}
    with pytest.raises(InputError, match="classes with several training trials"):
        fit_discriminant(states[:3], np.arange(3), targets[:3], mean, 3)


def test_predictions_are_of_runs_that_were_not_fitted_on() -> None:
    runs = np.repeat(["a", "b", "c", "d", "e"], 3)
    X = np.arange(15.0)[:, None]
    seen: list[set[str]] = []

    def predict(train: np.ndarray, held_out: np.ndarray) -> np.ndarray:
        out = runs[held_out[:, 0].astype(int)]
        seen.append(set(out.tolist()))
        assert not np.isin(out, runs[train]).any()
        assert len(train) + len(held_out) == 15
        return 2 * held_out

    np.testing.assert_array_equal(held_out_predictions(X, runs, predict), 2 * X)
    assert len(seen) == 4
    with pytest.raises(InputError, match=r"expected 3 training runs or more for DiscriminantReadout.*got 2"):
        held_out_predictions(X, np.repeat([0, 1], [7, 8]), predict)


def decided(network: Network, recording: Recording, settings: Settings, *more: str) -> tuple[Any, ...]:
    controls = ("shuffled pairing", *more)
    found = evaluate(Decoder(network, TARGETS, settings), recording, controls=controls, n_shuffles=2)
    return found, found.decoder.scores


def test_a_fold_decides_without_its_held_out_runs(network: Network, recordings: Made) -> None:
    """Other labels of one run change the decisions of all folds but the one that holds it out."""
    recording = recordings(noise=2.0)
    label = recording.events.label.copy()
    of_run = recording.events.run == recording.runs[2]
    label[of_run] = np.roll(label[of_run], 1)
    changed = replace(recording, events=replace(recording.events, label=label))
    (found, ours), (_, theirs) = (decided(network, one, SETTINGS) for one in (recording, changed))
    for run in range(6):
        same = np.array_equal(ours[found.trials.run == run], theirs[found.trials.run == run])
        assert same == (run == 2)


def test_beside_other_readouts(network: Network, recordings: Made) -> None:
    recording = recordings(noise=2.5, n_runs=10)
    found, _ = decided(network, recording, SETTINGS, "untrained network")
    nearest, _ = decided(network, recording, replace(SETTINGS, readout=NearestReadout()))
    assert found.decoder.measures["candidate"].value > nearest.decoder.measures["candidate"].value - 0.05
    assert found.ceiling.measures["candidate"].value == 1.0
    assert abs(found.controls["shuffled pairing"].measures["pairwise"].value - 0.5) < 0.2
    assert None not in found.calibrations
    said = [one.text for one in EvaluationReport(found).sentences()]
    assert any("a discriminant learns its classes in the activations of any network" in text for text in said)
    assert not any("untrained network" in text and "Find out why" in text for text in said)


def test_what_the_network_says_is_a_row_beside_it(network: Network, recordings: Made) -> None:
    recording, said = recordings(noise=2.0), LabelReadout("remove")
    options: Any = {"controls": (), "n_permutations": 10}
    found = evaluate(Decoder(network, TARGETS, SETTINGS), recording, readouts=[said], **options)
    own = evaluate(Decoder(network, TARGETS, replace(SETTINGS, readout=said)), recording, **options)
    assert [name for name, _ in found.rows()] == ["decoder", "LabelReadout", "ceiling"]
    np.testing.assert_array_equal(found.readouts["LabelReadout"].scores, own.decoder.scores)
    assert found.readouts["LabelReadout"].measures["pairwise"] == own.decoder.measures["pairwise"]
    for wrong, message in (
        ([TextReadout()], "only a language model"),
        ([said, LabelReadout()], "one of each kind"),
        ([DiscriminantReadout()], "write it as the decoder's readout"),
    ):
        with pytest.raises(InputError, match=message):
            evaluate(Decoder(network, TARGETS, SETTINGS), recording, readouts=wrong, **options)


def test_probabilities_are_its_own_where_too_few_runs_calibrate_it(network: Network, recordings: Made) -> None:
    decoder = Decoder(network, TARGETS, SETTINGS)
    with pytest.warns(UserWarning, match="at least 4 runs .* by, got 3; they are the readout's own"):
        decoder.fit(recordings(n_runs=3))
    [one, *_] = decoder.predict(recordings(n_runs=1, seed=3))
    assert sum(one.probabilities.values()) == pytest.approx(1.0)
    with pytest.raises(InputError, match="expected 3 training runs or more"):
        decoder.fit(recordings(n_runs=2))


def test_classes_that_it_cannot_name_are_not_asked_for(network: Network, recording: Recording) -> None:
    choose = [Choice("readout", [LabelReadout(), DiscriminantReadout()])]
    for settings, choices in ((SETTINGS, ()), (replace(SETTINGS, readout=LabelReadout()), choose)):
        with pytest.raises(InputError, match="whole classes are held out, got DiscriminantReadout"):
            evaluate(Decoder(network, TARGETS, settings), recording, folds={"classes": 2}, choose=choices)


@pytest.mark.parametrize("whiten", ["none", "residuals"])
def test_windows_that_hold_samples(network: Network, recordings: Made, whiten: Any) -> None:
    settings = replace(SETTINGS, window=Epoch(0.0, 6.0), whiten=whiten)
    found, _ = decided(network, recordings(noise=0.5), settings)
    assert found.decoder.measures["candidate"].value > 0.9


def test_trials_that_are_already_cut(network: Network) -> None:
    rng = np.random.default_rng(0)
    labels = np.tile(["cat", "face", "house"], 20)
    X = np.eye(3)[np.unique(labels, return_inverse=True)[1]] @ rng.normal(size=(3, 9)) + 0.3 * rng.normal(size=(60, 9))
    decoder = TrialDecoder(network, "first", readout=DiscriminantReadout()).fit(X[:45], labels[:45])
    assert decoder.score(X[45:], labels[45:]) > 0.9

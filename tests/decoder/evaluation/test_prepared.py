"""Wide recordings as coordinates in the row space of their samples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hotwire.adapters.other.banded import BandedAdapter
from hotwire.adapters.ridge.ridge import RidgeAdapter
from hotwire.decoder import Decoder, Recording, Settings, WordTargets, evaluate
from hotwire.decoder.evaluation import prepared as module
from hotwire.decoder.evaluation.choices import Choice, values_tried
from hotwire.decoder.evaluation.preparation import Arguments, prepare
from hotwire.decoder.evaluation.prepared import PreparedCoordinates, prepared_for, takes_inner_products
from hotwire.decoder.readouts.discriminant import DiscriminantReadout
from hotwire.decoder.readouts.label import LabelReadout
from hotwire.decoder.steps import Detrend, Lag, ZScore, run_steps
from hotwire.decoder.windows import BlockAverage, Epoch, windows
from hotwire.models import Network

from ..conftest import LABELS, make_recording

TARGETS = WordTargets({label: label for label in LABELS})
WIDE = 5000
SETTINGS = Settings("first", steps=[Detrend(1)], window=BlockAverage(incomplete="partial"), whiten="samples")
PREFIXED = (ZScore(), Lag(lag_samples=1), Detrend(1))


@pytest.fixture(scope="module")
def wide() -> Recording:
    """A brain whose voxels have sizes, offsets and drifts of their own."""
    rng, recording = np.random.default_rng(5), make_recording(n_features=WIDE, noise=14.0)
    drift = 10 * np.linspace(-1, 1, recording.n_samples)[:, np.newaxis] * rng.normal(size=WIDE)
    data = recording.data * rng.uniform(0.5, 2.0, WIDE) + rng.uniform(500.0, 1500.0, WIDE) + drift
    return replace(recording, data=data.astype(np.float32))


@pytest.mark.filterwarnings("ignore:response")
@pytest.mark.parametrize(
    ("readout", "field"), [(LabelReadout(), ["lda", "logistic", "centroid"]), (DiscriminantReadout(), [])], ids=str
)
def test_an_evaluation_is_the_same_as_of_the_features_themselves(
    network: Network, wide: Recording, monkeypatch: pytest.MonkeyPatch, readout: Any, field: list[str]
) -> None:
    """Choices, decisions, a control and classifiers that scale each feature, under steps of both kinds."""
    decoder = Decoder(network, TARGETS, replace(SETTINGS, readout=readout))
    arguments: dict[str, Any] = {
        "choose": [
            Choice("whiten", ["effective samples", "none", "samples"], "nearest"),
            Choice("steps", [(Detrend(1),), PREFIXED], "nearest"),
        ],
        "folds": 3 if field else "run",  # a discriminant needs more training runs
        "inner_folds": 2 if field else 4,
        "field": field,
        "controls": ["shuffled pairing"],
        "n_shuffles": 1,
        "n_permutations": 20,
    }
    found = evaluate(decoder, wide, **arguments)
    monkeypatch.setattr(module, "is_wide", lambda *_: False)
    same = evaluate(decoder, wide, **arguments)
    assert found.chosen == same.chosen
    every = [
        [one.decoder, *one.controls.values(), *(other.outcome for other in one.field.values())] for one in (found, same)
    ]
    for ours, theirs in zip(*every, strict=True):
        np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-3, atol=1e-3 * np.abs(theirs.scores).max())
        np.testing.assert_array_equal(ours.scores.argmax(axis=1), theirs.scores.argmax(axis=1))


@pytest.mark.parametrize("steps", [(), (Detrend(1),), PREFIXED], ids=str)
def test_trials_have_few_coordinates_and_come_back_as_features(wide: Recording, steps: tuple[Any, ...]) -> None:
    prepared = prepared_for(wide, values_tried(SETTINGS, ()))
    assert isinstance(prepared, PreparedCoordinates)
    of = prepared.of(steps)
    assert of.n_features <= wide.n_samples
    assert prepared.n_dimensions(steps) == WIDE
    ours = prepared.own_features(steps, windows(SETTINGS.window, of).X)
    theirs = windows(SETTINGS.window, run_steps(steps, wide)).X
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-3)


@pytest.mark.filterwarnings("ignore:response")
def test_what_is_shown_of_trials_is_of_the_features(wide: Recording) -> None:
    design = prepare(TARGETS, SETTINGS, wide, Arguments(audit="warn"), "tiny").design
    assert design.trials.X.shape == (24, WIDE)


@pytest.mark.parametrize(
    ("changes", "choose"),
    [
        ({"whiten": "residuals"}, []),
        ({"adapter": RidgeAdapter(scale="unit_variance")}, []),
        ({"adapter": BandedAdapter([0, 1])}, []),
        ({"whiten": "none", "window": Epoch(0.0, 4.0)}, []),
        ({}, [Choice("whiten", ["samples", "residuals"])]),
        ({}, [Choice("adapter", [RidgeAdapter(), RidgeAdapter(scale="unit_variance")])]),
        ({"fit_steps": PREFIXED}, []),
    ],
    ids=str,
)
def test_settings_that_look_at_single_features_take_them(changes: dict[str, Any], choose: list[Choice]) -> None:
    assert takes_inner_products(values_tried(SETTINGS, ()))
    assert not takes_inner_products(values_tried(replace(SETTINGS, **changes), choose))


def test_narrow_and_empty_recordings_stay_as_they_are(recording: Recording, wide: Recording) -> None:
    for one in (recording, replace(wide, data=np.zeros_like(wide.data))):
        prepared = prepared_for(one, values_tried(SETTINGS, ()))
        assert prepared.of(()) is one
        assert prepared.n_dimensions(()) is None

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from hotwire.decoder import LabelReadout, NearestReadout, TextReadout, WordTargets
from hotwire.decoder.readouts.catalogue import READOUTS, readout_from_dict
from hotwire.decoder.readouts.entry import Entry, make_entry
from hotwire.decoder.readouts.read_out import read_out, read_out_fits
from hotwire.decoder.statistics.calibration import softmax
from hotwire.errors import InputError, UnknownNameError
from hotwire.models import Network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})


@pytest.fixture
def entry(network: Network) -> Entry:
    table = TARGETS.activations(network, ["second"])["second"]
    return make_entry(network, "second", TARGETS, table, table.mean(axis=0))


def test_true_states_are_read_as_themselves(entry: Entry) -> None:
    for readout in (LabelReadout(), LabelReadout("remove"), NearestReadout()):
        assert readout.scores(entry, entry.targets).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_removing_the_prior_leaves_nothing_at_the_mean(entry: Entry) -> None:
    biased = replace(entry, mean=entry.targets[2])
    assert LabelReadout().scores(biased, biased.mean[None]).argmax() == 2
    states = np.concatenate([biased.mean[None]] * 5 + [biased.targets])
    scores = LabelReadout("remove").scores(biased, states)
    np.testing.assert_array_equal(scores[:5], 0.0)  # else rounding would break the ties between the classes
    np.testing.assert_array_equal(LabelReadout("remove").scores_of_fits([biased], [states])[0][:5], 0.0)
    assert scores[5].any()


@pytest.mark.parametrize("readout", [LabelReadout("remove"), NearestReadout()])
def test_a_state_is_read_alike_whatever_comes_with_it(entry: Entry, readout: LabelReadout | NearestReadout) -> None:
    states = np.random.default_rng(0).normal(size=(19, 8)).astype(np.float32)
    together, texts = read_out(readout, entry, states)
    assert texts is None
    for i in (0, 7, 8, 18):
        np.testing.assert_array_equal(together[[i]], read_out(readout, entry, states[[i]])[0])
    np.testing.assert_allclose(together, readout.scores(entry, states), atol=1e-5)


def test_nearest_is_the_centred_cosine(entry: Entry) -> None:
    states = np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32)
    expected = 1 - cdist(states - entry.mean, entry.targets - entry.mean, "cosine")
    np.testing.assert_allclose(NearestReadout(temperature=0.5).scores(entry, states), expected / 0.5, atol=1e-5)
    assert np.isfinite(NearestReadout().scores(entry, entry.mean[None])).all()


def test_only_language_models_answer_freely(entry: Entry) -> None:
    assert LabelReadout().texts(entry, entry.targets) is None
    with pytest.raises(InputError, match="only a language model answers freely"):
        TextReadout().texts(entry, entry.targets)


@pytest.mark.parametrize("readout", [LabelReadout("remove"), TextReadout(max_tokens=3), NearestReadout(0.2)])
def test_settings_round_trip(readout: LabelReadout) -> None:
    assert readout_from_dict(readout.to_dict()) == readout
    assert type(readout).__name__ in READOUTS


def test_wrong_settings() -> None:
    with pytest.raises(InputError, match="prior: expected one of keep, remove"):
        LabelReadout("drop")  # type: ignore[arg-type]
    for temperature in (0.0, np.inf):
        with pytest.raises(InputError, match="temperature"):
            NearestReadout(temperature)
    with pytest.raises(InputError, match="max_tokens"):
        TextReadout(max_tokens=0)
    with pytest.raises(UnknownNameError, match="There are: LabelReadout"):
        readout_from_dict({"type": "MindReadout"})


def test_softmax_stands_large_scores() -> None:
    np.testing.assert_allclose(softmax(np.array([[1e4, 1e4]], np.float32)), 0.5)


@pytest.mark.parametrize("readout", [LabelReadout(), LabelReadout("remove"), NearestReadout()])
def test_several_fits_are_read_as_each_by_itself(entry: Entry, readout: LabelReadout | NearestReadout) -> None:
    states = np.random.default_rng(0).normal(size=(9, 8)).astype(np.float32)
    entries = [entry, replace(entry, mean=entry.targets[1])]
    together, _ = read_out_fits(readout, entries, [states[:4], states[4:]], speak=False)
    for scores, one, some in zip(together, entries, (states[:4], states[4:]), strict=True):
        np.testing.assert_allclose(scores, readout.scores(one, some), atol=1e-5)

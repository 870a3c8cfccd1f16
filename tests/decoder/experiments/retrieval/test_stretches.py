"""Pieces of retrieval against plainer ways to compute them."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from sklearn.linear_model import Ridge

from hotwire.adapters.other.delays import delayed
from hotwire.decoder.experiments.retrieval.listeners import divided
from hotwire.decoder.experiments.retrieval.model import stretch_models
from hotwire.decoder.experiments.retrieval.settings import RetrievalSettings
from hotwire.decoder.experiments.retrieval.stretches import stretches
from hotwire.decoder.gist.drift import WHOLE_RUN, causal
from hotwire.decoder.gist.story import Story
from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.models.networks.language.word_states import WordStates

RNG = np.random.default_rng(5)


def test_no_sample_of_training_is_near_what_is_held_out() -> None:
    for stretch in stretches(np.arange(50), 4, 6):
        assert np.abs(np.subtract.outer(stretch.held_out, stretch.training)).min() == 7


def test_weights_are_from_correlations_of_pairs_of_listeners_of_training() -> None:
    shared = RNG.normal(size=(40, 1, 3))
    data = shared * [0.0, 0.7, 2.0] + RNG.normal(size=(40, 5, 3))
    data = (data - data.mean(axis=0)) / data.std(axis=0)
    listeners = divided(data, 2, 0)
    found = listeners.weights(np.arange(40))
    for test, of in enumerate(listeners.training):
        used = np.flatnonzero(of)
        r = np.mean([(data[:, a] * data[:, b]).mean(axis=0) for a, b in permutations(used, 2)], axis=0).clip(0)
        expected = r**2 * (len(used) - 1) / (1 + (len(used) - 2) * r)
        np.testing.assert_allclose(found[test], expected, rtol=1e-4, atol=1e-6)


def test_no_listener_is_in_both_training_and_test() -> None:
    listeners = divided(RNG.normal(size=(10, 5, 1)), 7, 0)
    assert (listeners.training * listeners.tested == 0).all()
    assert (listeners.tested[5:] > 0).sum(axis=1).tolist() == [2] * 7
    np.testing.assert_allclose(listeners.training.sum(axis=1), 1, rtol=1e-6)
    alone = divided(RNG.normal(size=(10, 2, 3)), 1, 0)
    assert (alone.weights(np.arange(10)) == 1).all()


def test_predictions_are_those_of_ridge_on_delayed_features() -> None:
    n_words, n = 60, 48
    onset = np.linspace(0.5, 94, n_words)
    words = TimedWords(np.full(n_words, "word"), onset, onset + 0.4)
    story = Story(words, WordStates({}, RNG.uniform(1, 9, n_words)), n, 0.5)
    settings = RetrievalSettings(["1"], delays=[0, 2], n_folds=3, strengths=[3.0])
    listeners = divided(RNG.normal(size=(n, 4, 2)), 1, 0)
    for one in stretch_models(story, settings, WHOLE_RUN, [None]):
        found = one.predict(listeners, one.choose(listeners, np.ones((5, 2))))
        of = story.nuisance()
        training, held_out = one.stretch.training, one.stretch.held_out
        size = of[training].std(axis=0)
        size[size == 0] = 1
        table = WHOLE_RUN.out_of_story(delayed((of - of[training].mean(axis=0)) / size, [0, 2]), 0.5)
        mean = listeners.data[:, 1:].mean(axis=1)
        expected = Ridge(3.0).fit(table[training], mean[training]).predict(table[held_out])
        np.testing.assert_allclose(found[0], expected, rtol=1e-3, atol=1e-4)


def test_the_past_alone_takes_drift_out_of_recording_and_story_alike() -> None:
    X = RNG.normal(size=(60, 3))
    other = X.copy()
    other[40:] += 5
    drift = causal(30.0)
    whole, cut = drift.out_of_story(X, 1.0), drift.out_of_story(other, 1.0)
    np.testing.assert_array_equal(whole[:40], cut[:40])
    assert not np.allclose(WHOLE_RUN.out_of_story(X, 1.0)[:40], WHOLE_RUN.out_of_story(other, 1.0)[:40])

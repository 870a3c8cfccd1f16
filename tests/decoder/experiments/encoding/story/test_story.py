"""Encoding of stories heard by made-up listeners, of whom it is known what they respond to."""

from __future__ import annotations

from dataclasses import replace
from functools import cache as once
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from hotwire.adapters.other.delays import delayed
from hotwire.decoder.experiments.encoding.predictors import WIDTHS
from hotwire.decoder.experiments.encoding.story import models
from hotwire.decoder.experiments.encoding.story.cached import CachedModels
from hotwire.decoder.experiments.encoding.story.features import NUISANCE, POSITION, StoryFeatures
from hotwire.decoder.experiments.encoding.story.models import Bands, Models, draw_shifts, splits
from hotwire.decoder.experiments.encoding.story.report import StoryReport
from hotwire.decoder.experiments.encoding.story.result import (
    FULL,
    NUISANCE_ALONE,
    PLAIN,
    POSITION_ALONE,
    SHIFTED,
    UNTRAINED,
    StoryEncoding,
)
from hotwire.decoder.experiments.encoding.story.run import encode_story
from hotwire.decoder.experiments.encoding.story.settings import StorySettings
from hotwire.decoder.experiments.encoding.story.story_recording import StoryRecording, one_listener, several_listeners
from hotwire.decoder.experiments.kernel.cache import ArrayCache
from hotwire.decoder.gist.lanczos import lanczos_matrix
from hotwire.decoder.gist.network_words import read_stories
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.statistics.correlations import profile_correlation
from hotwire.errors import InputError, RecordingError
from hotwire.models.networks.language.language_model import LanguageModel

from ....small_words import LAYERS, made_words, small_language_model

N, N_LISTENERS, N_SITES = 150, 6, 3
WORDS = made_words(N)
SETTINGS = StorySettings(LAYERS, delays=[1, 2], n_folds=3, n_components=6, n_tokens=32, n_shifts=1)


@once
def network() -> LanguageModel:
    return small_language_model()


def recording(signal: np.ndarray, noise: float = 1.0, seed: int = 3) -> Recording:
    """Listeners who share a signal (N, N_SITES), each with own noise."""
    data = signal + noise * np.random.default_rng(seed).normal(size=(N_LISTENERS, N, N_SITES))
    run = np.repeat([f"listener{i}" for i in range(N_LISTENERS)], N)
    return Recording(data.reshape(-1, N_SITES).astype(np.float32), 0.5, ("a", "b", "c"), run, source="made up")


def features(recorded: StoryRecording) -> tuple[StoryFeatures, Any]:
    known = dict(read_stories(network(), LAYERS, recorded.words, SETTINGS.n_tokens))
    return StoryFeatures(recorded, known, SETTINGS), known


def parts_of_story() -> tuple[np.ndarray, np.ndarray]:
    """What nuisance, and what a layer beyond it, make of sites; of unit variance, and not correlated."""
    of, known = features(several_listeners(recording(np.zeros((N, N_SITES))), WORDS))
    every, rng = np.arange(N), np.random.default_rng(7)
    plain = of.nuisance(every)
    layer = of.language(known, "1", every)
    layer = layer - plain @ np.linalg.lstsq(plain, layer, rcond=None)[0]
    made = [table @ rng.normal(size=(table.shape[1], N_SITES)) for table in (plain, layer)]
    nuisance, own = ((one - one.mean(axis=0)) / one.std(axis=0) for one in made)
    return nuisance, own


def slow_noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=shape)
    for t in range(1, len(noise)):
        noise[t] = 0.9 * noise[t - 1] + np.sqrt(1 - 0.81) * noise[t]
    return noise


@once
def followed() -> StoryEncoding:
    """Of a listener's variance nuisance is 0.25 and the layer's own part 0.375."""
    nuisance, own = parts_of_story()
    recorded = several_listeners(recording(np.sqrt([0.5]) * nuisance + np.sqrt(0.75) * own, np.sqrt(0.75)), WORDS)
    return encode_story(recorded, network(), SETTINGS)


def test_what_the_layer_alone_knows_is_found_in_the_size_that_it_has() -> None:
    found = followed().unique()
    assert abs(found.value - 0.375) < 0.08
    assert found.low > 0.3
    assert found.p_value < 0.05
    assert followed().unique(SHIFTED).value < 0.03
    assert followed().unique(UNTRAINED).value < found.low
    assert followed().layers["1"] >= 0.5
    ceiling = followed().ceiling
    assert ceiling is not None
    np.testing.assert_allclose(ceiling, 0.625, atol=0.12)
    assert followed().explained(FULL).value < ceiling.mean()


def test_the_report_says_it() -> None:
    report = StoryReport(followed())
    said = [one.text for one in report.sentences()]
    assert said[0].startswith("The layer explains +")
    assert report.sentences()[0].good
    assert any("Position in time alone, which knows no word, explains" in one for one in said)
    data = report.summary()
    assert data["unique"]["low"] > 0
    assert set(data["sites"]) == {"a", "b", "c"}
    assert data["folds"]["contiguous"][PLAIN]["unique"]["value"] == 0
    for table in report.tables():
        assert all(len(row) == len(table.columns) for row in table.rows)


def unique_of(recorded: StoryRecording) -> dict[str, dict[str, Any]]:
    """For both kinds of folds the scores of the models that matter, by layer 1."""
    of, known = features(recorded)
    all_models = Models(of, [known])
    both = (NUISANCE, POSITION)
    named = {FULL: Bands(both, 0, "1"), PLAIN: Bands(both), POSITION_ALONE: Bands((POSITION,))}
    named[NUISANCE_ALONE] = Bands((NUISANCE,))
    return {
        folds: {name: recorded.explained(all_models.held_out(folds, one).predicted) for name, one in named.items()}
        for folds in ("contiguous", "shuffled")
    }


def test_a_listener_of_nuisance_alone_has_no_unique_part() -> None:
    nuisance, _ = parts_of_story()
    found = unique_of(several_listeners(recording(nuisance), WORDS))["contiguous"]
    assert found[NUISANCE_ALONE].mean() > 0.3
    gain = (found[FULL] - found[PLAIN]).mean(axis=1)
    assert abs(gain.mean()) < 0.03
    assert not gain.mean() - 2.6 * gain.std(ddof=1) / np.sqrt(len(gain)) > 0


@pytest.mark.parametrize("many", [True, False])
def test_slow_noise_flatters_in_shuffled_folds_alone(many: bool) -> None:
    if many:
        recorded = several_listeners(recording(slow_noise((N, N_SITES)), 0.7), WORDS)
    else:
        data = slow_noise((N, N_SITES)).astype(np.float32)
        recorded = one_listener(Recording(data, 0.5, ("a", "b", "c"), np.ones(N, int)), {1: WORDS})
    found = unique_of(recorded)
    assert found["shuffled"][POSITION_ALONE].mean() > 0.25
    assert found["contiguous"][POSITION_ALONE].mean() < 0.05
    assert (found["contiguous"][FULL] - found["contiguous"][PLAIN]).mean() < 0.03


def test_predictions_are_those_of_ridge_on_features_made_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "STRENGTHS", (10.0, 10.0 + 1e-7))
    recorded = several_listeners(recording(np.zeros((N, N_SITES))), WORDS)
    of, known = features(recorded)
    found = Models(of, [known]).held_out("contiguous", Bands((NUISANCE, POSITION), 0, "2")).predicted
    at = lanczos_matrix(WORDS.middle_s * 0.5 - 0.5, np.arange(N))
    lower = [word.lower() for word in WORDS.word.tolist()]
    told = np.array([[len(word) for word in lower], WORDS.duration_s, np.zeros(len(lower)), known[1].surprisal]).T
    nuisance = at @ np.column_stack([np.ones(len(lower)), told - told.mean(axis=0)])
    time = np.arange(N)
    kernels = []
    for width in WIDTHS:
        near = np.exp(-((time[:, None] - time) ** 2) / (2 * width**2))
        kernels.append(near @ near.T)
    position = np.sum(kernels, axis=0)
    position *= 10 * N / (np.trace(position) - position.mean() * N)
    for train, test in splits("contiguous", recorded.run, SETTINGS):
        nearest = np.rint(WORDS.middle_s * 0.5 - 0.5)
        of_train = np.isin(nearest, train)
        states = known[1].states["2"].astype(np.float64)
        states = (states - states[of_train].mean(axis=0)) / states[of_train].std(axis=0)
        axes = np.linalg.svd(states[of_train])[2][:6].T
        tables = []
        for table in (nuisance, at @ states @ axes):
            size = table[train].std(axis=0)
            table = (table - table[train].mean(axis=0)) / np.where(size > 0, size, np.inf)
            late = delayed(table, [1, 2])
            tables.append(late - np.polynomial.polynomial.polyval(time, np.polyfit(time, late, 2)[::-1]).T)
        kernel = np.sum([one @ one.T for one in tables], axis=0) + position
        left, values, _ = np.linalg.svd(kernel)
        X = left * np.sqrt(values)
        expected = Ridge(10.0).fit(X[train], recorded.fitted_to[train]).predict(X[test])
        expected -= recorded.fitted_to[train].mean(axis=0)
        np.testing.assert_allclose(found[test].reshape(len(test), -1), expected, atol=1e-4)


def test_predictions_are_cached_by_all_that_they_depend_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, cache = several_listeners(recording(np.zeros((N, N_SITES))), WORDS), ArrayCache(tmp_path)
    of, known = features(recorded)
    bands = Bands((NUISANCE,), 0, "1")
    first = CachedModels(of, [known], cache).held_out("contiguous", bands)
    monkeypatch.setattr(Models, "held_out", lambda *_: pytest.fail("computed again"))
    again = CachedModels(features(recorded)[0], [known], cache).held_out("contiguous", bands)
    np.testing.assert_array_equal(first.predicted, again.predicted)
    np.testing.assert_array_equal(first.errors, again.errors)
    other = several_listeners(recording(np.zeros((N, N_SITES)), seed=4), WORDS)
    for recorded_of, changed in ((other, SETTINGS), (recorded, replace(SETTINGS, delays=[1, 3]))):
        with pytest.raises(pytest.fail.Exception, match="computed again"):
            CachedModels(StoryFeatures(recorded_of, known, changed), [known], cache).held_out("contiguous", bands)


def test_no_listener_is_in_the_own_training() -> None:
    recorded = several_listeners(recording(np.zeros((N, N_SITES))), WORDS)
    of = recorded.fitted_to.reshape(N, N_LISTENERS, N_SITES)
    np.testing.assert_allclose(of[:, 2], np.delete(recorded.truth, 2, axis=1).mean(axis=1), atol=1e-12)


def test_the_text_is_put_to_another_time() -> None:
    recorded = several_listeners(recording(np.zeros((N, N_SITES))), WORDS)
    of, known = features(recorded)
    plain, late = (of.language(known, "1", np.arange(N), shift) for shift in (0, 5))
    both = np.roll(plain, 5, axis=0)[12:-12], late[12:-12]
    assert profile_correlation(*both).min() > 0.95
    assert np.abs(profile_correlation(plain[12:-12], late[12:-12])).max() < 0.6
    assert all(SETTINGS.gap <= one <= N - SETTINGS.gap for one in draw_shifts(recorded, SETTINGS))


def test_one_listener_of_several_runs_has_intervals_over_runs() -> None:
    rng = np.random.default_rng(5)
    data, run = rng.normal(size=(4 * N, 2)).astype(np.float32), np.repeat(["a", "b", "c", "d"], N)
    words = {name: made_words(N, seed=i) for i, name in enumerate("abcd")}
    recorded = one_listener(Recording(data, 0.5, ("x", "y"), run), words)
    for train, test in splits("contiguous", recorded.run, SETTINGS):
        assert not set(recorded.run[train]) & set(recorded.run[test])
    assert recorded.units == ("a", "b", "c", "d")
    assert recorded.explained(np.zeros((4 * N, 1, 2))).shape == (4, 2)
    assert recorded.ceiling() is None


def test_what_does_not_fit_is_named() -> None:
    made = recording(np.zeros((N, N_SITES)))
    with pytest.raises(RecordingError, match=r"is said at .* but run listener0 lasts from 0 to 300 s"):
        several_listeners(made, made_words(N + 40))
    with pytest.raises(RecordingError, match="got none for: 2"):
        one_listener(Recording(np.ones((4, 1), np.float32), 0.5, ("x",), np.array([1, 1, 2, 2])), {1: WORDS})
    with pytest.raises(InputError, match="chunks longer than two gaps of 33 samples, got 3"):
        models.check_folds(several_listeners(made, WORDS), StorySettings(LAYERS, delays=[1, 30], n_folds=3))
    flat = np.array(made.data)
    flat[:, 1] = 2.0
    with pytest.raises(InputError, match="run listener0: responses: site 'b' never varies"):
        several_listeners(Recording(flat, 0.5, ("a", "b", "c"), made.run), WORDS)
    with pytest.raises(InputError, match="sound: expected a row for each of 150 samples, got 7"):
        encode_story(several_listeners(made, WORDS), network(), SETTINGS, more=np.zeros((7, 1)))
    with pytest.raises(InputError, match="n_components: expected at most the 12 units of layer 1, got 20"):
        encode_story(several_listeners(made, WORDS), network(), StorySettings(LAYERS, delays=[1, 2], n_folds=3))
    with pytest.raises(InputError, match="layers: expected one or more, each once"):
        StorySettings(["1", "1"])

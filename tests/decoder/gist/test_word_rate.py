"""Words in time from the recording alone: as many as were said, where it follows them; whatever is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hotwire.decoder.gist.encoding_fit import EncodingSettings, fit_encoding
from hotwire.decoder.gist.word_rate import WordClock, WordRate
from hotwire.decoder.gist.word_rate_fit import fit_word_rate, score_rate, true_rate
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.errors import InputError, ShapeError

LENGTH, SETTINGS = 120, EncodingSettings((1, 2, 3), n_voxels=8, n_folds=3, n_mixtures=0)


def spoken(seed: int) -> TimedWords:
    """Words that come in spells, fast and slow."""
    rng = np.random.default_rng(seed)
    gap_s = np.repeat(rng.choice([0.3, 1.5], 90), 6) * rng.uniform(0.8, 1.2, 540)
    onset_s = np.cumsum(gap_s)
    onset_s = onset_s[onset_s < 2 * LENGTH - 2]
    return TimedWords(np.full(len(onset_s), "word"), onset_s, onset_s + 0.2)


def heard(words: dict[int, TimedWords], hears: float) -> Recording:
    """Eight voxels, which follow how fast is spoken two samples before."""
    rng = np.random.default_rng(7)
    weights, parts = rng.normal(size=8), []
    for of in words.values():
        rate = true_rate(of, LENGTH, 0.5)
        parts.append(5.0 + hears * np.roll(rate, 2)[:, None] * weights + rng.normal(size=(LENGTH, 8)))
    data = np.concatenate(parts).astype(np.float32)
    return Recording(data, 0.5, tuple("abcdefgh"), np.repeat(list(words), LENGTH))


def fitted(hears: float) -> tuple[WordRate, np.ndarray, TimedWords]:
    """A model of four runs, and the fifth: its samples of the chosen voxels, and its words."""
    words = {run: spoken(run) for run in range(5)}
    recording, known = heard(words, hears), {run: words[run] for run in range(4)}
    training = recording.select(runs=list(known))
    features = {run: np.ones((len(of), 1)) for run, of in known.items()}
    encoding = fit_encoding(features, known, training, settings=SETTINGS)
    samples = recording.data[recording.samples_of(4)][:, encoding.model.voxels].astype(np.float64)
    return fit_word_rate(known, training, encoding, SETTINGS), samples, words[4]


def test_the_rate_of_a_run_that_was_held_out() -> None:
    model, samples, words = fitted(hears=1.0)
    score = score_rate(model, samples, words)
    assert score.r > 0.8
    assert score.z > 3
    assert score.n_timed == pytest.approx(score.n_true, rel=0.1)
    said_s = model.words(samples).middle_s
    said, true = (np.histogram(at, np.arange(0, 241, 20))[0] for at in (said_s, words.middle_s))
    assert np.corrcoef(said, true)[0, 1] > 0.8


def test_where_nothing_is_heard_words_are_as_many_as_usual() -> None:
    model, samples, words = fitted(hears=0.0)
    rates = model.rates(samples)
    assert rates.std() < 0.3 * true_rate(words, LENGTH, 0.5).std()
    assert abs(score_rate(model, samples, words).z) < 3
    assert np.isnan(
        score_rate(model, samples[:40], TimedWords(words.word[:9], words.onset_s[:9], words.offset_s[:9])).z
    )


def test_words_are_those_of_the_rates_as_samples_come() -> None:
    model, samples, _ = fitted(hears=1.0)
    samples[[30, 31, 60]] = np.nan
    rates = np.maximum(model.rates(samples), 0.0)
    clock, found = WordClock(model), []
    for number, sample in enumerate(samples):
        found.append(clock.push(sample))
        assert clock.until_s == max(number - 2, 0) / 0.5
        assert all(word.middle_s < clock.until_s for word in found[-1])
    words = [word for of in [*found, clock.finish()] for word in of]
    assert clock.until_s == LENGTH / 0.5
    in_sample = np.bincount([int(word.middle_s / 2) for word in words], minlength=LENGTH)
    np.testing.assert_allclose(np.cumsum(in_sample), np.cumsum(rates), atol=0.5 + 1e-9)
    whole = model.words(samples)
    assert [word.middle_s for word in words] == whole.middle_s.tolist()
    assert (np.diff(whole.middle_s) > 0).all()
    assert whole.duration_s.max() <= model.duration_s == pytest.approx(0.2)
    short = WordClock(model)
    assert short.push(samples[0]) == []
    assert len(short.finish()) == len(model.words(samples[:1]).middle_s)


def test_faults() -> None:
    model = WordRate(0.5, (1,), np.arange(2), np.zeros(2), np.zeros((1, 2)), 2.0, 0.3)
    assert len(model.words(np.zeros((3, 2))).middle_s) == 6
    assert len(replace(model, intercept=0.0).words(np.zeros((3, 2))).middle_s) == 0
    with pytest.raises(ShapeError, match=r"weights: expected the shape \(2, 2\), got \(1, 2\)"):
        replace(model, delays=(1, 2))
    with pytest.raises(InputError, match="delays: expected samples after the word"):
        replace(model, delays=(-1,))
    with pytest.raises(InputError, match="a duration_s above 0"):
        replace(model, duration_s=0.0)

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from hotwire.decoder.gist.chunks import Chunks, splitter_for
from hotwire.decoder.gist.encoding_fit import EncodingSettings, fit_encoding
from hotwire.decoder.gist.lanczos import words_to_samples
from hotwire.decoder.gist.noise import noise_of
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.errors import InputError, RecordingError, ShapeError

DELAYS = (1, 2, 3)


def made(n_runs: int, length: int, noise: float = 1.0, autocorrelation: float = 0.5, seed: int = 0):
    """Words with three features, six voxels that follow them after one to three samples, and three that do not."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(3, 3, 9)) * (np.arange(9) < 6)
    mixing = np.eye(9) + 0.5 * rng.normal(size=(9, 9))
    features, words, parts = {}, {}, []
    for run in range(n_runs):
        onset_s = np.sort(rng.uniform(0, 2 * length - 1, 4 * length))
        words[run] = TimedWords(np.full(len(onset_s), "word"), onset_s, onset_s + 0.1)
        features[run] = rng.normal([1.0, 0.0, 0.0], size=(len(onset_s), 3))
        table = words_to_samples(features[run], words[run].middle_s, length, 0.5)
        slow = np.asarray(lfilter([1.0], [1.0, -autocorrelation], rng.normal(size=(length, 9)), axis=0))
        data = 3.0 + noise * slow @ mixing
        for delay, of_delay in zip(DELAYS, weights, strict=True):
            data[delay:] += table[: length - delay] @ of_delay
        parts.append(data)
    data = np.concatenate(parts)
    recording = Recording(data, 0.5, tuple("abcdefghi"), np.repeat(np.arange(n_runs), length))
    return features, words, recording, weights, noise**2 * mixing.T @ mixing


@pytest.mark.parametrize("n_runs", [1, 6])
def test_finds_what_was_put_in(n_runs: int) -> None:
    features, words, recording, weights, covariance = made(n_runs, 1800 // n_runs)
    fit = fit_encoding(features, words, recording, settings=EncodingSettings(DELAYS, n_voxels=6))
    model = fit.model
    assert model.voxels.tolist() == [0, 1, 2, 3, 4, 5]
    assert fit.scores[:6].min() > 0.2
    assert np.abs(fit.scores[6:]).max() < 0.05
    assert fit.correlations.min() > 0.4
    np.testing.assert_allclose(model.weights / model.size[:, None], weights[..., :6], atol=0.15)
    at_rest = model.intercept - np.einsum("dfv,f->v", model.weights, model.mean / model.size)
    np.testing.assert_allclose(at_rest, 3.0, atol=0.6)
    assert model.timing.autocorrelation == pytest.approx(0.5, abs=0.05)
    found = np.linalg.inv(model.noise.matrix_ @ model.noise.matrix_)
    np.testing.assert_allclose(found, covariance[:6, :6], atol=0.12 * covariance.max())
    np.testing.assert_allclose(model.unknown, [1, 0, 0], atol=0.1)


def test_noise_is_in_the_recordings_units() -> None:
    features, words, recording, *_ = made(4, 200)
    larger = Recording(100 * recording.data, 0.5, recording.feature_names, recording.run)
    settings = EncodingSettings(DELAYS)
    one, other = (fit_encoding(features, words, r, settings=settings).model for r in (recording, larger))
    np.testing.assert_allclose(other.weights, 100 * one.weights, rtol=1e-2, atol=1e-2)
    np.testing.assert_allclose(other.noise.matrix_, one.noise.matrix_ / 100, rtol=1e-2, atol=1e-4)


def test_a_useless_band_is_left_out() -> None:
    features, words, recording, *_ = made(4, 200, noise=3.0)
    rng = np.random.default_rng(1)
    wider = {run: np.hstack([of, rng.normal(size=(len(of), 40))]) for run, of in features.items()}
    bands = ["state"] * 3 + ["noise"] * 40
    plain, banded = (
        fit_encoding(wider, words, recording, one, EncodingSettings(DELAYS, n_mixtures=10)) for one in (None, bands)
    )
    assert banded.correlations[:6].mean() > plain.correlations[:6].mean() + 0.02


def test_chunks_are_apart() -> None:
    for train, held in Chunks(4, gap=7).split(np.zeros(100)):
        assert min(np.abs(np.subtract.outer(train, held)).ravel()) == 8
        assert np.diff(held).tolist() == [1] * (len(held) - 1)
    splitter, groups = splitter_for(np.repeat([1, 2, 3], 10), 5, gap=7)
    assert [len(held) for _, held in splitter.split(np.zeros(30), None, groups)] == [10, 10, 10]
    with pytest.raises(InputError, match="60 samples of one run make chunks longer than two gaps of 7"):
        splitter_for(np.zeros(60), 5, gap=7)


def test_noise_of_white_noise_is_white() -> None:
    noise = noise_of(2.0 * np.random.default_rng(0).normal(size=(4000, 3)), np.repeat([1, 2], 2000))
    assert noise.autocorrelation < 0.03
    np.testing.assert_allclose(noise.whitener.matrix_, np.eye(3) / 2, atol=0.02)


def test_faults() -> None:
    features, words, recording, *_ = made(2, 60)
    with pytest.raises(RecordingError, match="got none for: 1"):
        fit_encoding(features, {0: words[0]}, recording)
    with pytest.raises(ShapeError, match="of 240 words for the run 1, got those of 239"):
        fit_encoding({**features, 1: features[1][1:]}, words, recording)
    with pytest.raises(InputError, match="expected some that vary"):
        fit_encoding({run: np.zeros((240, 2)) for run in words}, words, recording)
    with pytest.raises(InputError, match="n_voxels of at least 1"):
        EncodingSettings(n_voxels=0)

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hotwire.decoder.recordings.synthetic_listener import SyntheticListener
from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.errors import InputError, RecordingError, ShapeError

N_SAMPLES = 300
LISTENER = SyntheticListener(n_features=400, mean_r=0.3)


def stories(n: int = 3) -> tuple[dict, dict, dict]:
    rng = np.random.default_rng(0)
    words, states = {}, {}
    for run in range(n):
        onset_s = np.sort(rng.uniform(0, 2 * N_SAMPLES - 1, 900))
        words[run] = TimedWords(rng.choice(["a", "dog", "cat", "sat"], 900), onset_s, onset_s + 0.2)
        states[run] = rng.normal(size=(900, 6))
    return words, states, dict.fromkeys(range(n), N_SAMPLES)


def test_correlations_are_as_said() -> None:
    words, states, lengths = stories()
    recording = LISTENER.record(words, states, lengths)
    assert recording.source == "a synthetic listener"
    noiseless = replace(LISTENER, mean_r=0.9499, spread_r=0.0).record(words, states, lengths)
    pairs = [np.corrcoef(recording.data[:, i], noiseless.data[:, i])[0, 1] for i in range(400)]
    expected = 0.95 * LISTENER.r + np.sqrt((1 - 0.95**2) * (1 - LISTENER.r**2))  # the noise is the same
    np.testing.assert_allclose(np.mean(pairs), expected.mean(), atol=0.03)
    assert np.corrcoef(pairs, LISTENER.r)[0, 1] > 0.8
    assert LISTENER.r.mean() == pytest.approx(0.3, abs=0.03)
    assert np.std(np.log(LISTENER.r)) == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(recording.data.var(axis=0).mean(), 1.0, atol=0.05)
    again = LISTENER.record(words, states, lengths)
    np.testing.assert_array_equal(again.data, recording.data)


def test_noise_is_slow_and_partly_shared() -> None:
    words, states, lengths = stories()
    noise = replace(LISTENER, mean_r=0.0, autocorrelation=0.6, n_shared=3).record(words, states, lengths).data
    after = [np.corrcoef(noise[: N_SAMPLES - 1, i], noise[1:N_SAMPLES, i])[0, 1] for i in range(50)]
    assert np.mean(after) == pytest.approx(0.6, abs=0.05)
    shares = np.linalg.eigvalsh(np.cov(noise.T))[::-1] / 400
    assert shares[:3].sum() == pytest.approx(0.5, abs=0.1)
    assert shares[3] < 0.02


def test_it_responds_to_words_and_to_what_no_network_has() -> None:
    words, states, lengths = stories(1)
    loud = replace(LISTENER, mean_r=0.94, spread_r=0.0, private=0.0)
    other = {0: TimedWords(words[0].word[::-1], words[0].onset_s, words[0].offset_s)}

    def alike(one: np.ndarray, two: np.ndarray) -> float:
        return float(np.mean([np.corrcoef(one[:, i], two[:, i])[0, 1] for i in range(50)]))

    assert alike(loud.record(words, states, lengths).data, loud.record(other, states, lengths).data) > 0.99
    private = replace(loud, private=1.0)
    assert alike(private.record(words, states, lengths).data, private.record(other, states, lengths).data) < 0.5
    # a moment is answered some five seconds later, by each voxel in its own time
    at_s = np.array([100.0, 400.0])
    moment, zero = {0: TimedWords(np.array(["a", "a"]), at_s, at_s + 0.2)}, {0: np.array([[5.0], [-5.0]])}
    answer = np.abs(replace(loud, rate_hz=2.0, n_features=60).record(moment, zero, {0: 1000}).data)
    peaks = answer[200:230].argmax(axis=0) / 2
    assert 4.0 < np.median(peaks) < 6.5


def test_faults() -> None:
    words, states, lengths = stories(2)
    with pytest.raises(ShapeError, match="all words of the run 1, got others"):
        LISTENER.record(words, {**states, 1: states[1][1:]}, lengths)
    with pytest.raises(RecordingError, match="lie outside it"):
        LISTENER.record(words, states, {0: N_SAMPLES, 1: 20})
    for fault in ({"mean_r": 1.0}, {"private": 2.0}, {"rate_hz": 0.0}, {"n_features": 0}):
        with pytest.raises(InputError, match="expected"):
            replace(LISTENER, **fault)

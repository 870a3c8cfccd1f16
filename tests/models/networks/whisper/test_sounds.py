from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers.models.whisper.feature_extraction_whisper import WhisperFeatureExtractor

from hotwire.errors import InputError
from hotwire.models.networks.whisper.sounds import log_mel, log_mel_of

from ...small_recogniser import noises

TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(8_000) / 16_000)).astype(np.float32)


def test_the_spectrogram_has_silence_behind_the_sound() -> None:
    heard = log_mel([TONE], seconds=2.0, n_bins=80).numpy()
    assert heard.shape == (1, 80, 200)
    # 440 Hz is the tenth of 80 bins between 0 and 8 kHz on Slaney's scale, linear below 1 kHz.
    bins = np.arange(80) * (15 + 27 * np.log(8) / np.log(6.4)) / 81 * 200 / 3
    assert abs(bins[heard[0, :, 25].argmax()] - 440) < 50
    assert (heard[0, :, 52:] == heard.min()).all()
    np.testing.assert_allclose(heard.max() - heard.min(), 2, atol=1e-6)  # eight decades, by four


def test_a_sound_longer_than_the_spectrogram_is_refused() -> None:
    with pytest.raises(InputError, match=r"sound 1 lasts 0.50 s, but the network is opened for 0.4 s"):
        log_mel([TONE[:100], TONE], seconds=0.4, n_bins=80)


def test_it_is_the_one_that_whisper_was_trained_on() -> None:
    """Of transformers."""
    sounds = [TONE, *noises(2)]
    extractor = WhisperFeatureExtractor(feature_size=80, sampling_rate=16_000)
    expected = extractor(sounds, sampling_rate=16_000, padding="max_length", max_length=16_000, return_tensors="np")
    np.testing.assert_allclose(log_mel(sounds, seconds=1.0, n_bins=80), expected.input_features, atol=1e-6)


def test_gradients_of_the_spectrogram() -> None:
    samples = torch.from_numpy(np.stack(noises(2, 0.06))).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda of: log_mel_of(of, 20), samples, fast_mode=True)
    silence = torch.zeros(1, 800, requires_grad=True)
    log_mel_of(silence, 20).sum().backward()
    assert not silence.grad.any()  # type: ignore[union-attr]

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from hotwire.errors import InputError
from hotwire.models.networks.whisper.sounds import log_mel, samples_of

TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(8_000) / 16_000)).astype(np.float32)


@pytest.mark.parametrize(
    ("stored", "resolution"),
    [
        (TONE, 1e-7),
        ((TONE * 2**15).astype(np.int16), 2**-15),
        ((TONE * 2.0**31).astype(np.int32), 1e-7),
        ((TONE * 2**7 + 2**7).astype(np.uint8), 2**-7),
    ],
    ids=["float32", "int16", "int32", "uint8"],
)
def test_a_file_gives_its_samples_whatever_their_type(tmp_path: Path, stored: np.ndarray, resolution: float) -> None:
    wavfile.write(tmp_path / "tone.wav", 16_000, stored)
    np.testing.assert_allclose(samples_of(tmp_path / "tone.wav"), TONE, atol=resolution)
    assert samples_of(str(tmp_path / "tone.wav")).dtype == np.float32


def test_channels_are_averaged_and_other_rates_resampled(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "both.wav", 16_000, np.stack([TONE, np.zeros_like(TONE)], 1))
    np.testing.assert_allclose(samples_of(tmp_path / "both.wav"), TONE / 2, atol=1e-7)
    slow = (0.5 * np.sin(2 * np.pi * 440 * np.arange(11_025) / 22_050)).astype(np.float32)
    wavfile.write(tmp_path / "fast.wav", 22_050, slow)
    resampled = samples_of(tmp_path / "fast.wav")
    assert resampled.shape == TONE.shape
    np.testing.assert_allclose(resampled[500:-500], TONE[500:-500], atol=2e-3)


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    for wrong, reason in [
        (tmp_path / "none.wav", "there is no sound file"),
        (tmp_path / "text.wav", "cannot be read"),
        (np.zeros(5, np.int16), r"float array .* got int16 array \(5,\)"),
        (np.zeros((5, 2)), "float array"),
        ([0.0, 0.1], "got list"),
        (np.array([0.0, 2.0]), "between -1 and 1, got 2.0"),
        (np.array([0.0, np.nan]), "got nan"),
        (np.zeros(0), "got no samples"),
    ]:
        with pytest.raises(InputError, match=reason):
            samples_of(wrong)


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

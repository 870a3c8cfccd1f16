from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from hotwire.errors import InputError
from hotwire.models.sounds.samples import samples_of, wav_of

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


def test_a_flac_file_gives_the_samples_that_a_wav_file_gives(tmp_path: Path) -> None:
    whole = np.round(TONE * 2**15).astype(np.int16)
    wavfile.write(tmp_path / "tone.wav", 16_000, whole)
    soundfile.write(tmp_path / "tone.flac", whole, 16_000)
    np.testing.assert_array_equal(samples_of(tmp_path / "tone.flac"), samples_of(tmp_path / "tone.wav"))


@pytest.mark.parametrize("name", ["tone.wav", "tone.flac"])
def test_torn_files_are_refused(tmp_path: Path, name: str) -> None:
    soundfile.write(tmp_path / name, TONE, 16_000, subtype="PCM_16")
    content = (tmp_path / name).read_bytes()
    for end in (len(content) // 2, 20, 0):
        (tmp_path / name).write_bytes(content[:end])
        with pytest.raises(InputError, match=rf"stimuli: .*{name} cannot be read as a"):
            samples_of(tmp_path / name)


def test_files_without_samples_or_with_infinite_ones_are_refused(tmp_path: Path) -> None:
    for samples, reason in ((TONE[:0], "holds no samples"), (np.full(99, np.nan, np.float32), "are not finite")):
        wavfile.write(tmp_path / "odd.wav", 16_000, samples)
        with pytest.raises(InputError, match=reason):
            samples_of(tmp_path / "odd.wav")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    samples = np.rint(np.random.default_rng(0).uniform(-1, 1, 500) * 2**15).clip(-(2**15), 2**15 - 1) / 2**15
    (tmp_path / "a.wav").write_bytes(wav_of(samples))
    np.testing.assert_array_equal(samples_of(tmp_path / "a.wav"), samples.astype(np.float32))
    (tmp_path / "b.wav").write_bytes(wav_of(np.array([2.0, -2.0])))
    np.testing.assert_allclose(samples_of(tmp_path / "b.wav"), [1, -1], atol=1e-4)

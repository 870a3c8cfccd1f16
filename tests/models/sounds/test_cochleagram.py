"""The cochleagram and its modulations, against formulas and sounds of which they are known."""

from __future__ import annotations

import numpy as np
import pytest

from hotwire.errors import InputError
from hotwire.models.sounds.cochleagram import N_BANDS, band_centres, cochleagram, erb_number, filters
from hotwire.models.sounds.modulation import RATES_HZ, SCALES, spectrum_and_modulation

SECONDS = np.arange(16_000) / 16_000


def test_numbers_of_filters_are_those_of_glasberg_and_moore() -> None:
    """Their own form of it, 21.4 log10(4.37 f + 1) with f in kHz, has constants rounded to three digits."""
    hz = np.array([50.0, 500.0, 1000.0, 4000.0, 8000.0])
    np.testing.assert_allclose(erb_number(hz), 21.4 * np.log10(4.37 * hz / 1000 + 1), rtol=4e-3)
    width = 1 / np.gradient(erb_number(np.arange(990.0, 1011.0)), 1.0)[10]
    assert width == pytest.approx(24.7 * (4.37 + 1), rel=3e-3)  # the equivalent rectangular bandwidth at 1 kHz


def test_squared_gains_sum_to_one_between_the_first_centre_and_the_last() -> None:
    centres = band_centres()
    hz = np.linspace(centres[0], centres[-1], 500)
    np.testing.assert_allclose((filters(hz) ** 2).sum(axis=0), 1.0, atol=1e-12)
    assert not filters([0.0, 8000.0]).max() > 1e-12


@pytest.mark.parametrize("band", [3, 17, 35])
def test_a_tone_is_in_its_band_and_nowhere_else(band: int) -> None:
    found = cochleagram(0.5 * np.sin(2 * np.pi * band_centres()[band] * SECONDS))
    inside = found[:, 20:-20]
    assert (inside.mean(axis=1) > 0.25).nonzero()[0].tolist() == [band]  # a hundredth of the amplitude, compressed
    np.testing.assert_allclose(inside[band], 0.5**0.3, rtol=2e-3)  # a tone's envelope is its amplitude


def test_a_modulated_tone_has_its_modulation_as_envelope() -> None:
    modulation = 1 + 0.8 * np.sin(2 * np.pi * 8 * SECONDS)
    found = cochleagram(0.3 * modulation * np.sin(2 * np.pi * band_centres()[25] * SECONDS))
    expected = (0.3 * modulation.reshape(-1, 80).mean(axis=1)) ** 0.3
    np.testing.assert_allclose(found[25, 10:-10], expected[10:-10], rtol=1e-2)


def test_modulations_are_where_they_belong() -> None:
    """Ripples that drift downward or upward, 8 to 16 Hz and 1/8 to 1/4 cycles per filter of the ear."""
    numbers = erb_number(band_centres())[:, None]
    frames = np.arange(400) / 200
    ripples = [1 + 0.5 * np.cos(2 * np.pi * (12 * frames + way * 0.18 * numbers)) for way in (1, -1)]
    table = spectrum_and_modulation([*ripples, np.random.default_rng(0).random((N_BANDS, 400))])
    assert table.shape == (3, N_BANDS + 2 * (len(SCALES) - 1) * (len(RATES_HZ) - 1))
    strengths = table[:2, N_BANDS:].reshape(2, 2, len(SCALES) - 1, len(RATES_HZ) - 1)
    place = SCALES.index(1 / 8), RATES_HZ.index(8.0)
    for own, other in ((0, 1), (1, 0)):
        way = strengths[own, :, *place].argmax()
        assert np.unravel_index(strengths[own].argmax(), strengths[own].shape) == (way, *place)
        assert strengths[own, way, *place] > 3 * strengths[other, way, *place]


def test_shorter_sounds_have_the_same_ranges() -> None:
    rng = np.random.default_rng(0)
    table = spectrum_and_modulation([rng.random((N_BANDS, n)) for n in (400, 150)])
    assert np.isfinite(table).all()
    np.testing.assert_allclose(table[0, :N_BANDS].mean(), table[1, :N_BANDS].mean(), rtol=0.05)


def test_a_sound_shorter_than_a_frame_is_refused() -> None:
    with pytest.raises(InputError, match="samples: expected 80 or more and two or more bands, got 79 samples"):
        cochleagram(np.zeros(79))

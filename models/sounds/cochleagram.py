"""What the cochlea makes of a sound: the envelopes of bands as wide as the ear's, compressed.

References
----------
Glasberg & Moore (1990), Derivation of auditory filter shapes from notched-noise data. Hearing Research 47, 103-138.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from .samples import RATE_HZ

N_BANDS = 40
LOWEST_HZ = 50.0
FRAMES_PER_S = 200
COMPRESSION = 0.3
_QUALITY, _NARROWEST_HZ = 9.265, 24.7  # of the ear's filters: far up, and at 0 Hz


def erb_number(hz: ArrayLike) -> NDArray[np.float64]:
    """How many filters of the ear lie below a frequency, E(f) = 9.265 ln(1 + f / (24.7 * 9.265)), Glasberg & Moore.

    Examples
    --------
    >>> erb_number([0.0, 1000.0]).round(2)
    array([ 0.  , 15.57])
    """
    return _QUALITY * np.log1p(np.asarray(hz, np.float64) / (_NARROWEST_HZ * _QUALITY))


def band_centres(n_bands: int = N_BANDS) -> NDArray[np.float64]:
    """The frequencies (n_bands,) in Hz on which bands are centred: evenly spaced in `erb_number`, 50 Hz to 8 kHz."""
    numbers = np.linspace(erb_number(LOWEST_HZ), erb_number(RATE_HZ / 2), n_bands + 2)[1:-1]
    return _NARROWEST_HZ * _QUALITY * np.expm1(numbers / _QUALITY)


def filters(hz: ArrayLike, n_bands: int = N_BANDS) -> NDArray[np.float64]:
    """The gain of each band at some frequencies, (n_bands, n_frequencies).

    Half a period of a cosine in `erb_number`, cos(pi / 2 * (E(f) - E_k) / d) within d of the band's centre E_k, where d
    is the distance of two centres. So the squared gains of all bands sum to 1 from the first centre to the last.
    """
    centres = erb_number(band_centres(n_bands))
    away = (erb_number(hz)[None] - centres[:, None]) / (centres[1] - centres[0])
    return np.where(np.abs(away) < 1, np.cos(np.pi / 2 * away), 0.0)


def cochleagram(samples: NDArray, *, n_bands: int = N_BANDS) -> NDArray[np.float32]:
    """The compressed envelopes of a sound, (n_bands, n_frames), 200 frames a second.

    Each band's envelope is the size of its analytic signal (Hilbert), averaged over each frame, to the power 0.3.

    Parameters
    ----------
    samples : array (n_samples,)
        At 16 kHz, see `hotwire.models.sounds.samples.samples_of`.
    n_bands : int
        See `band_centres`.

    Returns
    -------
    array (n_bands, n_frames), float32
        1 for a tone of amplitude 1 in the middle of its band.

    Raises
    ------
    InputError
        There are fewer than two bands, or the sound is shorter than a frame.

    References
    ----------
    McDermott & Simoncelli (2011), Sound texture perception via statistics of the auditory periphery. Neuron
    71, 926-940.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    >>> envelopes = cochleagram(tone)
    >>> envelopes.shape, band_centres()[envelopes.mean(axis=1).argmax()].round()
    ((40, 200), np.float64(1003.0))
    """
    from scipy import fft

    length = RATE_HZ // FRAMES_PER_S
    n_frames = check_length(len(samples), n_bands)
    n: Any = fft.next_fast_len(len(samples))
    spectrum = np.asarray(fft.rfft(samples.astype(np.float32), n))
    analytic = np.zeros((n_bands, n), np.complex64)
    # Twice the positive frequencies, none of the negative ones; no band reaches down to 0 Hz or up to half the rate.
    analytic[:, : len(spectrum)] = 2 * spectrum * filters(np.fft.rfftfreq(n, 1 / RATE_HZ), n_bands)
    envelopes = np.abs(np.asarray(fft.ifft(analytic, axis=1, overwrite_x=True)))[:, : n_frames * length]
    return envelopes.reshape(n_bands, n_frames, length).mean(axis=2) ** np.float32(COMPRESSION)


def check_length(n_samples: int, n_bands: int = N_BANDS) -> int:
    """How many frames a sound has; raises `InputError` where it has none, or there are fewer than two bands."""
    length = RATE_HZ // FRAMES_PER_S
    if n_bands < 2 or n_samples < length:
        raise InputError(
            f"samples: expected {length} or more and two or more bands, got {n_samples} samples and {n_bands} bands"
        )
    return n_samples // length

"""A first look at a stream: which channels carry no signal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

AT_EXTREME = 0.1
"""So large a share of the samples at the very same largest or smallest value: the amplifier can go no further."""


def signal_faults(samples: NDArray[np.floating], names: Sequence[str]) -> dict[str, str]:
    """Return what is wrong with which channel, from samples (n_samples, n_channels) of a second or more.

    ``"not finite"``: a sample is NaN or infinite. ``"flat"``: all samples are the same. ``"saturated"``: a tenth of
    them or more are the same largest, or the same smallest value.

    Examples
    --------
    >>> wave = np.sin(np.arange(100))
    >>> samples = np.column_stack([wave, np.clip(wave, -0.5, 0.5), np.zeros(100)])
    >>> signal_faults(samples, ["C3", "Cz", "C4"])
    {'Cz': 'saturated', 'C4': 'flat'}
    """
    faults: dict[str, str] = {}
    for name, channel in zip(names, np.asarray(samples).T, strict=True):
        if not np.isfinite(channel).all():
            faults[name] = "not finite"
        elif len(channel) and channel.min() == channel.max():
            faults[name] = "flat"
        elif max((channel == extreme).mean() for extreme in (channel.min(), channel.max())) >= AT_EXTREME:
            faults[name] = "saturated"
    return faults

"""How far a value is above a few draws of its null, without being too sure of what few draws say."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm, t

LARGEST = 30.0
"""Further out no tail can be told from zero."""


def z_over(value: float, nulls: ArrayLike) -> float:
    """How far a value is above nulls (n_nulls,): the z of a normal distribution that would be as surprising.

    Few nulls say only roughly what their mean and standard deviation are. For one more null of a normal distribution
    ``(value - mean) / (sd * sqrt(1 + 1 / n))`` is Student's t with n - 1 degrees of freedom; its tail is that of z. So
    one null of 44 has a z of 2 or more, however few they are. In plain standard deviations it would be one of 16 with
    six nulls; with many, both are the same.

    NaN for fewer than two nulls, or where these do not vary; 0 where the value is the same as all of them.

    Examples
    --------
    >>> few, many = [9.0, 10.0, 11.0], np.random.default_rng(0).normal(10.0, 1.0, 100_000)
    >>> round(z_over(14.0, few), 2), round(z_over(14.0, many), 2), round(z_over(6.0, few), 2)
    (1.79, 4.0, -1.79)
    """
    nulls = np.asarray(nulls, np.float64)
    n = len(nulls)
    if n < 2 or np.ptp(nulls) == 0:
        return 0.0 if n > 1 and value == nulls[0] else float("nan")
    far = (value - nulls.mean()) / (nulls.std(ddof=1) * np.sqrt(1 + 1 / n))
    tail = t.sf(abs(far), n - 1)
    return float(np.sign(far) * norm.isf(max(tail, norm.sf(LARGEST))))

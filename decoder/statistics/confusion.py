"""Which class is taken for which, and how well each is distinguished from all others."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray


def confusion(truth: NDArray, said: NDArray, n_classes: int) -> NDArray[np.int64]:
    """Counts (n_classes, n_classes + 1): rows are true classes, columns decisions, the last one "other" (-1).

    Examples
    --------
    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, -1]), 2)
    array([[1, 1, 0],
           [0, 0, 1]])
    """
    counts = np.zeros((n_classes, n_classes + 1), np.int64)
    np.add.at(counts, (truth, np.where(said < 0, n_classes, said)), 1)
    return counts


def d_prime(truth: ArrayLike, said: ArrayLike, n_classes: int) -> NDArray[np.float64]:
    """Sensitivity for each class against all others, (n_classes,): z(hit rate) - z(false alarm rate); 0 for guessing.

    A decision of -1 is none of the classes. Half a trial is added to each count, so that rates of 0 and 1 stay finite.
    NaN for classes that no trial has, or all have.

    References
    ----------
    Green & Swets (1966), Signal detection theory and psychophysics; Hautus (1995), Corrections for extreme proportions
    and their biasing effects on estimated values of d'. Behav. Res. Methods 27, 46-51 (the log-linear correction).

    Examples
    --------
    >>> d_prime([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1, 0], 2).round(3)
    array([1.049, 1.049])
    """
    z = NormalDist().inv_cdf
    counts = confusion(np.asarray(truth, np.intp), np.asarray(said, np.intp), n_classes)
    sensitivity = np.full(n_classes, np.nan)
    for one in range(n_classes):
        n_true, n_said, n_hits = counts[one].sum(), counts[:, one].sum(), counts[one, one]
        n_other = counts.sum() - n_true
        if n_true and n_other:
            sensitivity[one] = z((n_hits + 0.5) / (n_true + 1)) - z((n_said - n_hits + 0.5) / (n_other + 1))
    return sensitivity

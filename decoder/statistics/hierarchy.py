"""Does what predicts the brain best lie deeper in a network for later regions?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ShapeError
from .permutation import at_least, exceedance, null_orders


class Rise(NamedTuple):
    """Spearman's correlation of depth with stage, and how often exchanged regions rise at least as much.

    Both are NaN where all depths are the same. `least_p` is the smallest p that so many regions can have.
    """

    rho: float
    p: float
    least_p: float


def rise(stages: ArrayLike, depths: ArrayLike) -> Rise:
    """Test whether regions of later stages (n_regions,) are predicted best by deeper layers (n_regions,).

    Regions are exchanged, in every order where they are few; p is one-sided.

    Examples
    --------
    >>> found = rise([0, 0, 1, 1, 2], [0.1, 0.0, 0.5, 0.6, 1.0])
    >>> round(found.rho, 3), round(found.p, 3), round(found.least_p, 3)
    (0.949, 0.033, 0.033)
    """
    stage, depth = _ranks(stages), _ranks(depths)
    if stage.shape != depth.shape or stage.ndim != 1 or len(stage) < 3:
        raise ShapeError(f"depths: expected one for each of three or more regions, got {depth.shape}, {stage.shape}")
    size = np.sqrt((stage @ stage) * (depth @ depth))
    if not size:
        return Rise(float("nan"), float("nan"), float("nan"))
    orders = null_orders(np.zeros(len(stage)), np.arange(len(stage)))
    seen, permuted = float(stage @ depth), stage[orders] @ depth
    most = at_least(float(np.sort(stage) @ np.sort(depth)), np.append(permuted, seen))
    return Rise(float(seen / size), exceedance(seen, permuted), max(most, 1) / (1 + len(permuted)))


def _ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Ranks, equal values sharing the mean of theirs, as deviations from the mean rank."""
    from scipy.stats import rankdata

    ranks = rankdata(np.asarray(values, np.float64))
    return ranks - ranks.mean()

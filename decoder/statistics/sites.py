"""How well many sites (neurons, voxels, electrodes) are predicted: the median over sites, with its interval.

Sites and stimuli are both samples, of all sites and of all stimuli there are. So the interval is that of the pigeonhole
bootstrap: sites and whole groups of stimuli are drawn with replacement, independently of each other. Predictions are of
held-out stimuli and are not fitted anew, and the ceiling is not estimated anew. A single site is no sample of sites:
then stimuli alone are drawn.

References
----------
Owen (2007), The pigeonhole bootstrap. Ann. Appl. Stat. 1, 386-411: it is never too narrow for long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ShapeError
from .bootstrapped import Bootstrapped
from .ceilings import explained_per_ceiling
from .correlations import profile_correlation
from .intervals import LEAST_RUNS

N_DRAWS = 1000
AT_ONCE = 50
"""So many draws of stimuli are multiplied together."""


@dataclass(frozen=True, eq=False)
class SiteBootstrap:
    """What was recorded, (n_stimuli, n_sites), and what is drawn of it: the same for all predictions.

    `groups` (n_stimuli,) are never divided; `ceiling` (n_sites,), from `noise_ceiling`, is None where it is not known.
    """

    true: NDArray[np.float64]
    groups: NDArray
    ceiling: NDArray[np.float64] | None = None
    n_draws: int = N_DRAWS
    seed: int = 0
    _codes: NDArray[np.intp] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.true.ndim != 2 or self.groups.shape != (len(self.true),):
            raise ShapeError(f"groups: expected one for each row of true {self.true.shape}, got {self.groups.shape}")
        object.__setattr__(self, "_codes", np.unique(self.groups, return_inverse=True)[1])

    def score(self, r: ArrayLike) -> NDArray[np.float64]:
        """The share of each site's variance that a correlation stands for, of what can be explained if that is known.

        The square of r with its sign, so that a prediction that is wrong way round is not counted as good; divided by
        the ceiling. NaN (a constant prediction) counts as 0: it explains nothing.
        """
        r = np.nan_to_num(np.asarray(r, np.float64))
        explained = r * np.abs(r)
        if self.ceiling is None:
            return explained
        return explained_per_ceiling(explained, np.broadcast_to(self.ceiling, explained.shape))

    def of_sites(self, predicted: NDArray) -> NDArray[np.float64]:
        """The score of each site, (n_sites,)."""
        return self.score(profile_correlation(self.true, predicted))

    def median(self, predicted: NDArray, beyond: NDArray | None = None) -> Bootstrapped:
        """The median score over sites that have one; `beyond` another prediction, of which each site's is taken off.

        What features explain beyond nuisance is the score of a model with both kinds of features, beyond that of a
        model with nuisance alone (variance partitioning, de Heer et al. 2017, J. Neurosci. 37, 6539-6557).
        """
        off = 0.0 if beyond is None else self.of_sites(beyond)
        value = _nanmedian(self.of_sites(predicted) - off)
        if self._codes.max(initial=-1) + 1 < LEAST_RUNS or 1 < self.true.shape[1] < LEAST_RUNS:
            return Bootstrapped(value, np.full(self.n_draws, np.nan))
        sites, draws = self._drawn[1], np.empty(self.n_draws)
        for start in range(0, self.n_draws, AT_ONCE):
            part = slice(start, start + AT_ONCE)
            scores = self._drawn_scores(predicted, part)
            if beyond is not None:
                scores -= self._drawn_scores(beyond, part)
            draws[part] = [_nanmedian(one) for one in np.take_along_axis(scores, sites[part], axis=1)]
        return Bootstrapped(value, draws)

    def _drawn_scores(self, predicted: NDArray, part: slice) -> NDArray[np.float64]:
        """The score of each site over some draws of stimuli, (n_draws, n_sites): correlations from moments."""
        w = self._drawn[0][part]
        # Centred first, as differences of large sums would lose digits.
        true, other = (np.asarray(one, np.float64) - np.mean(one, axis=0) for one in (self.true, predicted))
        t, p, tt, pp, tp = (w @ one for one in (true, other, true * true, other * other, true * other))
        size = np.sqrt(np.maximum(tt - t * t, 0) * np.maximum(pp - p * p, 0))
        return self.score(np.divide(tp - t * p, size, out=np.zeros_like(size), where=size > 1e-12))

    @cached_property
    def _drawn(self) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """The weight of each stimulus (n_draws, n_stimuli), which add up to 1, and the sites (n_draws, n_sites)."""
        rng = np.random.default_rng(self.seed)
        n_groups, n_sites = int(self._codes.max()) + 1, self.true.shape[1]
        times = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), self.n_draws)
        weights = times[:, self._codes].astype(np.float64)
        return weights / weights.sum(axis=1, keepdims=True), rng.integers(0, n_sites, (self.n_draws, n_sites))


def _nanmedian(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")

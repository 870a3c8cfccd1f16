"""ReducedRankAdapter: a ridge with a low-rank map, because a brain may predict only a few directions of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from ..factored import Shapes
from ..folds import Splitter
from ..ridge.strengths import checked_alphas, default_alphas, most_predictable
from ..unit_blocks import EPS, Floats
from .nested import Components, Decompose, NestedAdapter, checked_numbers

DEFAULT_RANKS = tuple(2**power for power in range(16))
"""Powers of two; those above the data's rank mean the full rank."""


class ReducedRankAdapter(NestedAdapter):
    """Reduced-rank ridge regression into layers of any width, in factors, with a gain.

    Of all maps B of a rank it is the one with the least penalised error ``|Y - X B|^2 + alpha |B|^2``, X and Y centred.
    At full rank it is the ridge.

    Parameters
    ----------
    ranks : int or sequence of int
        Candidate ranks. Those that are too large mean the full rank.
    alphas : float or sequence of float, optional
        Candidate regularisation strengths, all above 0, on the scale of scikit-learn's `Ridge`. With a single rank and
        strength there is no cross-validation. The search does not use the wide axis. Default: half powers of ten on the
        scale of the features, see `default_alphas`.
    choose_by, gain, scale, cv
        As in `RidgeAdapter`.

    Attributes
    ----------
    rank_ : int
    alpha_ : float
        The strength chosen.
    rank_at_edge_ : bool
        Whether the rank is the smallest or largest of several and a rank beyond it is possible, so that others may be
        better.
    alpha_at_edge_ : bool
        Whether the strength is the smallest or largest of several.
    alphas_ : (n_alphas,) array
        The candidate strengths, ascending.
    cv_errors_ : (n_ranks, n_alphas) array, or None
        On held-out samples and over units, for each of `ranks` and of `alphas_`, both ascending: the mean squared error
        before any gain, or one minus the squared cosine. None if there was nothing to choose.
    projection_, expansion_, x_mean_, x_scale_, y_mean_, gain_
        See `FactoredAdapter`; k is `rank_`.

    References
    ----------
    Mukherjee & Zhu (2011), Reduced rank ridge regression and its kernel extensions. Statistical Analysis and Data
    Mining 4, 612-622.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> voxels = rng.normal(size=(60, 8))
    >>> activations = voxels @ rng.normal(size=(8, 2)) @ rng.normal(size=(2, 1000)) + rng.normal(size=(60, 1000))
    >>> adapter = ReducedRankAdapter().fit(voxels, activations, groups=np.repeat([0, 1, 2, 3], 15))
    >>> adapter.rank_, adapter.projection_.shape, adapter.expansion_.shape
    (2, (8, 2), (2, 1000))
    """

    kind = "reduced_rank"
    _optional = ("cv_errors", "alphas")

    rank_: int
    alpha_: float
    alphas_: Floats

    def __init__(
        self,
        ranks: int | Sequence[int] = DEFAULT_RANKS,
        alphas: float | Sequence[float] | None = None,
        *,
        choose_by: str = "error",
        gain: str = "none",
        scale: str = "none",
        cv: int | Splitter | None = None,
    ) -> None:
        self.ranks = ranks
        self.alphas = alphas
        self.choose_by = choose_by
        self.gain = gain
        self.scale = scale
        self.cv = cv

    def fit(self, X: ArrayLike, Y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Fit the map; parameters and errors are those of `RidgeAdapter.fit`.

        It also raises InputError if `ranks` are not integers of at least 1.
        """
        checked_alphas(self.alphas)
        chosen = self._fit_nested(X, Y, groups, checked_numbers("ranks", self.ranks))
        self.rank_, self.rank_at_edge_ = chosen.number, chosen.at_edge
        self.alpha_ = float(self.alphas_[chosen.way])
        self.alpha_at_edge_ = len(self.alphas_) > 1 and self.alpha_ in (self.alphas_[0], self.alphas_[-1])
        return self

    def _ways(self, largest_square: float) -> list[Decompose]:
        named = checked_alphas(self.alphas)
        self.alphas_ = default_alphas(largest_square) if named is None else np.unique(named)
        return [partial(reduced_rank, alpha=float(alpha)) for alpha in self.alphas_]

    def _predictable(self, way: int, largest_square: float) -> float:
        return most_predictable(float(self.alphas_[way]), largest_square)

    @classmethod
    def _own_shapes(cls, n_features: int, n_units: int) -> Shapes:
        return {name: [()] for name in ("rank", "rank_at_edge", "alpha", "alpha_at_edge")}


def reduced_rank(values: Floats, along: Floats, alpha: float) -> Components:
    """Components of the reduced-rank ridge: the first r of them are the best map of rank r.

    From the singular values s (r,) of the features X = U diag(s) V', and U'Y (r, k). With the ridge solution B, the
    penalised error of a map C is that of B plus ``|M - diag(q) V'C|^2``, where q^2 = s^2 + alpha and M = diag(q) V'B =
    diag(s / q) U'Y. So C of rank r is best where diag(q) V'C is the truncated singular value decomposition of M (Eckart
    & Young 1936).

    >>> reduced_rank(np.array([2.0, 1.0]), np.array([[3.0, 0.0], [0.0, 1.0]]), 1e-9).first(1).weights.shape
    (2, 1)
    """
    root = np.sqrt(values**2 + alpha)[:, np.newaxis]
    kept = values[:, np.newaxis] / root
    left, strengths, _ = np.linalg.svd(kept * along, full_matrices=False)
    left = left[:, strengths > max(along.shape) * EPS * strengths[:1].sum()]
    return Components(left / root, left * kept, left.shape[1])

"""PLSAdapter: partial least squares, the components of brain activity with the largest covariance with a layer.

It does not use scikit-learn's PLSRegression: until both agree to rounding, its power iteration takes twenty to two
hundred times as long, and with its own tolerance the second digit is wrong after a dozen components.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh

from ..factored import Shapes
from ..folds import Splitter
from ..gain import ROUNDING
from ..unit_blocks import EPS, Floats
from .nested import Components, Decompose, NestedAdapter, checked_numbers

DEFAULT_COMPONENTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)


class PLSAdapter(NestedAdapter):
    """Partial least squares regression (PLS2) into layers of any width, in factors, with a gain.

    The map is that of scikit-learn's ``PLSRegression(scale=False)``, run to full convergence.

    Parameters
    ----------
    n_components : int or sequence of int
        Candidate numbers of components; with a single one there is no cross-validation. Those that are too large mean
        all components. The search does not use the wide axis.
    choose_by, gain, scale, cv
        As in `RidgeAdapter`. Targets are never scaled.

    Attributes
    ----------
    n_components_ : int
        The chosen number.
    n_components_at_edge_ : bool
        Whether it is the smallest or largest of several and a number beyond it is possible, so that others may be
        better.
    cv_errors_ : (n_numbers,) array, or None
        On held-out samples and over units, for each of `n_components`, ascending: the mean squared error before any
        gain, or one minus the squared cosine. None if there was nothing to choose.
    projection_, expansion_, x_mean_, x_scale_, y_mean_, gain_
        See `FactoredAdapter`; k is `n_components_`.

    References
    ----------
    Wold, Sjöström & Eriksson (2001), PLS-regression: a basic tool of chemometrics. Chemometrics and Intelligent
    Laboratory Systems 58, 109-130.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> hidden = rng.normal(size=(60, 2))
    >>> voxels = hidden @ rng.normal(size=(2, 30)) + 0.3 * rng.normal(size=(60, 30))
    >>> activations = hidden @ rng.normal(size=(2, 1000)) + rng.normal(size=(60, 1000))
    >>> adapter = PLSAdapter([1, 2, 3]).fit(voxels, activations, groups=np.repeat([0, 1, 2, 3], 15))
    >>> adapter.n_components_, adapter.projection_.shape, adapter.expansion_.shape
    (2, (30, 2), (2, 1000))
    """

    kind = "pls"

    n_components_: int

    def __init__(
        self,
        n_components: int | Sequence[int] = DEFAULT_COMPONENTS,
        *,
        choose_by: str = "error",
        gain: str = "none",
        scale: str = "none",
        cv: int | Splitter | None = None,
    ) -> None:
        self.n_components = n_components
        self.choose_by = choose_by
        self.gain = gain
        self.scale = scale
        self.cv = cv

    def fit(self, X: ArrayLike, Y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Fit the map; parameters and errors are those of `RidgeAdapter.fit`.

        It also raises InputError if `n_components` are not integers of at least 1.
        """
        numbers = checked_numbers("n_components", self.n_components)
        chosen = self._fit_nested(X, Y, groups, numbers)
        self.n_components_, self.n_components_at_edge_ = chosen.number, chosen.at_edge
        self.cv_errors_ = None if self.cv_errors_ is None else self.cv_errors_[:, 0]
        return self

    def _ways(self, largest_square: float) -> list[Decompose]:
        return [partial(partial_least_squares, most=int(np.max(self.n_components)))]

    @classmethod
    def _own_shapes(cls, n_features: int, n_units: int) -> Shapes:
        return {name: [()] for name in ("n_components", "n_components_at_edge")}


def partial_least_squares(values: Floats, along: Floats, most: int) -> Components:
    """Components of PLS2: each has the largest covariance with the targets among those orthogonal to the ones before.

    From the singular values s (r,) of the features X = U diag(s) V', and U'Y (r, k): rotated by both, X is diag(s).
    There are fewer than `most` if nothing is left to explain, or to explain it with.

    The weights w of a component are the first left singular vector of X'Y, where X is without the previous components;
    its scores are t = X w. NIPALS computes w by power iteration, which scikit-learn stops at a tolerance: the third
    digit is wrong and depends on the start. Here w is an eigenvector, so that rotating the targets, or using their
    `low_rank_scores`, changes nothing. SIMPLS (de Jong 1993) removes the previous components from X'Y instead, and is
    another regression if there are several targets.

    >>> partial_least_squares(np.array([2.0, 1.0]), np.array([[3.0], [0.0]]), 2).weights
    array([[1.],
           [0.]])
    """
    X, covariance = np.diag(values), values[:, np.newaxis] * along
    weights, sources, loadings = (np.zeros((len(values), min(most, len(values)))) for _ in range(3))
    least_size, least_power = (len(values) * EPS) ** 2 * np.vdot(values, values), ROUNDING * np.vdot(along, along)
    for number in range(weights.shape[1]):
        strength, w = first_direction(covariance)
        scores = X @ w
        size = scores @ scores
        # The explained part of the targets is strength^2 / size.
        if size <= least_size or strength**2 <= least_power * size:
            return Components(weights, sources, number).first(number)
        loading = scores @ X / size
        # Weights on the features themselves, not on their rest after the previous components.
        weights[:, number] = w - weights[:, :number] @ (loadings[:, :number].T @ w)
        sources[:, number], loadings[:, number] = scores / size, loading
        covariance -= np.outer(loading, scores @ along)
        X -= np.outer(scores, loading)
    return Components(weights, sources, len(values))


def first_direction(matrix: Floats) -> tuple[float, Floats]:
    """The largest singular value of a matrix (r, k) and its left singular vector (r,), through the smaller side.

    >>> strength, direction = first_direction(np.array([[0.0, 2.0], [1.0, 0.0]]))
    >>> strength, np.abs(direction)
    (2.0, array([1., 0.]))
    """
    n_rows, n_columns = matrix.shape
    size = np.abs(matrix).max(initial=0.0)
    if size == 0.0:
        return 0.0, np.zeros(n_rows)
    matrix = matrix / size  # squares of the rest after many components may underflow
    gram = matrix @ matrix.T if n_rows <= n_columns else matrix.T @ matrix
    vector = eigh(gram, subset_by_index=[len(gram) - 1, len(gram) - 1])[1][:, 0]
    direction = vector if n_rows <= n_columns else matrix @ vector
    direction = direction / np.linalg.norm(direction)
    return float(size * np.linalg.norm(direction @ matrix)), direction

"""Procrustes: the rotation of one session's or person's responses to shared stimuli onto another's."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import Tags

from ...errors import InputError, ShapeError
from ..checks import require_policies
from ..plan import ALIGNMENT_INSTEAD, plan_alignment, require_memory
from ..ridge.solvers import thin_svd
from ..unit_blocks import EPS, Floats
from .aligner import Aligner, checked_rows

SCALES = {"scale": ("none", "least_squares", "variance")}


class ProcrustesAligner(Aligner):
    """Rotate the features of a source onto those of a target, by their responses to the same stimuli.

    The map is ``(X - source_mean_) @ inward_ @ outward_ * scale_ + target_mean_``, where `inward_` has orthonormal
    columns and `outward_` orthonormal rows: it only rotates and reflects. Source and target may have different numbers
    of features, and more features than stimuli. Only directions in which the shared stimuli vary are mapped, at most
    one fewer than there are stimuli; in all others the aligned sample stays at the target's mean.

    Test it only on other stimuli than those of the fit.

    Parameters
    ----------
    scale : {"none", "least_squares", "variance"}
        One factor on all deviations from the mean. ``"none"``: 1, a pure rotation, for features in the same unit.
        ``"least_squares"``: the least squared error; it is smaller for noisier data. ``"variance"``: the aligned
        stimuli get the target's total variance, for features in different units.

    Attributes
    ----------
    source_mean_ : (n_source,) array
    target_mean_ : (n_target,) array
    inward_ : (n_source, rank) array
    outward_ : (rank, n_target) array
    scale_ : float

    Notes
    -----
    It uses the singular value decompositions of the two tables. Memory is three copies of them and ranks squared, never
    n_source x n_target.

    References
    ----------
    Schönemann (1966), A generalized solution of the orthogonal Procrustes problem. Psychometrika 31, 1-10. Gower &
    Dijksterhuis (2004), Procrustes problems (scaling, and tables of different widths).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> yesterday = rng.normal(size=(30, 4))
    >>> today = yesterday @ np.linalg.qr(rng.normal(size=(4, 4)))[0] + 5.0
    >>> aligner = ProcrustesAligner().fit(today, yesterday)
    >>> bool(np.allclose(aligner.transform(today), yesterday))
    True
    """

    _shapes = {
        "source_mean": ("n_source",),
        "target_mean": ("n_target",),
        "inward": ("n_source", "rank"),
        "outward": ("rank", "n_target"),
        "scale": (),
    }

    inward_: Floats
    outward_: Floats
    scale_: float

    def __init__(self, scale: str = "none") -> None:
        self.scale = scale

    def fit(self, X_source: ArrayLike, X_target: ArrayLike) -> Self:
        """Fit the map from tables (n_stimuli, n_source) and (n_stimuli, n_target): row i of both is the same stimulus.

        Raises
        ------
        UnknownNameError
            If `scale` has another value.
        ShapeError
            If the tables have different numbers of rows.
        InputError
            If there is only one stimulus, nothing varies over them, or the memory is too small.
        NonFiniteError
            If there is NaN or infinity.
        """
        require_policies(self, SCALES)
        source = checked_rows(self, "X_source", X_source)
        target = checked_rows(self, "X_target", X_target)
        self._note_features(X_source, reset=True)
        require_matched({"X_source": source, "X_target": target})
        require_memory(plan_alignment([source.shape, target.shape]), what="the rotation", instead=ALIGNMENT_INSTEAD)

        self.source_mean_, self.target_mean_ = source.mean(axis=0), target.mean(axis=0)
        ours, theirs = thin_svd(source - self.source_mean_), thin_svd(target - self.target_mean_)
        # The whole cross-covariance, in the two bases, so only as wide as the ranks.
        core = (ours.values[:, np.newaxis] * (ours.left.T @ theirs.left)) * theirs.values
        left, shared, right = paired(core)
        if not shared.size:
            raise InputError(
                "X_source, X_target: nothing that varies over the shared stimuli in one varies with anything in the "
                "other; give stimuli that both respond to"
            )
        self.inward_ = ours.right.T @ left
        self.outward_ = right @ theirs.right
        self.scale_ = 1.0
        if self.scale == "least_squares":
            self.scale_ = float(shared.sum() / _power(ours.values[:, np.newaxis] * left))
        elif self.scale == "variance":
            self.scale_ = float(np.sqrt(_power(theirs.values) / _power(ours.values[:, np.newaxis] * left)))
        return self

    def pulled_back(self, weights: Floats) -> Floats:
        return self.inward_ @ (self.outward_ @ weights) * self.scale_

    def _forward(self, deviations: Floats) -> Floats:
        return deviations @ self.inward_ @ self.outward_ * self.scale_

    def _backward(self, deviations: Floats) -> Floats:
        return deviations @ self.outward_.T @ self.inward_.T / self.scale_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags


def paired(core: Floats) -> tuple[Floats, Floats, Floats]:
    """Singular triplets of a cross-covariance, without those that are zero to rounding."""
    left, values, right = np.linalg.svd(core, full_matrices=False)
    kept = values > max(core.shape) * EPS * values.max(initial=0.0)
    return left[:, kept], values[kept], right[kept]


def require_matched(tables: dict[str, Floats]) -> None:
    """Raise unless the tables, by argument name, have equally many rows, at least two."""
    (first, table), *others = tables.items()
    for name, other in others:
        if len(other) != len(table):
            raise ShapeError(
                f"{name} has {len(other)} rows and {first} has {len(table)}, expected row i of both to be the response "
                "to the same stimulus"
            )
    if len(table) < 2:
        raise InputError(
            f"{first}: got n_samples = 1 shared stimulus, a minimum of 2 is required: of one, nothing but its mean is "
            "known; n stimuli determine a rotation of at most n - 1 dimensions"
        )


def _power(table: Floats) -> float:
    return float(np.square(table).sum())

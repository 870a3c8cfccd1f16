"""Hyperalignment: a common space for many people, from their responses to the same stimuli."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from ...errors import BundleError, InputError, UnknownNameError
from ..checks import params_of, params_to_array, require_arrays, require_policies
from ..plan import ALIGNMENT_INSTEAD, plan_alignment, require_memory
from ..ridge.solvers import Svd, thin_svd
from ..unit_blocks import Floats
from .aligner import checked_rows
from .procrustes import ProcrustesAligner, paired, require_matched

SCALES = {"scale": ("none", "variance")}


class Hyperalignment(BaseEstimator):
    """A common space for several people (or sessions) with the same stimuli, and a rotation into it for each.

    The rotations maximise the agreement between all people's responses. Each person in turn is rotated onto the sum of
    the *others* (his own responses would bias him towards himself), until the agreement no longer grows. The start is
    what all have in common, so the order of people does not matter there. The common space is turned to its principal
    axes. Finally everyone, and each person added later, is rotated onto the mean response.

    People may have different numbers of features, and more features than stimuli. Standardise features of very
    different size first. Test it on other stimuli than those of the fit.

    Parameters
    ----------
    n_components : int, optional
        Dimensions of the common space; by default the lowest rank of all people.
    scale : {"variance", "none"}
        ``"variance"``: all people's responses get the same total variance. ``"none"``: pure rotations.
    tol : float
        The fit ends when a round through all people increases the agreement by less than this part.
    max_iter : int
        The maximum number of rounds.

    Attributes
    ----------
    template_ : (n_stimuli, n_components) array
        The mean response to each stimulus, in the common space.
    aligners_ : list of ProcrustesAligner
        One for each person, in the order of `fit`, then of `add`.
    agreement_ : float
        The mean over pairs of people of the inner product of their aligned responses; 1 is perfect agreement. It is
        measured on the stimuli of the fit, so it says nothing about others.
    n_iter_ : int

    References
    ----------
    Haxby et al. (2011), A common, high-dimensional model of the representational space in human ventral temporal
    cortex. Neuron 72, 404-416. Gower (1975), Generalized Procrustes analysis. Psychometrika 40, 33-51. Ten Berge
    (1977), Orthogonal Procrustes rotation for two or more matrices. Psychometrika 42, 267-276 (each onto the others).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> story = rng.normal(size=(50, 3))
    >>> people = [story @ np.linalg.qr(rng.normal(size=(n_voxels, 3)))[0].T for n_voxels in (5, 4, 8)]
    >>> common = Hyperalignment().fit(people)
    >>> common.template_.shape
    (50, 3)
    >>> bool(np.allclose(common.transform(people[0], 0), common.transform(people[2], 2)))
    True
    """

    template_: Floats
    aligners_: list[ProcrustesAligner]
    agreement_: float
    n_iter_: int

    def __init__(
        self, n_components: int | None = None, *, scale: str = "variance", tol: float = 1e-6, max_iter: int = 200
    ) -> None:
        self.n_components = n_components
        self.scale = scale
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Sequence[ArrayLike], y: None = None) -> Self:
        """Fit the common space to (n_stimuli, n_features of the person) array-likes; row i of each is the same
        stimulus.

        Raises
        ------
        UnknownNameError
            If `scale` has another value.
        ShapeError
            If the tables have different numbers of rows.
        InputError
            If there are fewer than two people or stimuli, a person's responses are constant, `n_components` is too
            large, or the memory is too small.
        NonFiniteError
            If there is NaN or infinity; the message has the person's position in X.
        """
        require_policies(self, SCALES)
        tables = {f"X[{i}]": checked_rows(self, f"X[{i}]", of_one) for i, of_one in enumerate(X)}
        if len(tables) < 2:
            raise InputError(f"X: expected the responses of two people or more, got {len(tables)}")
        require_matched(tables)
        plan = plan_alignment([table.shape for table in tables.values()])
        require_memory(plan, what=f"the common space of {len(tables)} people", instead=ALIGNMENT_INSTEAD)
        each = tqdm(tables.values(), desc="decomposing people", delay=1, disable=None)
        parts = [thin_svd(table - table.mean(axis=0)) for table in each]
        n_components = self._checked_components({name: len(of.values) for name, of in zip(tables, parts, strict=True)})
        sizes = [np.linalg.norm(of.values) for of in parts] if self.scale == "variance" else [1.0] * len(parts)
        aligned = self._agree([_scores(of) / size for of, size in zip(parts, sizes, strict=True)], n_components)
        self.template_ = _scores(thin_svd(np.mean(aligned, axis=0)))
        self.aligners_ = [ProcrustesAligner(self.scale).fit(table, self.template_) for table in tables.values()]
        return self

    def transform(self, X: ArrayLike, subject: int) -> Floats:
        """Map a person's responses, to any stimuli, into the common space, (n_samples, n_components).

        Parameters
        ----------
        X : (n_samples, n_features of the person) array-like
        subject : int
            The person's position in `fit`, or the number from `add`; UnknownNameError if there is no such person.
        """
        return self._aligner_of(subject).transform(X)

    def inverse_transform(self, X: ArrayLike, subject: int) -> Floats:
        """Map samples of the common space into a person's own space; errors as in `transform`."""
        return self._aligner_of(subject).inverse_transform(X)

    def add(self, X: ArrayLike) -> int:
        """Add a person by responses to the stimuli of `fit`, in the same order; return the number for `transform`.

        The common space and all other people do not change. Errors as in `ProcrustesAligner.fit`.
        """
        check_is_fitted(self)
        self.aligners_.append(ProcrustesAligner(self.scale).fit(X, self.template_))
        return len(self.aligners_) - 1

    def to_arrays(self) -> dict[str, NDArray]:
        """The fitted state as numeric arrays, for saving; each person's map has the prefix ``0.``, ``1.``, ..."""
        check_is_fitted(self)
        fitted = {name: getattr(self, f"{name}_") for name in ("template", "agreement", "n_iter")}
        arrays = {name: np.asarray(value) for name, value in fitted.items()}
        for subject, aligner in enumerate(self.aligners_):
            arrays |= {f"{subject}.{name}": array for name, array in aligner.to_arrays().items()}
        return arrays | {"params": params_to_array(self.get_params())}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Self:
        """A fitted common space from the arrays of `to_arrays`; BundleError if one is missing or shapes differ."""
        require_arrays("the common space", arrays, {"template", "agreement", "n_iter", "params"})
        common = cls(**params_of(arrays))
        common.template_ = np.asarray(arrays["template"])
        common.agreement_, common.n_iter_ = float(arrays["agreement"]), int(arrays["n_iter"])
        common.aligners_ = []
        while of_one := _under(f"{len(common.aligners_)}.", arrays):
            common.aligners_.append(ProcrustesAligner.from_arrays(of_one))
            shape = common.aligners_[-1].target_mean_.shape
            if common.template_.ndim != 2 or shape != common.template_.shape[1:]:
                raise BundleError(
                    f"the common space's template has shape {common.template_.shape}, but the map of subject "
                    f"{len(common.aligners_) - 1} leads into {shape[0]} dimensions"
                )
        return common

    def _aligner_of(self, subject: int) -> ProcrustesAligner:
        check_is_fitted(self)
        if subject not in range(len(self.aligners_)):
            raise UnknownNameError("subject", subject, map(str, range(len(self.aligners_))))
        return self.aligners_[subject]

    def _checked_components(self, ranks: dict[str, int]) -> int:
        least = min(ranks, key=lambda name: ranks[name])
        if not ranks[least]:
            raise InputError(f"{least} does not vary over the shared stimuli; leave this person out")
        if self.n_components is None:
            return ranks[least]
        if not 1 <= self.n_components <= ranks[least]:
            raise InputError(
                f"n_components={self.n_components}, expected 1 to {ranks[least]}, the rank of {least}; or leave this "
                "person out and let him join by `add`"
            )
        return self.n_components

    def _agree(self, people: list[Floats], n_components: int) -> list[Floats]:
        """All people's responses in a common space; sets `agreement_` and `n_iter_`."""
        in_common = np.linalg.eigh(sum(scores @ scores.T for scores in people))
        total: Floats = in_common.eigenvectors[:, -n_components:] * np.sqrt(in_common.eigenvalues[-n_components:])
        aligned = [scores @ _rotation(scores.T @ total) for scores in people]
        total = np.sum(aligned, axis=0)
        full = (len(people) - 1) * sum(float(np.square(scores).sum()) for scores in people)
        before = -np.inf
        for n_rounds in tqdm(range(1, self.max_iter + 1), desc="hyperalignment", delay=1, disable=None):
            for i, scores in enumerate(people):
                others = total - aligned[i]
                aligned[i] = scores @ _rotation(scores.T @ others)
                total = others + aligned[i]
            own = sum(float(np.square(of_one).sum()) for of_one in aligned)
            self.n_iter_, self.agreement_ = n_rounds, (float(np.square(total).sum()) - own) / full
            if self.agreement_ - before <= self.tol * abs(self.agreement_):
                return aligned
            before = self.agreement_
        warnings.warn(
            f"the rotations still change after {self.max_iter} rounds; raise max_iter, or tol={self.tol}",
            ConvergenceWarning,
            stacklevel=3,
        )
        return aligned


def _scores(parts: Svd) -> Floats:
    return parts.left * parts.values


def _rotation(core: Floats) -> Floats:
    left, _, right = paired(core)
    return left @ right


def _under(prefix: str, arrays: Mapping[str, NDArray]) -> dict[str, NDArray]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}

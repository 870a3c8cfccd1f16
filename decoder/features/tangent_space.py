"""Covariances of trials in the tangent space at their mean: features for linear maps out of a curved space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..steps.settings import check_choice, check_count
from .base import Features, FittedFeatures
from .covariance import ESTIMATORS, NO_VARIANCE, scm, spanned
from .geometry import inverse_root, log_euclidean_mean, of_eigenvalues, riemannian_mean, upper
from .trials import SILENT, OfArrays, centred, check_trials, trials_of
from .xdawn import xdawn_filters

METRICS = {"riemann": riemannian_mean, "logeuclid": log_euclidean_mean}
PROTOTYPES = ("none", "xdawn")


@dataclass(frozen=True, eq=False)
class FittedTangentSpace(OfArrays):
    """Holds the arrays that turn a trial into a covariance C, and C into a tangent vector.

    `estimator` is a text, `filters` (n_channels, k); `prototype` (n_times, j) are channels before the filtered ones, so
    n = j + k. With L = log(before C before) - origin, the vector is the upper triangle of basis (stretch * basis' L
    basis) basis'; these four are (n, n). `floor` is the least eigenvalue of before C before: less happens in a
    direction that has fallen silent.
    """

    kind: ClassVar[str] = "TangentSpace"
    estimator: NDArray[np.str_]
    filters: NDArray[np.float64]
    prototype: NDArray[np.float64]
    before: NDArray[np.float64]
    origin: NDArray[np.float64]
    basis: NDArray[np.float64]
    stretch: NDArray[np.float64]
    floor: NDArray[np.float64]

    @property
    def n_out(self) -> int:  # type: ignore[override]
        n = len(self.before)
        return n * (n + 1) // 2

    def _one(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        covariance = self.before @ _covariance(str(self.estimator), x, self.filters, self.prototype) @ self.before
        log = of_eigenvalues(lambda values: np.log(np.maximum(values, self.floor)), covariance) - self.origin
        return upper(self.basis @ (self.stretch * (self.basis.T @ log @ self.basis)) @ self.basis.T)


@dataclass(frozen=True)
class TangentSpace(Features):
    """The covariance of a trial as a vector in the tangent space at the mean of the training trials.

    Parameters
    ----------
    estimator : {"scm", "lwf", "oas"}
        The sample covariance, or one that is shrunk by Ledoit and Wolf's rule or by oracle approximation: for trials of
        few samples.
    metric : {"riemann", "logeuclid"}
        Affine-invariant, or log-Euclidean, which is cheaper to fit.
    prototype : {"none", "xdawn"}
        ``"none"``: for oscillations. ``"xdawn"``: for evoked responses; the trial is passed through xDAWN's filters,
        and each class's average trial, with the same filters, is added as further channels, so that the covariance says
        how much of the response is in the trial, and when.
    n_filters : int
        With ``prototype="xdawn"``, for each class.

    References
    ----------
    Barachant, Bonnet, Congedo & Jutten (2012), Multiclass brain-computer interface classification by Riemannian
    geometry. IEEE Trans. Biomedical Engineering 59, 920-928.
    Barachant & Congedo (2014), A plug&play P300 BCI using information geometry. arXiv:1409.0107.
    Arsigny, Fillard, Pennec & Ayache (2007), Geometric means in a novel vector space structure on symmetric
    positive-definite matrices. SIAM J. Matrix Analysis and Applications 29, 328-347.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(30, 100, 4))
    >>> TangentSpace().fit(X, np.arange(30) % 2, 100.0).transform(X).shape
    (30, 10)
    """

    fitted: ClassVar[type[FittedFeatures]] = FittedTangentSpace

    estimator: Literal["scm", "lwf", "oas"] = "scm"
    metric: Literal["riemann", "logeuclid"] = "riemann"
    prototype: Literal["none", "xdawn"] = "none"
    n_filters: int = 4

    def __post_init__(self) -> None:
        for name, known in (("estimator", ESTIMATORS), ("metric", METRICS), ("prototype", PROTOTYPES)):
            check_choice(name, getattr(self, name), tuple(known))
        check_count("n_filters", self.n_filters, 1)

    def fit(self, X: NDArray, classes: NDArray[np.intp], rate_hz: float) -> FittedTangentSpace:
        check_trials(X)
        filters, prototype = self._channels(X, classes)
        n_channels = prototype.shape[1] + filters.shape[1]
        if self.estimator == "scm" and X.shape[1] <= n_channels:
            raise InputError(
                f"TangentSpace: expected more samples in a trial than the {n_channels} channels of its covariance, got "
                f"{X.shape[1]}; use longer windows, fewer filters, or estimator = 'lwf' or 'oas'"
            )
        covariances = np.array([_covariance(self.estimator, x.astype(np.float64), filters, prototype) for x in X])
        scale = np.sqrt(np.diag(covariances.mean(axis=0)))  # channels of different units must not look dependent
        variances = np.linalg.eigvalsh(covariances / np.outer(scale, scale))
        singular = np.flatnonzero(variances[:, 0] <= NO_VARIANCE * variances[:, -1])
        if len(singular):
            raise InputError(
                f"TangentSpace: in trial {singular[0]} some channels do not vary, or not independently of one another; "
                "leave such trials out, or use estimator = 'lwf' or 'oas'"
            )
        return FittedTangentSpace(
            shape=np.array(X.shape[1:]),
            estimator=np.array(self.estimator),
            filters=filters,
            prototype=prototype,
            **_tangent_at(METRICS[self.metric](covariances), self.metric, covariances),
        )

    def _channels(self, X: NDArray, classes: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the filters of the samples, (n_channels, k), and the prototypes, (n_times, j)."""
        if self.prototype == "none":
            return spanned(scm(centred(X.reshape(-1, X.shape[2])))), np.empty((X.shape[1], 0))
        of_classes = trials_of(classes, len(X))
        filters = xdawn_filters(X, of_classes, self.n_filters)
        evoked = [X[trials].mean(axis=0, dtype=np.float64) @ of for trials, of in zip(of_classes, filters, strict=True)]
        return np.concatenate(filters, axis=1), np.concatenate(evoked, axis=1)


def _tangent_at(mean: NDArray[np.float64], metric: str, covariances: NDArray[np.float64]) -> dict[str, NDArray]:
    """Return the arrays that project into the tangent space: see `FittedTangentSpace`."""
    if metric == "riemann":
        before = inverse_root(mean)
        n = len(mean)
        return {
            "before": before,
            "origin": np.zeros((n, n)),
            "basis": np.eye(n),
            "stretch": np.ones((n, n)),
            "floor": np.array(SILENT * np.linalg.eigvalsh(before @ covariances @ before).min()),
        }
    # Eq. 3.4 of Arsigny et al.: the differential of the matrix exponential at log mean, in the basis of the mean.
    values, basis = np.linalg.eigh(mean)
    logs = np.log(values)
    apart = np.subtract.outer(logs, logs)
    alike = np.abs(apart) < 1e-8
    stretch = np.where(alike, np.sqrt(np.outer(values, values)), np.subtract.outer(values, values))
    return {
        "before": np.eye(len(mean)),
        "origin": of_eigenvalues(np.log, mean),
        "basis": basis,
        "stretch": stretch / np.where(alike, 1.0, apart),
        "floor": np.array(SILENT * np.linalg.eigvalsh(covariances).min()),
    }


def _covariance(
    estimator: str, x: NDArray[np.float64], filters: NDArray[np.float64], prototype: NDArray[np.float64]
) -> NDArray[np.float64]:
    channels = np.concatenate([prototype, x @ filters], axis=1)
    return ESTIMATORS[estimator](channels - channels.mean(axis=0))

"""Output dimension collapse: what a linear decoder can say about stimuli that it was not trained on.

Whatever the brain data, a ridge prediction is a mean of the training stimuli's activations with weights that sum to 1.
It cannot leave their affine span. How much of a new stimulus is in that span is known before any recording.

References
----------
Shirakawa et al. (2024), Spurious reconstruction from brain activity. arXiv:2405.10078, for the collapse. Otsuka, Nagano
& Kamitani (2025), Overcoming output dimension collapse. arXiv:2509.15832, for the best prediction as its diagnosis.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

EPS = float(np.finfo(np.float64).eps)


class Dimensions(NamedTuple):
    """The number of dimensions that a set of activations fills.

    `participation` is the participation ratio of the variances along principal components: their number, if all were
    equal. `n90`, `n95` and `n99` count the components that hold 90, 95 and 99 % of the variance.
    """

    participation: float
    n90: int
    n95: int
    n99: int


def dimensions(K: Floats) -> Dimensions:
    """Dimensions of activations from the inner products K (n, n) of their deviations from the mean.

    References
    ----------
    Gao et al. (2017), A theory of multineuronal dimensionality, dynamics and measurement. bioRxiv 214262.

    Examples
    --------
    >>> dimensions(np.diag([4.0, 4.0, 1.0, 0.0]))
    Dimensions(participation=2.4545454545454546, n90=3, n95=3, n99=3)
    """
    variances = np.maximum(np.linalg.eigvalsh(K)[::-1], 0.0)
    if not variances.sum() > 0:
        return Dimensions(0.0, 0, 0, 0)
    held = np.cumsum(variances) / variances.sum()
    needed = [int(np.searchsorted(held, share - 1e-12) + 1) for share in (0.90, 0.95, 0.99)]
    return Dimensions(float(variances.sum() ** 2 / (variances**2).sum()), *needed)


def span_weights(K: Floats, train: ArrayLike, new: ArrayLike) -> Floats:
    """The weights (n_new, n) of the point in the training stimuli's affine span that is nearest to each new stimulus.

    K (n, n) has the inner products of all stimuli's activations, which may all be shifted alike. Each row of weights
    sums to 1 and is zero outside the training stimuli: the nearest points are ``weights @ table``.

    Examples
    --------
    >>> corners = np.array([[0.0, 0.0], [2.0, 0.0], [1.0, 5.0]])
    >>> span_weights(corners @ corners.T, [0, 1], [2])
    array([[0.5, 0.5, 0. ]])
    """
    train, new = np.asarray(train, np.intp), np.asarray(new, np.intp)
    within = K[np.ix_(train, train)]
    mean = within.mean(axis=0)
    centred = within - mean - mean[:, np.newaxis] + mean.mean()
    across = K[np.ix_(new, train)]
    across = across - across.mean(axis=1, keepdims=True) - mean + mean.mean()
    values, vectors = np.linalg.eigh(centred)
    kept = values > len(train) * EPS * max(values[-1], EPS * np.trace(within))
    scores = across @ vectors[:, kept]
    # Columns of centred eigenvectors sum to 0, up to rounding.
    deviation = (scores / values[kept]) @ vectors[:, kept].T
    weights = np.zeros((len(new), len(K)))
    weights[:, train] = 1.0 / len(train) + deviation - deviation.mean(axis=1, keepdims=True)
    return weights


def explained(K: Floats, weights: Floats, train: ArrayLike, new: ArrayLike) -> Floats:
    """The share of each new stimulus's squared distance from the training mean that the weights explain.

    1: the stimulus is in the span; 0: the weighted mean says nothing about it beyond the training mean.
    """
    train, new = np.asarray(train, np.intp), np.asarray(new, np.intp)
    mean = np.zeros(len(K))
    mean[train] = 1.0 / len(train)
    targets = np.eye(len(K))[new]
    missed, whole = targets - weights, targets - mean

    def squared(rows: Floats) -> Floats:
        return np.einsum("ij,ij->i", rows @ K, rows)

    return 1.0 - np.maximum(squared(missed), 0.0) / np.maximum(squared(whole), np.finfo(np.float64).tiny)

"""Who a model is fitted to, and whom it is tested on: one listener after the other, and halves of them all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Listeners:
    """Recordings of the same story, and how listeners are divided into those of training and of a test.

    Attributes
    ----------
    data : array (n_samples, n_listeners, n_features)
    training, tested : array (n_tests, n_listeners)
        The weight of each listener in the mean that a model is fitted to, and in the mean it is tested on. The first
        n_listeners tests are of one listener each; the others of half of them.
    """

    data: Floats
    training: Floats
    tested: Floats

    @property
    def n_listeners(self) -> int:
        return self.data.shape[1]

    def shifted(self, by: int) -> Listeners:
        """Return the recordings some samples later; the end comes first."""
        return Listeners(np.roll(self.data, by, axis=0), self.training, self.tested)

    def means(self, of: Floats, data: Floats) -> Floats:
        """Mean of listeners in each test, (n_tests, n_samples, n_features)."""
        n_samples, _, n_features = data.shape
        flat = data.transpose(1, 0, 2).reshape(self.n_listeners, -1)
        return (of @ flat).reshape(len(of), n_samples, n_features)

    def weights(self, samples: NDArray[np.intp]) -> Floats:
        """How much each feature counts in each test, (n_tests, n_features): its squared correlation between listeners.

        That of one of training with the mean of the others of training, over samples of training; from the mean
        covariance of pairs by the formula of Spearman and Brown. Zero where it is not positive; where no feature has
        one, or there is a single listener of training, all features count alike.
        """
        data = self.data[samples].astype(np.float64)
        data = data - data.mean(axis=0)
        used = (self.training > 0).astype(np.float64)
        n = used.sum(axis=1)[:, None]
        own = used @ (data**2).sum(axis=0)
        total = np.stack([((data * mask[:, None]).sum(axis=1) ** 2).sum(axis=0) for mask in used])
        r = np.divide(total - own, own * (n - 1), out=np.zeros_like(own), where=(own > 0) & (n > 1)).clip(0, 1)
        found = r**2 * (n - 1) / np.where(n > 1, 1 + (n - 2) * r, 1.0)
        found[~found.any(axis=1)] = 1.0
        return found.astype(np.float32)


def divided(data: NDArray, n_groups: int, seed: int) -> Listeners:
    """Each listener against all others, and random halves against each other."""
    n = data.shape[1]
    one = np.eye(n)
    rng = np.random.default_rng(seed)
    first = np.zeros((n_groups, n))
    for row in first:
        row[rng.permutation(n)[: n // 2]] = 1.0
    tested = np.vstack([one, first])
    training = 1.0 - tested
    return Listeners(
        np.asarray(data, np.float32),
        (training / training.sum(axis=1, keepdims=True)).astype(np.float32),
        (tested / tested.sum(axis=1, keepdims=True)).astype(np.float32),
    )

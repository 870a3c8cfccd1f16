"""The likelihood of a recording in few numbers: neither voxels nor the length of the story cost the beam anything.

With weights B (n_columns, n_voxels) from the delayed features of words to voxels, and the precision P of the noise, let
the rows of U' be the K <= n_columns directions of ``P^(1/2) B'`` (its thin singular value decomposition U S V'). Then::

    (y - b - B'f)' P (y - b - B'f)  =  |U' P^(1/2) (y - b) - S V' f|^2 + what does not depend on f

So each sample y is projected once to K numbers, and so are the features f, a block of columns for each delay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...adapters.rows import each_row
from ...adapters.whiten import Whitener

Floats = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class WhitenedModel:
    """From words to a recording, in the directions that words can move.

    Attributes
    ----------
    intercept : array (n_voxels,)
        The recording without words.
    projection : array (n_voxels, K)
        From samples to whitened numbers.
    responses : array (n_delays, K, n_features)
        What a feature adds to the whitened numbers, at each delay.
    """

    intercept: Floats
    projection: Floats
    responses: Floats

    @classmethod
    def of(cls, weights: Floats, intercept: Floats, noise: Whitener) -> WhitenedModel:
        """Whiten a model: weights (n_delays, n_features, n_voxels), intercept (n_voxels,) and the whitener of its
        noise.
        """
        n_delays, n_features, n_voxels = weights.shape
        moved = noise.pulled_back(weights.reshape(-1, n_voxels).T)
        left, values, right = np.linalg.svd(moved, full_matrices=False)
        kept = values > values.max(initial=0.0) * max(moved.shape) * EPS
        responses = (values[kept, None] * right[kept]).reshape(-1, n_delays, n_features).transpose(1, 0, 2)
        return cls(intercept, noise.pulled_back(left[:, kept]), np.ascontiguousarray(responses))

    @property
    def n_directions(self) -> int:
        """K."""
        return self.projection.shape[1]

    def project(self, samples: ArrayLike) -> Floats:
        """Return the whitened numbers (n_samples, K) of samples (n_samples, n_voxels), each on its own."""
        return each_row(np.asarray(samples, np.float64) - self.intercept, self.projection)

    def products(self) -> Floats:
        """Return the inner products (n_delays, n_delays, n_features, n_features) of the responses."""
        return np.einsum("dkf,ekg->defg", self.responses, self.responses, optimize=True)

"""The likelihood of a recording in few numbers: neither voxels nor the length of the story cost the beam anything.

With weights B (n_columns, n_voxels) from the delayed features of words to voxels, and the precision P of the noise, let
the rows of U' be the K <= n_columns directions of ``P^(1/2) B'`` (its thin singular value decomposition U S V'). Then::

    (y - b - B'f)' P (y - b - B'f)  =  |U' P^(1/2) (y - b) - S V' f|^2 + what does not depend on f

So each sample y is projected once to K numbers, and so are the features f, a block of columns for each delay. It is all
that decoding needs of an encoding model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...adapters.rows import each_row
from ...errors import ShapeError
from .timing import WordTiming

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class WhitenedModel:
    """From words to a recording, in the directions that words can move.

    Attributes
    ----------
    timing : WordTiming
    rate_hz : float
        Samples per second.
    unknown, mean, size : array (n_features,)
        See `EncodingModel`.
    intercept : array (n_voxels,)
        The recording without words.
    projection : array (n_voxels, K)
        From samples to whitened numbers.
    responses : array (n_delays, K, n_features)
        What a feature adds to the whitened numbers, at each delay.
    """

    timing: WordTiming
    rate_hz: float
    unknown: Floats
    mean: Floats
    size: Floats
    intercept: Floats
    projection: Floats
    responses: Floats

    def __post_init__(self) -> None:
        n_features, n_voxels, n_directions = len(self.unknown), len(self.intercept), self.n_directions
        expected = {
            "mean": (n_features,),
            "size": (n_features,),
            "projection": (n_voxels, n_directions),
            "responses": (len(self.timing.delays), n_directions, n_features),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ShapeError(f"{name}: expected the shape {shape}, got {getattr(self, name).shape}")

    @property
    def n_directions(self) -> int:
        """K."""
        return self.projection.shape[-1]

    def project(self, samples: ArrayLike) -> Floats:
        """Return the whitened numbers (n_samples, K) of samples (n_samples, n_voxels), each on its own."""
        return each_row(np.asarray(samples, np.float64) - self.intercept, self.projection)

    def products(self) -> Floats:
        """Return the inner products (n_delays, n_delays, n_features, n_features) of the responses."""
        return np.einsum("dkf,ekg->defg", self.responses, self.responses, optimize=True)

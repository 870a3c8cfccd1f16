"""What is needed to say how a recording follows words: the model that a decoder of gist turns round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...adapters.whiten import Whitener
from ...errors import ShapeError
from .timing import WordTiming
from .whitened import WhitenedModel

Floats = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class EncodingModel:
    """A linear model from the features of words to voxels, with its noise.

    The features of a run's words are interpolated to its samples, less `mean` and divided by `size`; each of the delays
    has its weights. Before the run these features are zero.

    Attributes
    ----------
    timing : WordTiming
    rate_hz : float
        Samples per second.
    voxels : array (n_voxels,) of int
        Which features of the recording are predicted.
    unknown : array (n_features,)
        The features that stand for a word that is not known: their mean over the words of training.
    mean, size : array (n_features,)
        Of the interpolated features, over the samples of training.
    weights : array (n_delays, n_features, n_voxels)
    intercept : array (n_voxels,)
    noise : Whitener
        Of what is new in the noise of each sample, in the recording's units, see `hotwire.decoder.gist.noise`.
    rank : int, optional
        Of the weights, all delays together, where it is less than full.
    """

    timing: WordTiming
    rate_hz: float
    voxels: NDArray[np.intp]
    unknown: Floats
    mean: Floats
    size: Floats
    weights: Floats
    intercept: Floats
    noise: Whitener
    rank: int | None = None

    def __post_init__(self) -> None:
        n_voxels, n_features = len(self.voxels), len(self.unknown)
        expected = {
            "mean": (n_features,),
            "size": (n_features,),
            "weights": (len(self.timing.delays), n_features, n_voxels),
            "intercept": (n_voxels,),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ShapeError(f"{name}: expected the shape {shape}, got {getattr(self, name).shape}")

    def whitened(self) -> WhitenedModel:
        """What decoding needs of it."""
        n_delays, n_features, n_voxels = self.weights.shape
        moved = self.noise.pulled_back(self.weights.reshape(-1, n_voxels).T)
        left, values, right = np.linalg.svd(moved, full_matrices=False)
        kept = values > values.max(initial=0.0) * max(moved.shape) * EPS
        if self.rank is not None:
            kept[self.rank :] = False  # what lies beyond is rounding
        responses = (values[kept, None] * right[kept]).reshape(-1, n_delays, n_features).transpose(1, 0, 2)
        return WhitenedModel(
            timing=self.timing,
            rate_hz=self.rate_hz,
            unknown=self.unknown,
            mean=self.mean,
            size=self.size,
            intercept=self.intercept,
            projection=np.ascontiguousarray(self.noise.pulled_back(left[:, kept])),
            responses=np.ascontiguousarray(responses),
        )

"""Drift, taken out of recordings, and in the same way out of what is predicted of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..steps.base import Step
from ..steps.baseline import RunningBaseline
from ..steps.chain import open_chain
from ..steps.detrend import Detrend
from ..steps.zscore import RunningZScore, ZScore


class Drift(NamedTuple):
    """Steps for recordings, and those of them that change a response's shape in time, for the features of the story.

    A running baseline takes a share of each response with it. If the features pass it as well, a model is not misled by
    that: a linear step of both commutes with the weights between them.
    """

    of_recording: tuple[Step, ...]
    of_story: tuple[Step, ...]

    def out_of_story(self, features: ArrayLike, rate_hz: float) -> NDArray[np.float64]:
        """Features (n_samples, n_features) of the whole story after the steps."""
        features = np.asarray(features)
        chain = open_chain(self.of_story, [str(i) for i in range(features.shape[1])], rate_hz)
        return np.concatenate([chain.push(features), chain.finish()]).astype(np.float64)


def causal(drift_s: float) -> Drift:
    """By mean and size of so many seconds that came before, as a live decoder can."""
    return Drift((RunningZScore(drift_s),), (RunningBaseline(drift_s),))


WHOLE_RUN = Drift((Detrend(2), ZScore()), (Detrend(2),))
"""By a parabola through all of the recording, which only an analysis afterwards can."""

"""The class whose target is nearest in the layer; the network computes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..steps.settings import check_number
from .entry import Entry
from .readout import Readout

if TYPE_CHECKING:
    from ...models.export.onnx_precision import Precision
    from .graph import ReadoutGraph


@dataclass(frozen=True)
class NearestReadout(Readout):
    """Choose the class whose target is most similar in the layer itself; the network computes nothing.

    The similarity is the cosine between the deviations from the mean activation. Probabilities are a softmax over
    cosines at this temperature.

    Parameters
    ----------
    temperature : float
    """

    temperature: float = 0.1

    def __post_init__(self) -> None:
        check_number("temperature", self.temperature, may_be_least=False)

    def scores(self, entry: Entry, states: NDArray) -> NDArray[np.float32]:
        targets, target_lengths = entry.target_deviations
        deviations = (states - entry.mean).astype(np.float64)
        lengths = np.outer(np.linalg.norm(deviations, axis=1), target_lengths)
        # A deviation without length has no direction: all its cosines are 0.
        cosines = (deviations @ targets.T) / np.where(lengths > 0, lengths, 1.0)
        return (cosines / self.temperature).astype(np.float32)

    def export(self, entry: Entry, precision: Precision) -> ReadoutGraph:
        from .graph import ReadoutGraph, nearest_graph  # where nothing is exported, ONNX is not needed

        return ReadoutGraph(nearest_graph(entry.targets, entry.mean, self.temperature))

"""The network chooses among the classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .entry import Entry
from .readout import Readout

if TYPE_CHECKING:
    from ...models.export.onnx_precision import Precision
    from .graph import ReadoutGraph

PRIORS = ("keep", "remove")


@dataclass(frozen=True)
class LabelReadout(Readout):
    """Let the network choose among the classes.

    Parameters
    ----------
    prior : {"keep", "remove"}
        Networks prefer some classes whatever is injected. ``"remove"`` subtracts from each class's log probability its
        value at the mean activation of the training trials.
    """

    prior: Literal["keep", "remove"] = "keep"

    def __post_init__(self) -> None:
        if self.prior not in PRIORS:
            raise InputError(f"prior: expected one of {', '.join(PRIORS)}, got {self.prior!r}")

    def check_can(self, network: str, *, write: bool, name: bool) -> None:
        if not (write or name):
            raise InputError(
                f"readout: {network} neither writes nor names its outputs, so it cannot choose among words; use "
                "NearestReadout"
            )

    def scores(self, entry: Entry, states: NDArray) -> NDArray[np.float32]:
        log_p = entry.network.log_probabilities(entry.layer, states, entry.answers)
        return log_p if self.prior == "keep" else _less(entry.log_p_at_mean, log_p, states, entry.mean)

    def scores_of_fits(self, entries: Sequence[Entry], states: Sequence[NDArray]) -> list[NDArray[np.float32]]:
        # Fits share the network's passes, each of which reads all its weights.
        first, ends = entries[0], np.cumsum([len(some) for some in states])[:-1]
        log_p = np.split(first.network.log_probabilities(first.layer, np.concatenate(states), first.answers), ends)
        if self.prior == "keep":
            return log_p
        means = np.stack([entry.mean for entry in entries])
        at_means = first.network.log_probabilities(first.layer, means, first.answers)
        return [_less(*of_fit) for of_fit in zip(at_means, log_p, states, means, strict=True)]

    def export(self, entry: Entry, precision: Precision) -> ReadoutGraph:
        # These import torch, which takes seconds and which other readouts do not need.
        from ...models.export.onnx_precision import shrunk
        from ...models.export.scoring_graph import scoring_graph

        return self._exported(shrunk(scoring_graph(entry.network, entry.layer, entry.answers), precision), entry)

    def export_again(self, exported: ReadoutGraph, entry: Entry) -> ReadoutGraph | None:
        from .graph import at_prior

        return exported if self.prior == "keep" else exported._replace(model=at_prior(exported.model, entry.mean))

    def _exported(self, network: Any, entry: Entry, speech: Any = None) -> ReadoutGraph:
        from .graph import ReadoutGraph, less_prior

        mean = entry.mean if self.prior == "remove" else None
        return ReadoutGraph(less_prior(network, mean, len(entry.answers)), speech)


def _less(at_mean: NDArray, log_p: NDArray, states: NDArray, mean: NDArray) -> NDArray[np.float32]:
    """Log probabilities less those at the mean; of the mean itself exactly 0, however another batch was rounded."""
    scores = log_p - at_mean
    scores[(states == mean).all(axis=1)] = 0.0
    return scores

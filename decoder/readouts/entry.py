"""Where the states of a fit enter a network, and what they are compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...models.networks.network import Network
from ..discriminant import Discriminant
from ..linear import Linear
from ..targets import Targets


@dataclass(frozen=True, eq=False)
class Entry:
    """Where the states of one fit enter a network, and what they are compared with.

    `answers` are the classes; `mean` (n_units,) is the mean activation of the training trials, `targets`
    (n_classes, n_units) the mean activation of each class; `discriminant` is there for a readout that is fitted.
    """

    network: Network
    layer: str
    answers: tuple[str, ...]
    mean: NDArray[np.float32]
    targets: NDArray[np.float32]
    discriminant: Discriminant | None = None

    @cached_property
    def log_p_at_mean(self) -> NDArray[np.float32]:
        """The network's log probability of each class at the mean activation, (1, n_classes)."""
        return self.network.log_probabilities(self.layer, self.mean[None], self.answers)

    @cached_property
    def target_deviations(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The targets minus the mean, (n_classes, n_units), and the length of each."""
        deviations = (self.targets - self.mean).astype(np.float64)
        return deviations, np.linalg.norm(deviations, axis=1)


def make_entry(network: Network, layer: str, targets: Targets, table: NDArray, mean: NDArray) -> Entry:
    """Make the entry; a class's target is the mean over its keys in the `table` (n_keys, n_units)."""
    truth = targets.truth()
    of_classes = np.stack([table[truth == number].mean(axis=0) for number in range(len(targets.answers))])
    return Entry(network, layer, targets.answers, mean, of_classes.astype(np.float32))


def entry_of(network: Network, layer: str, targets: Targets, table: NDArray, linear: Linear) -> Entry:
    """The entry of what a fitted linear part predicts, see `make_entry`."""
    return replace(make_entry(network, layer, targets, table, linear.mean), discriminant=linear.discriminant)

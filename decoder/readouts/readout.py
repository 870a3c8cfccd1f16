"""What every readout does: from a state injected into a layer to scores for the classes, or to free words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...models.networks.free_text import GeneratesText
from ...models.networks.network import Network
from ..kinds import settings_to_dict
from .entry import Entry

if TYPE_CHECKING:
    from ...models.export.onnx_precision import Precision
    from .graph import ReadoutGraph


class Readout(ABC):
    """How a class is read from the network.

    Subclasses, also those of other packages, are frozen dataclasses of plain settings. One that is an entry point of
    the group ``hotwire.readouts`` can be named in study files and saved in bundles.
    """

    is_fitted: ClassVar[bool] = False
    """Whether a discriminant is fitted for it, on predictions of held-out runs."""

    @abstractmethod
    def scores(self, entry: Entry, states: NDArray) -> NDArray[np.float32]:
        """Log probability of each class up to a constant, (n_trials, n_classes), for states (n_trials, n_units)."""

    def texts(self, entry: Entry, states: NDArray) -> list[str] | None:
        """A free answer for each state, if the readout gives any."""
        return None

    def scores_of_fits(self, entries: Sequence[Entry], states: Sequence[NDArray]) -> list[NDArray[np.float32]]:
        """The `scores` of several fits that enter one network at one layer."""
        return [self.scores(entry, some) for entry, some in zip(entries, states, strict=True)]

    def check(self, network: Network) -> None:
        """Raise `InputError` where the network does not fit this readout."""
        self.check_can(network.name, write=isinstance(network, GeneratesText), name=network.labels is not None)

    def check_can(self, network: str, *, write: bool, name: bool) -> None:
        """Raise `InputError` where the readout needs more: the network may `write` freely, and `name` its outputs."""
        return

    def without_texts(self) -> Readout:
        """A readout with the same scores and no free answers."""
        return self

    @property
    def speaks(self) -> bool:
        """Whether it gives free answers."""
        return self.without_texts() != self

    def before_fit(self) -> Readout | None:
        """What can be read of states before anything is fitted, None where that is nothing."""
        return self

    def export(self, entry: Entry, precision: Precision) -> ReadoutGraph:
        """The readout as ONNX graphs for a rig, with the network's large weights in this precision.

        Raises
        ------
        InputError
            The readout, or the network, cannot be exported.
        """
        raise InputError(f"readout: {type(self).__name__} cannot be exported; give it a method export, see Readout")

    def export_again(self, exported: ReadoutGraph, entry: Entry) -> ReadoutGraph | None:
        """What `export` would give, from its result for another fit in the same layer, which is changed.

        Exporting a large network is slow. None where nothing slow could be reused.
        """
        return None

    def to_dict(self) -> dict[str, Any]:
        return settings_to_dict(self)

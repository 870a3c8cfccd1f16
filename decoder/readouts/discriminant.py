"""A linear discriminant of what the adapter predicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..discriminant import Discriminant
from ..steps.settings import check_count
from .entry import Entry
from .readout import Readout
from .text import TextReadout

if TYPE_CHECKING:
    from ...models.export.onnx_precision import Precision
    from .graph import ReadoutGraph


@dataclass(frozen=True)
class DiscriminantReadout(Readout):
    """Choose the class by a linear discriminant of the predicted activations; the network computes nothing.

    Shrinkage linear discriminant analysis in the span of the differences between the classes' targets, see
    `hotwire.decoder.discriminant.fit_discriminant`. It is fitted with the adapter, on what adapters predict of training
    runs that they were not fitted on, and so knows which directions of a prediction are noise: among classes that were
    trained on, it is on a par with classifiers that know no network. Classes that were not trained on it cannot name.

    Parameters
    ----------
    max_tokens : int
        The longest free answer of a language model or speech recogniser, which stands beside the class and does not
        depend on the discriminant; with 0 there is none.
    """

    is_fitted = True
    max_tokens: int = 0

    def __post_init__(self) -> None:
        check_count("max_tokens", self.max_tokens, 0)

    def check_can(self, network: str, *, write: bool, name: bool) -> None:
        if self._speaks is not None:
            self._speaks.check_can(network, write=write, name=name)

    def scores(self, entry: Entry, states: NDArray) -> NDArray[np.float32]:
        return _fitted(entry).scores(states - entry.mean)

    def texts(self, entry: Entry, states: NDArray) -> list[str] | None:
        return None if self._speaks is None else self._speaks.texts(entry, states)

    def without_texts(self) -> Readout:
        return DiscriminantReadout()

    def before_fit(self) -> Readout | None:
        return self._speaks

    def export(self, entry: Entry, precision: Precision) -> ReadoutGraph:
        from .graph import ReadoutGraph, discriminant_graph, with_discriminant

        discriminant = _fitted(entry)
        if self._speaks is None:
            return ReadoutGraph(discriminant_graph(discriminant))
        spoken = self._speaks.export(entry, precision)
        return spoken._replace(model=with_discriminant(spoken.model, discriminant))

    def export_again(self, exported: ReadoutGraph, entry: Entry) -> ReadoutGraph:
        from .graph import with_discriminant

        return exported._replace(model=with_discriminant(exported.model, _fitted(entry)))

    @property
    def _speaks(self) -> TextReadout | None:
        return TextReadout(max_tokens=self.max_tokens) if self.max_tokens else None


def _fitted(entry: Entry) -> Discriminant:
    if entry.discriminant is None:
        raise InputError("readout: DiscriminantReadout is fitted with the adapter, and none was fitted here")
    return entry.discriminant

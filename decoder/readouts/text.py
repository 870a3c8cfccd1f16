"""A language model or a speech recogniser answers freely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from numpy.typing import NDArray

from ...errors import InputError
from ...models.networks.free_text import GeneratesText
from ..steps.settings import check_count
from .entry import Entry
from .label import LabelReadout
from .readout import Readout

if TYPE_CHECKING:
    from ...models.export.onnx_precision import Precision
    from .graph import ReadoutGraph


@dataclass(frozen=True)
class TextReadout(LabelReadout):
    """Let a language model or a speech recogniser answer freely, and also choose among the classes.

    Parameters
    ----------
    prior : {"keep", "remove"}
        For the choice among the classes, see `LabelReadout`; the free answer is the network's own.
    max_tokens : int
        The longest free answer.
    """

    max_tokens: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("max_tokens", self.max_tokens, 1)

    def check_can(self, network: str, *, write: bool, name: bool) -> None:
        if not write:
            raise InputError(
                f"readout: only a language model answers freely, or a speech recogniser; {network} is neither. "
                "Use LabelReadout or NearestReadout"
            )

    def texts(self, entry: Entry, states: NDArray) -> list[str]:
        self.check(entry.network)
        assert isinstance(entry.network, GeneratesText)
        return entry.network.generate(entry.layer, states, max_tokens=self.max_tokens)

    def without_texts(self) -> Readout:
        return LabelReadout(self.prior)

    def export(self, entry: Entry, precision: Precision) -> ReadoutGraph:
        from ...models.export.language_graphs import text_graphs
        from ...models.export.onnx_precision import shrunk
        from .graph import Speech

        graphs = text_graphs(entry.network, entry.layer, entry.answers, max_tokens=self.max_tokens)
        speech = Speech(shrunk(graphs.step, precision), graphs.vocabulary, graphs.end, graphs.max_tokens)
        return self._exported(shrunk(graphs.scoring, precision), entry, speech)

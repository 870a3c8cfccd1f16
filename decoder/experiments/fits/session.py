"""A session to be fitted: its layers condensed for held-out scores, and what its files depend on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....adapters.unit_blocks import Floats, scores_of
from ....errors import InputError
from ...evaluation.threads import once
from ..kernel.keys import content_key
from ..session.session import RegionSession
from ..session.settings import SessionSettings

FORMAT = 2
"""The format of the files: with another number all are made again."""


class FitCell(NamedTuple):
    """The region, network and layer of one adapter."""

    region: str
    network: str
    layer: str


class FitSession(RegionSession[SessionSettings]):
    """A `RegionSession` that is ready to be fitted; `Subject.open` makes one from a study.

    It is an InputError if the adapter has a strength or a gain for each unit.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        adapter = self.settings.decoder.adapter
        for policy in ("alpha_per", "gain"):
            if getattr(adapter, policy, None) == "unit":
                raise InputError(
                    f"{self.name}: adapter.{policy}: held-out scores come from Gram matrices, which know no units; "
                    f"expected {'all' if policy == 'alpha_per' else 'total or none'}, got 'unit'"
                )
        self.condensed = once(self._condense)

    @property
    def cells(self) -> list[FitCell]:
        """All cells to be fitted."""
        return [
            FitCell(region, name, layer)
            for region in self.regions
            for name, spec in self.networks.items()
            for layer in spec.layers
        ]

    def whitened(self, region: str, held_out: list[Any]) -> NDArray:
        """A region's activity in all trials, whitened, if set, by the runs that are not held out."""
        whitener = self.whitener(region, held_out)
        activity = self.activity(region)
        return activity if whitener is None else whitener.transform(activity)

    def adapter_key(self, cell: FitCell) -> str:
        """SHA-256 of all that the adapter of a cell depends on."""
        of_region, of_network = self.activity_ingredients(cell.region), self.network_ingredients(cell.network)
        return content_key(FORMAT, self.adapter_ingredients, of_region, of_network, cell.layer)

    def score_key(self, cell: FitCell) -> str:
        """SHA-256 of all that the held-out score of a cell depends on."""
        return content_key(self.adapter_key(cell), self.fold_ingredients)

    def _condense(self, network: str, layer: str) -> tuple[Floats, Floats]:
        """Gram matrix (n_keys, n_keys) of a layer's activations, and states (n_keys, k) with the same Gram matrix."""
        gram = self.gram(network, "trained", layer)
        states = scores_of(gram)
        return gram, states if states.size else np.zeros((len(gram), 1))

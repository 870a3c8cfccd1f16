"""The settings that maps and fits share: times, networks, folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError
from ....models.networks.network import Network
from ...evaluation.audit.leaks import Policy
from ...readouts.nearest import NearestReadout
from ...readouts.readout import Readout
from ...run_splits import RunFolds
from ...settings import Settings
from ...targets import Targets


@dataclass(frozen=True)
class TimeRange:
    """The time of activity after each trial's onset, ``[start_s, stop_s)``; None where the decoder's window decides."""

    name: str
    start_s: float | None
    stop_s: float | None


DECODERS_WINDOW = TimeRange("", None, None)


class Split(NamedTuple):
    """Trials to fit on, and trials held out."""

    train: NDArray[np.intp]
    test: NDArray[np.intp]


@dataclass(frozen=True)
class NetworkSpec:
    """A network with its targets, the layers to use and the readout (without free text)."""

    network: Network
    targets: Targets
    layers: tuple[str, ...]
    readout: Readout

    def __post_init__(self) -> None:
        for layer in self.layers:
            self.network.shape_of(layer)
        if self.readout.is_fitted:
            raise InputError(
                "readout: expected one that needs no fit, as cells of a map share it, got "
                f'{type(self.readout).__name__}; take readout = {{ type = "NearestReadout" }}'
            )
        object.__setattr__(self, "readout", self.readout.without_texts())
        self.readout.check(self.network)


@dataclass(frozen=True)
class SessionSettings:
    """How a session's trials are cut, fitted and held out.

    Of `decoder`, the steps, whitening and adapter are used; layer and readout come from the networks. Of `times`, one
    without a range means the decoder's own window. All else is as for `hotwire.decoder.evaluate`.
    """

    decoder: Settings
    times: Sequence[TimeRange] = (DECODERS_WINDOW,)
    folds: RunFolds = "run"
    n_shuffles: int = 1
    seed: int = 0
    audit: Policy = "refuse"

    def __post_init__(self) -> None:
        names = [time.name for time in self.times]
        if len(set(names)) < len(names) or not names:
            raise InputError(f"times: expected one or more, each with a name of its own, got {names}")
        if self.decoder.fit_steps is not None or self.decoder.fit_window is not None:
            raise InputError("fit_steps, fit_window: a map fits on the trials that it decides on; leave them out")
        if self.decoder.whiten == "residuals":
            raise InputError(
                'whiten: expected "none", "samples" or "effective samples", as a map whitens once for all targets, got '
                '"residuals"; write whiten = "samples"'
            )
        # A fit's readout is the network's; none is fitted with its adapters.
        object.__setattr__(self, "decoder", replace(self.decoder, readout=NearestReadout()))

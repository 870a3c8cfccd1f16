"""What maps and fits take from a study: times, networks, folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError
from ....models.networks.network import Network
from ...evaluation.audit.leaks import Policy
from ...readout import Readout
from ...settings import Settings
from ...targets import Targets


@dataclass(frozen=True)
class TimeRange:
    """When activity was taken, from each trial's onset: ``[start_s, stop_s)``; None where the decoder's window says."""

    name: str
    start_s: float | None
    stop_s: float | None


DECODERS_WINDOW = TimeRange("", None, None)


class Split(NamedTuple):
    """Trials to fit on and trials held out."""

    train: NDArray[np.intp]
    test: NDArray[np.intp]


@dataclass(frozen=True)
class NetworkSpec:
    """A network, what its stimuli are, which of its layers are meant, and how it is read out: without free texts."""

    network: Network
    targets: Targets
    layers: tuple[str, ...]
    readout: Readout

    def __post_init__(self) -> None:
        for layer in self.layers:
            self.network.shape_of(layer)
        object.__setattr__(self, "readout", self.readout.without_texts())
        self.readout.check(self.network)


@dataclass(frozen=True)
class SessionSettings:
    """How a session's trials are cut, fitted and held out.

    Parameters
    ----------
    decoder : Settings
        Its steps, whitening and adapter; its layer and readout are the networks' affair.
    times : sequence of TimeRange
        When activity is taken; the decoder's own window where they say nothing.
    folds, n_shuffles, seed, audit
        As `hotwire.decoder.evaluate` means them.
    """

    decoder: Settings
    times: Sequence[TimeRange] = (DECODERS_WINDOW,)
    folds: Literal["run"] | int = "run"
    n_shuffles: int = 1
    seed: int = 0
    audit: Policy = "refuse"

    def __post_init__(self) -> None:
        names = [time.name for time in self.times]
        if len(set(names)) < len(names) or not names:
            raise InputError(f"times: expected one or more, each with a name of its own, got {names}")
        if self.decoder.fit_steps is not None or self.decoder.fit_window is not None:
            raise InputError("fit_steps, fit_window: a map fits on the trials that it decides on; leave them out")

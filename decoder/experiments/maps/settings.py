"""How a map is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...evaluation.controls import CONTROLS, NUISANCE, control_named
from ..session.settings import NetworkSpec, SessionSettings

__all__ = ["MapSettings", "NetworkSpec"]


@dataclass(frozen=True)
class MapSettings(SessionSettings):
    """What all sessions of a map have in common, in addition to what `SessionSettings` says.

    Parameters
    ----------
    inner_folds, controls, n_permutations
        As `hotwire.decoder.evaluate` means them.
    inner_trials : int
        At most so many held-out training trials score the cells in each outer fold.

    Raises
    ------
    UnknownNameError
        There is no such control.
    """

    inner_folds: int = 4
    inner_trials: int = 240
    controls: Sequence[str] = (*CONTROLS, NUISANCE)
    n_permutations: int = 10_000

    def __post_init__(self) -> None:
        super().__post_init__()
        for control in self.controls:
            control_named(control)

"""How a map is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...evaluation.controls import CONTROLS, NUISANCE, control_named
from ...statistics.permutation import N_PERMUTATIONS
from ..session.settings import NetworkSpec, SessionSettings

__all__ = ["MapSettings", "NetworkSpec"]


@dataclass(frozen=True)
class MapSettings(SessionSettings):
    """The settings that all sessions of a map share, in addition to `SessionSettings`.

    Parameters
    ----------
    inner_folds, controls, n_permutations
        As for `hotwire.decoder.evaluate`.
    inner_trials : int
        In each outer fold, at most this many held-out training trials score the cells.

    Raises
    ------
    UnknownNameError
        There is no such control.
    """

    inner_folds: int = 4
    inner_trials: int = 240
    controls: Sequence[str] = (*CONTROLS, NUISANCE)
    n_permutations: int = N_PERMUTATIONS

    def __post_init__(self) -> None:
        super().__post_init__()
        for control in self.controls:
            control_named(control)

"""How a map is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from ....errors import UnknownNameError
from ...evaluation.controls import CONTROLS, NUISANCE, control_named
from ...evaluation.searched import Redo
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
    controls_redo : {"fit", "search"}
        In the nested choice, controls that fit the map from the brain are read at the cells that the decoder's inner
        folds chose; or, with ``"search"``, choose cells by their own pairing or network.
    inner_trials : int
        In each outer fold, at most this many held-out training trials score the cells.

    Raises
    ------
    UnknownNameError
        There is no such control or policy.
    """

    inner_folds: int = 4
    inner_trials: int = 240
    controls: Sequence[str] = (*CONTROLS, NUISANCE)
    n_permutations: int = N_PERMUTATIONS
    controls_redo: Redo = "fit"

    def __post_init__(self) -> None:
        super().__post_init__()
        for control in self.controls:
            control_named(control)
        if self.controls_redo not in get_args(Redo):
            raise UnknownNameError("controls_redo", self.controls_redo, get_args(Redo))

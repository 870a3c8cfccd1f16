"""How an encoding is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from ....errors import InputError, UnknownNameError
from ....errors.checks import check_least
from ...pooling import Pool
from ...receptive_fields import RECEPTIVE_FIELD
from ..session.holding_out import HoldOut
from ..session.settings import SessionSettings


@dataclass(frozen=True)
class EncodeSettings(SessionSettings):
    """The settings of an encoding, in addition to `SessionSettings`, of whose decoder the steps and window are used.

    Parameters
    ----------
    n_folds : int
        In which stimuli are held out.
    hold_out : sequence of str
        What each fold holds out. The first counts; the others are shown beside. ``"stimulus"``: whole stimuli, however
        often they were repeated, and pictures that look the same together. ``"class"``: whole classes, as the network
        names them. ``"group"``: whole groups of the table `groups`. ``"contiguous"``: stretches in time with a `gap`.
        ``"shuffled"``: stimuli at random, which flatters wherever they look alike or follow each other.
    gap : int
        So many stimuli on both sides of a contiguous fold train nothing.
    pool : int or "receptive field", optional
        Maps of layers are averaged over squares to at most so many positions a side, states of sounds over as many
        stretches of time. Or each site sees maps through a field of its own, chosen within the training, see
        `hotwire.decoder.receptive_fields`.
    n_untrained : int
        How many networks with random weights are the control.
    pls : int, optional
        Beside ridge, partial least squares with so many components, in the same layers and folds.
    n_draws : int
        Of the bootstrap over sites and stimuli.
    hierarchy : sequence of sequences of str, optional
        Regions from early to late, those of one stage together: is the best layer deeper for later ones? See
        `hotwire.decoder.statistics.hierarchy.rise`.

    Raises
    ------
    InputError, UnknownNameError
        A number is too small, or there is no such way to hold out.
    """

    n_folds: int = 10
    hold_out: Sequence[HoldOut] = ("stimulus",)
    gap: int = 0
    pool: Pool | None = None
    n_untrained: int = 2
    pls: int | None = None
    n_draws: int = 1000
    hierarchy: Sequence[Sequence[str]] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        least = {"n_folds": 2, "gap": 0, "pool": 1, "n_untrained": 1, "pls": 1, "n_draws": 100}
        check_least(self, **{name: value for name, value in least.items() if isinstance(getattr(self, name), int)})
        if self.pool == RECEPTIVE_FIELD and self.pls is not None:
            raise InputError(
                f"pls: expected none with pool = {RECEPTIVE_FIELD!r}, got {self.pls}: only ridge has fields; leave it "
                "out, or write a number: pool = 7"
            )
        if not self.hold_out or len(set(self.hold_out)) < len(self.hold_out):
            raise InputError(f"hold_out: expected one or more ways, each once, got {list(self.hold_out)}")
        for way in self.hold_out:
            if way not in get_args(HoldOut):
                raise UnknownNameError("way to hold out", way, get_args(HoldOut))
        named = [region for stage in self.hierarchy or () for region in stage]
        if self.hierarchy is not None and (len(self.hierarchy) < 2 or len(named) < 3 or len(set(named)) < len(named)):
            raise InputError(
                "hierarchy: expected two or more stages of three or more regions in all, each once, such as "
                f'[["V1", "V2"], "V4", "IT"], got {[list(stage) for stage in self.hierarchy]}'
            )

"""The readouts that studies and bundles can name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kinds import Kinds, settings_from_dict
from .discriminant import DiscriminantReadout
from .label import LabelReadout
from .nearest import NearestReadout
from .readout import Readout
from .text import TextReadout

READOUTS: Kinds[Readout] = Kinds(
    "hotwire.readouts", Readout, (LabelReadout, TextReadout, NearestReadout, DiscriminantReadout)
)


def readout_from_dict(saved: Mapping[str, Any]) -> Readout:
    """Return the readout that ``to_dict`` described, hotwire's or a registered one.

    Examples
    --------
    >>> readout_from_dict({"type": "LabelReadout", "prior": "remove"})
    LabelReadout(prior='remove')
    """
    return settings_from_dict("readout", READOUTS, saved)

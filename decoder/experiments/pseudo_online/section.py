"""The [pseudo_online] section of a study file."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ...study.derived import fields_of
from ...study.section import Section
from .policy import Policy
from .run import pseudo_online

OF_EVALUATION = ("folds", "choose", "inner_folds", "n_permutations", "seed", "audit")
"""Fields of the section [evaluation] that are used here, too."""


@fields_of(Policy)
@fields_of(pseudo_online, without=("decoder", "recording", "policy", *OF_EVALUATION))
class PseudoOnlineSection(Section):
    """See `hotwire.decoder.experiments.pseudo_online.run.pseudo_online`."""

    every_s: Annotated[float, Field(gt=0)]
    threshold: float | None = Field(None, gt=0, lt=1)
    false_per_minute: float | None = Field(None, ge=0)
    dwell: Annotated[int, Field(ge=1)]
    refractory_s: Annotated[float, Field(ge=0)]

    def arguments(self) -> dict[str, Any]:
        """The arguments of `pseudo_online` apart from decoder, recording and those of [evaluation]."""
        return self.given("dwell", "refractory_s") | {"policy": Policy(self.dwell, self.refractory_s)}

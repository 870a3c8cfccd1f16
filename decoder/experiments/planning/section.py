"""The [plan] section of a study file."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ...study.derived import fields_of
from ...study.section import AnyPath, Section
from .run import plan


@fields_of(plan, without=("network", "targets", "settings", "noise"))
class PlanSection(Section):
    """See `hotwire.decoder.experiments.planning.run.plan`."""

    like: AnyPath | None = None
    """A study with a recording, whose noise is used."""
    stimuli: AnyPath | None = None
    """A folder or zip file of pictures, if no recording has them yet."""
    trials: list[Annotated[int, Field(ge=1)]] | None = Field(None, min_length=1)
    levels: list[Annotated[float, Field(gt=0)]] | None = Field(None, min_length=1)
    target: Annotated[float, Field(gt=0.5, lt=1)]
    n_draws: Annotated[int, Field(ge=1)]

    def arguments(self) -> dict[str, Any]:
        """The arguments of `plan` apart from network, targets, settings and noise."""
        return self.given("like", "stimuli")

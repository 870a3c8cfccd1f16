"""The [plan] section of a study file."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ...study.section import AnyPath, Section
from .pool import NOUNS

Positive = Annotated[float, Field(gt=0)]


class PlanSection(Section):
    """See `hotwire.decoder.experiments.planning.run.plan`."""

    like: AnyPath | None = None
    """A study with a recording, whose noise is gone by."""
    stimuli: AnyPath | None = None
    """A folder or zip file of pictures, where there is no recording yet that has them."""
    trials: list[Annotated[int, Field(ge=1)]] | None = Field(None, min_length=1)
    levels: list[Positive] | None = Field(None, min_length=1)
    pool: list[str] = list(NOUNS)
    target: float = Field(0.9, gt=0.5, lt=1)
    n_draws: int = Field(4, ge=1)
    seed: int = Field(0, ge=0)

    def arguments(self) -> dict[str, Any]:
        """The arguments of `plan`."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set - {"like", "stimuli"})}

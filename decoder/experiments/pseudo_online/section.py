"""The [pseudo_online] section of a study file."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ...study.section import Section
from .policy import EVERY_S, Policy, Windows


class PseudoOnlineSection(Section):
    """See `hotwire.decoder.experiments.pseudo_online.run.pseudo_online`."""

    windows: Windows = "sliding"
    every_s: float = Field(EVERY_S, gt=0)
    threshold: float | None = Field(None, gt=0, lt=1)
    false_per_minute: float | None = Field(None, ge=0)
    dwell: int = Field(1, ge=1)
    refractory_s: float = Field(1.0, ge=0)
    from_s: float = 0.0
    to_s: float | None = None

    def arguments(self) -> dict[str, Any]:
        """What `pseudo_online` is told."""
        given = {name: getattr(self, name) for name in sorted(self.model_fields_set - {"dwell", "refractory_s"})}
        return given | {"policy": Policy(self.dwell, self.refractory_s)}

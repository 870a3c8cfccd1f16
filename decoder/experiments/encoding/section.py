"""The [encode] section of a study file; regions, layers and networks are those of [map]."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from ....errors import InputError
from ...study.derived import fields_of
from ...study.section import AnyPath, Natural, OneOrMore, Section
from ...study.settings import Pooling
from ..session.holding_out import HoldOut
from ..session.settings import SessionSettings
from .settings import EncodeSettings

OF_OTHERS = tuple(SessionSettings.__dataclass_fields__)
"""Settings that other sections of the study say."""


@fields_of(EncodeSettings, without=OF_OTHERS)
class EncodeSection(Section):
    """See `hotwire.decoder.experiments.encoding.settings.EncodeSettings`."""

    n_folds: Annotated[int, Field(ge=2)]
    hold_out: OneOrMore[HoldOut] = Field(["stimulus"], min_length=1)
    gap: Natural
    pool: Pooling | None = None
    n_untrained: Annotated[int, Field(ge=1)]
    pls: int | None = Field(None, ge=1)
    n_draws: Annotated[int, Field(ge=100)]
    hierarchy: list[OneOrMore[str]] | None = None
    groups: AnyPath | None = None
    """A table with the columns ``stimulus`` and ``group``, for hold_out = "group"."""

    @model_validator(mode="after")
    def _has_groups(self) -> EncodeSection:
        if ("group" in self.hold_out) != (self.groups is not None):
            raise InputError(
                'expected hold_out = "group" together with groups, the table that says which stimuli are one group, '
                "got one of them alone"
            )
        return self

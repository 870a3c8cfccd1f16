"""What a stream and its outputs need to know of a decoder, whatever it decodes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..decoder.volumes import VolumeSpace


class LiveDecoder(Protocol):
    """What a stream and its outputs need to know of a decoder."""

    @property
    def path(self) -> Path: ...
    @property
    def digest(self) -> str: ...
    @property
    def feature_names(self) -> tuple[str, ...]: ...
    @property
    def unit(self) -> str | tuple[str, ...]: ...
    @property
    def rate_hz(self) -> float: ...
    @property
    def space(self) -> VolumeSpace | None: ...
    @property
    def answers(self) -> tuple[str, ...]:
        """Its classes; none for a decoder of gist."""
        ...

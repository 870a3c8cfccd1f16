"""Sessions of an encoding from study files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...readers.tables import read_table
from ...study.study import Study, open_study
from ..session.section import MapSection
from ..session.study import session_parts, shared_settings
from .section import EncodeSection
from .session import EncodingSession
from .settings import EncodeSettings


@dataclass(frozen=True)
class EncodingStudy:
    """A study file, from which every process can open the session."""

    study: Path

    def open(self) -> EncodingSession:
        return session_of(open_study(self.study, needs_layer=False))


def session_of(study: Study) -> EncodingSession:
    """Read a study's recording, presentation by presentation, and open its networks.

    Raises
    ------
    StudyError
        Regions, times, layers, networks or groups do not fit together.
    """
    section, places = study.section(EncodeSection), study.section(MapSection)
    parts: dict[str, Any] = session_parts(study, presentations=True) | {"reliability": None}
    with study.naming("encode: "):
        times = places.times_at(parts["recording"].rate_hz)
        settings = EncodeSettings(**shared_settings(study), **section.given("groups"), times=times)
        table = None if section.groups is None else read_table(section.groups)
        source = EncodingStudy(study.path.resolve())
        session = EncodingSession(study.path.stem, **parts, settings=settings, source=source, groups_table=table)
        session.check()
    return session

"""Sessions of a map from study files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...evaluation.controls import NUISANCE
from ...evaluation.nuisance import nuisance
from ...report.drawing import Drawing
from ...statistics.permutation import N_PERMUTATIONS
from ...study.study import Study, open_study
from ..session.section import MapSection
from ..session.study import session_parts, shared_settings
from .pictures import draw_trials
from .pictures_figure import pictures_figure
from .session import MapSession
from .settings import MapSettings


@dataclass(frozen=True)
class MapStudy:
    """A study file, from which every process can open the session."""

    study: Path

    def open(self) -> MapSession:
        return session_of(open_study(self.study, needs_layer=False))


def session_of(study: Study) -> MapSession:
    """Read a study's recording, open its networks, and make a session of them.

    Raises
    ------
    StudyError
        Regions, times, layers or networks do not fit together.
    """
    section, evaluation = study.section(MapSection), study.sections.evaluation
    parts = session_parts(study)
    of_networks = [spec.targets for spec in parts["networks"]]
    plain = section.nuisance == "auto" and any(nuisance(targets) is not None for targets in of_networks)
    with study.naming("map: "):
        settings = MapSettings(
            **shared_settings(study),
            times=section.times_at(parts["recording"].rate_hz),
            inner_folds=evaluation.inner_folds,
            inner_trials=section.inner_trials,
            controls=tuple(dict.fromkeys([*evaluation.controls, *([NUISANCE] * plain)])),
            controls_redo=evaluation.controls_redo,
            n_permutations=evaluation.n_permutations or N_PERMUTATIONS,
        )
        return MapSession(study.path.stem, **parts, settings=settings, source=MapStudy(study.path.resolve()))


def pictures_of(study: Study, session: MapSession) -> list[Drawing]:
    """Draw what the networks see in a session's activity, for those networks that can draw."""
    pictures = []
    for section in study.section(MapSection).networks or [study.sections.network]:
        drawing = section.drawing()
        if drawing is not None:
            drawn = draw_trials(session, section.name, drawing, time=session.settings.times[0].name)
            pictures.append(pictures_figure(drawn, f"pictures-{session.name}-{section.name}"))
    return pictures

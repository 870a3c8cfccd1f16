"""Sessions of a map out of study files."""

from __future__ import annotations

from ....models.export.compiled_network import compiled
from ....models.networks.sentence import SentenceEncoder
from ...readout import NearestReadout
from ...report.drawing import Drawing
from ...study.study import Study
from ..session.regions import read_regions
from .pictures import draw_trials
from .pictures_figure import pictures_figure
from .section import MapNetworkSection
from .session import NUISANCE, MapSession, MapSettings, Reading


def session_of(study: Study) -> MapSession:
    """Read a study's recording, open its networks, and make a session of them.

    Raises
    ------
    StudyError
        What the study says does not go together: regions, times, layers, networks.
    """
    sections = study.sections
    wanted, evaluation = sections.map, sections.evaluation
    recording = study.recording()
    with study.naming("map.regions: "):
        regions = read_regions(wanted.regions_from or wanted.regions, recording)
    with study.naming("map: "):
        settings = MapSettings(
            decoder=sections.decoder.settings(),
            times=wanted.times_at(recording.rate_hz),
            folds=evaluation.folds,
            inner_folds=evaluation.inner_folds,
            inner_trials=wanted.inner_trials,
            controls=(*evaluation.controls, NUISANCE) if wanted.nuisance == "auto" else evaluation.controls,
            n_shuffles=evaluation.n_shuffles,
            n_permutations=evaluation.n_permutations,
            seed=evaluation.seed,
            audit=evaluation.audit,
        )
        readings = [_reading(study, one) for one in wanted.networks or [_only_network(study)]]
        reliability = sections.recording.reliability()
        return MapSession(study.path.stem, recording, regions, readings, settings, reliability)


def pictures_of(study: Study, session: MapSession) -> list[Drawing]:
    """Draw what the networks see in a session's activity, as far as they can draw."""
    pictures = []
    for section in study.sections.map.networks or [study.sections.network]:
        drawing = section.drawing()
        if drawing is not None:
            drawn = draw_trials(session, section.name, drawing, time=session.settings.times[0].name)
            pictures.append(pictures_figure(drawn, f"pictures-{session.name}-{section.name}"))
    return pictures


def _only_network(study: Study) -> MapNetworkSection:
    """The study's network, as one of a map's."""
    network = study.sections.network
    return MapNetworkSection.model_construct(**dict(network), layers=study.sections.map.layers, readout=None)


def _reading(study: Study, section: MapNetworkSection) -> Reading:
    # Vision networks run several times as fast without torch.
    network = compiled(study.open(section))
    # Sentence encoders do not speak: what lies nearest is all they can say.
    usual = NearestReadout() if isinstance(network, SentenceEncoder) else study.sections.decoder.settings().readout
    readout = section.readout or usual
    layers = tuple(network.layers) if section.layers == "all" else tuple(section.layers)
    return Reading(network, study.targets(network), layers, readout)

"""What maps and fits read from a study file."""

from __future__ import annotations

from typing import Any

from ....models.export.compiled_network import compiled
from ....models.networks.sentence import SentenceEncoder
from ...readers.regions import read_regions
from ...readouts.nearest import NearestReadout
from ...study.study import Study
from .section import MapNetworkSection, MapSection
from .settings import NetworkSpec


def session_parts(study: Study, *, presentations: bool = False) -> dict[str, Any]:
    """The recording, its regions, the networks and the reliability, by the names of `RegionSession`'s parameters.

    With `presentations` the recording has each repeat of a stimulus by itself.

    A StudyError says which regions, layers or networks do not fit together.
    """
    section = study.section(MapSection)
    for one in section.networks_or(study.sections.network):  # before the recording is read
        with study.naming("map.networks: " if section.networks else "network: "):
            one.check_there()
        with study.naming("map.networks: " if section.networks else "map.layers: "):
            one.check_layers()
    recording = study.recording(presentations=presentations)
    study.check_words(recording)
    with study.naming("map.regions: " if section.regions_from is None else "map.regions_from: "):
        regions = read_regions(section.regions_from or section.regions, recording)
    with study.naming("map: "):
        networks = [_network_spec(study, one) for one in section.networks_or(study.sections.network)]
    return {
        "recording": recording,
        "regions": regions,
        "networks": networks,
        "reliability": study.sections.recording.reliability(),
    }


def shared_settings(study: Study) -> dict[str, Any]:
    """The fields of `SessionSettings` that any experiment takes from a study."""
    evaluation = study.sections.evaluation
    return {
        "decoder": study.sections.decoder.settings(),
        "folds": evaluation.folds,
        "n_shuffles": evaluation.n_shuffles,
        "seed": evaluation.seed,
        "audit": evaluation.audit,
    }


def _network_spec(study: Study, section: MapNetworkSection) -> NetworkSpec:
    # Vision networks run several times as fast without torch.
    network = compiled(study.open(section))
    # Sentence encoders write no text, and no cell of a map has a readout of its own: the nearest target is left.
    readout = None if isinstance(network, SentenceEncoder) else study.sections.decoder.settings().readout.before_fit()
    usual = NearestReadout() if readout is None else readout
    layers = tuple(network.layers) if section.layers == "all" else tuple(section.layers)
    return NetworkSpec(network, study.targets(network), layers, section.readout or usual)

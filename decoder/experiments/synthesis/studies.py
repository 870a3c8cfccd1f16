"""Sessions of a synthesis from study files."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....errors import InputError
from ....models.export.compiled_network import CompiledNetwork, compiled
from ....models.networks.vision import VisionNetwork
from ...steps import run_steps
from ...study.study import Study
from ...targets import StimulusTargets
from ..session.holding_out import alike
from ..session.responses import presented
from ..session.section import MapSection
from ..session.study import session_parts, shared_settings
from ..session.trials import trials_at
from .section import EncoderJudgeSection, OnnxJudgeSection, SynthesizeSection
from .session import OpenedNetwork, SynthesisSession


def session_of(study: Study) -> SynthesisSession:
    """Read a study's recording, open its networks, and the judges.

    Raises
    ------
    StudyError
        The study has no pictures, or regions, times, layers, networks or judges do not fit together.
    """
    section, places = study.section(SynthesizeSection), study.section(MapSection)
    kind = "words" if study.sections.targets.stimuli is None else study.sections.recording.kind_of_stimuli
    if kind in ("words", "sounds"):
        with study.naming("targets: "):
            raise InputError(
                f'expected stimuli = "recording" and a recording with the pictures that were presented, got {kind}: '
                "pictures are synthesised for sites whose responses to pictures were recorded"
            )
    parts: dict[str, Any] = session_parts(study)
    with study.naming("map: "):
        times = places.times_at(parts["recording"].rate_hz)
        if len(times) > 1:
            raise InputError(f"times: expected one for a synthesis, got {len(times)}; leave out all but one")
    with study.naming("synthesize: "):
        settings = section.settings()
        decoder = shared_settings(study)["decoder"]
        prepared = run_steps(tuple(decoder.steps), parts["recording"])
        [trials] = trials_at(times, decoder.window, prepared).values()
        targets = parts["networks"][0].targets
        assert isinstance(targets, StimulusTargets)
        of_stimuli = presented(targets.key_of(trials))
        features = np.unique(np.concatenate(list(parts["regions"].values())))
        sites = [prepared.feature_names[feature] for feature in features]
        names = [targets.keys[key] for key in of_stimuli.stimuli]
        judging = {}
        for judge in section.judges:
            if isinstance(judge, EncoderJudgeSection):
                network = compiled(study.open(judge))
                judging[network.name] = OpenedNetwork(network, tuple(judge.layers))
        networks = {one.network.name: OpenedNetwork(one.network, one.layers) for one in parts["networks"]}
        for name, opened in {**networks, **judging}.items():
            source = opened.network.original if isinstance(opened.network, CompiledNetwork) else opened.network
            if not isinstance(source, VisionNetwork):
                raise InputError(
                    f"network: {name} gives no gradients of pictures; expected one of the registry, such as "
                    "efficientnet-lite0"
                )
        return SynthesisSession(
            study.path.stem,
            sites,
            {name: targets.stimuli[name] for name in names},
            of_stimuli.mean(trials.X[:, features]),
            alike(targets)[of_stimuli.stimuli],
            networks,
            settings,
            judging,
            [judge.opened(sites) for judge in section.judges if isinstance(judge, OnnxJudgeSection)],
            parts["recording"].unit,
        )

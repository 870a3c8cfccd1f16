"""Sessions of a synthesis from study files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....errors import InputError
from ....models.export.compiled_network import compiled
from ....models.networks.modulation_model import SPECTRUM, ModulationModel
from ....models.sounds.samples import RATE_HZ, samples_of
from ...steps import run_steps
from ...study.study import Study
from ...targets import StimulusTargets
from ..session.holding_out import alike
from ..session.responses import presented
from ..session.section import MapSection
from ..session.study import session_parts, shared_settings
from ..session.trials import trials_at
from .section import SETTINGS, EncoderJudgeSection, ModulationJudgeSection, OnnxJudgeSection, SynthesizeSection
from .session import OpenedNetwork, SynthesisSession
from .settings import SoundSettings, SynthesizeSettings


def session_of(study: Study) -> SynthesisSession:
    """Read a study's recording, open its networks, and the judges.

    Raises
    ------
    StudyError
        The study has neither pictures nor sounds, or regions, times, layers, networks or judges do not fit together.
    """
    section, places = study.section(SynthesizeSection), study.section(MapSection)
    kind = stimuli_of(study)
    if kind not in SETTINGS:
        with study.naming("targets: "):
            raise InputError(
                f'expected stimuli = "recording" and a recording with the pictures or sounds that were presented, got '
                f"{kind}: what is synthesised is for sites whose responses to pictures or sounds were recorded"
            )
    with study.naming("synthesize: "):
        settings = section.settings(kind)
        for judge in section.judges:
            if isinstance(judge, EncoderJudgeSection):
                judge.check_there()
    parts: dict[str, Any] = session_parts(study)
    with study.naming("map: "):
        times = places.times_at(parts["recording"].rate_hz)
        if len(times) > 1:
            raise InputError(f"times: expected one for a synthesis, got {len(times)}; leave out all but one")
    with study.naming("synthesize: "):
        decoder = shared_settings(study)["decoder"]
        prepared = run_steps(tuple(decoder.steps), parts["recording"])
        [trials] = trials_at(times, decoder.window, prepared).values()
        targets = parts["networks"][0].targets
        assert isinstance(targets, StimulusTargets)
        of_stimuli = presented(targets.key_of(trials))
        features = np.unique(np.concatenate(list(parts["regions"].values())))
        sites = [prepared.feature_names[feature] for feature in features]
        names = [targets.keys[key] for key in of_stimuli.stimuli]
        stimuli = {name: targets.stimuli[name] for name in names}
        networks = {one.network.name: OpenedNetwork(one.network, one.layers) for one in parts["networks"]}
        return SynthesisSession(
            study.path.stem,
            sites,
            stimuli,
            of_stimuli.mean(trials.X[:, features]),
            alike(targets)[of_stimuli.stimuli],
            networks,
            settings,
            _judging(study, list(stimuli.values()), settings, networks),
            [judge.opened(sites) for judge in section.judges if isinstance(judge, OnnxJudgeSection)],
            parts["recording"].unit,
        )


def stimuli_of(study: Study) -> str:
    """What the study's recording presented: "pictures", "sounds", or something else."""
    if study.sections.targets.stimuli is None:
        return "words"
    return str(study.sections.recording.kind_of_stimuli)


def _judging(
    study: Study, stimuli: Sequence[Any], settings: SynthesizeSettings, objective: Mapping[str, OpenedNetwork]
) -> dict[str, OpenedNetwork]:
    """The judges that are encoders, by name, which says the layers where the network has a part in the objective."""
    found, kind = {}, stimuli_of(study)
    for judge in study.section(SynthesizeSection).judges:
        if isinstance(judge, ModulationJudgeSection):
            assert isinstance(settings, SoundSettings)
            longest = max(len(samples_of(one)) for one in stimuli) / RATE_HZ
            found[SPECTRUM] = OpenedNetwork(ModulationModel(max(longest, settings.seconds or 0.0)), (SPECTRUM,))
        if not isinstance(judge, EncoderJudgeSection):
            continue
        # One that is only named is the objective's own, as long as that hears, and opening it again takes seconds.
        only_named = judge.given("kind", "layers", "untrained").keys() == {"name"}
        known = objective.get(judge.name) if only_named else None
        network = compiled(study.open(judge)) if known is None else known.network
        if network.hears != (kind == "sounds"):
            does = "hears sounds" if network.hears else "hears none"
            raise InputError(f"judges: {network.name} {does}, but the recording has {kind}; take another network")
        layers = f"layer{'s' * (len(judge.layers) > 1)} {', '.join(judge.layers)} of {network.name}"
        if judge.untrained:
            # Other random weights than those of the control through which something is made.
            opened, name = network.untrained(settings.seed + 1), f"untrained {layers}"
        else:
            opened, name = network, layers if network.name in objective else network.name
        if name in found:
            raise InputError(f"judges: expected each once, got {name} twice; name all its layers in one of them")
        found[name] = OpenedNetwork(opened, tuple(judge.layers))
    return found

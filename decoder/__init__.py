"""From a recording to an answer: recordings, steps, readouts, the Decoder and its evaluation.

Names are imported when they are first used, so that a rig, which runs saved bundles only, needs none of what fitting
takes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .alignment import start_on
    from .cutting import cut_runs
    from .decoder import Decision, Decoder, Settings
    from .evaluation import Evaluation, evaluate, tune
    from .events import Events
    from .folds import Choice
    from .readout import LabelReadout, NearestReadout, TextReadout
    from .recording import Recording
    from .sound_targets import SoundTargets
    from .synthetic import SyntheticBrain, block_design
    from .targets import StimulusTargets, WordTargets
    from .trial_decoder import TrialDecoder

_HOMES = {
    "Choice": "folds",
    "Decision": "decoder",
    "Decoder": "decoder",
    "Evaluation": "evaluation",
    "Events": "events",
    "LabelReadout": "readout",
    "NearestReadout": "readout",
    "Recording": "recording",
    "Settings": "decoder",
    "SoundTargets": "sound_targets",
    "StimulusTargets": "targets",
    "SyntheticBrain": "synthetic",
    "TextReadout": "readout",
    "TrialDecoder": "trial_decoder",
    "WordTargets": "targets",
    "block_design": "synthetic",
    "cut_runs": "cutting",
    "evaluate": "evaluation",
    "start_on": "alignment",
    "tune": "evaluation",
}

__all__ = [
    "Choice",
    "Decision",
    "Decoder",
    "Evaluation",
    "Events",
    "LabelReadout",
    "NearestReadout",
    "Recording",
    "Settings",
    "SoundTargets",
    "StimulusTargets",
    "SyntheticBrain",
    "TextReadout",
    "TrialDecoder",
    "WordTargets",
    "block_design",
    "cut_runs",
    "evaluate",
    "start_on",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)

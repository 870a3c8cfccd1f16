"""A pseudo-online evaluation as a study file says."""

from __future__ import annotations

from ...decoder import Decoder
from ...recordings.recording import Recording
from ...study.study import Study
from .result import PseudoOnline
from .run import pseudo_online


def evaluate_pseudo_online(study: Study, decoder: Decoder, recording: Recording) -> PseudoOnline:
    """Evaluate as the section [pseudo_online] says; folds and choices are those of [evaluation].

    Raises
    ------
    StudyError
        What the study says cannot be.
    """
    evaluation = study.sections.evaluation
    told = {"folds", "inner_folds", "n_permutations", "seed", "audit"} & evaluation.model_fields_set
    arguments = {name: getattr(evaluation, name) for name in sorted(told)} | study.sections.pseudo_online.arguments()
    with study.naming():
        return pseudo_online(decoder, recording, choose=evaluation.choices(), **arguments)

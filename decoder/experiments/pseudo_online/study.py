"""A pseudo-online evaluation as a study file says."""

from __future__ import annotations

from ...decoder import Decoder
from ...recordings.recording import Recording
from ...study.study import Study
from .result import PseudoOnline
from .run import pseudo_online
from .section import OF_EVALUATION, PseudoOnlineSection


def evaluate_pseudo_online(study: Study, decoder: Decoder, recording: Recording) -> PseudoOnline:
    """Evaluate as the section [pseudo_online] says; folds and choices are those of [evaluation].

    Raises
    ------
    StudyError
        What the study says cannot be.
    """
    evaluation = study.sections.evaluation
    shared = evaluation.model_fields_set.intersection(OF_EVALUATION) - {"choose"}
    arguments = {name: getattr(evaluation, name) for name in sorted(shared)}
    with study.naming():
        return pseudo_online(
            decoder,
            recording,
            choose=evaluation.choices(),
            **arguments,
            **study.section(PseudoOnlineSection).arguments(),
        )

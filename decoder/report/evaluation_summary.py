"""An evaluation's measures and decisions, for ``--json``."""

from __future__ import annotations

from typing import Any

from ..evaluation.result import Evaluation
from .data import plain_data


def evaluation_summary(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation ready for JSON; ``score`` and the fields after it are of its main measure."""
    main = evaluation.decoder.measures[evaluation.main]
    measures = evaluation.decoder.measures
    return plain_data(
        {
            "score": main.value,
            "accuracy": measures["free" if evaluation.main == "free" else "candidate"].value,
            "interval": [main.low, main.high],
            "chance": main.chance,
            "p_value": main.p_value,
            "measure": evaluation.main,
            "candidate_accuracy": measures["candidate"].value,
            "pairwise_accuracy": measures["pairwise"].value,
            "ceiling": evaluation.ceiling.measures[evaluation.main].value,
            "controls": {
                name: None if (one := of.measures.get(evaluation.main)) is None else one.value
                for name, of in evaluation.controls.items()
            },
            "controls_redo": evaluation.controls_redo,
            "classes": evaluation.answers,
            "n_blocks": len(evaluation.trials),
            "held_out": evaluation.held_out,
            "network": evaluation.network,
            "fingerprint": evaluation.fingerprint,
            "measures": {row: of.measures for row, of in evaluation.rows()},
            "field": {
                name: {"told": one.description, "differences": one.differences, "chosen": one.chosen}
                for name, one in evaluation.field.items()
            },
            "probabilities": {
                **evaluation.reliability,
                "calibrations": evaluation.calibrations,
                "decision": evaluation.settings.decision,
            },
            "bits": evaluation.bits and dict(zip(("per_decision", "per_minute"), evaluation.bits, strict=True)),
            "chosen": evaluation.chosen,
            **({} if evaluation.engine == "network" else {"engine": evaluation.engine}),
            "findings": evaluation.findings,
            "decisions": _decisions_of(evaluation),
        }
    )


def _decisions_of(evaluation: Evaluation) -> list[dict[str, Any]]:
    outcome, trials, answers = evaluation.decoder, evaluation.trials, evaluation.answers
    best = outcome.chosen
    meant = best if outcome.said is None else outcome.said
    said = [answers[i] for i in best] if outcome.texts is None else outcome.texts
    return [
        {
            "run": trials.run[i],
            "start_s": trials.start_s[i],
            "stop_s": trials.stop_s[i],
            "label": str(trials.label[i]),
            "saw": answers[evaluation.truth[i]],
            "said": said[i],
            "chose": answers[best[i]],
            "right": bool(meant[i] == evaluation.truth[i]),
            "probabilities": dict(zip(answers, evaluation.probabilities[i].tolist(), strict=True)),
        }
        for i in range(len(trials))
    ]

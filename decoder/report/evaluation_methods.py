"""How an evaluation was made, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from ..evaluation.controls import control_named
from ..evaluation.result import Evaluation
from ..inner_folds import MOST_TRIALS
from ..statistics.measures import MEASURES
from .evaluation_trials import groups_of
from .methods import CEILING, DISCRIMINANT, RIDGE, WHITENING, control_texts, measure_texts, refit_text, statistics_text
from .numbers import count, percent

CONTROLS_REDO = {
    "fit": (
        "Fitted anew with the settings that were chosen with the true labels and the trained network: {}. They test "
        "the fit, not the search among settings."
    ),
    "search": (
        "With every choice made anew in the inner folds, by their own pairing or network: {}. Their figures include "
        "what choosing among settings gives by luck. Whitening uses no labels and is the decoder’s."
    ),
}
"""What controls did again; the names of those that fit the map from the brain are inserted."""


def evaluation_methods(evaluation: Evaluation, folds: Sequence[str], over: str) -> dict[str, str]:
    """Methods by their headings; `folds` are names of folds, `over` what is drawn whole for intervals."""
    measures = evaluation.decoder.measures
    unit = groups_of(evaluation).unit
    groups = "runs" if unit == "run" and evaluation.classes is None else "folds"
    methods = {
        "trials": _trials(evaluation),
        "cross-validation": _cross_validation(evaluation, folds, over),
        "decoding": _decoding(evaluation),
        **measure_texts([name for name in MEASURES if name in measures], MEASURES),
        "statistics": statistics_text(over, groups, evaluation.n_permutations)
        + " It is not corrected for several measures.",
        **({"refits": refit_text(evaluation.n_refits)} if evaluation.n_refits else {}),
        "ceiling": CEILING,
        **control_texts(evaluation.controls),
    }
    again = [name for name in evaluation.controls if control_named(name).fits_the_brain]
    if again and any(evaluation.chosen):
        methods["controls and choices"] = CONTROLS_REDO[evaluation.controls_redo].format(", ".join(again))
    if evaluation.controls:
        methods["shuffles"] = f"Every mean over shuffles is the mean of {count(evaluation.n_shuffles, 'shuffle')}."
    if evaluation.main == "auc":
        methods["main measure"] = (
            f"The AUC, because always giving the frequent answer is right in {percent(measures['candidate'].chance)} "
            "% of the trials."
        )
    if evaluation.main == "pairwise" and evaluation.classes is None:
        methods["main measure"] = (
            f"Pairs, because always giving the most frequent of {len(evaluation.answers)} answers is right in "
            f"{percent(measures['candidate'].chance)} % of the trials, far above an even share."
        )
    methods["probabilities"] = _probabilities(evaluation)
    if evaluation.classes is not None:
        methods["new classes"] = (
            "A fold’s training tells which classes are missing, so chance is what the best constant guess of each fold "
            "reaches, far above one half against any other."
        )
    if evaluation.field:
        methods |= {name: f"{one.description}.{_rivals_choices(one.chosen)}" for name, one in evaluation.field.items()}
        methods["classifiers of the field"] = (
            "In each fold they are fitted on the decoder’s training trials. What the decoder chooses of steps, window "
            "and, for those that take them, features, each chooses for itself among the same values, over "
            f"{evaluation.inner_folds} inner folds of the training runs, by the area under the ROC curve of two "
            "classes or by accuracy; there it chooses what is its own, too, such as a strength. Whitening is as the "
            "decoder has it in the fold. Differences are of the same trials; for their intervals the same runs are "
            "drawn for both. “Worse” and “better” mean that the interval lies on one side of zero. Intervals do not "
            "say what other training runs would change."
        )
    if evaluation.bits is not None:
        methods["bits per minute"] = (
            f"From the accuracy among the candidates, one decision every {evaluation.seconds_per_trial:g} s, as if "
            "answers and errors were equally likely (Wolpaw et al. 2002, Clin. Neurophysiol. 113, 767–791)."
        )
    return methods | {"network": f"{evaluation.network}, SHA-256 {evaluation.fingerprint}."}


def _probabilities(evaluation: Evaluation) -> str:
    """How scores became probabilities, and probabilities decisions."""
    rule = evaluation.settings.decision
    if all(one is None for one in evaluation.calibrations):
        text = "The network’s own, a softmax over its scores."
    else:
        bias = " and a bias" if len(evaluation.answers) == 2 else ""
        text = (
            f"A softmax over the scores divided by a temperature{', plus a bias' if bias else ''}. The temperature"
            f"{bias} of each fold {'are' if bias else 'is'} fitted by maximum likelihood to at most {MOST_TRIALS:,} "
            f"trials of its training runs, held out in {evaluation.inner_folds} inner folds (Guo et al. 2017; Platt "
            "1999). The ceiling and the controls are not calibrated."
        )
    if rule.prior != "training":
        text += f" Classes are expected as often as the prior says: {rule.prior!r}."
    if rule.costs:
        text += f" Decisions are those of least expected cost; missing a class costs {dict(rule.costs)!r}, others 1."
    return text


def _rivals_choices(chosen: Sequence[Mapping[str, str]]) -> str:
    """What a classifier chose most often; empty where it had no choice."""
    texts = []
    for setting in chosen[0] if chosen else ():
        value, n = Counter(one[setting] for one in chosen).most_common(1)[0]
        texts.append(f"{setting} {value or 'none'} in {n} of {count(len(chosen), 'fold')}")
    return f" It chose {'; '.join(texts)}." if texts else ""


def _trials(evaluation: Evaluation) -> str:
    trials, n_events = evaluation.trials, len(np.unique(evaluation.trials.event))
    text = f"{count(len(trials), 'trial')} of {count(n_events, 'event')} in {count(len(np.unique(trials.run)), 'run')}."
    if n_events < len(trials):
        text += " Trials of the same event share samples; permutations and shuffles keep them together."
    if len(trials.left_out):
        text += f" {count(len(trials.left_out), 'event')} gave no trial, because the run did not hold the whole window."
    steps = ", ".join(map(repr, evaluation.settings.steps)) or "none"
    return f"{text} Steps: {steps}. Window: {evaluation.settings.window!r}."


def _cross_validation(evaluation: Evaluation, folds: Sequence[str], over: str) -> str:
    runs = [str(run) for run in np.unique(evaluation.trials.run).tolist()]
    if isinstance(evaluation.folds, Mapping) and "test" in evaluation.folds:
        how = (
            f"the study names the runs that are tested ({', '.join(runs)}); everything is chosen and fitted on all "
            "other runs"
        )
    elif evaluation.classes is not None:
        tested = "the runs that show them" if over == "trials" else "one run, of which it trains on nothing"
        how = (
            "each leaves whole classes out, so that no class that it tests was ever trained on, and tests them in "
            f"{tested}; what is chosen is chosen by leaving whole classes out, too"
        )
    else:
        single = sorted(folds) == sorted(runs)
        what = "one session" if over == "sessions" else "one run" if single else "several whole runs"
        how = f"each leaves {what} out, and no run is ever split between training and test"
    whiten = evaluation.settings.whiten
    whitening = "" if whiten == "none" else f", whitening ({WHITENING[whiten]})"
    text = f"{count(len(folds), 'fold')}; {how}. "
    text += f"In each, the adapter, its strength and its gain{whitening} are fitted anew."
    if evaluation.chosen[0]:
        by = "the area under the ROC curve" if "auc" in evaluation.decoder.measures else "pairwise accuracy"
        text += (
            f" {', '.join(evaluation.chosen[0]).capitalize()}: chosen in each fold anew, one after the other, by "
            f"{by} over {evaluation.inner_folds} inner folds of the training runs; what is said here of other "
            "settings is what they were before."
        )
    return text


def _decoding(evaluation: Evaluation) -> str:
    layer = "" if "layer" in evaluation.chosen[0] else f" ({evaluation.settings.layer})"
    adapter = " ".join(repr(evaluation.settings.adapter).split())
    others = (
        f" Rows of other readouts, by their own scores: {', '.join(evaluation.readouts)}."
        if evaluation.readouts
        else ""
    )
    return (
        "The adapter is a linear map (ridge regression) from brain activity to the activation of one layer of the "
        f"network{layer}: {adapter}. {RIDGE} Readout: {evaluation.settings.readout!r}."
        f"{DISCRIMINANT if evaluation.settings.readout.is_fitted else ''}{others}"
    )

"""How an evaluation was made, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from ..evaluation.controls import control_named
from ..evaluation.design import EvaluationDesign
from ..evaluation.result import Evaluation
from ..inner_folds import MOST_TRIALS
from ..statistics.measures import MEASURES
from .evaluation_trials import groups_of
from .methods import (
    CEILING,
    DISCRIMINANT,
    RIDGE,
    control_texts,
    in_a_line,
    measure_texts,
    refit_text,
    setting_texts,
    statistics_text,
    strengths_text,
)
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

JUDGED = {"nearest": "the nearest target in the layer", "readout": "the readout"}
"""What scores the values of a choice."""


def evaluation_methods(design: EvaluationDesign) -> dict[str, str]:
    """Methods by their headings: of a design what will be done, of an evaluation the same, with what it needed."""
    unit = groups_of(design).unit
    groups = "runs" if unit == "run" and design.classes is None else "folds"
    measures = design.measure_names
    methods = {
        **setting_texts(design.recording, design.settings, design.values_of),
        "trials": _trials(design),
        "cross-validation": _cross_validation(design),
        "decoding": _decoding(design),
        **measure_texts([name for name in MEASURES if name in measures], MEASURES),
        "statistics": statistics_text(design.over, groups, design.n_permutations)
        + " It is not corrected for several measures.",
        **({"refits": refit_text(design.n_refits)} if design.n_refits else {}),
        "ceiling": CEILING,
        **control_texts(design.control_names),
    }
    again = [name for name in design.control_names if control_named(name).fits_the_brain]
    if again and design.choose:
        methods["controls and choices"] = CONTROLS_REDO[design.controls_redo].format(", ".join(again))
    if design.control_names:
        methods["shuffles"] = f"Every mean over shuffles is the mean of {count(design.n_shuffles, 'shuffle')}."
    if design.main == "auc":
        methods["main measure"] = (
            "The AUC, because always giving the frequent answer is right in "
            f"{percent(design.chance('candidate').value)} % of the trials."
        )
    if design.main == "pairwise" and design.classes is None:
        methods["main measure"] = (
            f"Pairs, because always giving the most frequent of {len(design.answers)} answers is right in "
            f"{percent(design.chance('candidate').value)} % of the trials, far above an even share."
        )
    methods["probabilities"] = _probabilities(design)
    if design.classes is not None:
        methods["new classes"] = (
            "A fold’s training tells which classes are missing, so chance is what the best constant guess of each fold "
            "reaches, far above one half against any other."
        )
    if design.rivals:
        methods |= {one.name: f"{one.description}.{_rivals_choices(design, one.name)}" for one in design.rivals}
        methods["classifiers of the field"] = (
            "In each fold they are fitted on the decoder’s training trials. What the decoder chooses of steps, window "
            "and, for those that take them, features, each chooses for itself among the same values, over "
            f"{design.inner_folds} inner folds of the training runs, by the area under the ROC curve of two "
            "classes or by accuracy; there it chooses what is its own, too, such as a strength. Whitening is as the "
            "decoder has it in the fold. Differences are of the same trials; for their intervals the same runs are "
            "drawn for both. “Worse” and “better” mean that the interval lies on one side of zero. Intervals do not "
            "say what other training runs would change."
        )
    if design.seconds_per_trial is not None and design.main not in ("auc", "pairwise"):
        methods["bits per minute"] = (
            f"From the accuracy among the candidates, one decision every {design.seconds_per_trial:g} s, as if "
            "answers and errors were equally likely (Wolpaw et al. 2002, Clin. Neurophysiol. 113, 767–791)."
        )
    weights = f", SHA-256 {design.fingerprint}" if isinstance(design, Evaluation) else ""
    return methods | {"network": f"{design.network}{weights}."}


def _probabilities(design: EvaluationDesign) -> str:
    """How scores become probabilities, and probabilities decisions."""
    rule, calibrated = design.settings.decision, design.can_calibrate
    if isinstance(design, Evaluation):
        calibrated = any(one is not None for one in design.calibrations)
    if not calibrated:
        text = "The network’s own, a softmax over its scores."
    else:
        bias = " and a bias" if len(design.answers) == 2 else ""
        text = (
            f"A softmax over the scores divided by a temperature{', plus a bias' if bias else ''}. The temperature"
            f"{bias} of each fold {'are' if bias else 'is'} fitted by maximum likelihood to at most {MOST_TRIALS:,} "
            f"trials of its training runs, held out in {design.inner_folds} inner folds (Guo et al. 2017; Platt "
            "1999). The ceiling and the controls are not calibrated."
        )
    if rule.prior != "training":
        text += f" Classes are expected as often as the prior says: {rule.prior!r}."
    if rule.costs:
        text += f" Decisions are those of least expected cost; missing a class costs {dict(rule.costs)!r}, others 1."
    return text


def _rivals_choices(design: EvaluationDesign, name: str) -> str:
    """What a classifier chose most often; empty where it had no choice, or has not chosen yet."""
    texts, chosen = [], design.field[name].chosen if isinstance(design, Evaluation) else []
    for setting in chosen[0] if chosen else ():
        value, n = Counter(one[setting] for one in chosen).most_common(1)[0]
        texts.append(f"{setting} {value or 'none'} in {n} of {count(len(chosen), 'fold')}")
    return f" It chose {'; '.join(texts)}." if texts else ""


def _trials(design: EvaluationDesign) -> str:
    trials, n_events = design.trials, len(np.unique(design.trials.event))
    text = f"{count(len(trials), 'trial')} of {count(n_events, 'event')} in {count(len(np.unique(trials.run)), 'run')}."
    if n_events < len(trials):
        text += " Trials of the same event share samples; permutations and shuffles keep them together."
    if len(trials.left_out):
        text += f" {count(len(trials.left_out), 'event')} gave no trial, because the run did not hold the whole window."
    sizes = np.bincount(design.truth, minlength=len(design.answers))
    each = f"{sizes.min()}" if sizes.min() == sizes.max() else f"{sizes.min()} to {sizes.max()}"
    return f"{text} Each of {len(sizes)} classes has {each}."


def _cross_validation(design: EvaluationDesign) -> str:
    folds, over = design.fold_names, design.over
    runs = [str(run) for run in np.unique(design.trials.run).tolist()]
    if isinstance(design.folds, Mapping) and "test" in design.folds:
        how = (
            f"the study names the runs that are tested ({', '.join(runs)}); everything is chosen and fitted on all "
            "other runs"
        )
    elif design.classes is not None:
        tested = "the runs that show them" if over == "trials" else "one run, of which it trains on nothing"
        how = (
            "each leaves whole classes out, so that no class that it tests was ever trained on, and tests them in "
            f"{tested}; what is chosen is chosen by leaving whole classes out, too"
        )
    else:
        single = sorted(folds) == sorted(runs)
        what = "one session" if over == "sessions" else "one run" if single else "several whole runs"
        how = f"each leaves {what} out, and no run is ever split between training and test"
    whitens = design.values_of("whiten") or [design.settings.whiten]
    whitening = "" if set(whitens) == {"none"} else ", whitening"
    text = f"{count(len(folds), 'fold')}; {how}. "
    text += f"In each, the adapter, its strength and its gain{whitening} are fitted anew."
    if design.choose:
        by = "the area under the ROC curve" if "auc" in design.measure_names else "pairwise accuracy"
        names = ", ".join(f"{one.setting} (by {JUDGED[one.judge]})" for one in design.choose)
        text += (
            f" {names[0].upper()}{names[1:]}: chosen in each fold anew, one after the other, by "
            f"{by} over {design.inner_folds} inner folds of the training runs; what is said here of other "
            "settings is what they were before."
        )
    return text


def _decoding(design: EvaluationDesign) -> str:
    values = design.values_of("layer")
    layer = f" (chosen in each fold from {', '.join(values)})" if values else f" ({design.settings.layer})"
    adapters = design.values_of("adapter")
    held_out = "runs" if design.classes is None else "classes"
    adapter = "; ".join(
        f"{in_a_line(one)}, {strengths_text(one, held_out)}" for one in adapters or [design.settings.adapter]
    )
    readouts = design.values_of("readout")
    readout = "; ".join(map(repr, readouts or [design.settings.readout]))
    others = (
        f" Rows of other readouts, by their own scores: {', '.join(design.readout_names)}."
        if design.readout_names
        else ""
    )
    return (
        "The adapter is a linear map (ridge regression) from brain activity to the activation of one layer of the "
        f"network{layer}: {_each_fold(adapters)}{adapter}. {RIDGE} Readout: {_each_fold(readouts)}{readout}."
        f"{DISCRIMINANT if design.settings.readout.is_fitted else ''}{others}"
    )


def _each_fold(values: Sequence[object]) -> str:
    return "chosen in each fold from " if values else ""

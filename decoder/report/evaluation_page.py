"""The report: an evaluation as one HTML page that anybody can open, print and check."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...models.cache.files import write_whole
from ..bundle.versions import versions
from ..evaluation.result import Evaluation, Outcome
from ..readout import softmax
from ..statistics.auc import auc, has_auc
from ..statistics.confusion import confusion
from ..statistics.difference import Difference, in_words
from ..statistics.intervals import N_RESAMPLES
from ..statistics.measures import MEASURES, hit_table, pairwise
from .checks import Check, finding_checks, result_checks
from .evaluation_figures import confusion_figure, differences_figure, groups_figure, measures_figure, ranks_figure
from .page import page_path, rendered

MOST_IN_MATRIX = 24
MOST_TRIALS = 300
MOST_OTHERS = 12
N_CANDIDATES = 3


def write_report(
    evaluation: Evaluation,
    path: str | os.PathLike[str],
    *,
    title: str,
    recording: str,
    study_text: str | None = None,
    command: str | None = None,
    seconds: float | None = None,
) -> Path:
    """Write an evaluation as one HTML file that needs nothing else.

    The same evaluation gives the same bytes. The file is there whole or not at all.

    Parameters
    ----------
    evaluation : Evaluation
    path : path-like
        Replaced if it is there.
    title : str
    recording : str
        What was decoded from, in a few words.
    study_text : str, optional
        The study file.
    command : str, optional
        What makes the report again.
    seconds : float, optional
        How long the evaluation took.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        There is no such folder to write to.
    MissingExtraError
        jinja2 or matplotlib is not installed.
    """
    path = page_path(path)
    page = rendered(
        Path(__file__).with_name("evaluation.html"),
        title=title,
        recording=recording,
        study_text=study_text,
        command=command,
        seconds=seconds,
        versions=versions() | {"platform": platform.platform()},
        **_contents(evaluation),
    )
    return write_whole(path, page)


def answer_ranks(scores: ArrayLike) -> NDArray[np.float64]:
    """At which place each answer stands in each trial, 1 the best; equal scores share their mean place.

    Examples
    --------
    >>> answer_ranks([[0.1, 0.7, 0.2], [0.4, 0.4, 0.2]])
    array([[3. , 1. , 2. ],
           [1.5, 1.5, 3. ]])
    """
    from scipy.stats import rankdata

    return np.asarray(rankdata(-np.asarray(scores), method="average", axis=1), np.float64)


def _contents(evaluation: Evaluation) -> dict[str, Any]:
    """Everything the page says of an evaluation."""
    from markupsafe import Markup

    trials, n_answers = evaluation.trials, len(evaluation.answers)
    runs, per_run = np.unique(trials.run, return_counts=True)
    unit, groups = _groups(evaluation)
    matrix = n_answers <= MOST_IN_MATRIX
    said = _said(evaluation.decoder)
    names = [name for name in MEASURES if name in evaluation.decoder.measures]
    shown = np.arange(len(trials))
    if len(trials) > MOST_TRIALS:
        # Drawn, not every n-th: designs repeat their conditions at fixed distances.
        shown = np.sort(np.random.default_rng(0).choice(len(trials), MOST_TRIALS, replace=False))
    folds = _fold_names(evaluation)
    ranks = None if matrix else _rank_curves(evaluation, groups)
    return {
        "evaluation": evaluation,
        "main": evaluation.decoder.measures[evaluation.main],
        "measures": {name: MEASURES[name] for name in names},
        "rows": list(evaluation.rows()),
        "checks": _checks(evaluation),
        "n_events": len(np.unique(trials.event)),
        "steps": ", ".join(map(repr, evaluation.settings.steps)) or "none",
        "adapter": " ".join(repr(evaluation.settings.adapter).split()),
        "whitened": evaluation.settings.whiten == "samples",
        "layer_chosen": "layer" in evaluation.chosen[0],
        "n_runs": len(runs),
        "single_trial_runs": bool(per_run.max() == 1),
        "by_run": evaluation.classes is None and sorted(folds) == sorted(str(run) for run in runs.tolist()),
        "unit": unit,
        "others": _others(evaluation),
        "most_others": MOST_OTHERS,
        "chosen": _chosen(evaluation, folds),
        "ranks": None if ranks is None else _rank_summary(ranks, n_answers),
        "blocks": [_block(evaluation, said, int(i)) for i in shown],
        "n_right": int(np.count_nonzero(said == evaluation.truth)),
        "n_resamples": N_RESAMPLES,
        # matplotlib has escaped what it writes.
        "measures_svg": Markup(measures_figure([(name, one.measures) for name, one in evaluation.rows()], names).svg()),
        "confusion_svg": Markup(
            confusion_figure(
                confusion(evaluation.truth, said, n_answers),
                evaluation.answers,
                other=evaluation.decoder.said is not None,
            ).svg()
        )
        if matrix
        else None,
        "ranks_svg": None if ranks is None else Markup(ranks_figure(ranks, n_answers).svg()),
        "differences": _differences(evaluation),
        "differences_svg": Markup(differences_figure(_differences(evaluation), evaluation.compared_by).svg())
        if evaluation.field
        else None,
        "groups_svg": None if unit == "trial" else Markup(_groups_svg(evaluation, unit, groups)),
    }


def _checks(evaluation: Evaluation) -> list[Check]:
    """What a reader should look at before believing the result."""
    kinds = _shown_measures(evaluation)
    controls = {name: one.measures for name, one in evaluation.controls.items()}
    ceiling = evaluation.ceiling.measures[evaluation.main]
    checks = result_checks(evaluation.decoder.measures, ceiling, controls, kinds)
    compared = [
        Check(one.verdict != "worse", in_words(one, name, MEASURES[measure][:1].upper() + MEASURES[measure][1:]))
        for name, measure, one in evaluation.reported_differences()
    ]
    return checks + compared + finding_checks(evaluation.findings)


def _shown_measures(evaluation: Evaluation) -> list[str]:
    """The measures to judge by: that of unequal answers or new classes alone, else the main one and pairs."""
    return ["auc"] if evaluation.main == "auc" else list(dict.fromkeys([evaluation.main, "pairwise"]))


def _differences(evaluation: Evaluation) -> list[tuple[str, Difference]]:
    """The decoder's to each classifier of the field."""
    return [(name, one.differences[evaluation.compared_by]) for name, one in evaluation.field.items()]


def _groups(evaluation: Evaluation) -> tuple[str, NDArray]:
    """The smallest whole that holds more than one trial everywhere: runs, else folds, else all trials."""
    for unit, groups in (("run", evaluation.trials.run), ("fold", evaluation.fold + 1)):
        if np.unique(groups, return_counts=True)[1].min() > 1:
            return unit, groups
    return "trial", np.zeros(len(evaluation.truth), int)


def _groups_svg(evaluation: Evaluation, unit: str, groups: NDArray) -> str:
    rows = np.arange(len(evaluation.truth))
    outcome = evaluation.decoder
    counted = {
        "candidate": hit_table(outcome.scores)[rows, evaluation.truth],
        "pairwise": pairwise(outcome.scores, evaluation.truth, evaluation.classes),
    }
    if outcome.said is not None:
        counted["free"] = (outcome.said == evaluation.truth).astype(float)
    names = list(dict.fromkeys(groups.tolist())) if unit == "run" else np.unique(groups).tolist()

    def of_group(measure: str, which: NDArray) -> float:
        if measure != "auc":
            return counted[measure][which].mean()
        truth = evaluation.truth[which]
        return auc(outcome.scores[which], truth) if has_auc(truth, 2) else np.nan

    panels = {
        name: (
            [of_group(name, groups == group) for group in names],
            outcome.measures[name].value,
            outcome.measures[name].chance,
        )
        for name in _shown_measures(evaluation)
    }
    return groups_figure([str(name) for name in names], panels, unit=unit).svg()


def _said(outcome: Outcome) -> NDArray[np.intp]:
    return outcome.said if outcome.said is not None else outcome.scores.argmax(axis=1)


def _others(evaluation: Evaluation) -> list[tuple[str, int]]:
    """Free answers that are none of the answers, the most frequent first."""
    outcome = evaluation.decoder
    if outcome.texts is None or outcome.said is None:
        return []
    others = Counter(text for text, said in zip(outcome.texts, outcome.said, strict=True) if said < 0)
    return sorted(others.items(), key=lambda item: (-item[1], item[0]))


def _fold_names(evaluation: Evaluation) -> list[str]:
    """A fold that holds one run bears its name, any other its number, as do folds of whole classes."""
    if evaluation.classes is not None:
        return [str(fold + 1) for fold in range(len(evaluation.chosen))]
    names = []
    for fold in range(len(evaluation.chosen)):
        runs = np.unique(evaluation.trials.run[evaluation.fold == fold]).tolist()
        names.append(str(runs[0]) if len(runs) == 1 else str(fold + 1))
    return names


def _chosen(evaluation: Evaluation, folds: Sequence[str]) -> list[tuple[dict[str, str], list[str]]]:
    """Each combination of chosen settings with the folds that chose it, the most frequent first."""
    by_choice: dict[tuple, list[str]] = {}
    for name, chosen in zip(folds, evaluation.chosen, strict=True):
        if chosen:
            by_choice.setdefault(tuple(chosen.items()), []).append(name)
    return [(dict(choice), of) for choice, of in sorted(by_choice.items(), key=lambda item: -len(item[1]))]


def _rank_curves(evaluation: Evaluation, groups: NDArray) -> dict[str, tuple[NDArray, NDArray]]:
    """Ranks of the true answers with their weights; for chance, of all true answers of a trial's group."""
    rows, n_trials = np.arange(len(evaluation.truth)), len(evaluation.truth)
    even = np.full(n_trials, 1 / n_trials)
    ranks = answer_ranks(evaluation.decoder.scores)
    curves = {"decoder": (ranks[rows, evaluation.truth], even)}
    curves["ceiling"] = (answer_ranks(evaluation.ceiling.scores)[rows, evaluation.truth], even)
    codes = np.unique(groups, return_inverse=True)[1]
    exchanged = np.zeros((codes.max() + 1, ranks.shape[1]))
    np.add.at(exchanged, (codes, evaluation.truth), 1)
    exchanged /= exchanged.sum(axis=1, keepdims=True)
    curves["chance"] = (ranks.ravel(), exchanged[codes].ravel() / n_trials)
    return curves


def _rank_summary(curves: dict[str, tuple[NDArray, NDArray]], n_answers: int) -> dict[str, Any]:
    """Median ranks and the share of trials within the best k, for decoder, ceiling and chance."""
    best = [k for k in (1, 5, 10, 50) if k < n_answers]
    rows = {}
    for name, (ranks, weights) in curves.items():
        order = np.argsort(ranks, kind="stable")
        median = ranks[order][np.searchsorted(np.cumsum(weights[order]), 0.5 - 1e-9)]
        rows[name] = (float(median), [float(weights[ranks <= k].sum()) for k in best])
    return {"best": best, "rows": rows}


class _Candidate(NamedTuple):
    answer: str
    probability: float
    rank: int
    is_true: bool


class _Block(NamedTuple):
    run: str
    start_s: float
    stop_s: float
    shown: str
    stimulus: str | None
    said: str
    right: bool
    candidates: list[_Candidate]


def _block(evaluation: Evaluation, said: NDArray, i: int) -> _Block:
    trials, outcome, truth = evaluation.trials, evaluation.decoder, int(evaluation.truth[i])
    order = np.argsort(-outcome.scores[i], kind="stable").tolist()
    probability = softmax(outcome.scores[i])
    listed = order[:N_CANDIDATES] + [truth] * (truth not in order[:N_CANDIDATES])
    return _Block(
        run=str(trials.run[i]),
        start_s=float(trials.start_s[i]),
        stop_s=float(trials.stop_s[i]),
        shown=evaluation.answers[truth],
        stimulus=None if trials.stimulus is None else str(trials.stimulus[i]),
        said=evaluation.answers[said[i]] if outcome.texts is None else outcome.texts[i],
        right=bool(said[i] == truth),
        candidates=[
            _Candidate(evaluation.answers[c], float(probability[c]), order.index(c) + 1, c == truth) for c in listed
        ],
    )

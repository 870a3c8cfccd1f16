"""An evaluation trial by trial: each decision with its probability, and the rank of the true class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..evaluation.design import EvaluationDesign
from ..evaluation.result import Evaluation, Outcome
from ..statistics.auc import auc, has_auc
from ..statistics.measures import hit_table, pairwise
from .numbers import percent
from .result import Bar, Cell, Table

MOST_TRIALS = 300
N_CANDIDATES = 3


class Groups(NamedTuple):
    """The smallest unit that holds more than one trial everywhere: runs, else folds, else all trials."""

    unit: str
    of_trial: NDArray


def groups_of(evaluation: EvaluationDesign) -> Groups:
    """The groups of an evaluation's trials."""
    for unit, of_trial in (("run", evaluation.trials.run), ("fold", evaluation.fold + 1)):
        if np.unique(of_trial, return_counts=True)[1].min() > 1:
            return Groups(unit, of_trial)
    return Groups("trial", np.zeros(len(evaluation.truth), int))


def accuracy_by_group(evaluation: Evaluation, groups: Groups, measure: str) -> tuple[list, list[float]]:
    """The names of the groups, and a measure of the decoder in each."""
    outcome, truth, rows = evaluation.decoder, evaluation.truth, np.arange(len(evaluation.truth))
    names = list(dict.fromkeys(groups.of_trial.tolist()))
    names = names if groups.unit == "run" else sorted(names)
    members = [groups.of_trial == name for name in names]
    if measure == "auc":
        return names, [auc(outcome.scores[of], truth[of]) if has_auc(truth[of], 2) else np.nan for of in members]
    counted = {
        "candidate": lambda: hit_table(outcome.preferred)[rows, truth],
        "pairwise": lambda: pairwise(outcome.scores, truth, evaluation.classes),
        "free": lambda: answers_of(outcome) == truth,
    }[measure]()
    return names, [float(counted[of].mean()) for of in members]


def answers_of(outcome: Outcome) -> NDArray[np.intp]:
    """The decision in each trial, (n_trials,): -1 for a free answer that is none of the classes."""
    return outcome.said if outcome.said is not None else outcome.chosen


def answer_ranks(scores: ArrayLike) -> NDArray[np.float64]:
    """The rank of each class in each trial, 1 the best; equal scores share their mean rank.

    Examples
    --------
    >>> answer_ranks([[0.1, 0.7, 0.2], [0.4, 0.4, 0.2]])
    array([[3. , 1. , 2. ],
           [1.5, 1.5, 3. ]])
    """
    from scipy.stats import rankdata

    return np.asarray(rankdata(-np.asarray(scores), method="average", axis=1), np.float64)


def rank_curves(evaluation: Evaluation, groups: Groups) -> dict[str, tuple[NDArray, NDArray]]:
    """Ranks of the true classes with their weights; for chance, of all true classes of a trial's group."""
    rows, n_trials = np.arange(len(evaluation.truth)), len(evaluation.truth)
    even = np.full(n_trials, 1 / n_trials)
    ranks = answer_ranks(evaluation.decoder.scores)
    codes = np.unique(groups.of_trial, return_inverse=True)[1]
    exchanged = np.zeros((codes.max() + 1, ranks.shape[1]))
    np.add.at(exchanged, (codes, evaluation.truth), 1)
    exchanged /= exchanged.sum(axis=1, keepdims=True)
    return {
        "decoder": (ranks[rows, evaluation.truth], even),
        "ceiling": (answer_ranks(evaluation.ceiling.scores)[rows, evaluation.truth], even),
        "chance": (ranks.ravel(), exchanged[codes].ravel() / n_trials),
    }


def ranks_table(curves: dict[str, tuple[NDArray, NDArray]], n_answers: int) -> Table:
    """Median ranks and the share of trials within the best k, for decoder, ceiling and chance."""
    best = [k for k in (1, 5, 10, 50) if k < n_answers]
    rows = []
    for name, (ranks, weights) in curves.items():
        order = np.argsort(ranks, kind="stable")
        median = ranks[order][np.searchsorted(np.cumsum(weights[order]), 0.5 - 1e-9)]
        rows.append([name, f"{median:g}", *(percent(weights[ranks <= k].sum()) for k in best)])
    caption = "Median rank of the true answer, and share of trials, in per cent, with it among the best k."
    return Table(["", "median rank", *(f"best {k}" for k in best)], rows, caption, bold=0)


def trials_table(evaluation: Evaluation) -> Table:
    """The decision in each trial, and the probabilities of the candidates; a random sample of many trials."""
    trials, outcome, answers = evaluation.trials, evaluation.decoder, evaluation.answers
    said, drawn = answers_of(outcome), np.arange(len(trials))
    if len(trials) > MOST_TRIALS:
        # Drawn, not every n-th: designs repeat their conditions at fixed distances.
        drawn = np.sort(np.random.default_rng(0).choice(len(trials), MOST_TRIALS, replace=False))
    rows: list[list[Cell]] = []
    for i in drawn.tolist():
        truth = int(evaluation.truth[i])
        stimulus = "" if trials.stimulus is None else str(trials.stimulus[i])
        rows.append(
            [
                str(trials.run[i]),
                f"{trials.start_s[i]:.1f} – {trials.stop_s[i]:.1f}",
                answers[truth] if stimulus in ("", answers[truth]) else f"{answers[truth]} ({stimulus})",
                bool(said[i] == truth),
                answers[said[i]] if outcome.texts is None else outcome.texts[i],
                _bars(answers, evaluation.probabilities[i], truth),
            ]
        )
    caption = (
        f"{np.count_nonzero(said == evaluation.truth):,} of {len(trials):,} trials right. Bars: probability among "
        f"the candidates, the {N_CANDIDATES} likeliest; the true answer is underlined, and added with its rank where "
        "it is not among them."
    )
    if len(drawn) < len(trials):
        caption += f" Below are {len(drawn)}, drawn at random; {len(trials) - len(drawn):,} are left out."
    return Table(("run", "seconds", "shown", "", "said" if outcome.texts else "chosen", "candidates"), rows, caption)


def _bars(answers: tuple[str, ...], probability: NDArray, truth: int) -> list[Bar]:
    order = np.argsort(-probability, kind="stable").tolist()
    best = order[:N_CANDIDATES]
    bars = []
    for one in best + [truth] * (truth not in best):
        rank = "" if one in best else f"#{order.index(one) + 1} "
        bars.append(Bar(answers[one], float(probability[one]), f"{rank}{100 * probability[one]:.0f} %", one == truth))
    return bars

"""Scores of decisions and activations over all held-out runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...evaluation.scorer import Scorer
from ...statistics.bits import transfer
from ...statistics.calibration import log_scores
from ...statistics.chance import Chance, is_unequal
from ...statistics.intervals import rate_interval
from ...statistics.measures import measure
from ...statistics.permutation import exceedance, exchanged_within, exchanges
from ...targets import Targets
from ...windows import Trials
from .activations import Activations, answer_table, shifted
from .latency import EventDecisions
from .result import Comparison, EventScores, HeldOutRun, Quartiles, Rate
from .spans import Spans

N_MOVES = 200
"""How many times activations are shifted, to estimate what luck gives."""


def event_scores(
    held_out: Sequence[HeldOutRun], shuffled: NDArray[np.intp], n_answers: int, *, has_rest: bool, seed: int
) -> EventScores:
    """Score activations by the events.

    `shuffled` (n_permutations, n_events) has the correct classes of all events, exchanged. `has_rest` says whether
    activations while no event holds can be counted.
    """
    table = np.concatenate([answer_table(one.activations, len(one.spans), n_answers) for one in held_out])
    truth = np.concatenate([one.spans.truth for one in held_out])
    runs = np.repeat(np.array([one.decisions.run for one in held_out]), [len(one.spans) for one in held_out])
    rows = np.arange(len(truth))
    chance = Chance(float(table[rows, shuffled].mean()), "the same activations with classes exchanged within runs")
    right = measure(table, truth, runs, shuffled, chance=chance, counts="decisions")
    activated = table.any(axis=1)
    moved = _moved(held_out, np.random.default_rng(seed)) if has_rest else None
    return EventScores(
        n=len(truth),
        right=right,
        wrong=float(activated.mean() - right.value),
        missed=float(1 - activated.mean()),
        moved=float("nan") if moved is None else float(moved[:, 0].mean()),
        p_moved=float("nan") if moved is None else exceedance(right.value, moved[:, 0]),
        seconds=_quartiles(np.concatenate([_seconds_to_right(one.activations, one.spans) for one in held_out])),
        false=None if moved is None else _false_rate(held_out, float(moved[:, 1].mean())),
        transfer=transfer(table[rows, truth][activated], truth[activated], _seconds_each(held_out), n_answers),
    )


def compared(
    targets: Targets,
    offline: tuple[Trials, NDArray[np.intp], NDArray],
    covering: EventDecisions,
    fold_of: Mapping[Any, int],
    latency_s: float,
    n_permutations: int,
    seed: int,
) -> Comparison:
    """Compare decisions on a stream with those on the windows of the events.

    `offline` has trials, their correct classes and the probabilities of all classes. `covering` has for each event the
    decision, `latency_s` after its onset, whose window just covers the event's own.
    """
    trials, truth, probabilities = offline
    n_answers = len(targets.answers)

    def measures(probabilities: NDArray, truth: NDArray, run: NDArray, event: NDArray) -> Any:
        orders = exchanges(exchanged_within(run, fold_of), event, n_permutations, seed=seed)
        fold = np.array([fold_of[one] for one in run.tolist()], np.intp)
        return Scorer(targets, truth, run, fold, truth[orders]).outcome([(log_scores(probabilities), None)]).measures

    return Comparison(
        latency_s=latency_s,
        offline=measures(probabilities, truth, trials.run, trials.event),
        pseudo_online=measures(covering.probabilities, covering.truth, covering.run, covering.event),
        n_offline=len(truth),
        n_pseudo_online=len(covering),
        main="auc" if n_answers == 2 and is_unequal(truth, 2) else "candidate",
        transfer=transfer(covering.hits, covering.truth, latency_s, n_answers),
    )


def _moved(held_out: Sequence[HeldOutRun], rng: np.random.Generator) -> NDArray[np.float64]:
    """Share of right events and false activations per minute, (n_moves, 2), with activations shifted in each run."""
    n_events = sum(len(one.spans) for one in held_out)
    minutes = sum(one.rest_s for one in held_out) / 60
    counts = np.zeros((N_MOVES, 2))
    for one in held_out:
        for move, by_s in enumerate(rng.uniform(0, one.end_s - one.begin_s, N_MOVES).tolist()):
            moved = shifted(one.activations, one.spans, by_s, one.begin_s, one.end_s)
            counts[move] += moved.n_first_right(one.spans.truth)[0], moved.n_at_rest
    return counts / [n_events, minutes]


def _false_rate(held_out: Sequence[HeldOutRun], luck: float) -> Rate:
    count = np.array([one.activations.n_at_rest for one in held_out], np.float64)
    minutes = np.array([one.rest_s for one in held_out]) / 60
    low, high = rate_interval(count, minutes)
    return Rate(float(count.sum() / minutes.sum()), low, high, luck, float(minutes.sum()))


def _seconds_to_right(activations: Activations, spans: Spans) -> NDArray[np.float64]:
    first = activations.first_right(spans.truth)
    some = first >= 0
    return activations.time_s[first[some]] - spans.onset_s[some]


def _quartiles(seconds: NDArray[np.float64]) -> Quartiles:
    return Quartiles(*np.percentile(seconds, [25, 50, 75]).tolist()) if len(seconds) else Quartiles(*[float("nan")] * 3)


def _seconds_each(held_out: Sequence[HeldOutRun]) -> float:
    """Seconds per activation: all time from onsets until the first activation, or until events without one were over.

    Where events follow each other faster than they are decided on, shared time counts once.
    """
    taken_s, n_activated = 0.0, 0
    for one in held_out:
        first = one.activations.first(len(one.spans))
        n_activated += int(np.count_nonzero(first >= 0))
        end_s = np.where(first >= 0, np.append(one.activations.time_s, 0.0)[first], one.spans.stop_s)
        free_s = np.maximum.accumulate(np.append(-np.inf, end_s[:-1]))
        taken_s += float(np.maximum(0.0, end_s - np.maximum(one.spans.onset_s, free_s)).sum())
    return taken_s / n_activated if n_activated else float("nan")

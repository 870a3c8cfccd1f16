"""The audit of the order of trials: whether the run, or the position in it, predicts a label without the brain."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...finding import Finding
from ...statistics.permutation import exceedance, exchanges, p_of_count
from ...targets import Targets
from ...windows import Trials

N_PERMUTATIONS = 999

MOSTLY = 0.75
"""From this kappa on a label counts as predicted."""

SIGNIFICANT = 0.005
"""Two tests at this level report one clean random design in a hundred at most."""

BLOCKED = 0.05
"""A design has blocks if at most this share of shuffles gives so few stretches of one label."""

CELLS_AT_ONCE = 1_000_000


def order_findings(trials: Trials, targets: Targets, fold: NDArray[np.intp]) -> tuple[Finding, Finding]:
    """Does the run of a trial, or its position within it, predict its label? `fold` (n_trials,) tests each trial."""
    event, first = np.unique(trials.event, return_index=True)
    first = first[event >= 0]
    first = first[np.argsort(trials.start_s[first], kind="stable")]
    run, fold = trials.run[first], fold[first]
    if len(np.unique(run)) == len(run):
        why = "Every run is a single trial, without an order."
        return Finding("label by run", "fine", why), Finding("label by position", "fine", why)
    label = targets.truth()[targets.key_of(trials)][first]
    return (
        _finding("label by run", predicted_by_run(label, run), "Two trials of the same run", "of different runs"),
        _finding(
            "label by position",
            predicted_by_position(label, run, fold),
            "Two trials at the same place of runs in different folds",
            "at any places",
        ),
    )


def _finding(check: str, prediction: LabelPrediction | None, alike: str, any_two: str) -> Finding:
    if prediction is None:
        return Finding(check, "fine", "There is nothing to compare.")
    whole_blocks = f"; with whole blocks of trials as one, {prediction.p_blocks:.2g}"
    blocks = "" if prediction.p_blocks == prediction.p_value else whole_blocks
    reason = (
        f"{alike} have the same label in {100 * prediction.agreement:.1f} % of the pairs, {any_two} in "
        f"{100 * prediction.chance:.1f} % (p = {prediction.p_value:.2g}{blocks})."
    )
    if prediction.p_value > SIGNIFICANT:
        return Finding(check, "fine", reason)
    if prediction.kappa >= MOSTLY:
        return Finding(check, "leak", reason)
    return Finding(check, "warning" if prediction.p_blocks <= SIGNIFICANT else "fine", reason)


class LabelPrediction(NamedTuple):
    """How well something other than the brain predicts a trial's label.

    `agreement` is how often two trials that share it have the same label, `chance` how often any two trials have.
    `p_value` is how often labels exchanged trial by trial agree at least as well. `p_blocks` is the same for labels
    exchanged in whole blocks, where the design has blocks of trials in a row: trials of one block agree without
    predicting anything.
    """

    agreement: float
    chance: float
    p_value: float
    p_blocks: float

    @property
    def kappa(self) -> float:
        """0 for no prediction, 1 for a perfect one (Cohen 1960, Educ. Psychol. Meas. 20, 37-46)."""
        return (self.agreement - self.chance) / (1 - self.chance) if self.chance < 1 else 0.0


def agreement(labels: ArrayLike, group: ArrayLike, apart: ArrayLike) -> float:
    """How often two trials whose `group` is the same and `apart` is not have the same label; NaN without such pairs.

    Examples
    --------
    >>> agreement(["cat", "dog", "cat", "dog"], group=[1, 2, 1, 2], apart=["a", "a", "b", "b"])
    1.0
    """
    codes = np.unique(np.asarray(labels), return_inverse=True)[1]
    return float(_Pairs(group, apart).agreement(codes[None])[0])


def predicted_by_run(labels: NDArray, run: NDArray, *, seed: int = 0) -> LabelPrediction | None:
    """How well the run alone predicts the label: pairs of trials of one run, against pairs of different runs.

    Trials are in the order of time within each run. None where there is nothing to compare: a single run or label, or
    no run with two trials.
    """
    everything, trial = np.zeros(len(run), np.intp), np.arange(len(run))
    return _predicted(labels, run, _Pairs(run, trial), _Pairs(everything, run), everything, seed)


def predicted_by_position(labels: NDArray, run: NDArray, fold: NDArray, *, seed: int = 0) -> LabelPrediction | None:
    """How well a trial's position in its run predicts the label, by trials of other folds at the same position.

    Trials are in the order of time within each run. None where there is nothing to compare: a single fold or label, or
    no position that two folds share.
    """
    everything = np.zeros(len(run), np.intp)
    return _predicted(labels, run, _Pairs(position_in(run), fold), _Pairs(everything, fold), run, seed)


def position_in(run: ArrayLike) -> NDArray[np.intp]:
    """The position of each trial within its run, counted from 0.

    Examples
    --------
    >>> position_in([1, 1, 2, 1, 2])
    array([0, 1, 0, 2, 1])
    """
    codes = np.unique(np.asarray(run), return_inverse=True)[1]
    order = np.argsort(codes, kind="stable")
    size = np.bincount(codes)
    position = np.empty(len(codes), np.intp)
    position[order] = np.arange(len(codes)) - np.repeat(np.cumsum(size) - size, size)
    return position


class _Pairs:
    """Pairs of trials of the same group and different `apart`, counted without listing them."""

    def __init__(self, group: ArrayLike, apart: ArrayLike) -> None:
        self._group = np.unique(np.asarray(group), return_inverse=True)[1]
        apart_codes = np.unique(np.asarray(apart), return_inverse=True)[1]
        together = self._group * (apart_codes.max(initial=0) + 1) + apart_codes
        self._together = np.unique(together, return_inverse=True)[1]
        alike = np.zeros((1, len(together)), np.intp)
        self.n = int(_squares(self._group, alike)[0] - _squares(self._together, alike)[0])

    def agreement(self, codes: NDArray[np.intp]) -> NDArray[np.float64]:
        """For each list of labels (n_lists, n_trials), the share of the pairs that agree."""
        agreeing = _squares(self._group, codes) - _squares(self._together, codes)
        return agreeing / self.n if self.n else np.full(len(codes), np.nan)


def _squares(group: NDArray[np.intp], codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """For each list of labels, the sum over groups and labels of the number of trials, squared."""
    n_groups, n_labels = group.max(initial=-1) + 1, codes.max(initial=-1) + 1
    if n_groups == len(group):
        return np.full(len(codes), len(group))
    squares = np.empty(len(codes), np.intp)
    at_once = max(1, CELLS_AT_ONCE // max(1, n_groups * n_labels))
    for first in range(0, len(codes), at_once):
        part = codes[first : first + at_once]
        cells = (np.arange(len(part))[:, None] * n_groups + group) * n_labels + part
        counts = np.bincount(cells.ravel(), minlength=len(part) * n_groups * n_labels)
        squares[first : first + at_once] = (counts.reshape(len(part), -1) ** 2).sum(axis=1)
    return squares


def _predicted(
    labels: NDArray, run: NDArray, alike: _Pairs, any_two: _Pairs, within: NDArray, seed: int
) -> LabelPrediction | None:
    codes = np.unique(labels, return_inverse=True)[1]
    if not (alike.n and any_two.n) or codes.max() == 0:
        return None

    def p_value(units: NDArray) -> float:
        shuffled = codes[exchanges(within, units, N_PERMUTATIONS, seed=seed)]
        lift = alike.agreement(shuffled) - any_two.agreement(shuffled)
        return exceedance(agreeing - any_agree, lift)

    [agreeing], [any_agree] = alike.agreement(codes[None]), any_two.agreement(codes[None])
    p_trials = p_value(np.arange(len(codes)))
    blocks = _blocks(codes, run, seed)
    return LabelPrediction(float(agreeing), float(any_agree), p_trials, p_trials if blocks is None else p_value(blocks))


def _blocks(codes: NDArray[np.intp], run: NDArray, seed: int) -> NDArray[np.intp] | None:
    """Number the stretches of trials in a row, within a run, that have the same label.

    None where shuffled trials would give about as many: then the design has no blocks.
    """
    run_codes = np.unique(run, return_inverse=True)[1]
    order = np.argsort(run_codes, kind="stable")
    new_run = np.diff(run_codes[order]) != 0

    def new(of: NDArray[np.intp]) -> NDArray[np.bool_]:
        return new_run | (np.diff(of[..., order]) != 0)

    shuffled = codes[exchanges(run, np.arange(len(codes)), N_PERMUTATIONS, seed=seed)]
    as_few = int(np.count_nonzero(new(shuffled).sum(axis=1) <= new(codes).sum()))
    if p_of_count(as_few, N_PERMUTATIONS) > BLOCKED:
        return None
    blocks = np.empty(len(codes), np.intp)
    blocks[order] = np.concatenate([[0], np.cumsum(new(codes))])
    return blocks

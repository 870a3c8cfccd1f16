"""Evaluate how well continuous targets are decoded: cross-validated over runs, beside the field's filters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....adapters.other.delayed import DelayedAdapter
from ....errors import UnknownNameError
from ...evaluation.refit import N_REFITS
from ...evaluation.threads import in_parallel
from ...recordings.recording import Recording
from ...run_splits import RunFolds, session_of
from ...statistics.regression import PredictedTargets, mean_of_dims, r2_difference, regression_measures
from ...steps import Step
from .filters import FIELD, FilterFold, FilterSettings, ridge
from .kalman import Floats
from .preparation import LAGS, prepare_kinematics
from .result import FilterOutcome, KinematicsEvaluation
from .targets import Kinematics

SHIFTED, OTHER_RUNS = "shifted in time", "targets of other runs"
AT_ONCE = 50
"""Shifted targets that are fitted together."""

Paired = Callable[[Floats, NDArray], Floats]
"""Targets (n_samples, n_dims) and runs, to targets paired otherwise."""


class _Fitted(NamedTuple):
    test: NDArray[np.bool_]
    fold: FilterFold
    predicted: Floats
    adapter: DelayedAdapter


def evaluate_kinematics(
    recording: Recording,
    targets: Kinematics,
    *,
    lags: Sequence[int] = LAGS,
    steps: Sequence[Step] = (),
    alphas: Sequence[float] | None = None,
    folds: RunFolds = "run",
    n_shuffles: int = 5,
    n_permutations: int = N_REFITS,
    seed: int = 0,
    field: Sequence[str] = tuple(FIELD),
) -> KinematicsEvaluation:
    """Cross-validate a linear decoder of continuous targets over runs, without any network.

    The decoder is a ridge on delayed activity. Each fold standardises activity by its training runs and chooses the
    strength by leaving these out in turn (of a single one, contiguous parts). Samples whose delayed activity begins
    before their run are not scored, so what is behind a scored sample and what was trained on never overlap.

    Parameters
    ----------
    recording : Recording
        Activity of the brain: counts of spikes in bins, say, or the power of bands.
    targets : Kinematics
        Of each sample after the steps, their mean in its time is predicted.
    lags : sequence of int
        In samples after the steps: with 2, activity two samples before. Negative ones look ahead.
    steps : sequence of Step
        Of activity alone.
    alphas : sequence of float, optional
        Strengths to choose from. Default: a grid on the scale of the features.
    folds : "run", "session" or int
        As for `hotwire.decoder.evaluate`.
    n_shuffles : int
        How many times runs get the targets of other runs.
    n_permutations : int
        Shifts of the targets within runs, from which p is: each time the decoder is fitted anew, with the strength
        that was chosen for the true targets.
    seed : int
    field : sequence of str
        Filters to compare with: ``"wiener"``, ``"kalman"``.

    Returns
    -------
    KinematicsEvaluation

    Raises
    ------
    InputError
        Fewer than two runs, or targets that do not vary.
    LeakError
        Two runs hold the same samples, or a feature is a target.
    RecordingError
        A sample has no target, or a run is shorter than the lags.
    UnknownNameError
        There is no such filter.
    """
    for name in field:
        if name not in FIELD:
            raise UnknownNameError("filter", name, FIELD)
    made = prepare_kinematics(recording, targets, lags=lags, steps=steps, alphas=alphas, folds=folds, seed=seed)
    prepared, truth, scored, held_out, settings = made.recording, made.truth, made.scored, made.held_out, made.settings
    activity, runs = prepared.data.astype(np.float64), prepared.run
    fits = [partial(_fitted, activity, truth, runs, one, settings) for one in held_out]
    fitted = in_parallel(fits, "cross-validation")
    # What intervals are over.
    units = np.array([session_of(run) for run in runs.tolist()]) if folds == "session" else runs
    mean = np.empty_like(truth)
    for one in fitted:
        mean[one.test] = one.fold.targets.mean(axis=0)

    def outcome(predicted: Sequence[Floats], null: dict[str, NDArray] | None = None) -> FilterOutcome:
        found = _predicted(truth, fitted, predicted, mean, units, scored)
        values = {name: of.tolist() for name, of in found.values().items()}
        return FilterOutcome(found, regression_measures(found, null), values)

    rng = np.random.default_rng(seed)
    shifts = [partial(shifted, seed=int(one)) for one in rng.integers(2**31, size=n_permutations)]
    null = _null(fitted, truth, mean, runs, scored, shifts)
    decoder = outcome([one.predicted for one in fitted], null)
    controls = {SHIFTED: {name: float(np.nanmean(of)) for name, of in null.items()}}
    if min(len(set(one.fold.runs.tolist())) for one in fitted) > 1:
        paired = [partial(of_other_runs, seed=int(one)) for one in rng.integers(2**31, size=n_shuffles)]
        others = [outcome(predicted).found for predicted in _refitted(fitted, paired)]
        controls[OTHER_RUNS] = {
            name: float(np.mean([mean_of_dims(one.values()[name]) for one in others])) for name in null
        }
    calls = [partial(FIELD[name], one.fold, settings) for name in field for one in fitted]
    decided = iter(in_parallel(calls, "filters of the field"))
    peers, chosen = {}, {}
    for name in field:
        made = [next(decided) for _ in fitted]
        peers[name], chosen[name] = outcome([one for one, _ in made]), [of for _, of in made]
    return KinematicsEvaluation(
        names=targets.names,
        quantity=targets.quantity,
        settings=settings,
        steps=tuple(steps),
        time_s=np.concatenate([np.arange(n) for n in prepared.run_lengths().values()])[scored] / prepared.rate_hz,
        run=runs[scored],
        fold_runs=tuple(tuple(one) for one in held_out),
        folds=folds,
        decoder=decoder,
        controls=controls,
        field=peers,
        differences={name: r2_difference(decoder.found, one.found) for name, one in peers.items()},
        chosen=chosen,
        alphas=tuple(float(np.ravel(one.adapter.alpha_)[0]) for one in fitted),
        at_edge=tuple(bool(np.any(one.adapter.alpha_at_edge_)) for one in fitted),
        n_permutations=n_permutations,
        n_shuffles=n_shuffles,
    )


def shifted(targets: Floats, runs: NDArray, *, seed: int) -> Floats:
    """Targets moved in a circle within each run, by a number of samples that is drawn for each.

    Every number is as likely as any other, also none: so if nothing relates activity and targets, all are alike.
    """
    rng, moved = np.random.default_rng(seed), np.empty_like(targets)
    for run in dict.fromkeys(runs.tolist()):
        rows = np.flatnonzero(runs == run)
        moved[rows] = np.roll(targets[rows], rng.integers(len(rows)), axis=0)
    return moved


def of_other_runs(targets: Floats, runs: NDArray, *, seed: int) -> Floats:
    """The targets of another run for each, from its beginning; a shorter one begins again."""
    names = list(dict.fromkeys(runs.tolist()))
    order = np.random.default_rng(seed).permutation(len(names))
    other, moved = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True)), np.empty_like(targets)
    for i, run in enumerate(names):
        rows, theirs = np.flatnonzero(runs == run), np.flatnonzero(runs == names[other[i]])
        moved[rows] = targets[theirs[np.arange(len(rows)) % len(theirs)]]
    return moved


def _fitted(
    activity: Floats, truth: Floats, runs: NDArray, held_out: Sequence[Any], settings: FilterSettings
) -> _Fitted:
    fold = FilterFold.of(activity, truth, runs, held_out)
    return _Fitted(np.isin(runs, held_out), fold, *ridge(fold, settings))


def _refitted(fitted: Sequence[_Fitted], paired: Sequence[Paired]) -> list[list[Floats]]:
    """For each pairing, what each fold predicts if its training has these targets; strengths stay as chosen."""
    by_fold = in_parallel([partial(_refit, one, paired) for one in fitted], "other pairings")
    return [[of_fold[i] for of_fold in by_fold] for i in range(len(paired))]


def _refit(one: _Fitted, paired: Sequence[Paired]) -> list[Floats]:
    every = np.hstack([pair(one.fold.targets, one.fold.runs) for pair in paired])
    adapter = DelayedAdapter(one.adapter.lags, [float(np.ravel(one.adapter.alpha_)[0])])
    adapter.fit(one.fold.activity, every, groups=one.fold.groups)
    predicted = np.asarray(adapter.predict(one.fold.test_activity, groups=one.fold.test_runs), np.float64)
    return np.split(predicted, len(paired), axis=1)


def _null(
    fitted: Sequence[_Fitted],
    truth: Floats,
    mean: Floats,
    runs: NDArray,
    scored: NDArray[np.bool_],
    shifts: Sequence[Paired],
) -> dict[str, NDArray]:
    """Each measure after training and held-out targets were shifted together, (n_permutations,)."""
    values = []
    for first in range(0, len(shifts), AT_ONCE):
        some = shifts[first : first + AT_ONCE]
        whole = [shift(truth, runs) for shift in some]
        by_fold = in_parallel([partial(_refit_to, one, whole) for one in fitted], "shifts in time")
        for i, moved in enumerate(whole):
            found = _predicted(moved, fitted, [of_fold[i] for of_fold in by_fold], mean, runs, scored)
            values.append({name: mean_of_dims(of) for name, of in found.values().items()})
    return {name: np.array([one[name] for one in values]) for name in values[0]}


def _refit_to(one: _Fitted, whole: Sequence[Floats]) -> list[Floats]:
    return _refit(one, [lambda _, __, moved=moved: moved[~one.test] for moved in whole])


def _predicted(
    truth: Floats,
    fitted: Sequence[_Fitted],
    predicted: Sequence[Floats],
    mean: Floats,
    units: NDArray,
    scored: NDArray[np.bool_],
) -> PredictedTargets:
    every = np.empty_like(truth)
    for one, of_fold in zip(fitted, predicted, strict=True):
        every[one.test] = of_fold
    return PredictedTargets(truth[scored], every[scored], mean[scored], units[scored])

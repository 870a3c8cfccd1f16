"""Everything of an evaluation that needs no network: its arguments checked, trials cut, folds made, the audit.

It is done before the network is opened, so that what cannot work fails in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, UnknownNameError
from ..bundle.graph import check_causal
from ..fit_findings import sizes_findings
from ..readouts.readout import Readout
from ..recordings.recording import Recording
from ..settings import Settings
from ..statistics.permutation import N_PERMUTATIONS, exchanged_within, null_orders
from ..targets import Targets
from ..windows import require_trials
from .audit.leaks import Policy, check_policy, refuse
from .audit.leaks import audit as look_for_leaks
from .choices import Choice, check_choices, tried_windows, values_tried
from .controls import CONTROLS, control_named
from .design import EvaluationDesign
from .engine import Engine
from .prepared import prepared_for
from .refit import N_REFITS
from .rivals.base import Rival
from .rivals.catalogue import rival_named
from .rivals.compare import check_rival
from .rivals.inputs import shape_of
from .searched import Redo
from .splits import CUT, Folds, HeldOut, by_class, check_folds, splits_of
from .trial_data import TrialData

Permute = Literal["fixed", "refit"]


@dataclass(frozen=True)
class Arguments:
    """The arguments of `evaluate`, which says what they mean."""

    folds: Folds = "run"
    choose: Sequence[Choice] = ()
    inner_folds: int = 4
    controls: Sequence[str] = CONTROLS
    controls_redo: Redo = "fit"
    n_shuffles: int = 5
    n_permutations: int | None = None
    permute: Permute = "fixed"
    seed: int = 0
    audit: Policy = "refuse"
    field: Sequence[str | Mapping[str, Any] | Rival] = ()
    readouts: Sequence[Readout] = ()
    seconds_per_trial: float | None = None
    engine: Engine = "network"


@dataclass(frozen=True)
class Preparation:
    """An evaluation that can begin as soon as the network is there.

    Attributes
    ----------
    data : TrialData
    design : EvaluationDesign
    arguments : Arguments
    splits : list of HeldOut
        What each fold holds out.
    rows : array (n_tested,) of int
        Positions of the tested trials among all.
    fold_of : dict
        The number of the fold that tests each run; -1 of one that no fold tests.
    orders : array (n_permutations, n_tested) of int
        Exchanges of the tested trials.
    readouts : dict of str to Readout
        Other readouts than the decoder's, by the names of their rows.
    """

    data: TrialData
    design: EvaluationDesign
    arguments: Arguments
    splits: list[HeldOut]
    rows: NDArray[np.intp]
    fold_of: dict[Any, int]
    orders: NDArray[np.intp]
    readouts: dict[str, Readout]


def prepare(
    targets: Targets, settings: Settings, recording: Recording, arguments: Arguments, network: str
) -> Preparation:
    """Check arguments, cut trials, make folds and look for leaks; errors and warnings are those of `evaluate`.

    `network` is its name.
    """
    a = arguments
    rivals, readouts = _checked(a, settings)
    if a.engine == "bundle":
        check_causal(settings.steps)
    # A bundle is of the recording's own features.
    can_be_other = a.engine == "network"
    prepared = prepared_for(recording, values_tried(settings, a.choose)) if can_be_other else None
    data = TrialData(targets, recording, prepared)
    trials = data.trials(settings)
    require_trials(trials)
    truth = data.truth(trials)
    splits, classes = splits_of(recording.runs, trials.run, truth, a.folds, seed=a.seed)
    _check_training(targets.answers, splits, trials.run, truth)
    _check_strengths(settings, recording, splits)
    check_choices(data, settings, a.choose, splits, a.inner_folds)
    runs_of = list(dict.fromkeys(one.runs for one in splits))
    in_no_fold = tuple(run for run in recording.runs if not any(run in runs for runs in runs_of))
    tried = [(data.trials(one), one) for one in tried_windows(settings, a.choose)]
    for one in rivals:
        for with_window in (settings, *tried_windows(settings, a.choose)):
            check_rival(one, shape_of(data, with_window), with_window.window)
    trials = replace(trials, X=data.prepared.own_features(settings.steps, trials.X))
    parts = [*runs_of, in_no_fold] if in_no_fold and classes is None else runs_of
    findings = look_for_leaks(recording, trials, targets, parts, settings, tried, classes=classes)
    names = [choice.setting for choice in a.choose]
    findings = (*findings, *sizes_findings(trials, settings, recording.feature_names, names))
    refuse(findings, a.audit)
    fold = np.full(len(trials), -1, np.intp)
    for index, one in enumerate(splits):
        fold[one.tests(trials.run, truth)] = index
    rows = np.flatnonzero(fold >= 0)
    of_tested = trials.take(rows)
    fold_of = dict.fromkeys(in_no_fold, -1) | {run: index for index, one in enumerate(splits) for run in one.runs}
    within = exchanged_within(of_tested.run, fold_of) if classes is None else fold[rows]
    orders = null_orders(within, of_tested.event, a.n_permutations or N_PERMUTATIONS, seed=a.seed)
    design = EvaluationDesign(
        answers=targets.answers,
        truth=truth[rows],
        trials=of_tested,
        fold=fold[rows],
        settings=settings,
        network=network,
        recording=recording.summary(),
        choose=tuple(a.choose),
        control_names=tuple(a.controls),
        readout_names=tuple(readouts),
        rivals=tuple(rivals),
        inner_folds=a.inner_folds,
        n_shuffles=a.n_shuffles,
        n_permutations=len(orders),
        n_refits=(a.n_permutations or N_REFITS) if a.permute == "refit" else 0,
        findings=findings,
        seconds_per_trial=a.seconds_per_trial,
        classes=classes,
        folds=a.folds,
        engine=a.engine,
        controls_redo=a.controls_redo,
    )
    return Preparation(data, design, arguments, splits, rows, fold_of, orders, readouts)


def _check_training(answers: Sequence[str], splits: Sequence[HeldOut], run: NDArray, truth: NDArray[np.intp]) -> None:
    for number, one in enumerate(splits, 1):
        found = [answers[int(i)] for i in np.unique(truth[one.trains(run, truth)])]
        if len(found) < 2:
            raise InputError(
                "folds: expected trials of two classes or more to train on in every fold, got "
                f"{', '.join(found) or 'none'} in fold {number} of {len(splits)}; take more runs, or give words for "
                "more labels"
            )


def _checked(a: Arguments, settings: Settings) -> tuple[list[Rival], dict[str, Readout]]:
    """Raise where an argument is wrong; return the classifiers of the field and the other readouts by name."""
    check_policy(a.audit)
    check_folds(a.folds)
    for control in a.controls:
        control_named(control)  # raises where there is none
    for name, given, known in (("engine", a.engine, Engine), ("controls_redo", a.controls_redo, Redo)):
        if given not in get_args(known):
            raise UnknownNameError(name, given, get_args(known))
    _check_permute(a.permute, a.folds, a.engine)
    rivals = [rival_named(one) for one in a.field]
    names = dict.fromkeys(one.name for one in rivals)
    if len(names) < len(a.field):
        raise InputError(f"field: expected each classifier once, got {', '.join(names)} for {len(a.field)} entries")
    if by_class(a.folds) and rivals:
        raise InputError(
            f"field: expected none where whole classes are held out, got {', '.join(names)}: a classifier cannot name "
            "a class that it was never trained on; leave field out"
        )
    readouts = {type(one).__name__: one for one in a.readouts}
    if len(readouts) < len(a.readouts):
        raise InputError(f"readouts: expected one of each kind, got {', '.join(map(repr, a.readouts))}")
    for name, one in readouts.items():
        if one.is_fitted:
            raise InputError(f"readouts: {name} is fitted with the adapter; write it as the decoder's readout")
    _check_readouts(a.folds, [settings.readout, *(of for one in a.choose for of in one.values)])
    return rivals, readouts


def _check_strengths(settings: Settings, recording: Recording, splits: Sequence[HeldOut]) -> None:
    """Raise where a strength has to be chosen in a fold that trains on a single run."""
    for held_out in splits:
        training = [run for run in recording.runs if run not in held_out.runs]
        if not held_out.by_class:
            check_strength(settings, training, "a fold", CUT)


def check_strength(settings: Settings, training: Sequence[Any], what: str, do: str) -> None:
    """Raise where a strength has to be chosen by training runs of which there is one alone; say what to do."""
    alphas = settings.adapter.get_params().get("alphas", 1.0)
    if len(training) == 1 and (alphas is None or np.size(alphas) > 1):
        raise InputError(
            f"decoder.adapter: {what} trains on the run {training[0]!r} alone, where no strength can be chosen by "
            f"leaving a run out; {do}, or name one strength: adapter = {{ alphas = 100.0 }}"
        )


def _check_permute(permute: Permute, folds: Folds, engine: Engine) -> None:
    if permute not in get_args(Permute):
        raise UnknownNameError("permute", permute, get_args(Permute))
    if permute == "refit" and by_class(folds):
        raise InputError(
            'permute: expected "fixed" where whole classes are held out, got "refit": exchanged trials would bring a '
            'held-out class into the training; take permute = "fixed"'
        )
    if permute == "refit" and engine == "bundle":
        raise InputError(
            'permute: expected "fixed" with the engine "bundle", got "refit": refits are decided on by the network; '
            'take engine = "network"'
        )


def _check_readouts(folds: Folds, values: Sequence[Any]) -> None:
    for one in values:
        if by_class(folds) and isinstance(one, Readout) and one.is_fitted:
            raise InputError(
                f"readout: expected one that needs no training trials of a class where whole classes are held out, got "
                f'{type(one).__name__}; take readout = {{ type = "LabelReadout", prior = "remove" }}'
            )

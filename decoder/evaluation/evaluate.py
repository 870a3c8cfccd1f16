"""Evaluation: leave runs out, choose settings inside the training runs only, compare with ceiling and controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, UnknownNameError
from ..bundle.graph import check_causal
from ..decoder import Decoder
from ..fit_findings import sizes_findings, strength_findings
from ..readout import Readout, read_out_fits
from ..recordings.recording import Recording
from ..run_splits import session_of
from ..settings import Settings
from ..statistics.calibration import softmax
from ..statistics.permutation import N_PERMUTATIONS, around_chance, exceedance, exchanged_within, null_orders
from ..targets import WordTargets
from ..windows import require_trials
from .audit.leaks import Policy, check_policy, refuse
from .audit.leaks import audit as look_for_leaks
from .audit.words import words_finding
from .choices import Choice, chosen_in_words, folds_at_once, layers_tried, tried_windows
from .controls import CONTROLS, Control, control_named, left_out
from .engine import BundleEngine, Engine
from .fold_data import FoldData
from .folds import FittedFold, fit_fold, gathered, tested
from .injected import Injected, of_control, predicted, true
from .refit import N_REFITS, refitted_values
from .result import Evaluation
from .rivals.base import Rival
from .rivals.catalogue import rival_named
from .rivals.compare import check_rival, decide_in_folds
from .scorer import Decisions, Scorer
from .searched import Redo, injected_by, searched_again
from .splits import CUT, Folds, HeldOut, by_class, check_folds, splits_of
from .threads import in_parallel

Permute = Literal["fixed", "refit"]

# The network and targets, the folds, what is injected, and the readout if it is not the decoder's.
_Job = tuple[FoldData, Sequence[FittedFold], Injected, Readout | None]


def evaluate(
    decoder: Decoder,
    recording: Recording,
    *,
    folds: Folds = "run",
    choose: Sequence[Choice] = (),
    inner_folds: int = 4,
    controls: Sequence[str] = CONTROLS,
    controls_redo: Redo = "fit",
    n_shuffles: int = 5,
    n_permutations: int | None = None,
    permute: Permute = "fixed",
    seed: int = 0,
    audit: Policy = "refuse",
    field: Sequence[str | Mapping[str, Any] | Rival] = (),
    readouts: Sequence[Readout] = (),
    seconds_per_trial: float | None = None,
    engine: Engine = "network",
) -> Evaluation:
    """Cross-validate a decoder over runs or classes, with its ceiling and its controls, after an audit for leaks.

    Each fold fits whitening, the adapter and its strength anew, and makes every `Choice` in inner folds of its training
    runs. Steps that need the future of a run see that run alone.

    Parameters
    ----------
    decoder : Decoder
        Need not be fitted; it is not changed.
    recording : Recording
    folds : "run", "session", int, {"test": sequence}, or {"classes": int}
        Leave one run out, or gather whole runs at random into that many folds. ``"session"`` leaves one session out, of
        runs named ``"SESSION RUN"``; intervals are then over sessions. A table with ``"test"`` names the runs that are
        tested, once, by a decoder fitted on all others. One with ``"classes"`` gathers whole classes (the targets'
        answers) into that many folds, to test the decoder on classes that it was never trained on: a tested class has
        no trial in the training, nor has a tested run, and inner folds hold out whole classes, too. Then read the
        measures of pairs, see `hotwire.decoder.evaluation.result.Outcome`; intervals draw whole classes.
    choose : sequence of Choice
        Made one after the other; the other settings are those chosen so far, or the decoder's.
    inner_folds : int
        Folds of the training runs that score choices.
    controls : sequence of str
        Names of registered controls, see `hotwire.decoder.evaluation.controls`. ``"shuffled pairing"``: training trials
        get each other's targets, within their run if all runs hold equal shares of the labels; ``"mean activation"``:
        the mean of the training targets is always injected; ``"untrained network"``: the same network with random
        weights gives the targets and reads out; ``"untrained targets, nearest"``: that network gives the targets, and
        the one nearest to the prediction is the decision. This separates classes that were trained on, as any
        classifier does: what the decoder has over it is what the trained network adds. ``"nuisance"``: plain features
        of the stimuli replace the brain; a finding says where these targets have none.
    controls_redo : {"fit", "search"}
        What the controls that fit the map from the brain do again, those with another pairing or network. ``"fit"``:
        the fit alone, with the settings that were chosen with the true labels and the trained network; they test the
        fit, not the search. ``"search"``: every choice, too, in the inner folds, so that their figures include what
        choosing among settings gives by luck; as slow as that many evaluations. Whitening uses no labels and stays the
        same.
    n_shuffles : int
        How many times the pairing is shuffled; the result is the mean.
    n_permutations : int, optional
        Exchanges of the classes for p: 10,000 by default, or 200 refits.
    permute : {"fixed", "refit"}
        What p of the decoder tests. ``"fixed"``: do the decisions, as they are, agree better with the true classes than
        with exchanged ones? See `hotwire.decoder.statistics.permutation.permutation_p`. ``"refit"``: classes of
        training and held-out trials are exchanged together within runs, and the adapter is fitted anew to each
        exchange. It is exact where nothing relates the recording to the classes, and as slow as that many evaluations
        without controls. Neither repeats what was chosen of the settings.
    seed : int
    audit : {"refuse", "warn"}
        Where the audit finds a leak: stop with an error, or go on with a Python warning.
    field : sequence of str, mapping or Rival
        Classifiers of the field to compare the decoder with, on the same trials of the same folds: names of
        `hotwire.decoder.evaluation.rivals.catalogue.RIVALS`, or tables with settings. Each chooses for itself, in inner
        folds of the training runs, among the values of those choices that concern what it takes: steps, window and, if
        it takes them, features. Whitening is as the decoder has it in the fold.
    readouts : sequence of Readout
        Others than the decoder's, which read the same predicted activations: further rows of the same tables, by their
        own scores. Beside a `DiscriminantReadout`, a `LabelReadout` says what the network makes of them.
    seconds_per_trial : float, optional
        From one decision to the next, for the information transfer rate.
    engine : {"network", "bundle"}
        What decides on the held-out trials: the opened network, or the graph that a rig runs, with weights of 8 bits,
        as `hotwire.decoder.save` would write it for each fold's decoder. The ceiling, the controls and the choices
        always use the network.

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        Fewer runs than folds, or fewer than two classes in a fold; windows without samples for a classifier that takes
        samples; classifiers of the field with held-out classes, which they cannot name; or a decoder that cannot run
        live, for the engine "bundle".
    LeakError
        What would be tested was in the training, or can be known without the brain.
    UnknownNameError
        There is no such control, classifier or policy.

    Warns
    -----
    UserWarning
        A scanner's window ends before the blood responds to its event; given before anything is fitted, with a window
        that would hold the response. Or the network does not give some words from their own activations. Or the audit
        found a leak, and `audit` is "warn".
    """
    rivals = _checked_arguments(folds, controls, audit, field)
    for name, given, known in (("engine", engine, get_args(Engine)), ("controls_redo", controls_redo, get_args(Redo))):
        if given not in known:
            raise UnknownNameError(name, given, known)
    _check_permute(permute, folds, engine)
    by_others = _named(decoder, readouts)
    _check_readouts(folds, [decoder.settings.readout, *(of for one in choose for of in one.values)])
    if engine == "bundle":
        check_causal(decoder.settings)
    data = FoldData(decoder.network, decoder.targets, recording, layers_tried(decoder.settings, choose))
    trials = data.trials(decoder.settings)
    require_trials(trials)
    truth = data.truth(trials)
    splits, classes = splits_of(recording.runs, trials.run, truth, folds, seed=seed)
    runs_of = list(dict.fromkeys(one.runs for one in splits))
    _check_strengths(decoder.settings, recording, splits)
    in_no_fold = tuple(run for run in recording.runs if not any(run in runs for runs in runs_of))
    tried = [(data.trials(one), one) for one in tried_windows(decoder.settings, choose)]
    for one in rivals:
        for cut, settings in [(trials, decoder.settings), *tried]:
            check_rival(one, cut, data.targets.answers, settings.window)
    parts = [*runs_of, in_no_fold] if in_no_fold and classes is None else runs_of
    findings = look_for_leaks(recording, trials, data.targets, parts, decoder.settings, tried, classes=classes)
    names = [choice.setting for choice in choose]
    findings = (*findings, *sizes_findings(trials, decoder.settings, recording.feature_names, names))
    if isinstance(data.targets, WordTargets):
        table = data.table(decoder.settings.layer)
        findings = (*findings, words_finding(data.network, data.targets, decoder.settings, table))
    refuse(findings, audit)
    graph = BundleEngine(len(trials), len(data.targets.answers)) if engine == "bundle" else None
    fits = [partial(_fitted, graph, data, decoder.settings, choose, one, inner_folds) for one in splits]
    # While torch exports a network in one thread, others must not run it.
    at_once = folds_at_once(data, decoder.settings, choose, len(splits)) if graph is None else 1
    fitted = in_parallel(fits, "cross-validation", at_once)
    decided_on = tested(fitted)
    trials, truth = trials.take(decided_on), truth[decided_on]
    fold = gathered(fitted, [np.full(len(one.test), index, np.intp) for index, one in enumerate(fitted)])

    jobs: dict[str, list[_Job]] = {"ceiling": [(data, fitted, true, None)]}
    changes = [control_named(name) for name in controls]
    untrained = data
    if any(one.untrained for one in changes):
        untrained = data.with_network(decoder.network.untrained(seed))
    search = (decoder.settings, choose, splits, inner_folds) if controls_redo == "search" and choose else None
    for one in changes:
        on = untrained if one.untrained else data
        jobs[one.name] = _control_jobs(one, on, fitted, search, n_shuffles=n_shuffles, seed=seed)
    findings = (*findings, *(left_out(one) for one in changes if not jobs[one.name]))
    jobs |= {name: [(data, fitted, predicted, one)] for name, one in by_others.items()}
    todo = [partial(_decode, *job) for repeats in jobs.values() for job in repeats]
    if graph is None:
        todo.append(partial(_decode, data, fitted, predicted, None))
    decoded = iter(in_parallel(todo, "decoding, ceiling and controls"))

    others = decide_in_folds(data, splits, fitted, rivals, decoder.settings, choose, inner_folds)

    fold_of = dict.fromkeys(in_no_fold, -1) | {run: index for index, one in enumerate(splits) for run in one.runs}
    within = exchanged_within(trials.run, fold_of) if classes is None else fold
    orders = null_orders(within, trials.event, n_permutations or N_PERMUTATIONS, seed=seed)
    units = trials.run if classes is None else truth
    if folds == "session":
        units = np.array([session_of(run) for run in trials.run.tolist()])
    scorer = Scorer(data.targets, truth, units, fold, truth[orders], classes)
    outcomes = {name: scorer.outcome([next(decoded) for _ in repeats]) for name, repeats in jobs.items() if repeats}
    decided = [next(decoded)] if graph is None else [graph.decisions(decided_on)]
    costs, scores = decoder.settings.decision.costs_of(data.targets.answers), decided[0][0]
    outcomes["decoder"] = scorer.outcome(decided, _utility(fitted, costs, scores))
    n_refits = 0
    if permute == "refit":
        decode, n = partial(_decode, data, fitted, instead=None), n_permutations or N_REFITS
        utility = partial(_utility, fitted, costs)
        values = refitted_values(data, fitted, fold_of, scorer, decode, utility, n, seed)
        n_refits = len(next(iter(values.values())))
        outcomes["decoder"] = outcomes["decoder"].with_p(
            {
                name: exceedance(one.value, around_chance(values[name], one.chance))
                for name, one in outcomes["decoder"].measures.items()
            }
        )
    compared = {one.classifier.name: scorer.comparison(outcomes["decoder"], one) for one in others}
    return Evaluation(
        answers=data.targets.answers,
        truth=truth,
        trials=trials,
        fold=fold,
        probabilities=_probabilities(fitted, scores),
        calibrations=tuple(one.calibration for one in fitted),
        chosen=[chosen_in_words(one.settings, names) for one in fitted],
        decoder=outcomes["decoder"],
        ceiling=outcomes["ceiling"],
        readouts={name: outcomes[name] for name in by_others},
        controls={control: outcomes[control] for control in controls if control in outcomes},
        network=decoder.network.name,
        fingerprint=decoder.network.fingerprint,
        settings=decoder.settings,
        inner_folds=inner_folds,
        n_shuffles=n_shuffles,
        n_permutations=len(orders),
        n_refits=n_refits,
        findings=(*findings, *strength_findings([one.linear.adapter for one in fitted])),
        field=compared,
        seconds_per_trial=seconds_per_trial,
        folds=folds,
        classes=classes,
        engine=engine,
        controls_redo=controls_redo,
    )


def _check_strengths(settings: Settings, recording: Recording, splits: Sequence[HeldOut]) -> None:
    """Raise where a strength has to be chosen in a fold that trains on a single run."""
    alphas = settings.adapter.get_params().get("alphas", 1.0)
    one_strength = alphas is not None and np.size(alphas) == 1
    for held_out in splits:
        training = [run for run in recording.runs if run not in held_out.runs]
        if len(training) == 1 and not held_out.by_class and not one_strength:
            raise InputError(
                f"decoder.adapter: a fold trains on the run {training[0]!r} alone, where no strength can be chosen by "
                f"leaving a run out; {CUT}, or name one strength: adapter = {{ alphas = 100.0 }}"
            )


def _fitted(graph: BundleEngine | None, data: FoldData, *arguments: Any) -> FittedFold:
    fold = fit_fold(data, *arguments)
    if graph is not None:
        graph.decide(data, fold)
    return fold.of_own_trials(data)


def _control_jobs(
    control: Control,
    data: FoldData,
    folds: list[FittedFold],
    search: tuple[Settings, Sequence[Choice], Sequence[HeldOut], int] | None,
    *,
    n_shuffles: int,
    seed: int,
) -> list[_Job]:
    """A control, once or for each shuffle, with every choice made again where `search` says from what."""
    if search is not None and control.fits_the_brain:
        again = searched_again(control, data, *search, n_shuffles=n_shuffles, seed=seed)
        return [(data, refitted, injected_by(control), control.readout) for refitted in again]
    by_class = folds[0].by_class
    repeats = of_control(control, data, folds, by_class=by_class, n_shuffles=n_shuffles, seed=seed)
    return [(data, folds, injected, control.readout) for injected in repeats]


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


def _named(decoder: Decoder, readouts: Sequence[Readout]) -> dict[str, Readout]:
    """Other readouts than the decoder's, by the names of their rows."""
    named = {type(one).__name__: one for one in readouts}
    if len(named) < len(readouts):
        raise InputError(f"readouts: expected one of each kind, got {', '.join(map(repr, readouts))}")
    for name, one in named.items():
        one.check(decoder.network)
        if one.is_fitted:
            raise InputError(f"readouts: {name} is fitted with the adapter; write it as the decoder's readout")
    return named


def _check_readouts(folds: Folds, values: Sequence[Any]) -> None:
    for one in values:
        if by_class(folds) and isinstance(one, Readout) and one.is_fitted:
            raise InputError(
                f"readout: expected one that needs no training trials of a class where whole classes are held out, got "
                f'{type(one).__name__}; take readout = {{ type = "LabelReadout", prior = "remove" }}'
            )


def _checked_arguments(
    folds: Folds, controls: Sequence[str], audit: Policy, field: Sequence[str | Mapping[str, Any] | Rival]
) -> list[Rival]:
    """Raise where an argument is wrong, before the slow part; return the classifiers of the field."""
    check_policy(audit)
    check_folds(folds)
    for control in controls:
        control_named(control)  # raises where there is none
    rivals = [rival_named(one) for one in field]
    names = dict.fromkeys(one.name for one in rivals)
    if len(names) < len(field):
        raise InputError(f"field: expected each classifier once, got {', '.join(names)} for {len(field)} entries")
    if by_class(folds) and rivals:
        raise InputError(
            f"field: expected none where whole classes are held out, got {', '.join(names)}: a classifier cannot name "
            "a class that it was never trained on; leave field out"
        )
    return rivals


def _decode(data: FoldData, folds: Sequence[FittedFold], injected: Injected, instead: Readout | None) -> Decisions:
    """Scores and free answers of all tested trials, in order, by the folds' readouts or by another one."""
    scores: dict[int, NDArray] = {}
    texts: dict[int, str] = {}
    made = [injected(data, fold) for fold in folds]
    # Folds that enter the network alike share its passes.
    alike: dict[Any, list[int]] = {}
    for i, fold in enumerate(folds):
        alike.setdefault((fold.settings.layer, fold.settings.prompt, fold.settings.readout), []).append(i)
    for (_, _, readout), some in alike.items():
        entries = [data.entry(folds[i].settings, made[i][0]) for i in some]
        test = np.concatenate([folds[i].test for i in some])
        states = [made[i][1] for i in some]
        values, said = read_out_fits(readout if instead is None else instead, entries, states)
        scores |= dict(zip(some, values, strict=True))
        texts |= {} if said is None else dict(zip(test.tolist(), said, strict=True))
    by_fold = [scores[i] for i in range(len(folds))]
    return gathered(folds, by_fold).astype(np.float32), [texts[i] for i in sorted(texts)] or None


def _probabilities(folds: Sequence[FittedFold], scores: NDArray) -> NDArray[np.float64]:
    """Of each trial's classes, (n_trials, n_classes), by the calibration of the fold that holds it out."""
    probabilities, decided_on = softmax(scores), tested(folds)
    for fold in folds:
        if fold.calibration is not None:
            rows = np.searchsorted(decided_on, fold.test)
            probabilities[rows] = fold.calibration.probabilities(scores[rows])
    return probabilities


def _utility(folds: Sequence[FittedFold], costs: NDArray, scores: NDArray) -> NDArray[np.float64]:
    """What each trial's decision has most of, (n_trials, n_classes), see `least_cost`."""
    return _probabilities(folds, scores) * costs

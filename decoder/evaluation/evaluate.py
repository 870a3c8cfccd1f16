"""Evaluation: leave runs out, choose settings inside the training runs only, compare with ceiling and controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, UnknownNameError
from ..bundle.graph import check_causal
from ..decoder import Decoder
from ..readout import Readout, read_out_fits
from ..recordings.recording import Recording
from ..statistics.calibration import softmax
from ..statistics.permutation import exchanged_within, exchanges
from ..windows import require_trials
from .audit.leaks import Policy, check_policy, refuse
from .audit.leaks import audit as look_for_leaks
from .choices import Choice, layers_tried, tried_windows
from .controls import CONTROLS, control_named
from .engine import BundleEngine, Engine
from .feature_sizes import sizes_findings
from .fold_data import FoldData
from .folds import FittedFold, fit_fold
from .injected import Injected, of_control, predicted, true
from .result import Evaluation
from .rivals.base import Rival
from .rivals.catalogue import rival_named
from .rivals.compare import check_rival, decide_in_folds
from .scorer import Decisions, Scorer
from .splits import Folds, n_class_folds, splits_of
from .strength_finding import strength_findings
from .threads import in_parallel

# The network and targets, what is injected, and the readout if it is not the decoder's.
_Job = tuple[FoldData, Injected, Readout | None]


def evaluate(
    decoder: Decoder,
    recording: Recording,
    *,
    folds: Folds = "run",
    choose: Sequence[Choice] = (),
    inner_folds: int = 4,
    controls: Sequence[str] = CONTROLS,
    n_shuffles: int = 5,
    n_permutations: int = 10_000,
    seed: int = 0,
    audit: Policy = "refuse",
    field: Sequence[str | Mapping[str, Any] | Rival] = (),
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
    folds : "run", int, or {"classes": int}
        Leave one run out, or gather whole runs at random into that many folds. Or gather whole classes (the targets'
        answers) into that many, to test the decoder on classes that it was never trained on: a tested class has no
        trial in the training, nor has a tested run, and inner folds hold out whole classes, too. Then read the measures
        of pairs, see `hotwire.decoder.evaluation.result.Outcome`; intervals draw whole classes.
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
        of the stimuli replace the brain.
    n_shuffles : int
        How many times the pairing is shuffled; the result is the mean.
    n_permutations, seed : int
    audit : {"refuse", "warn"}
        Where the audit finds a leak: stop with an error, or go on with a Python warning.
    field : sequence of str, mapping or Rival
        Classifiers of the field to compare the decoder with, on the same trials of the same folds, with the steps and
        the window chosen there: names of `hotwire.decoder.evaluation.rivals.catalogue.RIVALS`, or tables with
        settings.
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
        There is no such control, or classifier.

    Warns
    -----
    UserWarning
        A scanner's window ends before the blood responds to its event; given before anything is fitted, with a window
        that would hold the response. Or the audit found a leak, and `audit` is "warn".
    """
    rivals = _checked_arguments(folds, controls, audit, field)
    if engine not in get_args(Engine):
        raise UnknownNameError("engine", engine, get_args(Engine))
    if engine == "bundle":
        check_causal(decoder.settings)
    data = FoldData(decoder.network, decoder.targets, recording, layers_tried(decoder.settings, choose))
    trials = data.trials(decoder.settings)
    require_trials(trials)
    for one in rivals.values():
        check_rival(one, trials, data.targets.answers, decoder.settings.window)
    truth = data.truth(trials)
    splits, classes = splits_of(recording.runs, trials.run, truth, folds, seed=seed)
    runs_of = list(dict.fromkeys(one.runs for one in splits))
    tried = [(data.trials(one), one) for one in tried_windows(decoder.settings, choose)]
    findings = look_for_leaks(recording, trials, data.targets, runs_of, decoder.settings, tried, classes=classes)
    findings = (*findings, *sizes_findings(recording, trials, decoder.settings, [one.setting for one in choose]))
    refuse(findings, audit)
    graph = BundleEngine(len(trials), len(data.targets.answers)) if engine == "bundle" else None
    fits = [partial(_fitted, graph, data, decoder.settings, choose, one, inner_folds) for one in splits]
    fitted = in_parallel(fits, "cross-validation")
    fold = np.empty(len(trials), np.intp)
    for index, one in enumerate(fitted):
        fold[one.test] = index

    jobs: dict[str, list[_Job]] = {"ceiling": [(data, true, None)]}
    changes = [control_named(name) for name in controls]
    untrained = data
    if any(one.untrained for one in changes):
        untrained = data.with_network(decoder.network.untrained(seed))
    for one in changes:
        on, by_class = untrained if one.untrained else data, classes is not None
        repeats = of_control(one, on, fitted, by_class=by_class, n_shuffles=n_shuffles, seed=seed)
        if repeats:
            jobs[one.name] = [(on, injected, one.readout) for injected in repeats]
    todo = [partial(_decode, on, fitted, *how) for repeats in jobs.values() for on, *how in repeats]
    if graph is None:
        todo.append(partial(_decode, data, fitted, predicted, None))
    decoded = iter(in_parallel(todo, "decoding, ceiling and controls"))

    rival_jobs = [partial(decide_in_folds, data, fitted, one, inner_folds) for one in rivals.values()]
    rival_scores = in_parallel(rival_jobs, "classifiers of the field")

    fold_of = {run: index for index, one in enumerate(splits) for run in one.runs}
    within = exchanged_within(trials.run, fold_of) if classes is None else fold
    orders = exchanges(within, trials.event, n_permutations, seed=seed)
    scorer = Scorer(data.targets, truth, trials.run if classes is None else truth, truth[orders], classes)
    outcomes = {name: scorer.outcome([next(decoded) for _ in repeats]) for name, repeats in jobs.items()}
    decided = [next(decoded)] if graph is None else [graph.decisions()]
    probabilities = _probabilities(decided[0][0], fitted)
    costs = decoder.settings.decision.costs_of(data.targets.answers)
    outcomes["decoder"] = scorer.outcome(decided, probabilities * costs)
    compared = {
        name: scorer.comparison(outcomes["decoder"], scores, one.description)
        for (name, one), scores in zip(rivals.items(), rival_scores, strict=True)
    }
    names = [choice.setting for choice in choose]
    return Evaluation(
        answers=data.targets.answers,
        truth=truth,
        trials=trials,
        fold=fold,
        probabilities=probabilities,
        calibrations=tuple(one.calibration for one in fitted),
        chosen=[{name: _in_words(getattr(one.settings, name)) for name in names} for one in fitted],
        decoder=outcomes["decoder"],
        ceiling=outcomes["ceiling"],
        controls={control: outcomes[control] for control in controls if control in outcomes},
        network=decoder.network.name,
        fingerprint=decoder.network.fingerprint,
        settings=decoder.settings,
        inner_folds=inner_folds,
        n_shuffles=n_shuffles,
        n_permutations=n_permutations,
        findings=(*findings, *strength_findings([one.linear.adapter for one in fitted])),
        field=compared,
        seconds_per_trial=seconds_per_trial,
        classes=classes,
        engine=engine,
    )


def _fitted(graph: BundleEngine | None, data: FoldData, *arguments: Any) -> FittedFold:
    fold = fit_fold(data, *arguments)
    if graph is not None:
        graph.decide(data, fold)
    return fold.of_own_trials(data)


def _checked_arguments(
    folds: Folds, controls: Sequence[str], audit: Policy, field: Sequence[str | Mapping[str, Any] | Rival]
) -> dict[str, Rival]:
    """Raise where an argument is wrong, before the slow part; return the classifiers of the field by name."""
    check_policy(audit)
    for control in controls:
        control_named(control)  # raises where there is none
    rivals = {one.name: one for one in map(rival_named, field)}
    if len(rivals) < len(field):
        raise InputError(f"field: expected each classifier once, got {', '.join(rivals)} for {len(field)} entries")
    if isinstance(folds, Mapping):
        n_class_folds(folds)  # raises where it is wrong
        if rivals:
            raise InputError(
                f"field: expected none where whole classes are held out, got {', '.join(rivals)}: a classifier cannot "
                "name a class that it was never trained on; leave field out"
            )
    return rivals


def _decode(data: FoldData, folds: Sequence[FittedFold], injected: Injected, instead: Readout | None) -> Decisions:
    """Scores and free answers of all trials, in order, by the folds' readouts or by another one."""
    scores = np.empty((sum(len(fold.test) for fold in folds), len(data.targets.answers)), np.float32)
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
        scores[test] = np.concatenate(values)
        texts |= {} if said is None else dict(zip(test.tolist(), said, strict=True))
    return scores, [texts[i] for i in sorted(texts)] or None


def _probabilities(scores: NDArray, folds: Sequence[FittedFold]) -> NDArray[np.float64]:
    """Of each trial's classes, (n_trials, n_classes), by the calibration of the fold that holds it out."""
    probabilities = softmax(scores)
    for fold in folds:
        if fold.calibration is not None:
            probabilities[fold.test] = fold.calibration.probabilities(scores[fold.test])
    return probabilities


def _in_words(value: Any) -> str:
    return ", ".join(map(repr, value)) if isinstance(value, tuple) else str(value)

"""Evaluation: leave runs out, choose settings inside the training runs only, compare with ceiling and controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..decoder import Decoder
from ..fit_findings import strength_findings
from ..readouts.read_out import read_out_fits
from ..readouts.readout import Readout
from ..recordings.recording import Recording
from ..settings import Settings
from ..statistics.calibration import softmax
from ..statistics.permutation import around_chance, exceedance
from ..targets import WordTargets
from .audit.leaks import Policy, warn_before_fit
from .audit.words import words_finding
from .choices import Choice, chosen_in_words, folds_at_once, layers_tried
from .controls import CONTROLS, Control, control_named, left_out
from .engine import BundleEngine, Engine
from .fold_data import FoldData
from .folds import FittedFold, fit_fold, gathered, tested
from .injected import Injected, of_control, predicted, true
from .preparation import Arguments, Permute, Preparation, prepare
from .refit import refitted_values
from .result import Evaluation
from .rivals.base import Rival
from .rivals.compare import decide_in_folds
from .scorer import Decisions, Scorer
from .searched import Redo, injected_by, searched_again
from .splits import Folds, HeldOut
from .threads import in_parallel

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
    arguments = Arguments(
        folds, choose, inner_folds, controls, controls_redo, n_shuffles, n_permutations, permute, seed, audit, field,
        readouts, seconds_per_trial, engine,
    )  # fmt: skip
    network = decoder.network.name
    return evaluate_prepared(prepare(decoder.targets, decoder.settings, recording, arguments, network), decoder)


def evaluate_prepared(prepared: Preparation, decoder: Decoder) -> Evaluation:
    """Evaluate a decoder as it was prepared, see `evaluate`; its network is open now."""
    design, a, splits = prepared.design, prepared.arguments, prepared.splits
    settings, choose, classes = decoder.settings, a.choose, design.classes
    for one in prepared.readouts.values():
        one.check(decoder.network)
    cut, n_classes = prepared.data, len(design.answers)
    data = FoldData(decoder.network, cut.targets, cut.recording, layers_tried(settings, choose), cut)
    findings = design.findings
    if isinstance(data.targets, WordTargets):
        said = words_finding(data.network, data.targets, settings, data.table(settings.layer))
        warn_before_fit([said])
        findings = (*findings, said)
    graph = BundleEngine(len(data.trials(settings)), n_classes) if design.engine == "bundle" else None
    fits = [partial(_fitted, graph, data, settings, choose, one, a.inner_folds) for one in splits]
    # While torch exports a network in one thread, others must not run it.
    at_once = folds_at_once(data, settings, choose, len(splits)) if graph is None else 1
    fitted = in_parallel(fits, "cross-validation", at_once)

    jobs: dict[str, list[_Job]] = {"ceiling": [(data, fitted, true, None)]}
    changes = [control_named(name) for name in a.controls]
    untrained = data
    if any(one.untrained for one in changes):
        untrained = data.with_network(decoder.network.untrained(a.seed))
    search = (settings, choose, splits, a.inner_folds) if a.controls_redo == "search" and choose else None
    for one in changes:
        on = untrained if one.untrained else data
        jobs[one.name] = _control_jobs(one, on, fitted, search, n_shuffles=a.n_shuffles, seed=a.seed)
    findings = (*findings, *(left_out(one) for one in changes if not jobs[one.name]))
    jobs |= {name: [(data, fitted, predicted, one)] for name, one in prepared.readouts.items()}
    todo = [partial(_decode, *job) for repeats in jobs.values() for job in repeats]
    if graph is None:
        todo.append(partial(_decode, data, fitted, predicted, None))
    decoded = iter(in_parallel(todo, "decoding, ceiling and controls"))

    others = decide_in_folds(data, splits, fitted, design.rivals, settings, choose, a.inner_folds)

    scorer = Scorer(data.targets, design.truth, design.units, design.fold, design.truth[prepared.orders], classes)
    outcomes = {name: scorer.outcome([next(decoded) for _ in repeats]) for name, repeats in jobs.items() if repeats}
    decided = [next(decoded)] if graph is None else [graph.decisions(prepared.rows)]
    costs, scores = settings.decision.costs_of(design.answers), decided[0][0]
    outcomes["decoder"] = scorer.outcome(decided, _utility(fitted, costs, scores))
    n_refits = 0
    if design.n_refits:
        decode, utility = partial(_decode, data, fitted, instead=None), partial(_utility, fitted, costs)
        values = refitted_values(data, fitted, prepared.fold_of, scorer, decode, utility, design.n_refits, a.seed)
        n_refits = len(next(iter(values.values())))
        outcomes["decoder"] = outcomes["decoder"].with_p(
            {
                name: exceedance(one.value, around_chance(values[name], one.chance))
                for name, one in outcomes["decoder"].measures.items()
            }
        )
    compared = {one.classifier.name: scorer.comparison(outcomes["decoder"], one) for one in others}
    names = [choice.setting for choice in choose]
    controls = {control: outcomes[control] for control in a.controls if control in outcomes}
    findings = (*findings, *strength_findings([one.linear.adapter for one in fitted]))
    return Evaluation(
        **design.facts()
        | {
            "network": decoder.network.name,
            "n_refits": n_refits,
            "findings": findings,
            "control_names": tuple(controls),
        },
        probabilities=_probabilities(fitted, scores),
        calibrations=tuple(one.calibration for one in fitted),
        chosen=[chosen_in_words(one.settings, names) for one in fitted],
        decoder=outcomes["decoder"],
        ceiling=outcomes["ceiling"],
        readouts={name: outcomes[name] for name in prepared.readouts},
        controls=controls,
        fingerprint=decoder.network.fingerprint,
        field=compared,
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

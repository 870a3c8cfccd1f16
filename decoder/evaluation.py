"""Evaluation: leave runs out, choose settings inside the training runs only, show the controls beside the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, UnknownNameError
from .audit import Policy, check_policy, refuse
from .audit import audit as look_for_leaks
from .decoder import Decoder, Linear, Settings
from .feature_sizes import sizes_findings
from .field.base import FieldClassifier
from .field.catalogue import field_classifier
from .field.compare import check_field, decide_in_folds
from .folds import Bench, Choice, Fold, Training, fit_fold, split_runs, tried_windows
from .metrics import exchanges
from .outcome import Decided, Evaluation, Judge
from .recording import Recording
from .steps import Trials, require_trials
from .strength_finding import strength_findings
from .threads import in_parallel

CONTROLS = ("shuffled pairing", "mean activation", "untrained network")


def evaluate(
    decoder: Decoder,
    recording: Recording,
    *,
    folds: Literal["run"] | int = "run",
    choose: Sequence[Choice] = (),
    inner_folds: int = 4,
    controls: Sequence[str] = CONTROLS,
    n_shuffles: int = 5,
    n_permutations: int = 10_000,
    seed: int = 0,
    audit: Policy = "refuse",
    field: Sequence[str | Mapping[str, Any] | FieldClassifier] = (),
    seconds_per_trial: float | None = None,
) -> Evaluation:
    """Cross-validate a decoder over runs, with its ceiling and its controls, after an audit for leaks.

    Whitening, the adapter and its strength are fitted in each fold anew; so is every `Choice`, judged in inner folds of
    the training runs. Steps that need the future of a run see that run alone.

    Parameters
    ----------
    decoder : Decoder
        Need not be fitted, and stays as it is.
    recording : Recording
    folds : "run" or int
        Leave one run out, or gather whole runs at random into that many folds.
    choose : sequence of Choice
        Made one after the other, the others at what is chosen so far or at the decoder's settings.
    inner_folds : int
        Folds of the training runs in which choices are judged.
    controls : sequence of str
        ``"shuffled pairing"``: training trials get each other's targets, within their run if all runs hold equal
        shares of the labels; ``"mean activation"``: the mean of the training targets is injected always;
        ``"untrained network"``: the same network with random weights gives the targets and reads out.
    n_shuffles : int
        How many times the pairing is shuffled; their mean is given.
    n_permutations, seed : int
    audit : {"refuse", "warn"}
        Where the audit finds a leak: refuse to go on, or go on with a Python warning.
    field : sequence of str, mapping or FieldClassifier
        Classifiers of the field to compare the decoder with, on the same trials of the same folds, with the steps and
        the window that were chosen there: names of `hotwire.decoder.field.catalogue.FIELD`, or tables with settings.
    seconds_per_trial : float, optional
        From one decision to the next, for the information transfer rate.

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        Fewer runs than folds, or windows without samples for a classifier that takes samples.
    LeakError
        What would be tested was in the training, or can be told without the brain.
    UnknownNameError
        There is no such control, or classifier.

    Warns
    -----
    UserWarning
        A scanner's window ends before the blood answers to its event; said before anything is fitted, with a window
        that would hold the response. Or the audit found a leak, and is to warn.
    """
    check_policy(audit)
    for control in controls:
        if control not in CONTROLS:
            raise UnknownNameError("control", control, CONTROLS)
    bench = Bench(decoder.network, decoder.targets, recording, _layers(decoder.settings, choose))
    trials = bench.trials(decoder.settings)
    require_trials(trials)
    rivals = {one.name: one for one in map(field_classifier, field)}
    if len(rivals) < len(field):
        raise InputError(f"field: expected each classifier once, got {', '.join(rivals)} for {len(field)} entries")
    for one in rivals.values():
        check_field(one, trials, bench.targets.answers, decoder.settings.window)
    held_out = split_runs(recording.runs, folds, seed=seed)
    tried = [(bench.trials(one), one) for one in tried_windows(decoder.settings, choose)]
    findings = look_for_leaks(recording, trials, bench.targets, held_out, decoder.settings, tried)
    findings = (*findings, *sizes_findings(recording, trials, decoder.settings))
    refuse(findings, audit)
    fits = [partial(_fitted, bench, decoder.settings, choose, runs, inner_folds) for runs in held_out]
    fitted = in_parallel(fits, "cross-validation")
    number = {run: index for index, runs in enumerate(held_out) for run in runs}
    fold = np.array([number[run] for run in trials.run.tolist()], np.intp)

    jobs: dict[str, list[_Job]] = {"decoder": [(bench, _predicted)], "ceiling": [(bench, _true)]}
    to_fit = bench.trials_to_fit(decoder.settings)
    if "shuffled pairing" in controls:
        shuffles = exchanges(shuffled_within(to_fit), to_fit.event, n_shuffles, seed=seed)
        jobs["shuffled pairing"] = [(bench, _refitted(order)) for order in shuffles]
    if "mean activation" in controls:
        jobs["mean activation"] = [(bench, _mean)]
    if "untrained network" in controls:
        untrained = bench.with_network(decoder.network.untrained(seed))
        jobs["untrained network"] = [(untrained, _refitted(np.arange(len(to_fit))))]
    todo = [partial(_decode, on, fitted, injected) for repeats in jobs.values() for on, injected in repeats]
    decoded = iter(in_parallel(todo, "decoding, ceiling and controls"))

    beside = [partial(decide_in_folds, bench, fitted, one, inner_folds) for one in rivals.values()]
    decided = in_parallel(beside, "classifiers of the field")

    truth = bench.targets.truth()[bench.keys(trials)]
    orders = exchanges(exchanged_within(trials, number), trials.event, n_permutations, seed=seed)
    judge = Judge(bench.targets, truth, trials.run, truth[orders])
    found = {name: judge.outcome([next(decoded) for _ in repeats]) for name, repeats in jobs.items()}
    compared = zip(rivals.items(), decided, strict=True)
    named = {name: judge.beside(found["decoder"], scores, one.told) for (name, one), scores in compared}
    return Evaluation(
        answers=bench.targets.answers,
        truth=truth,
        trials=trials,
        fold=fold,
        chosen=[{choice.setting: _shown(getattr(one.settings, choice.setting)) for choice in choose} for one in fitted],
        decoder=found.pop("decoder"),
        ceiling=found.pop("ceiling"),
        controls={control: found[control] for control in controls},
        network=decoder.network.name,
        fingerprint=decoder.network.fingerprint,
        settings=decoder.settings,
        inner_folds=inner_folds,
        n_shuffles=n_shuffles,
        n_permutations=n_permutations,
        findings=(*findings, *strength_findings([one.linear.adapter for one in fitted])),
        field=named,
        seconds_per_trial=seconds_per_trial,
    )


def tune(decoder: Decoder, recording: Recording, choose: Sequence[Choice], *, inner_folds: int = 4) -> Decoder:
    """Choose settings by cross-validation over all runs of a recording, as `evaluate` does within each fold.

    Parameters
    ----------
    decoder : Decoder
        Stays as it is.
    recording : Recording
    choose : sequence of Choice
    inner_folds : int

    Returns
    -------
    Decoder
        With what was chosen, not fitted yet. How well it does is for `evaluate` to say.
    """
    bench = Bench(decoder.network, decoder.targets, recording, _layers(decoder.settings, choose))
    training = Training(bench, recording.runs, inner_folds)
    [settings] = in_parallel([partial(training.choose, decoder.settings, choose)], "choosing settings")
    return Decoder(decoder.network, decoder.targets, settings)


# What is injected: for a fold, the linear part that gives the mean activation, and the states of its held-out trials.
_Injected = Callable[[Bench, Fold], tuple[Linear, NDArray]]
_Job = tuple[Bench, _Injected]


def _fitted(bench: Bench, *arguments: Any) -> Fold:
    return fit_fold(bench, *arguments).of_own_trials(bench)


def _predicted(bench: Bench, fold: Fold) -> tuple[Linear, NDArray]:
    return fold.linear, fold.linear.predict(fold.to_decide(bench))


def _true(bench: Bench, fold: Fold) -> tuple[Linear, NDArray]:
    return fold.linear, bench.table(fold.settings.layer)[bench.keys(bench.trials(fold.settings))[fold.test]]


def _mean(bench: Bench, fold: Fold) -> tuple[Linear, NDArray]:
    return fold.linear, np.repeat(fold.linear.mean[None], len(fold.test), axis=0)


def _refitted(order: NDArray) -> _Injected:
    """Predictions after a new fit, where each trial to fit on gets the target of the one that `order` names."""

    def injected(bench: Bench, fold: Fold) -> tuple[Linear, NDArray]:
        keys = bench.keys(bench.trials_to_fit(fold.settings))[order]
        whitened = None if fold.whitened is None else fold.whitened[0]
        linear = bench.fit(fold.settings, fold.train, keys[fold.train], fold.linear.whitener, whitened)
        return linear, linear.predict(fold.to_decide(bench))

    return injected


def _decode(bench: Bench, folds: Sequence[Fold], injected: _Injected) -> Decided:
    """Scores and free answers of all trials, in their order."""
    made = [injected(bench, fold) for fold in folds]
    n_trials = sum(len(fold.test) for fold in folds)
    scores = np.empty((n_trials, len(bench.targets.answers)), np.float32)
    texts: dict[int, str] = {}
    # Folds that entered the network alike share their passes through it.
    entered = [(fold.settings.layer, fold.settings.prompt, fold.settings.readout) for fold in folds]
    for kind in dict.fromkeys(entered):
        alike = [i for i, one in enumerate(entered) if one == kind]
        test = np.concatenate([folds[i].test for i in alike])
        states = np.concatenate([made[i][1] for i in alike])
        readout = folds[alike[0]].settings.readout
        entry = bench.entry(folds[alike[0]].settings, [(made[i][0], len(folds[i].test)) for i in alike])
        scores[test] = readout.scores(entry, states)
        said = readout.texts(entry, states)
        texts |= {} if said is None else dict(zip(test.tolist(), said, strict=True))
    return scores, [texts[i] for i in sorted(texts)] or None


def shuffled_within(trials: Trials) -> NDArray:
    """The groups of trials whose targets are shuffled: runs where all hold equal shares of the labels, else all.

    Within groups of unequal shares trials would keep their label too often, and the control would still learn it.
    """
    codes, runs = (np.unique(of, return_inverse=True)[1] for of in (trials.label, trials.run))
    count = np.zeros((runs.max(initial=0) + 1, codes.max(initial=0) + 1), np.intp)
    np.add.at(count, (runs, codes), 1)
    even = np.array_equal(count * len(trials), np.outer(count.sum(axis=1), count.sum(axis=0)))
    return trials.run if even else np.zeros(len(trials), np.intp)


def exchanged_within(trials: Trials, fold_of: Mapping[Any, int]) -> NDArray:
    """The groups of trials that answers are exchanged within: runs, or folds where a run holds a single trial."""
    if _runs_hold_several(trials):
        return trials.run
    return np.array([fold_of[run] for run in trials.run.tolist()], np.intp)


def _runs_hold_several(trials: Trials) -> bool:
    return min(np.unique(trials.run, return_counts=True)[1]) > 1


def _layers(settings: Settings, choose: Sequence[Choice]) -> tuple[str, ...]:
    chosen = [str(value) for choice in choose if choice.setting == "layer" for value in choice.values]
    return tuple(dict.fromkeys([settings.layer, *chosen]))


def _shown(value: Any) -> str:
    return ", ".join(map(repr, value)) if isinstance(value, tuple) else str(value)

"""Evaluation: leave runs out, choose settings inside the training runs only, show the controls beside the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..adapters.whiten import Whitener
from ..errors import InputError, RecordingError, UnknownNameError
from ..models.network import Network
from .decoder import Decoder, Linear, Settings, fit_adapter, make_entry
from .metrics import Measure, constant_guess, hit_table, measure, pairwise_table, shuffled_within
from .readout import Entry, NearestReadout
from .recording import Recording
from .steps import Trials, run_steps, windows
from .targets import Targets, WordTargets

CONTROLS = ("shuffled pairing", "mean activation", "untrained network")
CHOOSABLE = ("layer", "steps", "window", "whiten", "adapter", "readout")
JUDGES = ("nearest", "readout")


@dataclass(frozen=True)
class Choice:
    """A setting that is chosen inside the training runs, by pairwise accuracy over inner folds.

    Parameters
    ----------
    setting : str
        A field of `Settings`.
    values : sequence
        What to choose from; of equally good ones the first is taken.
    judge : {"nearest", "readout"}
        By which readout the values are judged: the similarity in the layer, which costs next to nothing, or the
        decoder's own readout, which runs the network.
    """

    setting: str
    values: Sequence[Any]
    judge: Literal["nearest", "readout"] = "readout"

    def __post_init__(self) -> None:
        if self.setting not in CHOOSABLE:
            raise UnknownNameError("setting to choose", self.setting, CHOOSABLE)
        if self.judge not in JUDGES:
            raise UnknownNameError("judge", self.judge, JUDGES)
        if not len(self.values):
            raise InputError(f"choose: expected values for {self.setting!r}, got none")


@dataclass(frozen=True)
class Outcome:
    """Decisions on all trials, and how good they are.

    Attributes
    ----------
    scores : array (n_trials, n_answers)
    texts : list of str or None
        Free answers.
    said : array (n_trials,) of int or None
        The answer that each free answer means, -1 for none of them.
    measures : dict of str to Measure
        ``"candidate"``: right answer scored highest; ``"pairwise"``; and ``"free"``: free answer right.
    """

    scores: NDArray[np.float32]
    texts: list[str] | None
    said: NDArray[np.intp] | None
    measures: dict[str, Measure]


@dataclass(frozen=True)
class Evaluation:
    """All that `evaluate` found.

    Attributes
    ----------
    answers : tuple of str
    truth : array (n_trials,) of int
    trials : Trials
    fold : array (n_trials,) of int
        In which outer fold each trial was held out.
    chosen : list of dict
        For each fold the settings that were chosen, as text.
    decoder, ceiling : Outcome
    controls : dict of str to Outcome
    network : str
    fingerprint : str
    """

    answers: tuple[str, ...]
    truth: NDArray[np.intp]
    trials: Trials
    fold: NDArray[np.intp]
    chosen: list[dict[str, str]]
    decoder: Outcome
    ceiling: Outcome
    controls: dict[str, Outcome]
    network: str
    fingerprint: str

    @property
    def main(self) -> str:
        """The measure that sums the evaluation up: free answers where there are any."""
        return "free" if "free" in self.decoder.measures else "candidate"

    def rows(self) -> Iterable[tuple[str, Outcome]]:
        """Decoder, ceiling and controls, for tables."""
        yield "decoder", self.decoder
        yield "ceiling", self.ceiling
        yield from self.controls.items()


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
) -> Evaluation:
    """Cross-validate a decoder over runs, with its ceiling and its controls.

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
        ``"shuffled pairing"``: training trials get each other's targets, within their run; ``"mean activation"``: the
        mean of the training targets is injected always; ``"untrained network"``: the same network with random weights
        gives the targets and reads out.
    n_shuffles : int
        How many times the pairing is shuffled; their mean is given.
    n_permutations, seed : int

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        Fewer runs than folds.
    UnknownNameError
        There is no such control.
    """
    for control in controls:
        if control not in CONTROLS:
            raise UnknownNameError("control", control, CONTROLS)
    bench = _Bench(decoder.network, decoder.targets, recording, _layers(decoder.settings, choose))
    trials = bench.trials(decoder.settings)
    held_out = split_runs(recording.runs, folds, seed=seed)
    fitted = [
        _fit_fold(bench, decoder.settings, choose, runs, inner_folds)
        for runs in tqdm(held_out, desc="cross-validation", delay=1, disable=None)
    ]
    number = {run: index for index, runs in enumerate(held_out) for run in runs}
    fold = np.array([number[run] for run in trials.run.tolist()], np.intp)
    # Where a run holds a single trial there is nothing to exchange within it.
    exchange = trials.run if min(np.unique(trials.run, return_counts=True)[1]) > 1 else fold
    truth = bench.targets.truth()[bench.keys(decoder.settings)]
    judge = _Judge(bench.targets, truth, trials.run, shuffled_within(truth, exchange, n_permutations, seed=seed))

    found: dict[str, Outcome] = {}
    for control in controls:
        if control == "shuffled pairing":
            orders = shuffled_within(np.arange(len(trials)), exchange, n_shuffles, seed=seed)
            repeats = [_decode(bench, fitted, _refitted(order)) for order in orders]
        elif control == "mean activation":
            repeats = [_decode(bench, fitted, _mean)]
        else:
            untrained = bench.with_network(decoder.network.untrained(seed))
            repeats = [_decode(untrained, fitted, _refitted(np.arange(len(trials))))]
        found[control] = judge.outcome(repeats)
    return Evaluation(
        answers=bench.targets.answers,
        truth=truth,
        trials=trials,
        fold=fold,
        chosen=[{choice.setting: _shown(getattr(one.settings, choice.setting)) for choice in choose} for one in fitted],
        decoder=judge.outcome([_decode(bench, fitted, _predicted)]),
        ceiling=judge.outcome([_decode(bench, fitted, _true)]),
        controls=found,
        network=decoder.network.name,
        fingerprint=decoder.network.fingerprint,
    )


def split_runs(runs: Sequence[Any], folds: Literal["run"] | int, *, seed: int = 0) -> list[list[Any]]:
    """Which runs to hold out in each fold.

    Examples
    --------
    >>> split_runs([1, 2, 3], "run")
    [[1], [2], [3]]
    >>> [len(fold) for fold in split_runs(range(10), 4)]
    [3, 3, 2, 2]
    """
    n_folds = len(runs) if folds == "run" else folds
    if isinstance(n_folds, bool) or not isinstance(n_folds, int):
        raise InputError(f"folds: expected 'run' or a number, got {folds!r}")
    if not 2 <= n_folds <= len(runs):
        raise InputError(
            f"folds: expected 2 to {len(runs)}, the number of runs, got {n_folds}; a run is never split between "
            "training and test"
        )
    if folds == "run":
        return [[run] for run in runs]
    order = np.random.default_rng(seed).permutation(len(runs))
    return [[runs[i] for i in sorted(part)] for part in np.array_split(order, n_folds)]


class _Bench:
    """A recording under all the settings tried, and a network's targets for it; each computed once."""

    def __init__(self, network: Network, targets: Targets, recording: Recording, layers: Sequence[str]) -> None:
        self.network = network
        self.targets = targets
        self.recording = recording
        self._tables = targets.activations(network, layers)
        self._prepared = lru_cache(maxsize=None)(lambda steps: run_steps(steps, recording))
        self._windows = lru_cache(maxsize=None)(lambda steps, window: windows(window, self._prepared(steps)))
        self._whitener = lru_cache(maxsize=4)(
            lambda steps, runs: Whitener().fit(self._prepared(steps).select(runs=runs).data)
        )

    def with_network(self, network: Network) -> _Bench:
        return _Bench(network, self.targets, self.recording, tuple(self._tables))

    def table(self, layer: str) -> NDArray[np.float32]:
        """Activation (n_keys, n_units) of each key."""
        return self._tables[layer]

    def trials(self, settings: Settings) -> Trials:
        return self._windows(settings.steps, settings.window)

    def keys(self, settings: Settings) -> NDArray[np.intp]:
        return self.targets.key_of(self.trials(settings))

    def fit(self, settings: Settings, train: NDArray, keys: NDArray, runs: Sequence[Any]) -> Linear:
        """Fit on trials `train` with the targets of `keys`, whitened by all samples of `runs`."""
        trials = self.trials(settings)
        whitener = self._whitener(settings.steps, tuple(runs)) if settings.whiten == "samples" else None
        X = trials.X[train] if whitener is None else whitener.transform(trials.X[train])
        return Linear(fit_adapter(settings.adapter, X, self.table(settings.layer)[keys], trials.run[train]), whitener)

    def entry(self, settings: Settings, fits: Sequence[tuple[Linear, int]]) -> Entry:
        """Where states enter that come from several fits, so many from each."""
        table = self.table(settings.layer)
        means = np.stack([linear.mean for linear, _ in fits])
        fit = np.repeat(np.arange(len(fits)), [n for _, n in fits])
        return make_entry(self.network, settings.layer, self.targets, table, means, fit)


@dataclass(frozen=True)
class _Fold:
    """One outer fold: what was chosen and fitted without its held-out trials."""

    settings: Settings
    runs: list[Any]
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    linear: Linear


def _fit_fold(
    bench: _Bench, settings: Settings, choose: Sequence[Choice], held_out: list[Any], inner_folds: int
) -> _Fold:
    runs = [run for run in bench.recording.runs if run not in set(held_out)]
    events = bench.trials(settings).event
    for choice in choose:
        tried = [replace(settings, **{choice.setting: value}) for value in choice.values]
        if len(tried) > 1:
            for one in tried:
                _check_same_trials(choice, events, bench.trials(one).event)
            scores = [_inner_score(bench, one, runs, inner_folds, choice.judge) for one in tried]
            settings = tried[int(np.argmax(scores))]
        else:
            settings = tried[0]
    trials = bench.trials(settings)
    train = np.flatnonzero(np.isin(trials.run, runs))
    test = np.flatnonzero(np.isin(trials.run, held_out))
    return _Fold(settings, runs, train, test, bench.fit(settings, train, bench.keys(settings)[train], runs))


def _inner_score(bench: _Bench, settings: Settings, runs: list[Any], n_folds: int, judge: str) -> float:
    """Pairwise accuracy of settings over inner folds of the training runs."""
    trials, keys = bench.trials(settings), bench.keys(settings)
    truth = bench.targets.truth()[keys]
    readout = NearestReadout() if judge == "nearest" else settings.readout
    tested, fits, states = [], [], []
    for held_out in split_runs(runs, min(n_folds, len(runs))):
        train = np.flatnonzero(np.isin(trials.run, [run for run in runs if run not in set(held_out)]))
        test = np.flatnonzero(np.isin(trials.run, held_out))
        # Whitening knows no labels; one for all inner folds keeps the search short and inside the training runs.
        linear = bench.fit(settings, train, keys[train], runs)
        tested.append(test)
        fits.append((linear, len(test)))
        states.append(linear.predict(trials.X[test]))
    scores = readout.scores(bench.entry(settings, fits), np.concatenate(states))
    answers = truth[np.concatenate(tested)]
    return float(np.nanmean(pairwise_table(scores, answers)[np.arange(len(answers)), answers]))


# What is injected: for a fold, the linear part that gives the mean activation, and the states of its held-out trials.
_Injected = Callable[[_Bench, _Fold], tuple[Linear, NDArray]]


def _predicted(bench: _Bench, fold: _Fold) -> tuple[Linear, NDArray]:
    return fold.linear, fold.linear.predict(bench.trials(fold.settings).X[fold.test])


def _true(bench: _Bench, fold: _Fold) -> tuple[Linear, NDArray]:
    return fold.linear, bench.table(fold.settings.layer)[bench.keys(fold.settings)[fold.test]]


def _mean(bench: _Bench, fold: _Fold) -> tuple[Linear, NDArray]:
    return fold.linear, np.repeat(fold.linear.mean[None], len(fold.test), axis=0)


def _refitted(order: NDArray) -> _Injected:
    """Predictions after a new fit, where each trial gets the target of the trial that `order` names."""

    def injected(bench: _Bench, fold: _Fold) -> tuple[Linear, NDArray]:
        keys = bench.keys(fold.settings)[order]
        linear = bench.fit(fold.settings, fold.train, keys[fold.train], fold.runs)
        return linear, linear.predict(bench.trials(fold.settings).X[fold.test])

    return injected


def _decode(bench: _Bench, folds: Sequence[_Fold], injected: _Injected) -> tuple[NDArray, list[str] | None]:
    """Scores and free answers of all trials, in their order."""
    made = [injected(bench, fold) for fold in folds]
    n_trials = sum(len(fold.test) for fold in folds)
    scores = np.empty((n_trials, len(bench.targets.answers)), np.float32)
    texts: dict[int, str] = {}
    # Folds that entered the same layer share their passes through the network.
    for kind in dict.fromkeys((fold.settings.layer, fold.settings.readout) for fold in folds):
        alike = [i for i, fold in enumerate(folds) if (fold.settings.layer, fold.settings.readout) == kind]
        test = np.concatenate([folds[i].test for i in alike])
        states = np.concatenate([made[i][1] for i in alike])
        readout = folds[alike[0]].settings.readout
        entry = bench.entry(folds[alike[0]].settings, [(made[i][0], len(folds[i].test)) for i in alike])
        scores[test] = readout.scores(entry, states)
        said = readout.texts(entry, states)
        texts |= {} if said is None else dict(zip(test.tolist(), said, strict=True))
    return scores, [texts[i] for i in sorted(texts)] or None


@dataclass(frozen=True)
class _Judge:
    """Turns decisions into measures."""

    targets: Targets
    truth: NDArray[np.intp]
    runs: NDArray
    shuffled: NDArray[np.intp]

    def outcome(self, repeats: Sequence[tuple[NDArray, list[str] | None]]) -> Outcome:
        """Measures of one or more repetitions (their mean); scores and texts of the first."""
        n_answers = len(self.targets.answers)
        tables = {
            "candidate": (np.mean([hit_table(scores) for scores, _ in repeats], axis=0), None),
            "pairwise": (np.mean([pairwise_table(scores, self.truth) for scores, _ in repeats], axis=0), 0.5),
        }
        said = [self._said(texts) for _, texts in repeats if texts is not None]
        if said:
            each = np.mean([one[:, None] == np.arange(n_answers) for one in said], axis=0)
            tables["free"] = (each, None)
        guess = constant_guess(self.truth, n_answers)
        measures = {
            name: measure(table, self.truth, self.runs, self.shuffled, chance=guess if chance is None else chance)
            for name, (table, chance) in tables.items()
        }
        return Outcome(repeats[0][0], repeats[0][1], said[0] if said else None, measures)

    def _said(self, texts: list[str]) -> NDArray[np.intp]:
        assert isinstance(self.targets, WordTargets)  # only a language model answers freely
        return np.array([self.targets.meant(text) for text in texts], np.intp)


def _layers(settings: Settings, choose: Sequence[Choice]) -> tuple[str, ...]:
    chosen = [str(value) for choice in choose if choice.setting == "layer" for value in choice.values]
    return tuple(dict.fromkeys(chosen or [settings.layer]))


def _check_same_trials(choice: Choice, ours: NDArray, theirs: NDArray) -> None:
    if not np.array_equal(ours, theirs):
        raise RecordingError(
            f"choose: the values of {choice.setting!r} cut the recording into different trials ({len(ours)} and "
            f"{len(theirs)}), so their accuracies cannot be compared; choose among windows of one kind"
        )


def _shown(value: Any) -> str:
    return ", ".join(map(repr, value)) if isinstance(value, tuple) else str(value)

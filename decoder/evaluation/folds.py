"""Nested cross-validation: what is fitted and chosen in one fold, from its training runs alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...adapters.whiten import Whitener
from ...errors import InputError, RecordingError, UnknownNameError
from ...models.networks.network import Network
from ..linear import Linear
from ..readout import Entry, NearestReadout, make_entry, read_out
from ..recordings.recording import Recording
from ..settings import Settings, fit_on, prompted
from ..statistics.auc import choice_score
from ..steps import Step, run_steps
from ..targets import Targets
from ..windows import Trials, Window, windows
from .held_out import HeldOut, class_group, split_classes

CHOOSABLE = (
    "layer",
    "steps",
    "window",
    "whiten",
    "features",
    "adapter",
    "readout",
    "prompt",
    "fit_steps",
    "fit_window",
)
JUDGES = ("nearest", "readout")


@dataclass(frozen=True)
class Choice:
    """A setting that is chosen inside the training runs, over inner folds, by what `choice_score` judges.

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


def tried_windows(settings: Settings, choose: Sequence[Choice]) -> list[Settings]:
    """The settings with each of the windows, and of the steps, that there are to choose from."""
    return [
        replace(settings, **{choice.setting: value})
        for choice in choose
        if choice.setting in ("window", "steps")
        for value in choice.values
    ]


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
        whole = "; only an evaluation holds out whole classes" if isinstance(folds, Mapping) else ""
        raise InputError(f"folds: expected 'run' or a number, got {folds!r}{whole}")
    if not 2 <= n_folds <= len(runs):
        raise InputError(
            f"folds: expected 2 to {len(runs)}, the number of runs, got {n_folds}; a run is never split between "
            "training and test"
        )
    if folds == "run":
        return [[run] for run in runs]
    order = np.random.default_rng(seed).permutation(len(runs))
    return [[runs[i] for i in sorted(part)] for part in np.array_split(order, n_folds)]


class Bench:
    """A recording under all the settings tried, and a network's targets for it; each computed once."""

    def __init__(self, network: Network, targets: Targets, recording: Recording, layers: Sequence[str]) -> None:
        self.network = network
        self.targets = targets
        self.recording = recording
        self._tables = targets.activations(network, layers)
        self._prompted = lru_cache(maxsize=None)(lambda prompt: prompted(network, prompt))
        self._prepared = lru_cache(maxsize=None)(lambda steps: run_steps(steps, recording))
        self._windows = lru_cache(maxsize=None)(lambda steps, window: windows(window, self._prepared(steps)))

    def with_network(self, network: Network) -> Bench:
        """Another network on the same trials, which are cut once."""
        other = Bench(network, self.targets, self.recording, tuple(self._tables))
        other._prepared, other._windows = self._prepared, self._windows
        return other

    def prepared(self, steps: tuple[Step, ...]) -> Recording:
        """The recording after the steps."""
        return self._prepared(steps)

    def table(self, layer: str) -> NDArray[np.float32]:
        """Activation (n_keys, n_units) of each key."""
        return self._tables[layer]

    def trials(self, settings: Settings) -> Trials:
        """What is decided on."""
        return self._windows(settings.steps, settings.window)

    def trials_to_fit(self, settings: Settings) -> Trials:
        """What the adapter is fitted on."""
        return self._windows(*settings.to_fit)

    def keys(self, trials: Trials) -> NDArray[np.intp]:
        return self.targets.key_of(trials)

    def truth(self, trials: Trials) -> NDArray[np.intp]:
        """The right answer to each."""
        return self.targets.truth()[self.keys(trials)]

    def whitener(self, steps: tuple[Step, ...], its_windows: tuple[Window, ...], held_out: HeldOut) -> Whitener:
        """Fit on all samples of the runs that are not held out; where classes are, on none in these windows on them."""
        prepared = self._prepared(steps)
        rows = ~held_out.in_runs(prepared.run)
        for window in its_windows if held_out.by_class else ():
            trials = self._windows(steps, window)
            for i in np.flatnonzero(held_out.of_classes(self.truth(trials))):
                first, stop = (round(at * prepared.rate_hz) for at in (trials.start_s[i], trials.stop_s[i]))
                of_run = prepared.samples_of(trials.run[i].item())
                rows[of_run.start + first : min(of_run.start + stop, of_run.stop)] = False
        return Whitener().fit(prepared.data[rows])

    def fit(
        self,
        settings: Settings,
        train: NDArray,
        keys: NDArray,
        whitener: Whitener | None,
        whitened: NDArray | None = None,
        *,
        by_class: bool = False,
    ) -> Linear:
        """Fit on the trials `train` of those to fit on, with the targets of `keys`; their X may be given, whitened.

        The adapter's strength is chosen by leaving out whole runs, or whole classes.
        """
        targets, answers = self.table(settings.layer)[keys], self.targets.truth()[keys]
        trials, groups = self.trials_to_fit(settings), answers if by_class else None
        return fit_on(settings, trials, train, targets, answers, whitener, self.recording.regions, whitened, groups)

    def entry(self, settings: Settings, linear: Linear) -> Entry:
        """Where the states enter that a fit predicts."""
        network, table = self._prompted(settings.prompt), self.table(settings.layer)
        return make_entry(network, settings.layer, self.targets, table, linear.mean)


@dataclass(frozen=True)
class Fold:
    """One outer fold: what was chosen and fitted without its held-out trials.

    `train` counts the trials to fit on, `test` those to decide on.

    Attributes
    ----------
    whitened : pair of arrays, or None
        X of the trials to fit on and of those to decide on, whitened. `linear` then takes these, and has no whitener.
    """

    settings: Settings
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    linear: Linear
    by_class: bool = False
    whitened: tuple[NDArray, NDArray] | None = None

    def of_own_trials(self, bench: Bench) -> Fold:
        """The fold with its own trials whitened and without whitener: that of a whole brain takes GB in each fold."""
        whitener = self.linear.whitener
        if whitener is None:
            return self
        whitened = whitener.transform(self.to_fit(bench)), whitener.transform(self.to_decide(bench))
        return replace(self, linear=replace(self.linear, whitener=None), whitened=whitened)

    def to_fit(self, bench: Bench) -> NDArray:
        """X of the trials `train`, as `linear` takes them."""
        return bench.trials_to_fit(self.settings).X[self.train] if self.whitened is None else self.whitened[0]

    def to_decide(self, bench: Bench) -> NDArray:
        """X of the trials `test`, as `linear` takes them."""
        return bench.trials(self.settings).X[self.test] if self.whitened is None else self.whitened[1]


def fit_fold(bench: Bench, settings: Settings, choose: Sequence[Choice], held_out: HeldOut, inner_folds: int) -> Fold:
    """Choose and fit on all trials but those held out."""
    training = Training(bench, held_out, inner_folds)
    settings = training.choose(settings, choose)
    to_fit, trials = bench.trials_to_fit(settings), bench.trials(settings)
    by_class, whitener = held_out.by_class, training.whitener(settings)
    # Live windows also give trials of no event, which have no right answer.
    train = np.flatnonzero(held_out.trains(to_fit.run, bench.truth(to_fit) if by_class else None))
    test = np.flatnonzero(held_out.tests(trials.run, bench.truth(trials) if by_class else None))
    linear = bench.fit(settings, train, bench.keys(to_fit)[train], whitener, by_class=by_class)
    return Fold(settings, train, test, linear, by_class)


class Training:
    """The trials that may be fitted and chosen on; nothing here looks at others."""

    def __init__(self, bench: Bench, held_out: HeldOut, inner_folds: int) -> None:
        self._held_out = held_out
        self._bench = bench
        self._n_inner = inner_folds
        # Each choice tries again what the one before it has settled on. Nothing here holds `self`, so that all goes
        # with the last use: the whitening of a whole brain takes GB. Those of the newest two sets of steps are kept.
        self._scores: dict[tuple[Settings, str], float] = {}
        self._whitener = lru_cache(maxsize=2)(lambda steps, named: bench.whitener(steps, named, held_out))

    def _inner(self, trials: Trials, truth: NDArray[np.intp]) -> list[HeldOut]:
        """Folds of the training trials, of whole classes where the outer ones are."""
        if not self._held_out.by_class:
            runs = [run for run in self._bench.recording.runs if run not in set(self._held_out.runs)]
            parts = split_runs(runs, min(self._n_inner, len(runs))) if len(runs) > 1 else []
            return [HeldOut(tuple(part)) for part in parts]
        ours = self._held_out.trains(trials.run, truth)
        n_classes = len(np.unique(truth[ours]))
        if n_classes < 4:
            raise InputError(
                f"choose: expected at least four classes in every fold's training to choose by inner folds of whole "
                f"classes, got {n_classes}; take more folds, or no choice"
            )
        return split_classes(trials.run[ours], truth[ours], min(self._n_inner, n_classes // 2))

    def choose(self, settings: Settings, choices: Sequence[Choice]) -> Settings:
        """Make the choices one after the other."""
        events = self._events(settings)
        for choice in choices:
            tried = [replace(settings, **{choice.setting: value}) for value in choice.values]
            for one in tried:
                for ours, theirs in zip(events, self._events(one), strict=True):
                    _check_same_trials(choice, ours, theirs)
            best = np.argmax([self._score(one, choice.judge) for one in tried]) if len(tried) > 1 else 0
            settings = tried[int(best)]
        return settings

    def _events(self, settings: Settings) -> tuple[NDArray, NDArray]:
        return self._bench.trials(settings).event, self._bench.trials_to_fit(settings).event

    def whitener(self, settings: Settings) -> Whitener | None:
        """Fit on all samples that may be trained on, if the settings ask for it."""
        if settings.whiten == "none":
            return None
        # By classes it leaves out the trials' own samples, to decide on and to fit on, which windows name.
        named = tuple(dict.fromkeys((settings.window, settings.to_fit[1])))
        return self._whitener(settings.steps, named if self._held_out.by_class else ())

    def _score(self, settings: Settings, judge: str) -> float:
        place = (settings, judge)
        if place not in self._scores:
            self._scores[place] = self._score_anew(settings, judge)
        return self._scores[place]

    def _score_anew(self, settings: Settings, judge: str) -> float:
        """Pairwise accuracy over inner folds, or between two answers the area under the ROC curve."""
        bench = self._bench
        trials, to_fit = bench.trials(settings), bench.trials_to_fit(settings)
        keys, truth, truth_to_fit = bench.keys(to_fit), bench.truth(trials), bench.truth(to_fit)
        outer, by_class = self._held_out, self._held_out.by_class
        readout = NearestReadout() if judge == "nearest" else settings.readout
        tested, scores = [], []
        inner = self._inner(trials, truth)
        for held_out in inner:
            train = np.flatnonzero(outer.trains(to_fit.run, truth_to_fit) & held_out.trains(to_fit.run, truth_to_fit))
            test = np.flatnonzero(outer.trains(trials.run, truth) & held_out.tests(trials.run, truth))
            # Whitening knows no labels; one for all inner folds keeps the search short and inside the training runs.
            linear = bench.fit(settings, train, keys[train], self.whitener(settings), by_class=by_class)
            tested.append(test)
            entry = bench.entry(settings, linear)
            scores.append(read_out(readout, entry, linear.predict(trials.X[test]), speak=False)[0])
        answers = truth[np.concatenate(tested)]
        return choice_score(np.concatenate(scores), answers, class_group(answers, inner) if by_class else None)


def _check_same_trials(choice: Choice, ours: NDArray, theirs: NDArray) -> None:
    if not np.array_equal(ours, theirs):
        raise RecordingError(
            f"choose: the values of {choice.setting!r} cut the recording into different trials ({len(ours)} and "
            f"{len(theirs)}), so their accuracies cannot be compared; choose among windows of one kind"
        )

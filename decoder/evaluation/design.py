"""The design of an evaluation: all that is known before anything is fitted, and that its report begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..finding import Finding
from ..inner_folds import least_runs
from ..run_splits import session_of
from ..settings import Settings
from ..statistics.auc import unit_of_auc
from ..statistics.chance import Chance, chance_of, is_unequal
from ..windows import Trials
from .choices import Choice
from .rivals.base import Rival
from .splits import Folds


@dataclass(frozen=True, kw_only=True)
class EvaluationDesign:
    """What an evaluation tests, chooses and compares with.

    Attributes
    ----------
    answers : tuple of str
        The classes.
    truth : array (n_trials,) of int
    trials : Trials
        Those that are tested.
    fold : array (n_trials,) of int
        The outer fold that holds out each trial.
    settings : Settings
        The decoder's, before any choice.
    choose : tuple of Choice
    network, recording : str
        The network's name, and the recording in a few words: its size, its source, what was done while it was read.
    control_names, readout_names : tuple of str
    rivals : tuple of Rival
        Classifiers of the field.
    inner_folds, n_shuffles : int
        The arguments of `evaluate`.
    n_permutations, n_refits : int
        How many exchanges of the classes p is from; with refits, that of the decoder is from these.
    findings : tuple of Finding
        Of the audit for leaks.
    seconds_per_trial : float or None
    classes : array (n_trials,) of int, or None
        Where folds hold out whole classes: trials with the same number are held out together.
    folds
        The argument of `evaluate`.
    engine : {"network", "bundle"}
        What decides for the decoder.
    controls_redo : {"fit", "search"}
        Whether controls make the choices again.
    """

    answers: tuple[str, ...]
    truth: NDArray[np.intp]
    trials: Trials
    fold: NDArray[np.intp]
    settings: Settings
    network: str
    inner_folds: int
    n_shuffles: int
    n_permutations: int
    recording: str = ""
    choose: tuple[Choice, ...] = ()
    control_names: tuple[str, ...] = ()
    readout_names: tuple[str, ...] = ()
    rivals: tuple[Rival, ...] = ()
    n_refits: int = 0
    findings: tuple[Finding, ...] = ()
    seconds_per_trial: float | None = None
    classes: NDArray[np.intp] | None = None
    folds: Folds = "run"
    engine: str = "network"
    controls_redo: str = "fit"

    @cached_property
    def units(self) -> NDArray:
        """What intervals draw whole, for each trial: its run, its session or its class."""
        if self.classes is not None:
            return self.truth
        runs = self.trials.run
        return np.array([session_of(run) for run in runs.tolist()]) if self.folds == "session" else runs

    @cached_property
    def unit_of_auc(self) -> NDArray | None:
        """Within what the AUC compares trials; None where there are not two classes."""
        two = len(self.answers) == 2 and len(np.unique(self.truth)) == 2
        return unit_of_auc(self.truth, self.units, self.fold) if two else None

    @property
    def measure_names(self) -> tuple[str, ...]:
        """The measures of the decoder."""
        new, auc = self.classes is not None, self.unit_of_auc is not None
        speaks = any(one.speaks for one in [self.settings.readout, *self.values_of("readout")])
        there = {"candidate": True, "pairwise": True, "against all": new, "free": speaks, "auc": auc}
        return tuple(name for name, is_there in there.items() if is_there)

    @property
    def main(self) -> str:
        """The measure that sums the evaluation up.

        Pairs where whole classes are held out; where one class is much more frequent than others, see `is_unequal`,
        the AUC of two classes and pairs of more; else free answers where there are any.
        """
        if self.classes is not None:
            return "pairwise"
        if is_unequal(self.truth, len(self.answers)):
            return "auc" if "auc" in self.measure_names else "pairwise"
        return "free" if "free" in self.measure_names else "candidate"

    @property
    def held_out(self) -> str:
        """What folds hold out whole."""
        return "classes" if self.classes is not None else "sessions" if self.folds == "session" else "runs"

    @property
    def compared_by(self) -> str:
        """The measure that classifiers of the field are compared by; they give no free answers."""
        return "candidate" if self.main == "free" else self.main

    @property
    def over(self) -> str:
        """What intervals are over."""
        single = np.unique(self.trials.run, return_counts=True)[1].max() == 1
        return "trials" if self.held_out == "runs" and single else self.held_out

    @property
    def fold_names(self) -> list[str]:
        """A fold of one run or session has its name; any other has its number, as have folds of whole classes."""
        names = []
        for fold in range(int(self.fold.max()) + 1):
            runs = np.unique((self.units if self.over == "sessions" else self.trials.run)[self.fold == fold]).tolist()
            names.append(str(runs[0]) if len(runs) == 1 and self.classes is None else str(fold + 1))
        return names

    @property
    def can_calibrate(self) -> bool:
        """Whether every fold trains on so many runs that probabilities can be calibrated, if they are to be."""
        n_runs = len(np.unique(self.trials.run)) if self.classes is None else 0
        most_tested = max(len(np.unique(self.trials.run[self.fold == fold])) for fold in np.unique(self.fold))
        return self.settings.probabilities == "calibrated" and n_runs - most_tested >= least_runs(self.settings)

    def facts(self) -> dict[str, Any]:
        """All attributes by name, for the result."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def chance(self, measure: str) -> Chance:
        """Chance of a measure."""
        return chance_of(measure, self.truth, len(self.answers), self.classes)

    def values_of(self, setting: str) -> Sequence[Any]:
        """The values that a setting is chosen from; empty where it is not chosen."""
        return [value for one in self.choose if one.setting == setting for value in one.values]

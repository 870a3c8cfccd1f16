"""What an evaluation found: decisions, their measures, and how they compare with those of other classifiers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..settings import Settings
from ..statistics.auc import auc_difference, auc_measure, has_auc
from ..statistics.bits import bits_per_decision, bits_per_minute
from ..statistics.chance import constant_guess, is_unequal, pairwise_chance
from ..statistics.difference import Difference, mean_difference
from ..statistics.measures import Measure, hit_table, hits, measure, pairwise, pairwise_table
from ..targets import Targets, WordTargets
from ..windows import Trials
from .audit.finding import Finding

Decided = tuple[NDArray, list[str] | None]
"""Scores (n_trials, n_answers), and free answers where there are any."""


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
        ``"candidate"``: right answer scored highest; ``"pairwise"``; ``"auc"``, of two answers: area under the ROC
        curve; and ``"free"``: free answer right. Where whole classes were held out, ``"pairwise"`` compares classes
        that were held out together, of which none was trained on, and ``"against all"`` compares with those that were,
        too. A fold's training tells which classes are missing: so chance is the best constant guess of each fold, which
        for ``"against all"`` and ``"candidate"`` is to take what is missing, and far above one half.
    """

    scores: NDArray[np.float32]
    texts: list[str] | None
    said: NDArray[np.intp] | None
    measures: dict[str, Measure]


@dataclass(frozen=True)
class Beside:
    """A classifier of the field in the decoder's folds.

    Attributes
    ----------
    told : str
        What it is.
    outcome : Outcome
    differences : dict of str to Difference
        The decoder's measures minus its own, by measure; it gives no free answers.
    """

    told: str
    outcome: Outcome
    differences: dict[str, Difference]


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
    network, fingerprint : str
    settings : Settings
        The decoder's, before any choice.
    inner_folds, n_shuffles, n_permutations : int
        As `evaluate` was told.
    findings : tuple of Finding
        What the audit for leaks found.
    field : dict of str to Beside
        Classifiers of the field in the same folds.
    seconds_per_trial : float or None
    classes : array (n_trials,) of int, or None
        Where folds hold out whole classes: those of the same number are held out together.
    engine : {"network", "bundle"}
        What decided for the decoder.
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
    settings: Settings
    inner_folds: int
    n_shuffles: int
    n_permutations: int
    findings: tuple[Finding, ...] = ()
    field: dict[str, Beside] = field(default_factory=dict)
    seconds_per_trial: float | None = None
    classes: NDArray[np.intp] | None = None
    engine: str = "network"

    @property
    def main(self) -> str:
        """The measure that sums the evaluation up.

        Pairs where whole classes were held out; the AUC where one of two answers is right in 60 % of the trials or
        more; else free answers where there are any.
        """
        if self.classes is not None:
            return "pairwise"
        if "auc" in self.decoder.measures and is_unequal(self.truth, len(self.answers)):
            return "auc"
        return "free" if "free" in self.decoder.measures else "candidate"

    @property
    def compared_by(self) -> str:
        """The measure that classifiers of the field are compared by: they give no free answers."""
        return "candidate" if self.main == "free" else self.main

    def told_differences(self) -> Iterable[tuple[str, str, Difference]]:
        """Classifier, measure and the decoder's difference to it: what it is compared by, and all that is worse."""
        for name, one in self.field.items():
            for kind, difference in sorted(one.differences.items(), key=lambda item: item[0] != self.compared_by):
                if kind == self.compared_by or difference.verdict == "worse":
                    yield name, kind, difference

    @property
    def bits(self) -> tuple[float, float] | None:
        """Bits that the choice among the answers tells, in a decision and in a minute.

        None where the time from one decision to the next is not known, or the answers are too unequal.
        """
        if self.seconds_per_trial is None or self.main == "auc":
            return None
        accuracy, n_answers = self.decoder.measures["candidate"].value, len(self.answers)
        each = bits_per_decision(accuracy, n_answers)
        return each, bits_per_minute(accuracy, n_answers, self.seconds_per_trial)

    def rows(self) -> Iterable[tuple[str, Outcome]]:
        """Decoder, ceiling, controls and classifiers of the field, for tables."""
        yield "decoder", self.decoder
        yield "ceiling", self.ceiling
        yield from self.controls.items()
        yield from ((name, one.outcome) for name, one in self.field.items())


@dataclass(frozen=True)
class Judge:
    """Turns decisions into measures.

    Attributes
    ----------
    targets : Targets
    truth : array (n_trials,) of int
    runs : array (n_trials,)
        What is drawn whole for intervals: runs, or classes.
    shuffled : array (n_permutations, n_trials) of int
        True answers exchanged as `hotwire.decoder.statistics.permutation.exchanges` says.
    classes : array (n_trials,) of int, optional
        Where whole classes are held out, those of the same number are held out together.
    """

    targets: Targets
    truth: NDArray[np.intp]
    runs: NDArray
    shuffled: NDArray[np.intp]
    classes: NDArray[np.intp] | None = None

    def outcome(self, repeats: Sequence[Decided]) -> Outcome:
        """Measures of one or more repetitions (their mean); scores and texts of the first."""
        n_answers, classes = len(self.targets.answers), self.classes
        guess = constant_guess(self.truth, n_answers, classes)
        even = pairwise_chance(self.truth, n_answers, classes)
        tables = {
            "candidate": (np.array([hit_table(scores) for scores, _ in repeats]), guess),
            "pairwise": (np.array([pairwise_table(scores, self.truth, classes) for scores, _ in repeats]), even),
        }
        if classes is not None:
            missing_first = pairwise_chance(self.truth, n_answers, classes, against="all")
            all_pairs = np.array([pairwise_table(scores, self.truth) for scores, _ in repeats])
            tables["against all"] = (all_pairs, missing_first)
        said = [self._said(texts) for _, texts in repeats if texts is not None]
        if said:
            each = np.array([one[:, None] == np.arange(n_answers) for one in said], np.float64)
            tables["free"] = (each, guess)
        measures = {
            name: measure(table, self.truth, self.runs, self.shuffled, chance=chance)
            for name, (table, chance) in tables.items()
        }
        if has_auc(self.truth, n_answers):
            measures["auc"] = auc_measure([scores for scores, _ in repeats], self.truth, self.runs, self.shuffled)
        return Outcome(repeats[0][0], repeats[0][1], said[0] if said else None, measures)

    def beside(self, decoder: Outcome, scores: NDArray, told: str) -> Beside:
        """Compare the decoder with another classifier on the same trials."""
        # Between two answers pairs say what the choice says.
        counts = {"candidate": hits} | ({"pairwise": pairwise} if len(self.targets.answers) > 2 else {})
        differences = {
            name: mean_difference(count(decoder.scores, self.truth), count(scores, self.truth), self.runs)
            for name, count in counts.items()
        }
        if "auc" in decoder.measures:
            differences["auc"] = auc_difference(decoder.scores, scores, self.truth, self.runs)
        return Beside(told, self.outcome([(scores, None)]), differences)

    def _said(self, texts: list[str]) -> NDArray[np.intp]:
        assert isinstance(self.targets, WordTargets)  # only a language model answers freely
        return np.array([self.targets.meant(text) for text in texts], np.intp)

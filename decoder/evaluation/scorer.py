"""From decisions to measures, with chance, intervals and permutation tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..statistics.auc import auc, auc_difference, auc_measure, has_auc
from ..statistics.chance import constant_guess, pairwise_chance
from ..statistics.difference import mean_difference
from ..statistics.measures import hit_table, hits, measure, pairwise, pairwise_table
from ..targets import Targets, WordTargets
from .result import Outcome, RivalComparison
from .rivals.compare import RivalDecisions

Decisions = tuple[NDArray, list[str] | None]
"""Scores (n_trials, n_classes), and free answers if there are any."""


@dataclass(frozen=True)
class Scorer:
    """Turns decisions into measures.

    `truth` and `runs` are (n_trials,); `runs` are what is drawn whole for intervals: runs, or classes. `shuffled`
    (n_permutations, n_trials) are true classes exchanged by `hotwire.decoder.statistics.permutation.exchanges`. Where
    whole classes are held out, trials with the same number in `class_sets` (n_trials,) are held out together.
    """

    targets: Targets
    truth: NDArray[np.intp]
    runs: NDArray
    shuffled: NDArray[np.intp]
    class_sets: NDArray[np.intp] | None = None

    def values(self, decisions: Decisions, truth: NDArray[np.intp], utility: NDArray | None = None) -> dict[str, float]:
        """Each measure of one repetition with these true classes, without interval and p; see `outcome`."""
        rows, tables = np.arange(len(truth)), self._tables([decisions], truth, utility)
        found = {name: float(table[0][rows, truth].mean()) for name, (table, _) in tables.items()}
        return found | ({"auc": auc(decisions[0], truth)} if has_auc(truth, len(self.targets.answers)) else {})

    def outcome(self, repeats: Sequence[Decisions], utility: NDArray | None = None) -> Outcome:
        """The mean measures of one or more repetitions; scores and texts are those of the first.

        The class that is chosen has the highest `utility` (n_trials, n_classes), by default the highest score.
        """
        measures = {
            name: measure(np.array(table), self.truth, self.runs, self.shuffled, chance=chance)
            for name, (table, chance) in self._tables(repeats, self.truth, utility).items()
        }
        if has_auc(self.truth, len(self.targets.answers)):
            measures["auc"] = auc_measure([scores for scores, _ in repeats], self.truth, self.runs, self.shuffled)
        scores, texts = repeats[0]
        return Outcome(scores, texts, None if texts is None else self._said(texts), measures, utility)

    def _tables(
        self, repeats: Sequence[Decisions], truth: NDArray[np.intp], utility: NDArray | None
    ) -> dict[str, tuple[list[NDArray[np.float64]], float]]:
        """For each measure, tables (n_trials, n_classes) of the repetitions as `measure` takes them, and chance."""
        n_classes, sets = len(self.targets.answers), self.class_sets
        every = [scores for scores, _ in repeats]
        guess, even = constant_guess(truth, n_classes, sets), pairwise_chance(truth, n_classes, sets)
        tables = {
            "candidate": ([hit_table(one) for one in (every if utility is None else [utility])], guess),
            "pairwise": ([pairwise_table(scores, truth, sets) for scores in every], even),
        }
        if sets is not None:
            missing_first = pairwise_chance(truth, n_classes, sets, against="all")
            tables["against all"] = ([pairwise_table(scores, truth) for scores in every], missing_first)
        said = [self._said(texts) for _, texts in repeats if texts is not None]
        if said:
            tables["free"] = ([(one[:, None] == np.arange(n_classes)).astype(np.float64) for one in said], guess)
        return tables

    def comparison(self, decoder: Outcome, other: RivalDecisions) -> RivalComparison:
        """Compare the decoder with another classifier on the same trials."""
        scores = other.scores
        # Between two classes, pairs and the choice are the same.
        counts = {"candidate": hits} | ({"pairwise": pairwise} if len(self.targets.answers) > 2 else {})
        differences = {
            name: mean_difference(
                count(decoder.preferred if name == "candidate" else decoder.scores, self.truth),
                count(scores, self.truth),
                self.runs,
            )
            for name, count in counts.items()
        }
        if "auc" in decoder.measures:
            differences["auc"] = auc_difference(decoder.scores, scores, self.truth, self.runs)
        return RivalComparison(other.classifier.description, self.outcome([(scores, None)]), differences, other.chosen)

    def _said(self, texts: list[str]) -> NDArray[np.intp]:
        assert isinstance(self.targets, WordTargets)  # only a language model answers freely
        return np.array([self.targets.meant(text) for text in texts], np.intp)

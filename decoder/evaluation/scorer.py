"""From decisions to measures, with chance, intervals and permutation tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..statistics.auc import auc_difference, auc_measure, auc_within, has_auc, unit_of_auc
from ..statistics.chance import Chance, chance_of
from ..statistics.difference import mean_difference
from ..statistics.measures import counts_of, hit_table, hits, measure, pairwise, pairwise_table
from ..targets import Targets, WordTargets
from .result import Outcome, RivalComparison
from .rivals.compare import RivalDecisions

Decisions = tuple[NDArray, list[str] | None]
"""Scores (n_trials, n_classes), and free answers if there are any."""


@dataclass(frozen=True)
class Scorer:
    """Turns decisions into measures.

    `truth`, `runs` and `fold` are (n_trials,); `runs` are what intervals are over: runs, or classes. `shuffled`
    (n_permutations, n_trials) are true classes exchanged by `hotwire.decoder.statistics.permutation.exchanges`. Where
    whole classes are held out, trials with the same number in `class_sets` (n_trials,) are held out together.
    """

    targets: Targets
    truth: NDArray[np.intp]
    runs: NDArray
    fold: NDArray[np.intp]
    shuffled: NDArray[np.intp]
    class_sets: NDArray[np.intp] | None = None

    def chance(self, name: str) -> Chance:
        return chance_of(name, self.truth, len(self.targets.answers), self.class_sets)

    @cached_property
    def _auc_unit(self) -> NDArray | None:
        """Within what the AUC compares trials; None where there is none."""
        if not has_auc(self.truth, len(self.targets.answers)):
            return None
        return unit_of_auc(self.truth, self.runs, self.fold)

    def values(self, decisions: Decisions, truth: NDArray[np.intp], utility: NDArray | None = None) -> dict[str, float]:
        """Each measure of one repetition with these true classes, without interval and p; see `outcome`."""
        rows, tables = np.arange(len(truth)), self._tables([decisions], truth, utility)
        found = {name: float(table[0][rows, truth].mean()) for name, table in tables.items()}
        unit = self._auc_unit
        return found if unit is None else found | {"auc": auc_within(decisions[0], truth, unit)}

    def outcome(self, repeats: Sequence[Decisions], utility: NDArray | None = None) -> Outcome:
        """The mean measures of one or more repetitions; scores and texts are those of the first.

        The class that is chosen has the highest `utility` (n_trials, n_classes), by default the highest score.
        """
        measures = {
            name: measure(
                np.array(table),
                self.truth,
                self.runs,
                self.shuffled,
                chance=self.chance(name),
                counts=counts_of(name, self.truth),
            )
            for name, table in self._tables(repeats, self.truth, utility).items()
        }
        if self._auc_unit is not None:
            measures["auc"] = auc_measure([scores for scores, _ in repeats], self.truth, self._auc_unit, self.shuffled)
        scores, texts = repeats[0]
        return Outcome(scores, texts, None if texts is None else self._said(texts), measures, utility)

    def _tables(
        self, repeats: Sequence[Decisions], truth: NDArray[np.intp], utility: NDArray | None
    ) -> dict[str, list[NDArray[np.float64]]]:
        """For each measure, tables (n_trials, n_classes) of the repetitions as `measure` takes them."""
        n_classes, sets = len(self.targets.answers), self.class_sets
        every = [scores for scores, _ in repeats]
        tables = {
            "candidate": [hit_table(one) for one in (every if utility is None else [utility])],
            "pairwise": [pairwise_table(scores, truth, sets) for scores in every],
        }
        if sets is not None:
            tables["against all"] = [pairwise_table(scores, truth) for scores in every]
        said = [self._said(texts) for _, texts in repeats if texts is not None]
        if said:
            tables["free"] = [(one[:, None] == np.arange(n_classes)).astype(np.float64) for one in said]
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
                chance=self.chance(name).value,
                counts=counts_of(name, self.truth),
            )
            for name, count in counts.items()
        }
        if self._auc_unit is not None:
            differences["auc"] = auc_difference(decoder.scores, scores, self.truth, self._auc_unit)
        return RivalComparison(other.classifier.description, self.outcome([(scores, None)]), differences, other.chosen)

    def _said(self, texts: list[str]) -> NDArray[np.intp]:
        assert isinstance(self.targets, WordTargets)  # only a language model answers freely
        return np.array([self.targets.meant(text) for text in texts], np.intp)

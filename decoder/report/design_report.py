"""The design of an evaluation for the terminal and for JSON: what will be done, before it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from ...adapters.plan import duration, size
from ..evaluation.design import EvaluationDesign
from .checks import finding_checks
from .data import plain_data
from .evaluation_methods import evaluation_methods
from .numbers import count
from .result import Sentence, Table
from .terminal import show_mapping, show_sentences, show_table

if TYPE_CHECKING:
    from ..evaluation.cost import Cost

MOST_RUNS = 8


@dataclass(frozen=True)
class DesignReport:
    """What an evaluation will do; `cost` is None where the network is not on this machine yet.

    `before_s` is how long reading, cutting and the audit took, and opening the network; `in_memory_bytes` what is in
    memory after it. `why_no_cost` says why there is no cost.
    """

    design: EvaluationDesign
    before_s: float
    in_memory_bytes: float
    cost: Cost | None
    why_no_cost: str = ""

    def summary(self) -> dict[str, Any]:
        cost = self.cost
        time = {"seconds": None, "memory_bytes": None, "n_fits": None, "n_states": None}
        if cost is not None:
            memory = self.in_memory_bytes + cost.memory_bytes
            time = {"seconds": self.before_s + cost.seconds, "memory_bytes": memory}
            time |= {"n_fits": cost.n_fits, "n_states": cost.n_states}
        return plain_data(
            {
                "recording": self.design.recording,
                "methods": evaluation_methods(self.design),
                "trials": self._n_in,
                "folds": self.design.fold_names,
                "findings": self.design.findings,
                **time,
            }
        )

    def show(self, console: Console) -> None:
        """Methods, trials, findings, and what it will take."""
        show_mapping(console, evaluation_methods(self.design))
        show_table(console, self._trials())
        show_sentences(console, [*finding_checks(self.design.findings), self._takes()])

    def _trials(self) -> Table:
        """How many trials of each class there are in each run; of many runs, how many at least and at most."""
        n_in = self._n_in
        cells = np.array([list(of.values()) for of in n_in.values()])
        columns = [f"run {run}" for run in n_in[self.design.answers[0]]]
        n_runs = len(columns)
        if (cells == cells[:, :1]).all():
            cells_shown, columns = cells[:, :1], ["in each run"]
        elif n_runs > MOST_RUNS:
            cells_shown = np.stack([cells.min(axis=1), cells.max(axis=1)], axis=1)
            columns = ["least in a run", "most in a run"]
        else:
            cells_shown = cells
        rows = [
            [answer, *map(str, of), str(total)]
            for answer, of, total in zip(n_in, cells_shown.tolist(), cells.sum(axis=1).tolist(), strict=True)
        ]
        return Table(["class", *columns, "all"], rows, f"Trials in {count(n_runs, 'run')}")

    @cached_property
    def _n_in(self) -> dict[str, dict[str, int]]:
        """How many trials of each class there are in each run."""
        truth, of_runs = self.design.truth, self.design.trials.run
        runs = dict.fromkeys(of_runs.tolist())
        return {
            answer: {str(run): int(np.sum((truth == i) & (of_runs == run))) for run in runs}
            for i, answer in enumerate(self.design.answers)
        }

    def _takes(self) -> Sentence:
        if self.cost is None:
            return Sentence(f"How long it takes is not known: {self.why_no_cost}.")
        takes = duration(self.before_s + self.cost.seconds)
        memory = size(self.in_memory_bytes + self.cost.memory_bytes)
        return Sentence(
            f"It will take {takes} and {memory} of memory, within a factor of three: {count(self.cost.n_fits, 'fit')} "
            f"({duration(self.cost.fits_s)}), {self.cost.n_states:,} states through the network "
            f"({duration(self.cost.network_s)}), and {self.before_s:.0f} s that reading, audit and opening took."
        )

"""Decoded movement for the terminal and the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...report.checks import runs_checks
from ...report.data import plain_data
from ...report.drawing import Drawing
from ...report.numbers import count, p_words
from ...report.result import Cell, Number, PageSection, Sentence, Table
from ...statistics.measures import Measure
from ...statistics.regression import REGRESSION
from .figures import measures_figure, traces_figure
from .filters import DESCRIPTIONS
from .result import KinematicsEvaluation
from .run import OTHER_RUNS, SHIFTED

LEAST_R2 = 0.05
"""Targets of other runs that explain less are no sign of a movement that repeats."""
SIGNIFICANT = 0.05
MANY = 0.5
"""If the strength of so many folds is at an edge of those named, others may do better."""


@dataclass(frozen=True)
class KinematicsReport:
    """Implements `PageResult`; `recording` says in a few words what was decoded from."""

    evaluation: KinematicsEvaluation
    recording: str

    @property
    def main(self) -> Measure:
        return self.evaluation.decoder.measures["r2"]

    @property
    def over(self) -> str:
        return "sessions" if self.evaluation.folds == "session" else "runs"

    def summary(self) -> dict[str, Any]:
        evaluation = self.evaluation
        return plain_data(
            {
                "score": self.main.value,
                "interval": [self.main.low, self.main.high],
                "chance": self.main.chance,
                "p_value": self.main.p_value,
                "measure": "r2",
                "held_out": self.over,
                "n_samples": len(evaluation.time_s),
                "rate_hz": evaluation.settings.rate_hz,
                "lags": evaluation.settings.lags,
                "quantity": evaluation.quantity,
                "measures": {name: one.measures for name, one in evaluation.rows().items()},
                "dimensions": {
                    name: {measure: dict(zip(evaluation.names, of, strict=True)) for measure, of in one.by_dim.items()}
                    for name, one in evaluation.rows().items()
                },
                "controls": evaluation.controls,
                "field": {
                    name: {
                        "description": DESCRIPTIONS[name],
                        "differences": {"r2": difference},
                        "chosen": evaluation.chosen[name],
                    }
                    for name, difference in evaluation.differences.items()
                },
                "alphas": evaluation.alphas,
                "folds": evaluation.fold_runs,
            }
        )

    def lead(self) -> str:
        evaluation = self.evaluation
        return (
            f"From {self.recording}, the {evaluation.quantity} ({', '.join(evaluation.names)}) in each of "
            f"{count(len(evaluation.time_s), 'sample')} of {1 / evaluation.settings.rate_hz:g} s, decoded straight "
            "from activity, without a network, in runs that were held out."
        )

    def numbers(self) -> list[Number]:
        r = self.evaluation.decoder.measures["r"]
        return [
            Number(f"{self.main.value:.3f}", "R2, mean over dimensions"),
            Number(_ends(self.main) or "none", f"95 % interval over {self.over}"),
            Number("0", "chance: always the training mean"),
            Number(p_words(self.main.p_value), "p by shifts in time"),
            Number(f"{r.value:.3f}", "Pearson’s r, mean over dimensions"),
        ]

    def sentences(self) -> list[Sentence]:
        evaluation, main = self.evaluation, self.main
        n_units = len(set(evaluation.decoder.found.runs.tolist()))
        above = main.p_value < SIGNIFICANT and (main.low > 0 or (np.isnan(main.low) and main.value > 0))
        verdict = "above chance" if above else "not shown to be above chance"
        checks = [Sentence(f"The decoder is {verdict}: R2 {main.value:.3f}, p {p_words(main.p_value)}.", bool(above))]
        for name, one in evaluation.controls.items():
            reaches = one["r2"] > (main.low if np.isfinite(main.low) else main.value)
            text = f"{name.capitalize()}: R2 {one['r2']:.3f}"
            if name == OTHER_RUNS and reaches and one["r2"] > LEAST_R2:
                text += ": the same movement comes at the same time of every run, which needs no brain"
            checks.append(Sentence(f"{text}.", not reaches))
        if OTHER_RUNS not in evaluation.controls:
            checks.append(Sentence("Each fold trains on one run, so no run can get another’s targets as a control."))
        for name, one in evaluation.differences.items():
            ends = "no interval" if np.isnan(one.low) else f"[{one.low:+.3f}, {one.high:+.3f}]"
            text = f"R2, decoder minus {name}: {one.value:+.3f} {ends}, {one.verdict}."
            checks.append(Sentence(text, one.verdict != "worse"))
        if min(evaluation.settings.lags) < 0:
            checks.append(Sentence("Some lags are negative: it looks ahead and cannot run live.", False))
        if evaluation.settings.alphas is not None and np.mean(evaluation.at_edge) >= MANY:
            tried = ", ".join(f"{one:g}" for one in evaluation.settings.alphas)
            text = f"The strength of most folds is the first or last of those named ({tried}): name more, or none."
            checks.append(Sentence(text, len(evaluation.settings.alphas) == 1))
        return checks + runs_checks(n_units, self.over)

    def tables(self) -> list[Table]:
        return [self._measures()]

    def figures(self) -> list[Drawing]:
        return [part for section in self.sections() for part in section.parts if isinstance(part, Drawing)]

    def sections(self) -> list[PageSection]:
        return [
            PageSection("True and decoded", [traces_figure(self.evaluation)]),
            PageSection("All measures", [measures_figure(self.evaluation, self.over), self._measures()]),
            PageSection("What was chosen in each fold", [self._chosen()]),
            PageSection("Methods", [self._methods()]),
        ]

    def _measures(self) -> Table:
        evaluation, rows = self.evaluation, []
        for name, one in evaluation.rows().items():
            cells: list[Cell] = [name]
            for measure in REGRESSION:
                of = one.measures[measure]
                cells.append(f"{of.value:.3f}" + (f" [{_ends(of)}]" if _ends(of) else ""))
                cells += [f"{value:.3f}" for value in one.by_dim[measure]] if len(evaluation.names) > 1 else []
            rows.append([*cells, p_words(one.measures["r2"].p_value)])
        per_measure = 1 + len(evaluation.names) * (len(evaluation.names) > 1)
        for name, one in evaluation.controls.items():
            cells = [name]
            for measure in REGRESSION:
                cells += [f"{one[measure]:.3f}", *["–"] * (per_measure - 1)]
            rows.append([*cells, "–"])
        names = evaluation.names if len(evaluation.names) > 1 else ()
        heads = [head for what in REGRESSION.values() for head in (what, *(f"{what} {dim}" for dim in names))]
        caption = (
            f"Mean over dimensions with 95 % interval over {self.over}, and each dimension; p of R2 by shifts in time."
        )
        return Table(["", *heads, "p"], rows, caption, bold=0)

    def _chosen(self) -> Table:
        evaluation = self.evaluation
        kinds = [name for name, of in evaluation.chosen.items() if any(of)]
        rows: list[list[Cell]] = []
        for i, (runs, alpha) in enumerate(zip(evaluation.fold_runs, evaluation.alphas, strict=True)):
            of_filters = [
                ", ".join(f"{key} {value}" for key, value in evaluation.chosen[name][i].items()) for name in kinds
            ]
            rows.append([", ".join(map(str, runs)), f"{alpha:.4g}", *of_filters])
        return Table(["held out", "ridge’s strength", *kinds], rows, "By the training runs of each fold alone.")

    def _methods(self) -> dict[str, str]:
        evaluation = self.evaluation
        steps = ", ".join(map(repr, evaluation.steps)) or "none"
        lags = ", ".join(map(str, evaluation.settings.lags))
        methods = {
            "activity": f"Steps: {steps}. Standardised by the training runs. Delayed by {lags} samples.",
            "decoder": (
                "Ridge regression from delayed activity to the targets of the sample, without a network: there is no "
                "layer whose activations a movement would be. Its strength is chosen by leaving training runs out in "
                "turn (of a single one, five contiguous parts)."
            ),
            "cross-validation": (
                f"{count(len(evaluation.fold_runs), 'fold')}, each of whole runs. Samples whose delayed activity "
                "begins before their run are not scored, so no activity is behind both a scored and a training sample."
            ),
            "R2": (
                "One minus the squared error divided by the squared deviation from the training mean, both summed over "
                "all held-out samples; of each dimension, then their mean. Always predicting the training mean gives 0."
            ),
            "Pearson’s r": "Of each dimension over all held-out samples, then their mean.",
            "intervals": (
                f"Tukey’s jackknife over {self.over} (1958, Ann. Math. Stat. 29, 614), with Student’s t; for "
                "differences, of the difference on the same samples."
            ),
            "p": (
                f"Targets of all runs, trained and tested, were moved in a circle within their run "
                f"{evaluation.n_permutations:,} times, and the decoder was fitted anew, with the strength chosen for "
                "the true targets; p is the share that reaches the R2 found, this one counted (Phipson & Smyth 2010). "
                "Activity and targets keep how they vary in time. It is not corrected for several measures."
            ),
            SHIFTED: "The mean over these shifts.",
        }
        if OTHER_RUNS in evaluation.controls:
            methods[OTHER_RUNS] = (
                "Each training run had the targets of another one; the mean over "
                f"{count(evaluation.n_shuffles, 'draw')}."
            )
        return methods | {name: f"{DESCRIPTIONS[name]}." for name in evaluation.field}


def _ends(one: Measure) -> str:
    return "" if np.isnan(one.low) else f"{one.low:.3f}, {one.high:.3f}"

"""The results of several subjects for the terminal and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...report.data import plain_data
from ...report.drawing import ACCENT, SOFT, Drawing, short
from ...report.numbers import count, p_words
from ...report.result import Cell, Number, PageSection, Sentence, Table
from ...statistics.measures import MEASURES
from ...statistics.regression import REGRESSION
from ...statistics.subjects import LEAST_SUBJECTS
from .subjects import SubjectGroup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METHODS = (
    "Each subject counts once, whatever the number of trials. The 95 % interval of a mean is Student’s t over "
    "subjects. p is exact: the share of all ways to flip the signs of the subjects’ values minus their chance whose "
    "mean is at least as high (Fisher 1935; with more than 13 subjects, 10,000 random flips). Both speak of people "
    f"like these, not of these alone. There is neither for fewer than {LEAST_SUBJECTS} subjects. Intervals beside "
    "single subjects are those of their own evaluations. Nothing is corrected for several measures."
)
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class GroupReport:
    """Implements `PageResult`."""

    group: SubjectGroup

    def summary(self) -> dict[str, Any]:
        group, main = self.group, self.group.means["decoder"][self.group.main]
        return plain_data(
            {
                "score": main.value,
                "interval": [main.low, main.high],
                "chance": np.mean(group.chances),
                "p_value": main.p_value,
                "measure": group.main,
                "n_subjects": len(group.subjects),
                "held_out": group.subjects[0].held_out,
                "means": group.means,
                "differences": group.differences,
                "subjects": [
                    {"name": one.name, "recording": one.recording, **one.measures["decoder"][group.main]}
                    for one in group.subjects
                ],
            }
        )

    def lead(self) -> str:
        group = self.group
        return (
            f"{count(len(group.subjects), 'subject')}, each evaluated alone; summed up by "
            f"{_name(group.main)}, on held-out {group.subjects[0].held_out}."
        )

    def numbers(self) -> list[Number]:
        main = self.group.means["decoder"][self.group.main]
        between = "none" if np.isnan(main.low) else f"{main.low:.3f} – {main.high:.3f}"
        return [
            Number(f"{main.value:.3f}", f"mean of {_name(self.group.main)}"),
            Number(between, "95 % interval over subjects"),
            Number(f"{np.mean(self.group.chances):.3f}", "chance"),
            Number(p_words(main.p_value), "p by sign flips"),
        ]

    def sentences(self) -> list[Sentence]:
        group, main = self.group, self.group.means["decoder"][self.group.main]
        chance = float(np.mean(group.chances))
        checks = []
        if len(group.subjects) < LEAST_SUBJECTS:
            text = (
                f"There is no interval and no p: {len(group.subjects)} subjects say too little of how much people "
                f"differ; at least {LEAST_SUBJECTS} are needed."
            )
            checks.append(Sentence(text, False))
        else:
            above = main.low > chance and main.p_value < SIGNIFICANT
            verdict = "above chance" if above else "not shown to be above chance"
            n_above = sum(
                one.measures["decoder"][group.main]["value"] > at
                for one, at in zip(group.subjects, group.chances, strict=True)
            )
            checks.append(
                Sentence(f"The mean is {verdict}; {n_above} of {len(group.subjects)} subjects are above theirs.", above)
            )
            least = 2.0 ** -len(group.subjects)
            if least > SIGNIFICANT:
                text = f"With {len(group.subjects)} subjects p cannot be below {least:.3g}, however large the effect."
                checks.append(Sentence(text, False))
        for name, one in group.differences.items():
            ends = "no interval" if np.isnan(one.low) else f"[{one.low:+.3f}, {one.high:+.3f}]"
            text = f"Decoder minus {name}, mean over subjects: {one.value:+.3f} {ends}, {one.verdict}."
            checks.append(Sentence(text, one.verdict != "worse"))
        if max(group.chances) - min(group.chances) > 1e-9:
            text = f"Chance differs between subjects, from {min(group.chances):.3f} to {max(group.chances):.3f}."
            checks.append(Sentence(text))
        if group.not_of_all:
            checks.append(Sentence(f"Not of every subject, so left out here: {', '.join(group.not_of_all)}."))
        return checks

    def tables(self) -> list[Table]:
        return [self._subjects(), self._means()]

    def figures(self) -> list[Drawing]:
        return [self._forest()]

    def sections(self) -> list[PageSection]:
        return [
            PageSection("Each subject, and their mean", [self._forest(), self._subjects()]),
            PageSection("All measures", [self._means()]),
            PageSection("Methods", [METHODS]),
        ]

    def _subjects(self) -> Table:
        group, main = self.group, self.group.means["decoder"][self.group.main]
        rows: list[list[Cell]] = []
        for one in group.subjects:
            own = one.measures["decoder"][group.main]
            rows.append([one.name, _with_ends(own), f"{own['chance']:.3f}", _p(own["p_value"]), one.recording])
        mean = _with_ends(main._asdict())
        rows += [[], ["mean", mean, f"{np.mean(group.chances):.3f}", _p(main.p_value), ""]]
        columns = ("subject", _name(group.main), "chance", "p", "recording")
        caption = "With 95 % intervals: of a subject over its runs, of the mean over subjects."
        return Table(columns, rows, caption, bold=len(rows) - 1)

    def _means(self) -> Table:
        names, rows = self.group.names, []
        for row, of_row in self.group.means.items():
            cells = [
                (_with_ends(one._asdict()), _p(one.p_value)) if (one := of_row.get(name)) else ("–", "–")
                for name in names
            ]
            rows.append([row, *(cell for pair in cells for cell in pair)])
        columns = ["", *(heading for name in names for heading in (_name(name), "p"))]
        return Table(columns, rows, "Means over subjects, with 95 % intervals and p by sign flips.", bold=0)

    def _forest(self) -> Drawing:
        group, main = self.group, self.group.means["decoder"][self.group.main]
        rows = [(one.name, one.measures["decoder"][group.main]) for one in group.subjects]

        def draw(figure: Figure) -> None:
            ax = figure.subplots()
            for i, ((_, one), chance) in enumerate(zip(rows, group.chances, strict=True)):
                if one["low"] is not None:
                    ax.plot([one["low"], one["high"]], [i, i], color=SOFT, linewidth=1.5)
                ax.plot([one["value"]], [i], "s", color=SOFT, markersize=6)
                ax.plot([chance, chance], [i - 0.4, i + 0.4], color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
            at = len(rows) + 0.5
            if not np.isnan(main.low):
                corners = [(main.low, at), (main.value, at - 0.3), (main.high, at), (main.value, at + 0.3)]
                ax.fill(*zip(*corners, strict=True), color=ACCENT)
            ax.plot([main.value], [at], "D", color=ACCENT, markersize=7)
            ax.set_yticks([*range(len(rows)), at], [*(short(name) for name, _ in rows), "mean"])
            ax.set_ylim(at + 0.7, -0.7)
            ax.set_xlabel(_name(group.main))

        caption = (
            "Squares: subjects, with the intervals of their own evaluations; diamond: mean with its 95 % interval over "
            "subjects; dashed: chance."
        )
        return Drawing("subjects", draw, 1.4 + 0.34 * (len(rows) + 1), caption=caption)


def _name(measure: str) -> str:
    return (MEASURES | REGRESSION).get(measure, measure)


def _with_ends(one: Mapping[str, Any]) -> str:
    low, high = one["low"], one["high"]
    no_ends = low is None or high is None or np.isnan([low, high]).any()
    return f"{one['value']:.3f}" + ("" if no_ends else f" [{low:.3f}, {high:.3f}]")


def _p(p_value: float | None) -> str:
    return "–" if p_value is None else p_words(p_value)

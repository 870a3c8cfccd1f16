"""Measures of several rows (decoder, ceiling, controls), as a table and as a figure; and differences between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..statistics.difference import Difference
from ..statistics.measures import MEASURES, Measure
from .drawing import ACCENT, PAPER, SOFT, Drawing, chance_line, short
from .numbers import interval, p_words, percent
from .result import Cell, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Rows = Sequence[tuple[str, Mapping[str, Measure]]]
"""Names and measures, from top to bottom; the first is emphasised and has every measure."""


def measures_table(rows: Rows, names: Sequence[str], over: str) -> Table:
    """Each measure with its interval over runs (or what `over` says) and its p value; the last row is chance."""
    body: list[list[Cell]] = []
    for name, measures in rows:
        cells = [(interval(one), p_words(one.p_value)) if (one := measures.get(of)) else ("–", "–") for of in names]
        body.append([name, *(cell for pair in cells for cell in pair)])
    chances = [(percent(rows[0][1][of].chance), "") for of in names]
    body += [[], ["chance", *(cell for pair in chances for cell in pair)]]
    columns = ["", *(heading for of in names for heading in (MEASURES[of], "p"))]
    reasons = [f"{MEASURES[of]}: {reason}" for of in names if (reason := rows[0][1][of].chance_reason)]
    why = f" Chance, {'; '.join(reasons)}." * bool(reasons)
    return Table(columns, body, f"In per cent, with 95 % interval over {over} and permutation p.{why}", bold=0)


def measures_figure(rows: Rows, names: Sequence[str], over: str) -> Drawing:
    """Draw each measure of each row as a point with its interval, against chance; one panel for each name."""

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for ax, name in zip(panels, names, strict=True):
            chance = rows[0][1][name].chance
            chance_line(ax.axvline, chance)
            for i, (_, measures) in enumerate(rows):
                if name in measures:  # classifiers of the field give no free answers
                    one = measures[name]
                    _point(ax, i, one, f"{100 * one.value:.1f}", stands_out=i == 0)
            ax.set_title(f"{MEASURES[name]}\nchance {percent(chance)} %")
            ax.set_xlim(-3, 103)
            ax.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
        _name_rows(panels[0], [name for name, _ in rows])

    caption = f"Accuracy with 95 % intervals over {over}; dashed: chance."
    return Drawing("measures", draw, 0.8 + 0.46 * len(rows), caption=caption)


def differences_figure(rows: Sequence[tuple[str, Difference]], measure: str, over: str) -> Drawing:
    """Draw the decoder's difference to each classifier of the field as a point with its interval, around zero."""
    ends = [abs(end) for _, one in rows for end in (one.low, one.high, one.value)]
    reach = 1.15 * max(0.02, float(np.nanmax(ends)))

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        chance_line(ax.axvline, 0.0)
        for i, (_, one) in enumerate(rows):
            _point(ax, i, one, f"{100 * one.value:+.1f}", stands_out=True)
        ax.set_xlim(-100 * reach, 100 * reach)
        _name_rows(ax, [name for name, _ in rows])
        ax.set_xlabel("← the classifier is better  ·  the decoder is better →")

    caption = (
        f"{measure[:1].upper()}{measure[1:]}: the decoder’s minus the classifier’s, in points, with 95 % intervals "
        f"over {over}."
    )
    return Drawing("differences", draw, 1.1 + 0.46 * len(rows), caption=caption)


def _point(ax: Axes, row: int, one: Measure | Difference, label: str, *, stands_out: bool) -> None:
    color, width, size = (ACCENT, 3.0, 8.0) if stands_out else (SOFT, 1.5, 5.5)
    ax.plot([100 * one.low, 100 * one.high], [row, row], color=color, linewidth=width, zorder=2)
    ax.plot([100 * one.value], [row], "o", color=color, markersize=size, clip_on=False, zorder=3)
    if np.isfinite(one.value):
        # On a background that hides the chance line but no point.
        patch = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.5}
        at = (100 * one.value, row)
        ax.annotate(label, at, (0, 7), textcoords="offset points", ha="center", bbox=patch, zorder=1.5)


def _name_rows(ax: Axes, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), [short(name) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.7)

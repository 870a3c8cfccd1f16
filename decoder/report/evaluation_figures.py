"""Figures of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..statistics.difference import Difference
from ..statistics.measures import MEASURES, Measure
from .drawing import Colors, Drawing, chance_line, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_TICKS = 40


def measures_figure(rows: Sequence[tuple[str, Mapping[str, Measure]]], names: Sequence[str]) -> Drawing:
    """Draw each measure of decoder, ceiling and controls as a point with its interval, against chance.

    Parameters
    ----------
    rows : sequence of (str, mapping of str to Measure)
        From top to bottom; the first stands out.
    names : sequence of str
        Which measures, from left to right.

    Returns
    -------
    Drawing
    """

    def draw(figure: Figure, colors: Colors) -> None:
        # On a patch of paper, which hides the chance line but no point.
        patch = {"facecolor": colors.paper, "edgecolor": "none", "pad": 0.5}
        beside = {"textcoords": "offset points", "ha": "center", "bbox": patch, "zorder": 1.5}
        panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for ax, name in zip(panels, names, strict=True):
            chance = rows[0][1][name].chance
            chance_line(ax.axvline, chance, colors)
            for i, (_, measures) in enumerate(rows):
                if name not in measures:  # classifiers of the field give no free answers
                    continue
                one = measures[name]
                color = colors.accent if i == 0 else colors.soft
                ax.plot([100 * one.low, 100 * one.high], [i, i], color=color, linewidth=3 if i == 0 else 1.5, zorder=2)
                ax.plot(
                    [100 * one.value], [i], "o", color=color, markersize=8 if i == 0 else 5.5, clip_on=False, zorder=3
                )
                if np.isfinite(one.value):
                    at = (100 * one.value, i)
                    ax.annotate(f"{100 * one.value:.1f}", at, (0, 7), **beside)
            ax.set_title(f"{MEASURES[name]}\nchance {100 * chance:.1f} %", color=colors.ink)
            ax.set_xlim(-3, 103)
            ax.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
        panels[0].set_yticks(range(len(rows)), [short(name) for name, _ in rows])
        panels[0].set_ylim(len(rows) - 0.5, -0.7)

    return Drawing("measures", draw, 0.8 + 0.46 * len(rows))


def differences_figure(rows: Sequence[tuple[str, Difference]], measure: str) -> Drawing:
    """Draw the decoder's difference to each classifier of the field as a point with its interval, around zero.

    Parameters
    ----------
    rows : sequence of (str, Difference)
        From top to bottom.
    measure : str
        What is compared.
    """
    reach = 1.15 * max(0.02, *(abs(end) for _, one in rows for end in (one.low, one.high, one.value)))

    def draw(figure: Figure, colors: Colors) -> None:
        ax = figure.subplots()
        chance_line(ax.axvline, 0.0, colors)
        for i, (_, one) in enumerate(rows):
            ax.plot([100 * one.low, 100 * one.high], [i, i], color=colors.accent, linewidth=3)
            ax.plot([100 * one.value], [i], "o", color=colors.accent, markersize=8, clip_on=False)
            at = (100 * one.value, i)
            ax.annotate(f"{100 * one.value:+.1f}", at, (0, 7), textcoords="offset points", ha="center")
        ax.set_title(f"{MEASURES[measure]}, decoder minus classifier, in points", color=colors.ink)
        ax.set_xlim(-100 * reach, 100 * reach)
        ax.set_yticks(range(len(rows)), [short(name) for name, _ in rows])
        ax.set_ylim(len(rows) - 0.5, -0.7)
        ax.set_xlabel("← the classifier is better  ·  the decoder is better →")

    return Drawing("differences", draw, 1.1 + 0.46 * len(rows))


def confusion_figure(counts: NDArray, answers: Sequence[str], *, other: bool) -> Drawing:
    """Draw how often each answer (row) was taken for each (column).

    Parameters
    ----------
    counts : (n_answers, n_answers + 1) array of int
        From `hotwire.decoder.statistics.confusion.confusion`.
    answers : sequence of str
    other : bool
        Whether to draw the last column, what was none of the answers.
    """
    n = len(answers)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cell_in = float(np.clip(6.0 / n, 0.3, 0.6))
    names = [short(answer) for answer in answers]
    left = np.concatenate([np.arange(n), [n + 0.25]])[: n + other]

    def draw(figure: Figure, colors: Colors) -> None:
        ax = figure.subplots()
        for column, x in enumerate(left):
            part = share[:, [column]]
            ax.pcolormesh(
                [x, x + 1], np.arange(n + 1), part, cmap="cividis", vmin=0, vmax=1, edgecolor=colors.paper, linewidth=2
            )
            for row in range(n):
                # cividis grows evenly in lightness, so the share tells which ink can be read on it.
                color = "#ffffff" if share[row, column] < 0.55 else "#000000"
                count = int(counts[row, column])
                middle = (x + 0.5, row + 0.5)
                ax.text(*middle, str(count), color=color, alpha=1 if count else 0.45, ha="center", va="center")
        turned = n > 6 and max(map(len, names)) > 4
        ax.set_xticks(
            left + 0.5, [*names, "other"][: len(left)], rotation=45 if turned else 0, ha="left" if turned else "center"
        )
        ax.set_yticks(np.arange(n) + 0.5, names)
        ax.set_xlabel("said")
        ax.set_ylabel("shown")
        ax.xaxis.set_label_position("top")
        ax.tick_params(top=False, bottom=False, labeltop=True, labelbottom=False, labelcolor=colors.ink)
        ax.spines[:].set_visible(False)
        ax.set_ylim(n, 0)
        ax.set_aspect("equal")

    return Drawing("confusion", draw, cell_in * n + 1.2, width_in=cell_in * len(left) + 1.8)


def groups_figure(names: Sequence[str], panels: Mapping[str, tuple[ArrayLike, float, float]], *, unit: str) -> Drawing:
    """Draw the accuracy of every run (or fold) against chance and the mean of all trials.

    Parameters
    ----------
    names : sequence of str
        Of the runs.
    panels : mapping of str to (accuracies (n_runs,), mean, chance)
        By measure.
    unit : str
        What the names name.
    """
    x = np.arange(len(names))
    step = -(-len(names) // MOST_TICKS)
    ticks = [short(name) for name in names][::step]

    def draw(figure: Figure, colors: Colors) -> None:
        axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for ax, (name, (values, mean, chance)) in zip(axes, panels.items(), strict=True):
            values = 100 * np.asarray(values)
            chance_line(ax.axhline, chance, colors)
            ax.axhline(100 * mean, color=colors.accent, linewidth=1, alpha=0.5)
            ax.vlines(x, 100 * chance, values, color=colors.accent, linewidth=1.5, alpha=0.5)
            ax.plot(x, values, "o", color=colors.accent, markersize=6, clip_on=False)
            ax.set_title(f"{MEASURES[name]}: mean {100 * mean:.1f} %, chance {100 * chance:.1f} %", color=colors.ink)
            ax.set_ylim(0, 104)
            ax.set_yticks([0, 50, 100], ["0", "50", "100 %"])
            ax.tick_params(axis="y", labelcolor=colors.soft)
        long = sum(map(len, ticks)) > 90
        axes[-1].set_xticks(x[::step], ticks, rotation=90 if long else 0)
        axes[-1].set_xlim(-0.7, len(names) - 0.3)
        axes[-1].set_xlabel(unit)

    return Drawing("groups", draw, 0.6 + 1.6 * len(panels))


def ranks_figure(curves: Mapping[str, tuple[NDArray, NDArray]], n_answers: int) -> Drawing:
    """Draw at which rank the true answer stands: how often in each stretch of ranks, and within the best k.

    Parameters
    ----------
    curves : mapping of str to (ranks, weights)
        By name, the first standing out and the last drawn as chance; weights sum to 1.
    n_answers : int
    """
    bins = np.linspace(0.5, n_answers + 0.5, 21)
    within = np.unique(np.geomspace(1, n_answers, 80).astype(int))
    *_, chance = curves

    def draw(figure: Figure, colors: Colors) -> None:
        density, cumulative = figure.subplots(1, 2)
        for i, (name, (ranks, weights)) in enumerate(curves.items()):
            color, linewidth = (colors.accent, 2.2) if i == 0 else (colors.soft, 1.3)
            look = {"color": color, "linewidth": linewidth, "linestyle": (0, (4, 3)) if name == chance else "-"}
            reached = [100 * weights[ranks <= k].sum() for k in within]
            cumulative.plot(within, reached, label=name, **look, zorder=4 - i)
            if i == 0 or name == chance:
                shares = 100 * np.histogram(ranks, bins, weights=weights)[0]
                density.stairs(shares, bins, fill=i == 0, alpha=0.35 if i == 0 else 1, **look)
        density.set_title("share of trials with the true answer at this rank")
        density.set_xlabel(f"rank of the true answer among {n_answers}")
        cumulative.set_title("share of trials with the true answer among the best k")
        cumulative.set_xlabel("k")
        cumulative.set_xscale("log")
        cumulative.set_ylim(0, 104)
        ticks = [k for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if k <= n_answers]
        cumulative.set_xticks(ticks, [str(k) for k in ticks], minor=False)
        cumulative.minorticks_off()
        cumulative.legend(loc="lower right", frameon=False)
        for ax in (density, cumulative):
            ax.yaxis.set_major_formatter("{x:g} %")
            ax.tick_params(axis="y", labelcolor=colors.soft)

    return Drawing("ranks", draw, 3.4)

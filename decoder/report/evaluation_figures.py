"""Figures of an evaluation: confusions, differences between runs, and ranks of the true class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..statistics.measures import MEASURES
from .drawing import ACCENT, INK, PAPER, SOFT, Drawing, chance_line, short
from .numbers import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_TICKS = 40


def confusion_figure(counts: NDArray, answers: Sequence[str], *, other: bool) -> Drawing:
    """Draw how often each class (row) was taken for each (column).

    `counts` is (n_classes, n_classes + 1), see `hotwire.decoder.statistics.confusion.confusion`; the last column, free
    answers that are none of the classes, is drawn only if `other`.
    """
    n = len(answers)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cell_in = float(np.clip(6.0 / n, 0.3, 0.6))
    names = [short(answer) for answer in answers]
    left = np.concatenate([np.arange(n), [n + 0.25]])[: n + other]

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        look = {"cmap": "cividis", "vmin": 0, "vmax": 1, "edgecolor": PAPER, "linewidth": 2}
        for column, x in enumerate(left):
            ax.pcolormesh([x, x + 1], np.arange(n + 1), share[:, [column]], **look)
            for row in range(n):
                # The lightness of cividis grows evenly, so the share decides which text colour is readable.
                color = "#ffffff" if share[row, column] < 0.55 else "#000000"
                count = int(counts[row, column])
                place = (x + 0.5, row + 0.5)
                ax.text(*place, str(count), color=color, alpha=1 if count else 0.45, ha="center", va="center")
        turned = n > 6 and max(map(len, names)) > 4
        rotation, ha = (45, "left") if turned else (0, "center")
        ax.set_xticks(left + 0.5, [*names, "other"][: len(left)], rotation=rotation, ha=ha)
        ax.set_yticks(np.arange(n) + 0.5, names)
        ax.set_xlabel("said")
        ax.set_ylabel("shown")
        ax.xaxis.set_label_position("top")
        ax.tick_params(top=False, bottom=False, labeltop=True, labelbottom=False, labelcolor=INK)
        ax.spines[:].set_visible(False)
        ax.set_ylim(n, 0)
        ax.set_aspect("equal")

    caption = "Numbers of trials; colour: share of the row."
    caption += " Other: a free answer that is none of the words." * other
    return Drawing("confusion", draw, cell_in * n + 1.2, cell_in * len(left) + 1.8, caption)


def groups_figure(names: Sequence[str], panels: Mapping[str, tuple[ArrayLike, float, float]], unit: str) -> Drawing:
    """Draw the accuracy of every run (or fold, as `unit` says): by measure, all values with their mean and chance."""
    x = np.arange(len(names))
    step = -(-len(names) // MOST_TICKS)
    ticks = [short(name) for name in names][::step]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for ax, (name, (values, mean, chance)) in zip(axes, panels.items(), strict=True):
            values = 100 * np.asarray(values)
            chance_line(ax.axhline, chance)
            ax.axhline(100 * mean, color=ACCENT, linewidth=1, alpha=0.5)
            ax.vlines(x, 100 * chance, values, color=ACCENT, linewidth=1.5, alpha=0.5)
            ax.plot(x, values, "o", color=ACCENT, markersize=6, clip_on=False)
            ax.set_title(f"{MEASURES[name]}: mean {percent(mean)} %, chance {percent(chance)} %")
            ax.set_ylim(0, 104)
            ax.set_yticks([0, 50, 100], ["0", "50", "100 %"])
            ax.tick_params(axis="y", labelcolor=SOFT)
        axes[-1].set_xticks(x[::step], ticks, rotation=90 if sum(map(len, ticks)) > 90 else 0)
        axes[-1].set_xlim(-0.7, len(names) - 0.3)
        axes[-1].set_xlabel(unit)

    caption = f"Dots: the decoder, one {unit} each; line: mean of all trials; dashed: chance."
    return Drawing("groups", draw, 0.6 + 1.6 * len(panels), caption=caption)


def ranks_figure(curves: Mapping[str, tuple[NDArray, NDArray]], n_answers: int, unit: str) -> Drawing:
    """Draw the ranks of the true class: how often in each stretch of ranks, and within the best k.

    `curves` are ranks and weights, which sum to 1, by name; the first is emphasised and the last is drawn as chance.
    """
    bins = np.linspace(0.5, n_answers + 0.5, 21)
    within = np.unique(np.geomspace(1, n_answers, 80).astype(int))
    *_, chance = curves

    def draw(figure: Figure) -> None:
        density, cumulative = figure.subplots(1, 2)
        for i, (name, (ranks, weights)) in enumerate(curves.items()):
            color, linewidth = (ACCENT, 2.2) if i == 0 else (SOFT, 1.3)
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
        cumulative.legend(loc="lower right")
        for ax in (density, cumulative):
            ax.yaxis.set_major_formatter("{x:g} %")
            ax.tick_params(axis="y", labelcolor=SOFT)

    caption = (
        f"Rank 1 is best. Chance: the true answers of all trials{f' of the same {unit}' * (unit != 'trial')} in "
        "place of a trial’s own, so a network’s liking for frequent answers counts as chance."
    )
    return Drawing("ranks", draw, 3.4, caption=caption)

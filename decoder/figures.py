"""Figures of the report, as SVG that takes its colours and its font from the page it stands in."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import MissingExtraError
from .metrics import Measure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURES = {"free": "free answer", "candidate": "among the candidates", "pairwise": "pairwise"}
"""What each measure is called in figures and tables, in this order."""

# Stand-ins for the page's colours: matplotlib writes them out, `_svg` puts the page's variables in their place.
INK, SOFT, RULE, ACCENT, PAPER = "#010101", "#020202", "#030303", "#040404", "#050505"
VARIABLES = {INK: "ink", SOFT: "soft", RULE: "rule", ACCENT: "accent", PAPER: "paper"}

STYLE = {
    "svg.fonttype": "none",  # text stays text: it can be searched and copied, and the browser knows all alphabets
    "text.parse_math": False,  # a label may hold dollars
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": RULE,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "savefig.transparent": True,
}
LONGEST_LABEL = 18
MOST_TICKS = 40
WIDTH_IN = 9.0


def measures_figure(rows: Sequence[tuple[str, Mapping[str, Measure]]]) -> str:
    """Draw each measure of decoder, ceiling and controls as a point with its interval, against chance.

    Parameters
    ----------
    rows : sequence of (str, mapping of str to Measure)
        From top to bottom; the first stands out.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    names = [name for name in MEASURES if name in rows[0][1]]

    # On a patch of paper, which hides the chance line but no point.
    patch = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.5}
    beside = {"textcoords": "offset points", "ha": "center", "bbox": patch, "zorder": 1.5}

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for ax, name in zip(panels, names, strict=True):
            chance = rows[0][1][name].chance
            _chance_line(ax.axvline, chance)
            for i, (_, measures) in enumerate(rows):
                one = measures[name]
                color = ACCENT if i == 0 else SOFT
                ax.plot([100 * one.low, 100 * one.high], [i, i], color=color, linewidth=3 if i == 0 else 1.5, zorder=2)
                ax.plot(
                    [100 * one.value], [i], "o", color=color, markersize=8 if i == 0 else 5.5, clip_on=False, zorder=3
                )
                if np.isfinite(one.value):
                    at = (100 * one.value, i)
                    ax.annotate(f"{100 * one.value:.1f}", at, (0, 7), **beside)
            ax.set_title(f"{MEASURES[name]}\nchance {100 * chance:.1f} %", color=INK)
            ax.set_xlim(-3, 103)
            ax.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
        panels[0].set_yticks(range(len(rows)), [_short(name) for name, _ in rows])
        panels[0].set_ylim(len(rows) - 0.5, -0.7)

    return _svg(draw, 0.8 + 0.46 * len(rows), "measures")


def confusion_figure(counts: NDArray, answers: Sequence[str], *, other: bool) -> str:
    """Draw how often each answer (row) was taken for each (column).

    Parameters
    ----------
    counts : (n_answers, n_answers + 1) array of int
        From `hotwire.decoder.metrics.confusion`.
    answers : sequence of str
    other : bool
        Whether to draw the last column, what was none of the answers.
    """
    n = len(answers)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cell_in = float(np.clip(6.0 / n, 0.3, 0.6))
    names = [_short(answer) for answer in answers]
    left = np.concatenate([np.arange(n), [n + 0.25]])[: n + other]

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        for column, x in enumerate(left):
            part = share[:, [column]]
            ax.pcolormesh(
                [x, x + 1], np.arange(n + 1), part, cmap="cividis", vmin=0, vmax=1, edgecolor=PAPER, linewidth=2
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
        ax.tick_params(top=False, bottom=False, labeltop=True, labelbottom=False, labelcolor=INK)
        ax.spines[:].set_visible(False)
        ax.set_ylim(n, 0)
        ax.set_aspect("equal")

    return _svg(draw, cell_in * n + 1.2, "confusion", width_in=cell_in * len(left) + 1.8)


def groups_figure(names: Sequence[str], panels: Mapping[str, tuple[ArrayLike, float, float]], *, unit: str) -> str:
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
    ticks = [_short(name) for name in names][::step]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for ax, (name, (values, mean, chance)) in zip(axes, panels.items(), strict=True):
            values = 100 * np.asarray(values)
            _chance_line(ax.axhline, chance)
            ax.axhline(100 * mean, color=ACCENT, linewidth=1, alpha=0.5)
            ax.vlines(x, 100 * chance, values, color=ACCENT, linewidth=1.5, alpha=0.5)
            ax.plot(x, values, "o", color=ACCENT, markersize=6, clip_on=False)
            ax.set_title(f"{MEASURES[name]}: mean {100 * mean:.1f} %, chance {100 * chance:.1f} %", color=INK)
            ax.set_ylim(0, 104)
            ax.set_yticks([0, 50, 100], ["0", "50", "100 %"])
            ax.tick_params(axis="y", labelcolor=SOFT)
        long = sum(map(len, ticks)) > 90
        axes[-1].set_xticks(x[::step], ticks, rotation=90 if long else 0)
        axes[-1].set_xlim(-0.7, len(names) - 0.3)
        axes[-1].set_xlabel(unit)

    return _svg(draw, 0.6 + 1.6 * len(panels), "groups")


def ranks_figure(curves: Mapping[str, tuple[NDArray, NDArray]], n_answers: int) -> str:
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
        cumulative.legend(loc="lower right", frameon=False)
        for ax in (density, cumulative):
            ax.yaxis.set_major_formatter("{x:g} %")
            ax.tick_params(axis="y", labelcolor=SOFT)

    return _svg(draw, 3.4, "ranks")


def _chance_line(line: Callable[..., Any], chance: float) -> None:
    line(100 * chance, color=SOFT, linewidth=1, linestyle=(0, (4, 3)), zorder=1)


def _short(label: str) -> str:
    label = " ".join(str(label).split())
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def _svg(draw: Callable[[Figure], None], height_in: float, salt: str, *, width_in: float = WIDTH_IN) -> str:
    """Draw with the house's style alone, whatever the user's, and return the bare element."""
    try:
        from matplotlib import style
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("drawing figures needs matplotlib; install hotwire[all]") from error
    out = io.StringIO()
    with style.context(["default", STYLE | {"svg.hashsalt": salt}]), warnings.catch_warnings():
        # The browser will draw these letters with its own fonts.
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from font|Matplotlib currently does not support")
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        draw(figure)
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Several figures stand in one page: names of groups, which nothing refers to, would be there twice.
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    colors = rf"(?<=: )({'|'.join(VARIABLES)})(?=[;\"])"
    return re.sub(colors, lambda found: f"var(--{VARIABLES[found[0]]}, {found[0]})", svg)

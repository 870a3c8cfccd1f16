"""Figures of the encoding of a story: every model in both kinds of folds, and what the layer adds, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ....report.drawing import ACCENT, SERIES, SOFT, Drawing, chance_line, short
from .result import FULL, PLAIN, POSITION_ALONE, Folds, StoryEncoding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_SITES = 24
PANELS: dict[Folds, str] = {"contiguous": "contiguous folds, with a gap", "shuffled": "shuffled folds, which flatter"}
MARKED = {FULL: ACCENT, PLAIN: SERIES[3], POSITION_ALONE: SERIES[2]}


def models_figure(result: StoryEncoding) -> Drawing:
    """The explained variance of every model, in contiguous folds beside shuffled ones."""
    names = list(result.rows["contiguous"])

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, len(PANELS), sharey=True)
        for ax, (folds, title) in zip(axes, PANELS.items(), strict=True):
            chance_line(ax.axvline, 0.0)
            for i, name in enumerate(names):
                if name not in result.rows[folds]:
                    continue
                one, color = result.explained(name, folds), MARKED.get(name, SOFT)
                if np.isfinite(one.low):
                    ax.plot([100 * one.low, 100 * one.high], [i, i], color=color, linewidth=2)
                ax.plot([100 * one.value], [i], "o", color=color, markersize=7)
            ax.set_yticks(range(len(names)), [short(name, 44) for name in names])
            ax.set_ylim(len(names) - 0.5, -0.5)
            ax.xaxis.set_major_formatter("{x:g} %")
            ax.set_title(title)
        figure.supxlabel("explained variance", fontsize=10)

    over = "" if np.isnan(result.explained(FULL).low) else f", 95 % intervals over {result.unit}s"
    caption = (
        f"Mean over sites{over}. In shuffled folds the samples next to each other, which are alike, are in training "
        "and test: there the position in time alone, which knows no word, predicts. The scales differ."
    )
    return Drawing("models", draw, 1.4 + 0.34 * len(names), caption=caption)


def unique_figure(result: StoryEncoding) -> Drawing:
    """What the layer explains beyond nuisance and position: of each unit, and of the sites where it is most."""

    def draw(figure: Figure) -> None:
        of_units, of_sites = figure.subplots(1, 2)
        chance_line(of_units.axvline, 0.0)
        values = 100 * result.unique_of_each().mean(axis=1)
        order = np.argsort(-values, kind="stable")
        of_units.plot(values[order], np.arange(len(order)), "o", color=ACCENT, markersize=5)
        _named(of_units, [result.units[i] for i in order])
        of_units.set_title(f"each {result.unit}, mean over sites")
        chance_line(of_sites.axvline, 0.0)
        sites = best_sites(result)
        for i, site in enumerate(sites):
            one = result.unique_of_site(site)
            if np.isfinite(one.low):
                of_sites.plot([100 * one.low, 100 * one.high], [i, i], color=ACCENT, linewidth=1.5)
            of_sites.plot([100 * one.value], [i], "o", color=ACCENT, markersize=5)
        _named(of_sites, [result.sites[i] for i in sites])
        more = len(result.sites) - len(sites)
        of_sites.set_title("each site" if not more else f"the {len(sites)} highest of {len(result.sites)} sites")
        for ax in (of_units, of_sites):
            ax.xaxis.set_major_formatter("{x:g} %")
        figure.supxlabel("explained variance beyond nuisance and position", fontsize=10)

    n = max(len(result.units), min(len(result.sites), MOST_SITES))
    picked = " The highest of many sites are high by chance as well." if len(result.sites) > MOST_SITES else ""
    caption = f"Contiguous folds. Dashed: the layer adds nothing; left of it, predictions are worse with it.{picked}"
    return Drawing("unique", draw, 1.5 + 0.2 * n, caption=caption)


def best_sites(result: StoryEncoding) -> list[int]:
    """The sites, those where the layer adds most first, at most `MOST_SITES`."""
    of_sites = result.unique_of_each().mean(axis=0)
    return np.argsort(-of_sites, kind="stable")[:MOST_SITES].tolist()


def _named(ax: Any, names: list[str]) -> None:
    ax.set_yticks(range(len(names)), [short(name) for name in names], fontsize=8)
    ax.set_ylim(len(names) - 0.5, -0.5)

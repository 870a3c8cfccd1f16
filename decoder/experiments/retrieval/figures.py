"""Figures of a retrieval: pairs of each listener, shifted brains, and windows against windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...report.drawing import ACCENT, INK, SERIES, SOFT, Drawing, chance_line, short
from ...report.heat import heat_colors
from .result import CEILING, LANGUAGE, NUISANCE_ALONE, RetrievalResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def listeners_figure(result: RetrievalResult) -> Drawing:
    """Pairs of each listener, of the model, of nuisance features alone, and of the other listeners' brains."""
    window_s = result.settings.window_s[0]
    looks = {CEILING: (SOFT, "_"), NUISANCE_ALONE: (SERIES[3], "s"), LANGUAGE: (ACCENT, "o")}

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        order = np.argsort(result.scores[LANGUAGE][window_s].listeners)[::-1]
        x = np.arange(len(order))
        for name, (color, marker) in looks.items():
            values = 100 * result.scores[name][window_s].listeners[order]
            ax.plot(x, values, marker, color=color, markersize=11 if marker == "_" else 5, label=name)
        chance_line(ax.axhline, 0.5)
        ax.set_xticks(x, [short(result.listeners[i]) for i in order], rotation=90)
        ax.yaxis.set_major_formatter("{x:g} %")
        ax.set_ylabel(f"pairs of windows of {window_s:g} s")
        figure.legend(loc="outside lower left", ncols=3)

    caption = "Each listener by models fitted to the others on other stretches; dashed: chance. Line: the ceiling."
    return Drawing("listeners", draw, 4.2, caption=caption)


def shifted_figure(result: RetrievalResult) -> Drawing:
    """Where the figure lies among those of brain and story that are shifted against each other."""
    window_s = result.settings.window_s[0]

    def draw(figure: Figure) -> None:
        panels = zip(
            figure.subplots(1, 2), ("one listener, mean", "mean of half of the listeners"), range(2), strict=True
        )
        for ax, title, column in panels:
            null = 100 * result.shifted[LANGUAGE][window_s][:, column]
            ax.hist(null, bins=24, color=SOFT, alpha=0.7)
            ax.axvline(100 * result.scores[LANGUAGE][window_s].means[column], color=ACCENT, linewidth=2)
            ax.set_title(title)
            ax.set_xlabel(f"pairs of windows of {window_s:g} s, %")
            ax.set_yticks([])

    caption = "Grey: brain and story shifted against each other, fitted anew; blue: as they were heard."
    return Drawing("shifted", draw, 2.6, caption=caption)


def matrix_figure(result: RetrievalResult) -> Drawing:
    """Recorded windows of the whole story against predicted ones."""
    window_s = result.settings.window_s[0]

    def draw(figure: Figure) -> None:
        from matplotlib.colors import ListedColormap

        ax = figure.subplots()
        most = float(np.abs(result.matrix).max())
        image = ax.imshow(result.matrix, cmap=ListedColormap(list(heat_colors())), vmin=-most, vmax=most)
        ax.set_xlabel("predicted window")
        ax.set_ylabel("recorded window")
        figure.colorbar(image, ax=ax, shrink=0.7, label="cosine").outline.set_edgecolor(INK)

    caption = (
        f"Windows of {window_s:g} s that follow each other, mean over halves of the listeners; each is predicted by a "
        "model that was not fitted on its part of the story. A retrieved window is dark on the diagonal."
    )
    return Drawing("windows", draw, 5.2, 6.0, caption=caption)

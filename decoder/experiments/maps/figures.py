"""All figures of a map, by the names of their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...report.drawing import WIDTH_IN, Colors, Drawing, short
from ...report.evaluation_figures import measures_figure
from .heat_figure import heat_figure
from .labels import cell_label, counted, nested_rows
from .line_figures import layers_figure, times_figure
from .result import InjectionMap, Nested

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CHOSEN = 20


def map_figures(found: InjectionMap) -> dict[str, Drawing]:
    """Draw what a map found, each figure for as many rows and networks as there are.

    Returns
    -------
    dict of str to Drawing
        ``"nested"``, ``"chosen"``, and for each measure ``"layers-MEASURE"``, and where there is more than one row
        or time ``"map-MEASURE"`` and ``"times-MEASURE"``.
    """
    measures = list(found.nested.measures)
    figures = {"nested": measures_figure(nested_rows(found.nested), measures)}
    for measure in measures:
        if len(found.regions) * len(found.times) > 1:
            figures[f"map-{measure}"] = heat_figure(found, measure)
        figures[f"layers-{measure}"] = layers_figure(found, measure)
        if len(found.times) > 1:
            figures[f"times-{measure}"] = times_figure(found, measure)
    figures["chosen"] = chosen_figure(found, found.nested)
    return figures


def chosen_figure(found: InjectionMap, nested: Nested) -> Drawing:
    """Draw in how many folds the nested choice took which cell, session by session."""
    chosen = counted(nested)[:MOST_CHOSEN]
    sessions = list(nested.chosen)

    def draw(figure: Figure, colors: Colors) -> None:
        from matplotlib.ticker import MaxNLocator

        ax = figure.subplots()
        y = np.arange(len(chosen))
        fills = [colors.accent] if len(sessions) == 1 else [*colors.series, colors.accent, colors.soft]
        start = np.zeros(len(chosen))
        for i, session in enumerate(sessions):
            n = np.array([by_session[session] for _, by_session in chosen])
            ax.barh(y, n, 0.6, start, color=fills[i % len(fills)], edgecolor=colors.paper, label=short(session, 24))
            start += n
        for at, n in zip(y, start, strict=True):
            ax.annotate(f"{n:.0f}", (n, at), (4, 0), textcoords="offset points", va="center", color=colors.ink)
        ax.set_yticks(y, [short(cell_label(found, cell), 60) for cell, _ in chosen])
        ax.set_ylim(len(chosen) - 0.4, -0.6)
        ax.set_xlim(0, sum(map(len, nested.chosen.values())))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel("training sets (outer folds) in which it was chosen")
        if len(sessions) > 1:
            figure.legend(loc="outside upper left", ncols=4, frameon=False)

    return Drawing(
        "chosen", draw, 0.7 + 0.3 * len(chosen) + 0.25 * -(-len(sessions) // 4) * (len(sessions) > 1), WIDTH_IN
    )

"""Which cells the nested choice selected, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...report.drawing import ACCENT, INK, PAPER, SERIES, SOFT, Drawing, short
from .labels import cell_label, counted
from .result import InjectionMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CHOSEN = 20


def chosen_figure(result: InjectionMap) -> Drawing:
    """Draw in how many folds the nested choice selected each cell, session by session."""
    all_chosen, sessions = counted(result.nested), list(result.nested.chosen)
    chosen = all_chosen[:MOST_CHOSEN]

    def draw(figure: Figure) -> None:
        from matplotlib.ticker import MaxNLocator

        ax = figure.subplots()
        y = np.arange(len(chosen))
        fills = [ACCENT] if len(sessions) == 1 else [*SERIES, ACCENT, SOFT]
        start = np.zeros(len(chosen))
        for i, session in enumerate(sessions):
            n = np.array([by_session[session] for _, by_session in chosen])
            ax.barh(y, n, 0.6, start, color=fills[i % len(fills)], edgecolor=PAPER, label=short(session, 24))
            start += n
        for at, n in zip(y, start, strict=True):
            ax.annotate(f"{n:.0f}", (n, at), (4, 0), textcoords="offset points", va="center", color=INK)
        ax.set_yticks(y, [short(cell_label(result, cell), 60) for cell, _ in chosen])
        ax.set_ylim(len(chosen) - 0.4, -0.6)
        ax.set_xlim(0, sum(map(len, result.nested.chosen.values())))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel("training sets (outer folds) in which it was chosen")
        if len(sessions) > 1:
            figure.legend(loc="outside upper left", ncols=4)

    height_in = 0.7 + 0.3 * len(chosen) + 0.25 * -(-len(sessions) // 4) * (len(sessions) > 1)
    caption = "Bars: in how many folds each cell was chosen. Where folds agree, the choice does not hang on a few runs."
    if len(all_chosen) > MOST_CHOSEN:
        caption += f" The {len(all_chosen) - MOST_CHOSEN} cells chosen less often are in chosen.csv."
    return Drawing("chosen", draw, height_in, caption=caption)

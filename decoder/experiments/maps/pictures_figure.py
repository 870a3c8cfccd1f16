"""The figure of what a network drew: above it the pictures shown, beside it how like them its drawings are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...report.drawing import WIDTH_IN, Colors, Drawing, short
from .pictures import Drawn, Likeness, likeness, mean_likeness

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GAP = 2
"""Pixels between pictures in a figure."""


def pictures_figure(drawn: Drawn, *, n_of_each: int = 8) -> Drawing:
    """Draw the pictures shown above what the network drew: from its true activation, from each region, and shuffled.

    The trials are spread evenly over those of each label, whatever became of them. The numbers to the right are of all
    trials, see `Likeness`.

    Parameters
    ----------
    drawn : Drawn
    n_of_each : int
        At most so many trials of each label.
    """
    kinds = list(dict.fromkeys(drawn.label.tolist()))
    columns = [_spread(np.flatnonzero(drawn.label == kind), n_of_each) for kind in kinds]
    rows = _rows(drawn)
    height, width = drawn.shown.shape[1:]

    def draw(figure: Figure, colors: Colors) -> None:
        panels = figure.subplots(len(rows), len(kinds), squeeze=False, width_ratios=[len(own) for own in columns])
        for of_row, (name, pictures, told) in zip(panels, rows, strict=True):
            for ax, own in zip(of_row, columns, strict=True):
                ax.imshow(_strip(pictures[own]), cmap="gray", vmin=0, vmax=1, interpolation="none")
                ax.set_axis_off()
            beside = {"va": "center", "y": height / 2}
            of_row[0].text(-0.2 * width, s=short(name), color=colors.ink, ha="right", **beside)
            at_right = of_row[-1].get_xlim()[1] + 0.2 * width
            of_row[-1].text(at_right, s=told, color=colors.soft, ha="left", **beside)
        for ax, kind in zip(panels[0], kinds, strict=True):
            ax.set_title(short(kind), color=colors.ink)

    picture_in = (WIDTH_IN - 2.6) / sum(map(len, columns))
    return Drawing("pictures", draw, 0.4 + len(rows) * (picture_in * height / width + 0.06))


def _rows(drawn: Drawn) -> list[tuple[str, NDArray[np.float32], str]]:
    """What each row of the figure is called, its pictures, and what is told of them."""
    compared = {"ceiling": drawn.ceiling, **drawn.regions}
    rows = [
        (name, pictures, _told(likeness(pictures, drawn.shown, drawn.label))) for name, pictures in compared.items()
    ]
    region, shuffled = list(drawn.shuffled.items())[-1]
    told = _told(mean_likeness(shuffled, drawn.shown, drawn.label))
    return [("shown", drawn.shown, "r · pairs · in kind"), *rows, (f"{region}, shuffled", shuffled[0], told)]


def _spread(trials: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    return trials[np.linspace(0, len(trials) - 1, min(n, len(trials))).astype(int)]


def _strip(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pictures side by side, with nothing (NaN) between them."""
    return np.hstack([np.pad(one, ((0, 0), (0, GAP)), constant_values=np.nan) for one in pictures])[:, :-GAP]


def _told(found: Likeness) -> str:
    return f"{found.correlation:.2f} · {100 * found.identified:.0f} % · {100 * found.identified_within:.0f} %"

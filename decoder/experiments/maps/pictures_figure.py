"""The figure of what a network drew: the stimuli above, the likeness of its drawings to the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...report.drawing import INK, SOFT, WIDTH_IN, Drawing, short
from .pictures import Drawings, Likeness, likeness, mean_likeness

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GAP = 2
"""Pixels between pictures in a figure."""


def pictures_figure(drawn: Drawings, name: str = "pictures", *, n_of_each: int = 8) -> Drawing:
    """Draw the stimuli above what the network drew: from its true activation, from each region, and shuffled.

    At most `n_of_each` trials of each label are drawn, spread evenly over all, however good they are. The numbers to
    the right are of all trials, see `Likeness`.
    """
    kinds = list(dict.fromkeys(drawn.label.tolist()))
    columns = [_spread(np.flatnonzero(drawn.label == kind), n_of_each) for kind in kinds]
    rows = _rows(drawn)
    height, width = drawn.stimulus.shape[1:]

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(rows), len(kinds), squeeze=False, width_ratios=[len(own) for own in columns])
        for of_row, (name, pictures, note) in zip(panels, rows, strict=True):
            for ax, own in zip(of_row, columns, strict=True):
                ax.imshow(_strip(pictures[own]), cmap="gray", vmin=0, vmax=1, interpolation="none")
                ax.set_axis_off()
            place = {"va": "center", "y": height / 2}
            of_row[0].text(-0.2 * width, s=short(name), color=INK, ha="right", **place)
            at_right = of_row[-1].get_xlim()[1] + 0.2 * width
            of_row[-1].text(at_right, s=note, color=SOFT, ha="left", **place)
        for ax, kind in zip(panels[0], kinds, strict=True):
            ax.set_title(short(kind))

    picture_in = (WIDTH_IN - 2.6) / sum(map(len, columns))
    caption = (
        f"{name}: trials that were held out, evenly spread. Above, what was shown; below, what the network draws "
        "once their state is injected: the true one (ceiling), then that predicted from each region, and from "
        "activity and pictures paired at random. To the right: the correlation with what was shown, and how often a "
        "drawing is more like it than like another, of all pairs and within its kind."
    )
    return Drawing(name, draw, 0.4 + len(rows) * (picture_in * height / width + 0.06), caption=caption)


def _rows(drawn: Drawings) -> list[tuple[str, NDArray[np.float32], str]]:
    """The name of each row of the figure, its pictures, and a note."""
    compared = {"ceiling": drawn.ceiling, **drawn.regions}
    rows = [
        (name, pictures, _line_of(likeness(pictures, drawn.stimulus, drawn.label)))
        for name, pictures in compared.items()
    ]
    region, shuffled = list(drawn.shuffled.items())[-1]
    note = _line_of(mean_likeness(shuffled, drawn.stimulus, drawn.label))
    return [("shown", drawn.stimulus, "r · pairs · in kind"), *rows, (f"{region}, shuffled", shuffled[0], note)]


def _spread(trials: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    return trials[np.linspace(0, len(trials) - 1, min(n, len(trials))).astype(int)]


def _strip(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pictures in a row, separated by NaN."""
    return np.hstack([np.pad(one, ((0, 0), (0, GAP)), constant_values=np.nan) for one in pictures])[:, :-GAP]


def _line_of(found: Likeness) -> str:
    return f"{found.correlation:.2f} · {100 * found.identified:.0f} % · {100 * found.identified_within:.0f} %"

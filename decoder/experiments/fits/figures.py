"""How well each region predicts each layer: region by layer, a figure for each subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...report.drawing import INK, PAPER, WIDTH_IN, Drawing, short
from ...report.heat import LETTER_IN, TICK_IN, heat_bar, heat_colors, layer_names, layer_ticks
from .result import Fits, SubjectSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NUMBER_IN = 0.3
"""Cells at least this wide have room for their number."""
KEY_IN, ABOUT_IN = 0.55, 0.85
NARROWEST_IN = 5.6


def r2_figure(fits: Fits, subject: SubjectSummary) -> Drawing:
    """Draw a subject's held-out R2: regions downwards, layers to the right, networks below each other.

    Colour grows evenly from 0, the value of the training mean, to the subject's best; values below have the colour of
    0. If there is room, cells contain their value in per cent. A dot marks choices at the edge of their grid.
    """
    lines = {(one.region, one.network, one.layer): one for one in fits.fitted if one.subject == subject.name}

    def values_of(name: str) -> dict[str, NDArray]:
        return {
            network: np.array(
                [[getattr(lines[one, network, layer], name) for layer in layers] for one in subject.regions]
            )
            for network, layers in subject.layers.items()
        }

    r2, edges = values_of("r2"), values_of("at_edge")
    top = max(0.01, *(float(np.nan_to_num(of).max()) for of in r2.values()))
    names_in = 0.3 + LETTER_IN * max(len(short(region)) for region in subject.regions)
    n_columns = max(map(len, subject.layers.values()))
    column_in = float(np.clip((WIDTH_IN - names_in) / n_columns, 0.02, 0.5))
    row_in = float(np.clip(12.0 / len(subject.regions), 0.075, 0.28))
    heights = [row_in * len(subject.regions) + ABOUT_IN for _ in r2]

    def draw(figure: Figure) -> None:
        key, body = figure.subfigures(2, 1, height_ratios=[KEY_IN, sum(heights)], squeeze=False)[:, 0]
        bar, rest = key.subplots(1, 2, width_ratios=[1, 1.5])
        rest.set_axis_off()
        heat_bar(bar, 0, top, "variance explained in runs held out, all units, before the gain", "0 or less")
        panels = body.subplots(len(r2), 1, squeeze=False)[:, 0]
        for ax, (network, layers) in zip(panels, subject.layers.items(), strict=True):
            _panel(ax, r2[network], edges[network], top, column_in)
            ax.set_xlim(0, n_columns)
            every = max(1, round(TICK_IN / row_in + 0.49))
            names = [short(region) for region in subject.regions[::every]]
            ax.set_yticks(np.arange(len(subject.regions))[::every] + 0.5, names)
            layer_ticks(ax, layer_names(layers), column_in)
            ax.set_title(f"{subject.name} · {short(network, 60)}")

    width_in = float(np.clip(names_in + n_columns * column_in, NARROWEST_IN, WIDTH_IN))
    return Drawing(f"r2-{subject.name}", draw, KEY_IN + sum(heights), width_in)


def _panel(ax: Axes, r2: NDArray, at_edge: NDArray, top: float, column_in: float) -> None:
    from matplotlib.colors import ListedColormap

    n_rows, n_columns = r2.shape
    ax.pcolormesh(
        np.arange(n_columns + 1), np.arange(n_rows + 1), r2, cmap=ListedColormap(heat_colors()), vmin=0, vmax=top
    )
    if column_in >= NUMBER_IN:
        for (row, column), value in np.ndenumerate(r2):
            if np.isfinite(value):
                ink = PAPER if value > 0.5 * top else INK
                text = f"{100 * value:.0f}{'·' * bool(at_edge[row, column])}"
                ax.text(column + 0.5, row + 0.5, text, color=ink, ha="center", va="center", fontsize=8)
    ax.set_ylim(n_rows, 0)
    ax.spines[:].set_visible(False)
    ax.tick_params(bottom=False, pad=1)
    ax.set_xlabel("layer")

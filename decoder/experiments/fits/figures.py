"""How well each region speaks to each layer, as a picture: region by layer, a figure for each subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...report.drawing import N_HEAT, WIDTH_IN, Colors, Drawing, short
from ..maps.labels import layer_names
from .result import Fits, SubjectSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LETTER_IN = 0.085
TICK_IN = 0.15
NUMBER_IN = 0.3
"""Cells as wide as this have room for their figure."""
KEY_IN, ABOUT_IN = 0.55, 0.85
NARROWEST_IN = 5.6


def r2_figures(found: Fits) -> dict[str, Drawing]:
    """Draw each subject's held-out R2: regions downwards, layers to the right, networks below each other.

    Colour grows evenly from 0, which the training mean reaches, to the subject's best; what is below has the colour of
    0. Where there is room, cells hold their figure in per cent; a dot marks choices at the edge of their grid.

    Returns
    -------
    dict of str to Drawing
        By the names of their files.
    """
    return {f"r2-{subject.name}": _figure(found, subject) for subject in found.subjects}


def _figure(found: Fits, subject: SubjectSummary) -> Drawing:
    lines = {(one.region, one.network, one.layer): one for one in found.fitted if one.subject == subject.name}
    r2 = {
        network: np.array([[lines[region, network, layer].r2 for layer in layers] for region in subject.regions])
        for network, layers in subject.layers.items()
    }
    edges = {
        network: np.array([[lines[region, network, layer].at_edge for layer in layers] for region in subject.regions])
        for network, layers in subject.layers.items()
    }
    top = max(0.01, *(float(np.nan_to_num(of).max()) for of in r2.values()))
    names_in = 0.3 + LETTER_IN * max(len(short(region)) for region in subject.regions)
    n_columns = max(map(len, subject.layers.values()))
    column_in = float(np.clip((WIDTH_IN - names_in) / n_columns, 0.02, 0.5))
    row_in = float(np.clip(12.0 / len(subject.regions), 0.075, 0.28))
    heights = [row_in * len(subject.regions) + ABOUT_IN for _ in r2]

    def draw(figure: Figure, colors: Colors) -> None:
        key, body = figure.subfigures(2, 1, height_ratios=[KEY_IN, sum(heights)], squeeze=False)[:, 0]
        _key(key, top, colors)
        panels = body.subplots(len(r2), 1, squeeze=False)[:, 0]
        for ax, (network, layers) in zip(panels, subject.layers.items(), strict=True):
            _panel(ax, r2[network], edges[network], top, column_in, colors)
            ax.set_xlim(0, n_columns)
            _ticks(ax, subject.regions, layer_names(layers), row_in, column_in)
            ax.set_title(f"{subject.name} · {short(network, 60)}", color=colors.ink)

    width_in = float(np.clip(names_in + n_columns * column_in, NARROWEST_IN, WIDTH_IN))
    return Drawing(f"r2-{subject.name}", draw, KEY_IN + sum(heights), width_in)


def _panel(ax: Axes, r2: NDArray, at_edge: NDArray, top: float, column_in: float, colors: Colors) -> None:
    from matplotlib.colors import ListedColormap

    n_rows, n_columns = r2.shape
    ax.pcolormesh(
        np.arange(n_columns + 1), np.arange(n_rows + 1), r2, cmap=ListedColormap(colors.heat), vmin=0, vmax=top
    )
    if column_in >= NUMBER_IN:
        for (row, column), value in np.ndenumerate(r2):
            if np.isfinite(value):
                ink = colors.paper if value > 0.5 * top else colors.ink
                told = f"{100 * value:.0f}{'·' * bool(at_edge[row, column])}"
                ax.text(column + 0.5, row + 0.5, told, color=ink, ha="center", va="center", fontsize=8)
    ax.set_ylim(n_rows, 0)
    ax.spines[:].set_visible(False)
    ax.tick_params(bottom=False, pad=1)
    ax.set_xlabel("layer")


def _ticks(ax: Axes, regions: tuple[str, ...], layers: list[str], row_in: float, column_in: float) -> None:
    every = max(1, round(TICK_IN / row_in + 0.49))
    ax.set_yticks(np.arange(len(regions))[::every] + 0.5, [short(region) for region in regions[::every]])
    turned = max(map(len, layers)) * LETTER_IN > column_in
    every = max(1, round((TICK_IN if turned else 0.22) / column_in + 0.49))
    ax.set_xticks(np.arange(len(layers))[::every] + 0.5, layers[::every], rotation=90 if turned else 0)


def _key(figure: Figure, top: float, colors: Colors) -> None:
    """Which colour is how much."""
    bar, rest = figure.subplots(1, 2, width_ratios=[1, 1.5])
    rest.set_axis_off()
    edges = np.linspace(0, 100 * top, N_HEAT + 1)
    # Each colour reaches under the next one, so that no seam shows between them.
    bar.bar(edges[:-1], 1, edges[-1] - edges[:-1], align="edge", color=colors.heat, linewidth=0)
    bar.set_title("variance explained in runs held out, all units, before the gain", color=colors.ink)
    bar.set_xticks([edges[0], edges[-1]], ["0 or less", f"{edges[-1]:.0f} %"])
    bar.set_xlim(edges[0], edges[-1])
    bar.set_yticks([])
    bar.spines[:].set_visible(False)

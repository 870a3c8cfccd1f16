"""Heat maps over the layers of a network: their colours, the colour bar, and names of the layers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .drawing import opened_matplotlib, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_HEAT = 48
LETTER_IN, TICK_IN = 0.085, 0.15
"""Room that a letter of a label takes along it, and a label across it."""


@cache
def heat_colors() -> tuple[str, ...]:
    """Colours of a heat map from low to high: matplotlib's magma, whose lightness changes evenly.

    Lightness alone separates them, so they need no colour vision. Low values are close to the colour of the page.
    """
    matplotlib = opened_matplotlib()
    ramp = matplotlib.colormaps["magma"]
    return tuple(matplotlib.colors.to_hex(ramp(0.93 - 0.81 * i / (N_HEAT - 1))) for i in range(N_HEAT))


def heat_color(level: float) -> tuple[str, str]:
    """The colour of a level, clipped to 0 to 1, and the colour of text on it."""
    place = int(np.clip(np.nan_to_num(level) * N_HEAT, 0, N_HEAT - 1))
    return heat_colors()[place], "#000000" if place < N_HEAT / 2 else "#ffffff"


def heat_bar(ax: Axes, low: float, high: float, title: str, lowest: str | None = None) -> None:
    """Draw the colour bar, from low (`lowest` in words) to high, in per cent."""
    edges = np.linspace(100 * low, 100 * high, N_HEAT + 1)
    # Each colour reaches under the next one, so that no gap is visible between them.
    ax.bar(edges[:-1], 1, edges[-1] - edges[:-1], align="edge", color=heat_colors(), linewidth=0)
    ax.set_title(title)
    ticks = [edges[0], edges[N_HEAT // 2], edges[-1]]
    ax.set_xticks(ticks, [lowest or f"{ticks[0]:.1f}", f"{ticks[1]:.1f}", f"{ticks[2]:.1f} %"])
    ax.get_xticklabels()[0].set_horizontalalignment("left")
    ax.get_xticklabels()[-1].set_horizontalalignment("right")
    ax.set_xlim(edges[0], edges[-1])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def layer_ticks(ax: Axes, layers: Sequence[str], column_in: float) -> None:
    """Name the layers below columns of this width, as many as fit."""
    turned = max(map(len, layers)) * LETTER_IN > max(2 * LETTER_IN, column_in)
    every = max(1, round((TICK_IN if turned else 0.22) / column_in + 0.49))
    ax.set_xticks(np.arange(len(layers))[::every] + 0.5, layers[::every], rotation=90 if turned else 0)


def layer_names(layers: Sequence[str]) -> list[str]:
    """Layers for an axis: without the dotted parts with which all of them begin and end.

    Examples
    --------
    >>> layer_names(["model.layers.0.mlp", "model.layers.1.mlp", "model.layers.10.mlp"])
    ['0', '1', '10']
    """
    parts = [layer.split(".") for layer in layers]
    before, after = _n_alike(parts), _n_alike([part[::-1] for part in parts])
    most = min(map(len, parts)) - 1
    before = min(before, most)
    after = min(after, most - before)
    return [short(".".join(part[before : len(part) - after])) for part in parts]


def _n_alike(parts: Sequence[Sequence[str]]) -> int:
    """How many of the first parts all have in common; 0 if there is only one."""
    if len(parts) == 1:
        return 0
    same = [len(set(column)) == 1 for column in zip(*parts, strict=False)]
    return same.index(False) if False in same else len(same)

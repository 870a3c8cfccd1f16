"""Figures of metamers: the pictures themselves, a layer a column; and who recognises them, along the layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ....report.drawing import ACCENT, INK, SERIES, SOFT, WIDTH_IN, Drawing, short
from .result import LayerMetamers, Metamers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GAP = 4
"""Pixels between pictures."""
LABELS_IN = 1.3


def pictures_figure(
    name: str,
    originals: NDArray[np.uint8],
    classes: Sequence[str],
    layers: Sequence[LayerMetamers],
    *,
    n_rows: int = 8,
) -> Drawing:
    """The first photographs and their metamers, however good they are: a picture a row, a layer a column."""
    n = min(n_rows, len(layers[0].made))
    columns = {"photograph": originals, **{of.layer: of.made for of in layers}}
    side = originals.shape[1]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, len(columns), squeeze=False)[0]
        for ax, (title, pictures) in zip(axes, columns.items(), strict=True):
            padded = np.pad(pictures[:n], ((0, 0), (0, GAP), (0, 0), (0, 0)), constant_values=255)
            ax.imshow(np.concatenate(padded)[:-GAP], interpolation="none")
            ax.set_title(short(title))
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(False)
        middle = [row * (side + GAP) + side / 2 for row in range(n)]
        axes[0].set_yticks(middle, [short(label) for label in classes[:n]])

    picture_in = (WIDTH_IN - LABELS_IN) / len(columns) - 0.06
    caption = f"The first {n} of {len(originals)} photographs, with the class that all networks give them, and {name}."
    return Drawing(name.replace(" ", "-"), draw, 0.4 + n * picture_in * (1 + GAP / side), caption=caption)


def layers_figure(result: Metamers) -> Drawing:
    """Above, what share is recognised; below, how similar activations are, beside chance."""

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        names = [of.layer for of in result.layers]
        x, ends = np.arange(len(names)), [result.recognised[name] for name in names]
        above.fill_between(x, [100 * of.low for of in ends], [100 * of.high for of in ends], color=ACCENT, alpha=0.18)
        above.plot(x, [100 * of.value for of in ends], color=ACCENT, marker="o", linewidth=2, label="other networks")
        kept = [100 * of.kept.mean() for of in result.layers]
        above.plot(x, kept, color=INK, marker="D", markersize=4, label=result.network)
        if result.untrained:
            random = [100 * of.by_others.mean() for of in result.untrained]
            label = "other networks, metamers of the untrained network"
            above.plot(x, random, color=SERIES[1], marker="s", markersize=4, label=label)
        above.set_ylim(-3, 103)
        above.set_ylabel("class recognised, %")
        for i, of in enumerate(result.layers):
            below.plot(
                np.full(len(of.rho), i), of.rho, ".", color=ACCENT, alpha=0.5, label="metamer" if i == 0 else None
            )
        nulls = [of.null for of in result.layers]
        below.plot(x, nulls, color=SOFT, linestyle=(0, (4, 3)), label="99th percentile of pairs of photographs")
        for name, color in zip(result.layers[0].judged, SERIES[2:], strict=False):
            judged = [of.judged[name].value for of in result.layers]
            below.plot(x, judged, color=color, marker="^", markersize=4, label=f"responses by {name}")
        below.set_ylabel("correlation")
        below.set_xticks(x, names)
        for ax in (above, below):
            ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)

    caption = (
        "Band: 95 % interval over photographs. Below: Spearman's correlation of a layer's activations for each metamer "
        "with those for its photograph."
    )
    return Drawing("metamers-along-the-layers", draw, 4.6, caption=caption)

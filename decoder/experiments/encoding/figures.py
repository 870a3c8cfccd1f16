"""Figures of an encoding: along the layers, and the nested choice beside every control."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...report.drawing import ACCENT, DASHES, INK, PAPER, SERIES, SOFT, Drawing, chance_line, short
from ...report.heat import layer_names
from ...statistics.bootstrapped import Ends
from ...statistics.subjects import SubjectsMean
from .gather import BEST
from .predictors import COCHLEAGRAM, LABELS, NUISANCE, PIXELS, SPECTRUM, UNTRAINED
from .result import Encoding, RegionEncoding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINES = {
    NUISANCE: (SERIES[3], "-"),
    PIXELS: (SERIES[4], "-"),
    SPECTRUM: (SERIES[2], DASHES[3]),
    COCHLEAGRAM: (SERIES[4], DASHES[2]),
    LABELS: (SERIES[0], DASHES[4]),
}
MOST_PANELS = 12


def what(result: Encoding) -> str:
    """What the scores are."""
    known = all(one.ceiling is not None for one in result.regions)
    return "explained share of the ceiling" if known else "explained share of the variance"


def drawn(one: RegionEncoding) -> str:
    """What a region's intervals are over: a single site is no sample of sites."""
    return "sites and stimuli" if len(one.sites) > 1 else "stimuli"


def layers_figure(result: Encoding) -> Drawing:
    """The explained share along the layers, trained and untrained, with the nested choice, nuisance and pixels."""
    panels = [(one, network) for one in result.regions for network in result.networks][:MOST_PANELS]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(len(panels), 1, squeeze=False, sharey=True)[:, 0]
        for ax, (one, network) in zip(axes, panels, strict=True):
            layers = [layer for of, layer in one.layers if of == network]
            x = np.arange(len(layers))
            ends = [one.layers[network, layer].explained for layer in layers]
            ax.fill_between(
                x, [100 * end.low for end in ends], [100 * end.high for end in ends], color=ACCENT, alpha=0.18
            )
            untrained = [100 * one.untrained[network, layer].explained.value for layer in layers]
            ax.plot(x, untrained, color=SERIES[1], marker="s", markersize=3.5, linewidth=1.2, label=UNTRAINED)
            for name, (color, dashes) in LINES.items():
                if name in one.rows:
                    value = 100 * one.rows[name].explained.value
                    ax.axhline(value, color=color, linewidth=1.2, linestyle=dashes, label=name)
            if one.pls:
                pls = [100 * one.pls[network, layer].explained.value for layer in layers]
                ax.plot(x, pls, color=SERIES[0], marker="D", markersize=3.5, linewidth=1.2, label="PLS")
            ax.axhline(100 * one.best.explained.value, color=INK, linewidth=1.2, linestyle=(0, (5, 2)), label=BEST)
            ax.plot(x, [100 * end.value for end in ends], color=ACCENT, marker="o", linewidth=2, label="layer")
            chance_line(ax.axhline, 0.0)
            names = layer_names(layers)
            ax.set_xticks(x, names, rotation=90 if sum(map(len, names)) > 60 else 0)
            ax.yaxis.set_major_formatter("{x:g} %")
            ax.set_title(" · ".join([short(result.name(one)), *([network] * (len(result.networks) > 1))]))
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=3)
        figure.supylabel("explained share", fontsize=10, color=INK)

    more = len(result.regions) * len(result.networks) - len(panels)
    others = f" {more} more are in the tables." if more > 0 else ""
    over = " or ".join(dict.fromkeys(drawn(one) for one in result.regions))
    caption = (
        f"Each layer by itself, on stimuli held out: {what(result)}, median over sites. Band: 95 % interval over "
        f"{over}. Dashed: the layer that was chosen within the training of each fold.{others}"
    )
    return Drawing("layers", draw, 1.3 + 2.3 * len(panels), caption=caption)


def rows_figure(result: Encoding, one: RegionEncoding) -> Drawing:
    """The nested choice and every control of a region."""

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        chance_line(ax.axvline, 0.0)
        for i, (name, score) in enumerate(one.rows.items()):
            value, low, high = (100 * end for end in score.explained)
            color, width = (ACCENT, 3.0) if name == BEST else (SOFT, 1.5)
            ax.plot([low, high], [i, i], color=color, linewidth=width)
            ax.plot([value], [i], "o", color=color, markersize=7)
            patch = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.5}
            ax.annotate(f"{value:.1f}", (value, i), (0, 7), textcoords="offset points", ha="center", bbox=patch)
        ax.set_yticks(range(len(one.rows)), [short(name, 30) for name in one.rows])
        ax.set_ylim(len(one.rows) - 0.5, -0.7)
        ax.xaxis.set_major_formatter("{x:g} %")
        ax.set_xlabel(what(result))

    caption = f"{result.name(one)}: median over sites, 95 % intervals over {drawn(one)}; dashed: nothing explained."
    return Drawing("controls", draw, 1.0 + 0.46 * len(one.rows), caption=caption)


def ends_text(ends: Ends | SubjectsMean, sign: str = "", digits: int = 1) -> str:
    """A value in per cent with its interval, if it has one.

    Examples
    --------
    >>> ends_text(Ends(0.5123, 0.4, 0.61)), ends_text(Ends(0.1, float("nan"), float("nan")), "+")
    ('51.2 [40.0, 61.0]', '+10.0')
    """
    value, low, high = (f"{100 * end:{sign}.{digits}f}" for end in (ends.value, ends.low, ends.high))
    return value if np.isnan(ends.low) else f"{value} [{low}, {high}]"

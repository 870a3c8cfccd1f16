"""Figures of a synthesis: the pictures beside the natural ones they beat, and what a judge says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...report.drawing import ACCENT, INK, SERIES, SOFT, Drawing, short
from .encoders import TRAINED
from .making import KINDS
from .result import OWN, Made, Synthesis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

A_ROW = 6
MOST_PICTURES = 36


def pictures_figure(result: Synthesis, kind: str = TRAINED) -> Drawing:
    """Each objective's picture below the natural one that is best by the same prediction, with their scores."""
    made = result.made[kind][:MOST_PICTURES]
    n_rows = -(-len(made) // A_ROW)

    def draw(figure: Figure) -> None:
        axes = figure.subplots(n_rows, A_ROW, squeeze=False)
        for ax in axes.flat:
            ax.set_axis_off()
        for ax, one in zip(axes.flat, made, strict=False):
            above, below = result.natural_pictures[one.natural], one.picture
            ax.imshow(np.concatenate([above, np.full_like(above[: len(above) // 20], 255), below]))
            ax.set_title(short(one.name, 16), fontsize=9)
            ax.text(0.5, -0.02, _scores(one), transform=ax.transAxes, ha="center", va="top", fontsize=8, color=SOFT)

    more = len(result.made[kind]) - len(made)
    caption = (
        f"Above: of {result.n_natural:,} natural pictures the best by the encoders' prediction. Below: the synthesised "
        f"one. Scores of both, natural → synthesised, by each judge ({', '.join(made[0].judged)})."
        + (f" {more} more are in the folder of pictures." if more > 0 else "")
    )
    name = "pictures" if kind == TRAINED else f"pictures-{kind.replace(' ', '-')}"
    return Drawing(name, draw, n_rows * (3.4 + 0.15 * len(made[0].judged)), caption=caption)


def _scores(one: Made) -> str:
    return "\n".join(
        f"{'own' if name == OWN else short(name, 10)} {of.natural:.2f} → {of.made:.2f}"
        for name, of in one.judged.items()
    )


def judged_figure(result: Synthesis, judge: str) -> Drawing:
    """What a judge says of the picture for each objective, and of controls, beside the natural pictures."""
    made = result.made[TRAINED]

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        y = np.arange(len(made))
        for i, one in enumerate(made):
            of = one.judged[judge]
            ax.plot([of.high, of.best], [i, i], color=SOFT, linewidth=1.2, zorder=1)
        ax.plot([one.judged[judge].high for one in made], y, "|", color=SOFT, markersize=7, label="99 % of natural")
        ax.plot([one.judged[judge].best for one in made], y, "|", color=INK, markersize=11, label="best natural")
        ax.plot(
            *([one.judged[judge].natural for one in made], y, "o"),
            **{"color": SOFT, "fillstyle": "none", "markersize": 6, "label": "natural, best by prediction"},
        )
        for kind, color, marker in zip(KINDS[1:], (SERIES[2], SERIES[3]), ("x", "+"), strict=True):
            ax.plot([one.judged[judge].made for one in result.made[kind]], y, marker, color=color, label=kind)
        ax.plot([one.judged[judge].made for one in made], y, "o", color=ACCENT, markersize=7, label="synthesised")
        ax.set_yticks(y, [short(one.name) for one in made])
        ax.set_ylim(len(made) - 0.4, -0.6)
        ax.set_xlabel(f"score by {judge}")
        figure.legend(loc="outside upper left", ncols=3)

    caption = f"The judge {judge}: the synthesised picture for each site, and those of the same optimiser by controls."
    return Drawing(f"judged-{judge.replace(' ', '-')}", draw, 1.4 + 0.26 * len(made), caption=caption)

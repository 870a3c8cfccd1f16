"""Figures of a synthesis: what is made beside the natural ones that it beats, and what a judge says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ....models.sounds.cochleagram import LOWEST_HZ, cochleagram
from ....models.sounds.samples import RATE_HZ
from ...report.drawing import ACCENT, INK, SERIES, SOFT, Drawing, short
from .encoders import TRAINED
from .making import KINDS
from .result import OWN, Made, Synthesis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

A_ROW = 6
MOST = 36
CELL_IN = {"picture": 3.4, "sound": 2.0}
"""The height of a natural one and the synthesised one below it."""


def made_figure(result: Synthesis, kind: str = TRAINED) -> Drawing:
    """What is made for each objective below the natural one that is best by the same prediction, with their scores;
    sounds as cochleagrams.
    """
    made = result.made[kind][:MOST]
    n_rows = -(-len(made) // A_ROW)

    def draw(figure: Figure) -> None:
        axes = figure.subplots(n_rows, A_ROW, squeeze=False)
        for ax in axes.flat:
            ax.set_axis_off()
        for ax, one in zip(axes.flat, made, strict=False):
            above, below = (_image(of) for of in (result.natural_stimuli[one.natural], one.made))
            white = np.full_like(above[: len(above) // 20], 255 if result.noun == "picture" else 0)
            image = np.concatenate([above, white, below])
            ax.imshow(image, cmap="Greys", aspect="equal" if result.noun == "picture" else "auto")
            ax.set_title(short(one.name, 16), fontsize=9)
            ax.text(0.5, -0.02, _scores(one), transform=ax.transAxes, ha="center", va="top", fontsize=8, color=SOFT)

    more = len(result.made[kind]) - len(made)
    caption = (
        f"Above: of {result.n_natural:,} natural {result.noun}s the best by the encoders' prediction. Below: the "
        f"synthesised one. Scores of both, natural → synthesised, by each judge ({', '.join(made[0].judged)})."
    )
    if result.noun == "sound":
        caption += (
            f" Time goes to the right, frequency upwards, {LOWEST_HZ:g} Hz to {RATE_HZ / 2000:g} kHz as the ear has it."
        )
    if more > 0:
        caption += f" {more} more are in the folder of {result.noun}s."
    name = f"{result.noun}s" if kind == TRAINED else f"{result.noun}s-{kind.replace(' ', '-')}"
    return Drawing(name, draw, n_rows * (CELL_IN[result.noun] + 0.15 * len(made[0].judged)), caption=caption)


def _image(shown: NDArray) -> NDArray:
    """A picture itself; the cochleagram of a sound, its low frequencies at the bottom."""
    return cochleagram(shown)[::-1] if shown.ndim == 1 else shown


def _scores(one: Made) -> str:
    return "\n".join(
        f"{'own' if name == OWN else short(name, 10)} {of.natural:.2f} → {of.made:.2f}"
        for name, of in one.judged.items()
    )


def judged_figure(result: Synthesis, judge: str) -> Drawing:
    """What a judge says of what is made for each objective, and of controls, beside the natural ones."""
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

    caption = (
        f"The judge {judge}: the synthesised {result.noun} for each site, and those of the same optimiser by controls."
    )
    return Drawing(f"judged-{judge.replace(',', '').replace(' ', '-')}", draw, 1.4 + 0.26 * len(made), caption=caption)

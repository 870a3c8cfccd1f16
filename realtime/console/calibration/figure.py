"""The learning curve of a calibration, as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....decoder.report.drawing import ACCENT, INK, SERIES, SOFT, Drawing, chance_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ....decoder.experiments.calibration import Calibration

N_RECENT = 10
"""The line is the mean of this many decisions."""
AHEAD = 20
"""The forecast is for this many more trials."""


def learning_curve_figure(calibration: Calibration, good_enough: float) -> Drawing:
    """Draw how many decisions were correct, over the number of learned trials: each decision, and the mean.

    If the data suffice, also the expected score with its 95 % interval, and for twenty more trials.
    """
    sizes, right, curve = calibration.n_before, calibration.right, calibration.curve()

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        chance_line(ax.axhline, calibration.chance)
        ax.axhline(100 * good_enough, color=ACCENT, linewidth=1, linestyle=(0, (1, 2)))
        ax.plot(sizes, 100 * right, "|", color=SOFT, markersize=7)
        means = [100 * right[max(0, i + 1 - N_RECENT) : i + 1].mean() for i in range(len(right))]
        ax.plot(sizes, means, color=INK, linewidth=1.2, label=f"mean of the latest {N_RECENT}")
        if curve.silent is None:
            ahead = np.linspace(sizes.min(), sizes.max() + AHEAD, 60)
            expected = [curve.at(size) for size in ahead.tolist()]
            low, high = ([100 * getattr(one, end) for one in expected] for end in ("low", "high"))
            ax.fill_between(ahead, low, high, color=SERIES[0], alpha=0.2, linewidth=0)
            ax.plot(ahead, [100 * one.value for one in expected], color=SERIES[0], label="expected, 95 % interval")
        for level, name in ((calibration.chance, "chance"), (good_enough, "good enough")):
            ax.annotate(
                name,
                (1, 100 * level),
                xycoords=("axes fraction", "data"),
                xytext=(-2, 2),
                textcoords="offset points",
                ha="right",
                color=SOFT,
            )
        ax.set(xlabel="trials learned from", ylabel="decided rightly, per cent", ylim=(-5, 105))
        figure.legend(loc="outside upper right", ncols=2)

    return Drawing("learning-curve", draw, 3.6, 7.0)

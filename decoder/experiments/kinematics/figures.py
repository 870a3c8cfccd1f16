"""Figures of decoded movement: true and decoded over time, and all measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...report.drawing import ACCENT, INK, SOFT, Drawing, short
from ...statistics.regression import PredictedTargets, mean_of_dims
from .result import KinematicsEvaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN_S = 30.0


def traces_figure(evaluation: KinematicsEvaluation) -> Drawing:
    """Draw the first seconds of the run whose R2 is the median: the true targets, and what was decoded."""
    found = evaluation.decoder.found
    run = typical_run(evaluation)
    rows = np.flatnonzero(evaluation.run == run)
    time_s = evaluation.time_s[rows]
    rows = rows[time_s < time_s[0] + SHOWN_S]
    time_s = evaluation.time_s[rows]

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(evaluation.names), 1, sharex=True, squeeze=False)[:, 0]
        for dim, (ax, name) in enumerate(zip(panels, evaluation.names, strict=True)):
            ax.plot(time_s, found.true[rows, dim], color=INK, linewidth=1.2, label="true")
            ax.plot(time_s, found.predicted[rows, dim], color=ACCENT, linewidth=1.5, label="decoded")
            ax.set_title(short(name))
        panels[0].legend(loc="upper right", ncols=2)
        panels[-1].set_xlabel("seconds since the run began")

    caption = (
        f"The first {time_s[-1] - time_s[0]:.0f} s of run {run}, which was held out; of all runs its R2 is the median, "
        f"{_r2_of(evaluation, run):.2f}."
    )
    return Drawing("traces", draw, 0.8 + 1.5 * len(evaluation.names), caption=caption)


def typical_run(evaluation: KinematicsEvaluation) -> object:
    """The run whose own R2 is the median (the lower one of two)."""
    runs = list(dict.fromkeys(evaluation.run.tolist()))
    values = [_r2_of(evaluation, run) for run in runs]
    return runs[int(np.argsort(values, kind="stable")[(len(runs) - 1) // 2])]


def measures_figure(evaluation: KinematicsEvaluation, over: str) -> Drawing:
    """Draw R2 of the decoder, the filters of the field and the controls, with intervals where there are any."""
    rows = [(name, one.measures["r2"].value, one.measures["r2"]) for name, one in evaluation.rows().items()]
    every = [*rows, *((name, one["r2"], None) for name, one in evaluation.controls.items())]

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        ax.axvline(0.0, color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
        for i, (_, value, measure) in enumerate(every):
            color = ACCENT if i == 0 else SOFT
            if measure is not None:
                ax.plot([measure.low, measure.high], [i, i], color=color, linewidth=3.0 if i == 0 else 1.5)
            ax.plot([value], [i], "o", color=color, markersize=8.0 if i == 0 else 5.5)
        ax.set_yticks(range(len(every)), [short(name, 24) for name, *_ in every])
        ax.set_ylim(len(every) - 0.5, -0.7)
        ax.set_xlabel("R2, mean over dimensions")

    caption = f"R2 with 95 % intervals over {over}; dashed: chance, which is always predicting the training mean."
    return Drawing("measures", draw, 1.0 + 0.4 * len(every), caption=caption)


def _r2_of(evaluation: KinematicsEvaluation, run: object) -> float:
    found, rows = evaluation.decoder.found, evaluation.run == run
    return mean_of_dims(
        PredictedTargets(found.true[rows], found.predicted[rows], found.mean[rows], found.runs[rows]).r2()
    )

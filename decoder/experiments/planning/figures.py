"""Figures of a plan's report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...report.drawing import ACCENT, DASHES, RULE, SERIES, SOFT, Drawing, chance_line
from .result import PlanResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HELD_OUT = {"categories": "category not trained on", "pictures": "picture not trained on"}
MOST_TICKS = 16
HUES = (*SERIES, ACCENT)


def layers_figure(plan: PlanResult) -> Drawing:
    """Draw how many dimensions the stimuli fill in each layer, and how much of a held-out stimulus the others span."""
    x = np.arange(len(plan.layers))
    step = -(-len(x) // MOST_TICKS)
    here = [one.layer for one in plan.layers].index(plan.layer)
    lines = {
        "participation ratio": [one.dimensions.participation for one in plan.layers],
        "components for 90 %": [one.dimensions.n90 for one in plan.layers],
        "components for 99 %": [one.dimensions.n99 for one in plan.layers],
    }

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        for (name, values), color, style in zip(lines.items(), HUES, DASHES, strict=False):
            left.plot(x, values, color=color, linestyle=style, label=name)
        left.axhline(plan.n_stimuli - 1, color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
        left.set_title(f"dimensions of {plan.n_stimuli} {plan.stimuli} (dashed: the most there can be)")
        left.set_ylim(0, 1.12 * (plan.n_stimuli - 1))
        left.legend(loc="lower left")
        right.plot(x, [100 * one.explained for one in plan.layers], color=ACCENT)
        right.set_title("of a stimulus left out, the others span")
        right.set_ylim(0, 104)
        right.yaxis.set_major_formatter("{x:g} %")
        long = max(len(one.layer) for one in plan.layers) > 3
        for ax in (left, right):
            ax.axvline(here, color=RULE, linewidth=1)
            ax.set_xticks(x[::step], [one.layer for one in plan.layers][::step], rotation=60 if long else 0)
            ax.set_xlabel("layer (upright line: the one planned for)")
            ax.tick_params(axis="y", labelcolor=SOFT)

    caption = (
        "Left: dimensions by the participation ratio and by components; right: what the others span of each stimulus."
    )
    return Drawing("layers", draw, 3.6, caption=caption)


def spans_figure(plan: PlanResult) -> Drawing:
    """Draw the accuracy for stimuli that were left out, by the number of training stimuli."""
    curves = [(HELD_OUT[held_out], [one.n_training for one in curve], curve) for held_out, curve in plan.span_curves()]
    caption = (
        "What the network reads from the part of a held-out activation that lies in the span of those trained on; "
        "bands: standard error over random choices."
    )
    return _accuracies("spans", curves, plan, f"training {plan.stimuli}", caption)


def reach_figure(plan: PlanResult) -> Drawing:
    """Draw the accuracy of simulated decoders, by the number of trials, for each level of noise."""
    curves = [
        (f"signal-to-noise {level:.2g}", [one.n_training for one in curve], curve) for level, curve in plan.levels()
    ]
    words = plan.stimuli == "words"
    new = "trials of the same words" if words else "pictures"
    caption = f"Simulated decoding of new {new}; bands: standard error over {plan.n_draws} synthetic brains."
    return _accuracies("reach", curves, plan, "trials of each word" if words else "training pictures", caption)


def _accuracies(
    name: str, curves: list[tuple[str, list[int], Any]], plan: PlanResult, unit: str, caption: str
) -> Drawing:
    """Draw pairwise accuracy, and accuracy among all classes, in two panels."""

    def draw(figure: Figure) -> None:
        panels: Any = figure.subplots(1, 2)
        for ax, measure in zip(panels, ("pairwise", "candidate"), strict=True):
            chance_line(ax.axhline, getattr(plan.chance, measure))
            for (label, x, curve), color, style in zip(curves, HUES, DASHES * 2, strict=False):
                values = _values(curve, measure)
                ax.plot(x, values[0], color=color, linestyle=style, label=label, marker="o", markersize=3.5)
                ax.fill_between(x, values[0] - values[1], values[0] + values[1], color=color, alpha=0.15, linewidth=0)
            ax.set_ylim(0, 104)
            ax.yaxis.set_major_formatter("{x:g} %")
            ax.set_xscale("log")
            ticks = sorted({number for _, x, _ in curves for number in x})
            apart = [tick for i, tick in enumerate(ticks) if not i or tick / ticks[i - 1] > 1.2]
            ax.set_xticks(apart, [str(tick) for tick in apart])
            ax.minorticks_off()
            ax.set_xlabel(unit)
            ax.tick_params(axis="y", labelcolor=SOFT)
        panels[0].axhline(100 * plan.target, color=RULE, linewidth=1)
        panels[0].set_title("pairwise (line: the aim; dashed: chance)")
        panels[1].set_title(f"right among all {len(plan.answers)} answers")
        figure.legend(*panels[1].get_legend_handles_labels(), loc="outside lower center", ncols=len(curves))

    return Drawing(name, draw, 3.7, caption=caption)


def _values(curve: Any, measure: str) -> NDArray[np.float64]:
    """Means and standard errors, (2, n_points), in per cent."""
    return 100 * np.nan_to_num(np.array([getattr(point, measure) for point in curve])).T

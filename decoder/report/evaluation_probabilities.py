"""How far an evaluation's probabilities can be believed: sentences, a table, and the reliability diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..evaluation.result import Evaluation
from ..statistics.calibration import softmax
from ..statistics.reliability import Bins, reliability_bins, right_if_perfect
from .drawing import ACCENT, RULE, SOFT, Drawing
from .result import PageSection, Sentence, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEANING = (
    "Calibration error: the mean distance between how sure decisions are and how often they are right. Brier score: "
    "the squared distance between the probabilities of all classes and the right one, from 0 to 2. Log loss: minus the "
    "mean logarithm of the right class’s probability. Smaller is better in all three. Perfect: the calibration error "
    "that perfect probabilities would have on so few trials by luck; in brackets what 5 % of such sessions exceed."
)


def probabilities_sentences(evaluation: Evaluation) -> list[Sentence]:
    """Whether probabilities were calibrated, and whether decisions are as sure as they are right."""
    one, own = evaluation.reliability["decoder"], evaluation.reliability["network"]
    n_not = sum(of is None for of in evaluation.calibrations)
    error = (
        f"Decisions are {_points(one.calibration_error)} more or less sure, on average, than they are right; perfect "
        f"probabilities would be {_points(one.if_perfect)} off on so few trials, by luck"
    )
    if n_not == len(evaluation.calibrations):
        return [Sentence(f"Probabilities are the network’s own, not calibrated. {error}.")]
    fine = one.calibration_error <= one.if_perfect_high
    some = f" (in {n_not} of {len(evaluation.calibrations)} folds there were too few runs)" if n_not else ""
    before = f"; before calibration they were {_points(own.calibration_error)} off"
    return [Sentence(f"Probabilities are calibrated within the training runs{some}. {error}{before}.", fine)]


def probabilities_section(evaluation: Evaluation) -> PageSection:
    """The reliability diagram, and the measures before and after calibration."""
    rows = [
        [
            name,
            f"{one.calibration_error:.3f}",
            f"{one.if_perfect:.3f} ({one.if_perfect_high:.3f})",
            f"{one.brier:.3f}",
            f"{one.log_loss:.3f}",
        ]
        for name, one in evaluation.reliability.items()
    ]
    rows[0][0], rows[1][0] = "decoder", "before calibration"
    table = Table(("", "calibration error", "perfect", "Brier score", "log loss"), rows, MEANING, bold=0)
    before = softmax(evaluation.decoder.scores)
    return PageSection(
        "Probabilities: how sure, and how often right",
        [reliability_figure(evaluation.probabilities, before, evaluation.truth), table],
    )


def reliability_figure(probabilities: NDArray, before: NDArray, truth: NDArray) -> Drawing:
    """Draw how often decisions are right by how sure they are, with calibrated probabilities and before."""
    ours, theirs = reliability_bins(probabilities, truth), reliability_bins(before, truth)
    low, high = right_if_perfect(probabilities)

    def draw(figure: Figure) -> None:
        of_bins, counts = figure.subplots(1, 2, gridspec_kw={"width_ratios": [3, 2]})
        of_bins.plot([0, 100], [0, 100], color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
        of_bins.vlines(100 * ours.confidence, 100 * low, 100 * high, color=RULE, linewidth=6)
        _bins(of_bins, theirs, SOFT, "before calibration")
        _bins(of_bins, ours, ACCENT, "decoder")
        of_bins.set_xlabel("how sure: probability of the most probable class")
        of_bins.set_title("how often it is right")
        edges = 100 * np.linspace(0, 1, 16)
        for values, color, fill in ((before, SOFT, False), (probabilities, ACCENT, True)):
            shares = 100 * np.histogram(100 * values.max(axis=1), edges)[0] / len(truth)
            counts.stairs(shares, edges, color=color, fill=fill, alpha=0.35 if fill else 1)
        counts.set_xlabel("how sure")
        counts.set_title("share of trials")
        counts.yaxis.set_major_formatter("{x:g} %")
        for ax in (of_bins, counts):
            ax.set_xlim(0, 102)
            ax.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
        of_bins.set_ylim(-2, 103)
        of_bins.set_yticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
        of_bins.legend(loc="lower right")

    caption = (
        "Dots: trials in up to 15 bins by how sure the decision is; larger dots hold more trials. On the dashed line "
        "decisions are as sure as they are right. Grey bars: where 95 % of dots would be if they were."
    )
    return Drawing("reliability", draw, 3.6, caption=caption)


def _bins(ax: Axes, bins: Bins, color: str, label: str) -> None:
    sizes = 15 + 150 * bins.n_trials / bins.n_trials.sum()
    ax.plot(100 * bins.confidence, 100 * bins.right, color=color, linewidth=1, alpha=0.6)
    ax.scatter(100 * bins.confidence, 100 * bins.right, sizes, color=color, label=label, zorder=3)


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"

"""Figures of a pseudo-online evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...report.drawing import ACCENT, DASHES, INK, RULE, SERIES, SOFT, Drawing, chance_line, short
from .result import HeldOutRun, PseudoOnline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST_STRIP_S = {"sliding": 90.0, "events": 15.0}


def curve_figure(result: PseudoOnline) -> Drawing:
    """Draw the probability of the correct class, and accuracy, by the time since the onset, with accuracy offline."""
    x = np.array([point.latency_s for point in result.curve])
    panels = {
        "probability of the right answer": ("probability", 1 / len(result.answers)),
        "right decisions": ("accuracy", result.covering.pseudo_online["candidate"].chance),
    }

    def draw(figure: Figure) -> None:
        axes: Any = figure.subplots(1, 2, sharex=True)
        for ax, (title, (name, chance)) in zip(axes, panels.items(), strict=True):
            middle, low, high = (
                100 * np.array([getattr(point, name + end) for point in result.curve]) for end in ("", "_low", "_high")
            )
            chance_line(ax.axhline, chance)
            ax.axvline(0, color=RULE, linewidth=1)
            ax.axvline(result.covering.latency_s, color=RULE, linewidth=1)
            ax.fill_between(x, low, high, color=ACCENT, alpha=0.18, linewidth=0)
            ax.plot(x, middle, color=ACCENT, linewidth=2)
            ax.set_title(title)
            ax.set_ylim(0, 103)
            ax.yaxis.set_major_formatter("{x:g} %")
            ax.set_xlabel("seconds since the onset")
            ax.tick_params(axis="both", labelcolor=SOFT)
        offline = result.covering.offline["candidate"].value
        place = (result.covering.latency_s, 100 * offline)
        axes[1].plot(*place, "o", color=SERIES[2], markersize=7, zorder=3)
        axes[1].annotate(
            f"offline {100 * offline:.1f}", place, (-8, 8), textcoords="offset points", ha="right", color=INK
        )

    caption = (
        "Upright lines: the onset, and when the window just covers that of the event. Bands: 95 % intervals over "
        "runs; dashed: chance. Before the onset the right answer is that of the event to come."
    )
    return Drawing("curve", draw, 3.4, caption=caption)


def strip_figure(result: PseudoOnline) -> Drawing:
    """Draw a part of a typical run: probabilities in time, when events hold, and activations."""
    one = typical(result)
    begin_s, end_s = stretch_of(one, LONGEST_STRIP_S[result.windows])
    decisions, spans, activations = one.decisions, one.spans, one.activations
    drawn = np.flatnonzero((decisions.available_s >= begin_s) & (decisions.available_s < end_s))
    answers = _most_probable(result, decisions.probabilities[drawn])
    hues = {answer: i for i, answer in enumerate(answers)}

    def draw(figure: Figure) -> None:
        ax: Any = figure.subplots()
        hue = [*SERIES, ACCENT]
        for i in np.flatnonzero((spans.stop_s > begin_s) & (spans.start_s < end_s)).tolist():
            left, right = max(spans.start_s[i], begin_s), min(spans.stop_s[i], end_s)
            color = hue[hues[spans.truth[i]]] if spans.truth[i] in hues else SOFT
            ax.axvspan(left, right, color=color, alpha=0.16, linewidth=0)
            if right - left > (end_s - begin_s) / 40:
                name = short(result.answers[spans.truth[i]], 12)
                ax.text((left + right) / 2, 117, name, color=INK, ha="center", va="center", fontsize=9)
        for answer in answers:
            values = 100 * decisions.probabilities[drawn, answer]
            style = DASHES[hues[answer] % len(DASHES)]
            line = {"linestyle": style} if result.windows == "sliding" else {"linestyle": "", "marker": "."}
            name = short(result.answers[answer])
            ax.plot(decisions.available_s[drawn], values, color=hue[hues[answer]], linewidth=1.4, label=name, **line)
        ax.axhline(100 * one.threshold, color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
        right = activations.right(spans.truth)
        for i in np.flatnonzero((activations.time_s >= begin_s) & (activations.time_s < end_s)).tolist():
            color = hue[hues[activations.answer[i]]] if activations.answer[i] in hues else SOFT
            face = color if right[i] else "none"
            ax.plot(activations.time_s[i], 107, "v", color=color, markerfacecolor=face, markersize=7, clip_on=False)
        ax.set_xlim(begin_s, end_s)
        ax.set_ylim(0, 122)
        ax.set_yticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
        ax.set_xlabel(f"seconds since run {one.decisions.run} began")
        ax.set_ylabel("probability")
        ax.tick_params(axis="both", labelcolor=SOFT)
        figure.legend(loc="outside lower center", ncols=min(6, len(answers)))

    dots = f", {result.covering.latency_s:.2f} s after the onset that they are about" * (not result.slides)
    caption = (
        f"Run {one.decisions.run}, whose share of rightly answered events is nearest to the median. "
        f"{'Lines' if result.slides else 'Dots'}: probabilities when they were there{dots}; shaded: while an event "
        "holds, in the colour of its answer; triangles: activations, filled where they are right; dashed: the "
        f"threshold{' (above every probability: nothing activates)' * (one.threshold > 1)}."
    )
    return Drawing("strip", draw, 3.6, caption=caption)


def operating_figure(result: PseudoOnline) -> Drawing:
    """Draw the result of each threshold: the share of right events against false activations."""
    has_rest = result.events.false is not None
    name = "false_per_minute" if has_rest else "wrong"
    scale = 1.0 if has_rest else 100.0
    tried = np.array([(getattr(one, name) * scale, 100 * one.right) for one in result.operating])
    false = result.events.false
    here = (scale * result.events.wrong if false is None else false.value, 100 * result.events.right.value)

    def draw(figure: Figure) -> None:
        ax: Any = figure.subplots()
        ax.plot(*tried.T, color=ACCENT, linewidth=1.6, marker=".", markersize=5)
        ax.plot(*here, "o", color=SERIES[2], markersize=9, zorder=3)
        label = "as chosen in the training runs" if result.is_chosen else "as given"
        ax.annotate(label, here, (10, -4), textcoords="offset points", color=INK)
        ax.set_xlabel("activations per minute of rest" if has_rest else "events whose first activation is wrong, %")
        ax.set_ylabel("events whose first activation is right")
        ax.yaxis.set_major_formatter("{x:g} %")
        ax.set_ylim(-2, 103)
        ax.set_xlim(left=-0.02 * max(1.0, float(np.nanmax(tried[:, 0]))))
        ax.tick_params(axis="both", labelcolor=SOFT)

    how = "thresholds chosen in the training runs" if result.is_chosen else "the threshold given"
    caption = (
        "Each point is a threshold held to all runs. To look at: the best of them was not chosen from here. The "
        f"large point is what {how} led to."
    )
    return Drawing("operating", draw, 3.4, 6.0, caption)


def typical(result: PseudoOnline) -> HeldOutRun:
    """Return the held-out run whose share of right events is nearest to the median of all."""
    share = np.array([_share_right(one) for one in result.held_out])
    return result.held_out[int(np.nanargmin(np.abs(share - np.nanmedian(share))))]


def stretch_of(one: HeldOutRun, longest_s: float) -> tuple[float, float]:
    """Return the part of a run to draw: from a little before its first event on."""
    begin_s = max(one.begin_s, float(one.spans.onset_s[0]) - longest_s / 18)
    return begin_s, min(one.end_s, begin_s + longest_s)


def _share_right(one: HeldOutRun) -> float:
    first = one.activations.first_right(one.spans.truth)
    return float((first >= 0).mean()) if len(first) else float("nan")


def _most_probable(result: PseudoOnline, probabilities: NDArray) -> list[int]:
    """The classes to draw: all if they are few, else those that were most probable at any time."""
    most = np.nan_to_num(probabilities).max(axis=0, initial=0.0)
    return sorted(np.argsort(-most, kind="stable")[: len(DASHES)].tolist())

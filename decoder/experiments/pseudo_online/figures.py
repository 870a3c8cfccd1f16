"""Figures of a pseudo-online evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...report.drawing import Colors, Drawing, chance_line, short
from .result import HeldOut, PseudoOnline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST_STRIP_S = {"sliding": 90.0, "events": 15.0}
STYLES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)))


def curve_figure(found: PseudoOnline) -> Drawing:
    """Draw the probability of the right answer, and accuracy, by the time since the onset, beside accuracy offline."""
    x = np.array([point.latency_s for point in found.curve])
    panels = {
        "probability of the right answer": ("probability", 1 / len(found.answers)),
        "right decisions": ("accuracy", found.covering.pseudo_online["candidate"].chance),
    }

    def draw(figure: Figure, colors: Colors) -> None:
        axes: Any = figure.subplots(1, 2, sharex=True)
        for ax, (title, (name, chance)) in zip(axes, panels.items(), strict=True):
            middle, low, high = (
                100 * np.array([getattr(point, name + end) for point in found.curve]) for end in ("", "_low", "_high")
            )
            chance_line(ax.axhline, chance, colors)
            ax.axvline(0, color=colors.rule, linewidth=1)
            ax.axvline(found.covering.latency_s, color=colors.rule, linewidth=1)
            ax.fill_between(x, low, high, color=colors.accent, alpha=0.18, linewidth=0)
            ax.plot(x, middle, color=colors.accent, linewidth=2)
            ax.set_title(title, color=colors.ink)
            ax.set_ylim(0, 103)
            ax.yaxis.set_major_formatter("{x:g} %")
            ax.set_xlabel("seconds since the onset")
            ax.tick_params(axis="both", labelcolor=colors.soft)
        offline = found.covering.offline["candidate"].value
        place = (found.covering.latency_s, 100 * offline)
        axes[1].plot(*place, "o", color=colors.series[2], markersize=7, zorder=3)
        axes[1].annotate(
            f"offline {100 * offline:.1f}", place, (-8, 8), textcoords="offset points", ha="right", color=colors.ink
        )

    return Drawing("curve", draw, 3.4)


def strip_figure(found: PseudoOnline) -> Drawing:
    """Draw a stretch of the run that did as runs do: probabilities in time, when events hold, and activations."""
    one = typical(found)
    begin_s, end_s = stretch_of(one, LONGEST_STRIP_S[found.windows])
    decided, spans, acts = one.decided, one.spans, one.acts
    shown = np.flatnonzero((decided.available_s >= begin_s) & (decided.available_s < end_s))
    answers = _most_shown(found, decided.probabilities[shown])
    hues = {answer: i for i, answer in enumerate(answers)}

    def draw(figure: Figure, colors: Colors) -> None:
        ax: Any = figure.subplots()
        hue = [*colors.series, colors.accent]
        for i in np.flatnonzero((spans.stop_s > begin_s) & (spans.start_s < end_s)).tolist():
            left, right = max(spans.start_s[i], begin_s), min(spans.stop_s[i], end_s)
            color = hue[hues[spans.truth[i]]] if spans.truth[i] in hues else colors.soft
            ax.axvspan(left, right, color=color, alpha=0.16, linewidth=0)
            if right - left > (end_s - begin_s) / 40:
                name = short(found.answers[spans.truth[i]], 12)
                ax.text((left + right) / 2, 117, name, color=colors.ink, ha="center", va="center", fontsize=9)
        for answer in answers:
            values = 100 * decided.probabilities[shown, answer]
            style = STYLES[hues[answer] % len(STYLES)]
            line = {"linestyle": style} if found.windows == "sliding" else {"linestyle": "", "marker": "."}
            name = short(found.answers[answer])
            ax.plot(decided.available_s[shown], values, color=hue[hues[answer]], linewidth=1.4, label=name, **line)
        ax.axhline(100 * one.threshold, color=colors.soft, linewidth=1, linestyle=(0, (4, 3)))
        right = acts.span >= 0
        right[right] = acts.answer[right] == spans.truth[acts.span[right]]
        for i in np.flatnonzero((acts.time_s >= begin_s) & (acts.time_s < end_s)).tolist():
            color = hue[hues[acts.answer[i]]] if acts.answer[i] in hues else colors.soft
            face = color if right[i] else "none"
            ax.plot(acts.time_s[i], 107, "v", color=color, markerfacecolor=face, markersize=7, clip_on=False)
        ax.set_xlim(begin_s, end_s)
        ax.set_ylim(0, 122)
        ax.set_yticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
        ax.set_xlabel(f"seconds since run {one.decided.run} began")
        ax.set_ylabel("probability")
        ax.tick_params(axis="both", labelcolor=colors.soft)
        figure.legend(loc="outside lower center", ncols=min(6, len(answers)), frameon=False)

    return Drawing("strip", draw, 3.6)


def operating_figure(found: PseudoOnline) -> Drawing:
    """Draw what each threshold would have led to: events answered rightly against what is false."""
    has_rest = found.events.false is not None
    name = "false_per_minute" if has_rest else "wrong"
    scale = 1.0 if has_rest else 100.0
    tried = np.array([(getattr(one, name) * scale, 100 * one.right) for one in found.operating])
    false = found.events.false
    here = (scale * found.events.wrong if false is None else false.value, 100 * found.events.right.value)

    def draw(figure: Figure, colors: Colors) -> None:
        ax: Any = figure.subplots()
        ax.plot(*tried.T, color=colors.accent, linewidth=1.6, marker=".", markersize=5)
        ax.plot(*here, "o", color=colors.series[2], markersize=9, zorder=3)
        label = "as chosen in the training runs" if found.is_chosen else "as given"
        ax.annotate(label, here, (10, -4), textcoords="offset points", color=colors.ink)
        ax.set_xlabel("activations per minute of rest" if has_rest else "events whose first activation is wrong, %")
        ax.set_ylabel("events whose first activation is right")
        ax.yaxis.set_major_formatter("{x:g} %")
        ax.set_ylim(-2, 103)
        ax.set_xlim(left=-0.02 * max(1.0, float(np.nanmax(tried[:, 0]))))
        ax.tick_params(axis="both", labelcolor=colors.soft)

    return Drawing("operating", draw, 3.4, width_in=6.0)


def typical(found: PseudoOnline) -> HeldOut:
    """Return the held-out run whose share of rightly answered events is nearest to the median of all."""
    share = np.array([_share_right(one) for one in found.held_out])
    return found.held_out[int(np.nanargmin(np.abs(share - np.nanmedian(share))))]


def stretch_of(one: HeldOut, longest_s: float) -> tuple[float, float]:
    """Return what to show of a run: from a little before its first event on."""
    begin_s = max(one.begin_s, float(one.spans.onset_s[0]) - longest_s / 18)
    return begin_s, min(one.end_s, begin_s + longest_s)


def _share_right(one: HeldOut) -> float:
    first = one.acts.first_right(one.spans.truth)
    return float((first >= 0).mean()) if len(first) else float("nan")


def _most_shown(found: PseudoOnline, probabilities: NDArray) -> list[int]:
    """The answers to draw: all where they are few, else those that were most probable at any time."""
    most = np.nan_to_num(probabilities).max(axis=0, initial=0.0)
    return sorted(np.argsort(-most, kind="stable")[: len(STYLES)].tolist())

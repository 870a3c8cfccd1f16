"""What a page is sent of decisions, states, markers and texts: plain data, ready for JSON."""

from __future__ import annotations

from math import isfinite
from typing import Any

from ...decoder.gist.meter import DISTINGUISHABLE
from ..decision import LiveDecision, Status
from ..engine.markers import MarkerAt
from ..live_feedback import LiveFeedback
from ..live_text import LiveText
from .feed import Opened

MOST_CLASSES = 12
"""Of a decision's classes, the most probable ones."""


def of_decision(t: float, decision: LiveDecision) -> dict[str, Any]:
    latency = decision.latency
    return {
        "t": short(t),
        "n": decision.number,
        "said": decision.said,
        "answer": decision.answer,
        "p": {name: short(p) for name, p in most_probable(decision).items()},
        "label": decision.label,
        "start": short(decision.start_s),
        "stop": short(decision.stop_s),
        "present": short(decision.present),
        "abstained": decision.abstained,
        "late": decision.late,
        "shadow": decision.shadow,
        "bundle": decision.bundle[:12],
        "ms": [short(1e3 * s) for s in (latency.age_s, latency.queue_s, latency.compute_s)],
        "motion": None if decision.motion is None else {name: short(x) for name, x in decision.motion.items()},
    }


def of_status(t: float, status: Status) -> dict[str, Any]:
    return {"t": short(t), "state": str(status.state), "why": status.why} | of_beat(t, status)


def of_beat(t: float, status: Status) -> dict[str, Any]:
    markers = None if status.markers is None else str(status.markers)
    losses = {name: n for name, n in status.losses.items() if n}
    return {
        "t": short(t),
        "state": str(status.state),
        "markers": markers,
        "losses": losses,
        "bundle": status.bundle[:12],
    }


def of_marker(t: float, marker: MarkerAt, rate_hz: float) -> dict[str, Any]:
    return {"t": short(t), "label": marker.label, "at": short(marker.sample / rate_hz), "s": short(marker.duration_s)}


def of_text(t: float, text: LiveText) -> dict[str, Any]:
    z = None if text.z is None else short(text.z)
    ms = [short(1e3 * text.age_s), 0.0, short(1e3 * text.compute_s)]
    draft = " ".join(text.draft) if text.distinguishable else ""
    told = {"t": short(t), "said": text.said, "draft": draft, "z": z, "why": text.why, "n": text.n_final, "ms": ms}
    if text.passage is not None and text.passage_s is not None and text.passage_p is not None:
        told["passage"] = {"name": text.passage, "s": short(text.passage_s), "p": short(text.passage_p)}
    return told


def of_region(t: float, feedback: LiveFeedback) -> dict[str, Any]:
    percent = None if feedback.percent is None else short(feedback.percent)
    return {"t": short(t), "at": short(feedback.stop_s), "percent": percent, "why": feedback.why}


def of_stream(opened: Opened) -> dict[str, Any]:
    info, decoder = opened
    return {
        "stream": info.summary(),
        "rate_hz": info.rate_hz,
        "channels": info.channel_names,
        "units": info.units,
        "features": decoder.feature_names,
        "answers": decoder.answers,
        "distinguishable": DISTINGUISHABLE,
    }


def of_feedback(decision: LiveDecision) -> dict[str, Any]:
    """What a participant may see of a decision."""
    return {
        "said": decision.said,
        "answer": decision.answer,
        "p": {k: short(p) for k, p in decision.probabilities.items()},
    }


def of_faults(faults: dict[int, str], n: int) -> str:
    """A letter for each of n channels: f(lat), s(aturated), n(ot finite), or a dot.

    >>> of_faults({1: "flat", 2: "not finite"}, 4)
    '.fn.'
    """
    letters = ["."] * n
    for channel, why in faults.items():
        letters[channel] = why[0]
    return "".join(letters)


def most_probable(decision: LiveDecision) -> dict[str, float]:
    """The most probable classes of a decision, in the decoder's order."""
    probabilities = decision.probabilities
    if len(probabilities) <= MOST_CLASSES:
        return probabilities
    best = set(sorted(probabilities, key=lambda name: -probabilities[name])[:MOST_CLASSES])
    return {name: p for name, p in probabilities.items() if name in best}


def short(value: float) -> float | None:
    """A number in few digits; None where it is none, which JSON does not know."""
    return round(value, 4) if isfinite(value) else None

"""What commands print for ``--json``: plain values, decisions, and the contents of a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from ..decision import Decision
from ..recordings.events import Events
from ..recordings.recording import Recording
from ..targets import Targets, WordTargets


def plain_data(value: Any) -> Any:
    """The value in types of JSON: NaN becomes None, and an object becomes a mapping of its fields."""
    if hasattr(value, "to_dict"):
        value = value.to_dict()
    elif hasattr(value, "_asdict"):
        value = value._asdict()
    elif is_dataclass(value):
        value = vars(value)
    if isinstance(value, Mapping):
        return {str(key): plain_data(of) for key, of in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(of) for of in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain_data(value.tolist())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def decisions_on(decisions: Sequence[Decision], targets: Targets, recording: Recording) -> list[dict[str, Any]]:
    """Decisions on a recording with the stimuli of its events, ready for JSON."""
    return [plain_data(_decision_data(one, targets, recording.events)) for one in decisions]


def _decision_data(decision: Decision, targets: Targets, events: Events) -> dict[str, Any]:
    names = [""]
    if decision.event >= 0:
        names = [str(of[decision.event]) for of in (events.label, events.stimulus) if of is not None]
    key = next((targets.keys.index(name) for name in names if name in targets.keys), None)
    saw = None if key is None else targets.answers[targets.truth()[key]]
    right = None if key is None else decision.answer == saw
    if key is not None and decision.text is not None and isinstance(targets, WordTargets):
        right = targets.meant(decision.text) == key
    return {
        "run": decision.run,
        "start_s": decision.start_s,
        "stop_s": decision.stop_s,
        "label": names[0],
        "saw": saw,
        "said": decision.answer if decision.text is None else decision.text,
        "chose": decision.answer,
        "right": right,
        "probabilities": decision.probabilities,
    }


def recording_data(recording: Recording) -> dict[str, Any]:
    """The contents of a recording, ready for JSON."""
    labels, counts = np.unique(recording.events.label, return_counts=True)
    unit = recording.unit if isinstance(recording.unit, str) else sorted(set(recording.unit))
    return plain_data(
        {
            "source": recording.source,
            "n_samples": recording.n_samples,
            "n_features": recording.n_features,
            "rate_hz": recording.rate_hz,
            "unit": unit,
            "runs": recording.run_lengths(),
            "n_events": len(recording.events),
            "events": dict(zip(labels.tolist(), counts.tolist(), strict=True)),
        }
    )

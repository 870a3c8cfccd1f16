"""What a marker says, in a live stream and in a recorded one: a label, and how long it lasts."""

from __future__ import annotations

import json
from math import isfinite


def read_marker(value: str | float) -> tuple[str, float | None]:
    """Return a marker's label and its duration in seconds, or None.

    A marker is a text, a number, or JSON with a label and a duration.

    Examples
    --------
    >>> read_marker("face"), read_marker('{"label": "face", "duration_s": 15}')
    (('face', None), ('face', 15.0))
    >>> read_marker(1000001.0), read_marker(0.5)
    (('1000001', None), ('0.5', None))
    """
    if not isinstance(value, str):
        return f"{value:.0f}" if float(value).is_integer() else f"{value:.7g}", None
    if value.lstrip().startswith("{"):
        try:
            given = json.loads(value)
            duration_s = None if given.get("duration_s") is None else float(given["duration_s"])
            if duration_s is None or (isfinite(duration_s) and duration_s >= 0):
                return str(given["label"]), duration_s
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            pass  # not our JSON: the text itself is the label
    return value, None

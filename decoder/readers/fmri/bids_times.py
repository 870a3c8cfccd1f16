"""When the volumes of a BIDS image were taken: its sidecar files beside its header."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ....errors import RecordingError
from ..tables import read_text
from .bids_files import Bold, inherited
from .images import open_image
from .repetition_time import SAME_TR, differs, header_tr_s, plausible

GIVE = "correct the file, or give it in seconds, such as tr_s = 2.0"


class Times(NamedTuple):
    """Seconds from one volume to the next, None where no sidecar says it; and how many volumes there were before."""

    tr_s: float | None
    n_before: int


def times_of(bolds: list[Bold], root: Path, tr_s: float | None) -> list[Times]:
    """Return the times of each run by its sidecar files; `tr_s`, if given, stands in for what they say.

    A RecordingError is raised where runs differ, a sidecar and its image's header differ, or volumes are not evenly
    spaced.
    """
    found = [_times_of(bold, root, tr_s) for bold in bolds]
    if len({one.tr_s for one in found}) > 1:
        each = ", ".join(f"{bold.path.name}: {one.tr_s or 'none'}" for bold, one in zip(bolds, found, strict=True))
        raise RecordingError(f"RepetitionTime: expected the same for all runs, got {each}; {GIVE}")
    return found


def _times_of(bold: Bold, root: Path, given_s: float | None) -> Times:
    fields: dict[str, Any] = {}
    said_by: dict[str, Path] = {}
    for path in inherited(bold, bold.path.parent, root, "bold", ".json"):
        try:
            sidecar = json.loads(read_text(path))
        except (ValueError, RecursionError) as error:
            raise RecordingError(f"{path}: not a valid sidecar: {error}") from error
        if not isinstance(sidecar, dict):
            raise RecordingError(f"{path}: not a valid sidecar: expected {{field: value, ...}}")
        fields |= sidecar
        said_by |= dict.fromkeys(sidecar, path)
    tr_s = given_s
    if given_s is None and "VolumeTiming" in fields:
        tr_s = _even(said_by["VolumeTiming"], fields["VolumeTiming"])
    elif given_s is None and "RepetitionTime" in fields:
        path = said_by["RepetitionTime"]
        tr_s = _number(path, "RepetitionTime", fields["RepetitionTime"])
        if not plausible(tr_s):
            raise RecordingError(f"{path}: RepetitionTime: expected seconds, such as 2.0, got {tr_s:g}; {GIVE}")
        header_s = header_tr_s(open_image(bold.path))
        if differs(header_s, tr_s):
            raise RecordingError(
                f"{path}: RepetitionTime is {tr_s:g} s, but the header of {bold.path.name} says {header_s:g} s; give "
                f"the right one: tr_s = {tr_s:g} or tr_s = {header_s:g}"
            )
    start_s = _number(said_by["StartTime"], "StartTime", fields["StartTime"]) if "StartTime" in fields else 0.0
    # Within the first volume it is the moment in each volume to which its slices were interpolated.
    return Times(tr_s, int(start_s / tr_s + SAME_TR) if tr_s else 0)


def _even(path: Path, timing: Any) -> float:
    """The time from one volume to the next by a list of their times."""
    at_s = np.array([_number(path, "VolumeTiming", one) for one in (timing if isinstance(timing, list) else [])])
    steps_s = np.diff(at_s)
    if not len(steps_s) or not np.allclose(steps_s, steps_s[0], rtol=SAME_TR, atol=0) or steps_s[0] <= 0:
        spread = f" (from one to the next {steps_s.min():g} to {steps_s.max():g} s)" if len(steps_s) else ""
        raise RecordingError(
            f"{path}: VolumeTiming: expected volumes evenly spaced in time, got others{spread}; sparse or irregular "
            "sampling cannot be read"
        )
    return float(steps_s.mean())


def _number(path: Path, field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise RecordingError(f"{path}: {field}: expected seconds, such as 2.0, got {value!r}")
    return float(value)

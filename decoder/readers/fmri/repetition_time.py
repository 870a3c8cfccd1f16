"""The time from one volume to the next: in the header, or given by the user."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ....errors import RecordingError

SECONDS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}
PLAUSIBLE_TR_S = (0.01, 60.0)
SAME_TR = 1e-3
"""Repetition times that differ by this share are the same: headers hold rounded numbers."""


def given_tr_s(tr_s: float, paths: list[Path], images: list[Any]) -> float:
    """The repetition time that the user gave; warn where a header says otherwise."""
    tr_s = float(tr_s)
    if not plausible(tr_s):
        hint = f"; if these are milliseconds, give {tr_s / 1000:g}" if plausible(tr_s / 1000) else ""
        raise RecordingError(
            f"tr_s: expected seconds between {PLAUSIBLE_TR_S[0]:g} and {PLAUSIBLE_TR_S[1]:g}, got {tr_s:g}{hint}"
        )
    for path, image in zip(paths, images, strict=True):
        if differs(header_tr_s(image), tr_s):
            warnings.warn(
                f"tr_s: {tr_s:g} s is used as given, but the header of {path} says {header_tr_s(image):g} s; with a "
                "wrong time every window misses its event",
                stacklevel=3,
            )
            break
    return tr_s


def differs(header_s: float, tr_s: float) -> bool:
    """Whether a header holds a sensible repetition time, and it is another one."""
    return plausible(header_s) and abs(header_s - tr_s) > SAME_TR * tr_s


def common_tr_s(paths: list[Path], images: list[Any]) -> float:
    found = [_tr_s(path, image) for path, image in zip(paths, images, strict=True)]
    if max(found) - min(found) > 1e-6:
        each = ", ".join(f"{path}: {tr_s:g} s" for path, tr_s in zip(paths, found, strict=True))
        raise RecordingError(
            f"the files differ in their repetition time ({each}); read them apart or, if the first is right, give "
            f"tr_s = {found[0]:g}"
        )
    return found[0]


def _tr_s(path: Path, image: Any) -> float:
    tr_s = header_tr_s(image)
    if not plausible(tr_s):
        raise RecordingError(
            f"{path}: expected a repetition time between {PLAUSIBLE_TR_S[0]:g} and {PLAUSIBLE_TR_S[1]:g} s "
            f"in the header, got {image.header.get_zooms()[3]:g} in the unit "
            f"{units_of(image)[1]!r}; give it in seconds, such as tr_s = 2.0"
        )
    return tr_s


def header_tr_s(image: Any) -> float:
    """Seconds from one volume to the next by the header; NaN if it does not say the unit."""
    # The shortest number that this float32 stands for: 0.72, not 0.7200000286.
    return float(str(image.header.get_zooms()[3])) * SECONDS.get(units_of(image)[1], np.nan)


def units_of(image: Any) -> tuple[str, str]:
    """The units of space and time in the header; ``"unknown"`` where it holds a number that stands for none."""
    try:
        return image.header.get_xyzt_units()
    except KeyError:
        return "unknown", "unknown"


def plausible(tr_s: float) -> bool:
    return PLAUSIBLE_TR_S[0] <= tr_s <= PLAUSIBLE_TR_S[1]

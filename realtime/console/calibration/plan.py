"""What a calibration needs from its study and folder; raises here if it cannot work."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ....decoder.decoder import Decoder
from ....decoder.study.study import Study
from ....decoder.windows import Epoch, EventWindow, SlidingAverage, SlidingEpoch, Window, sliding_like
from ....errors import InputError, StudyError
from .cues import Timing

EVERY_S = 0.5
"""The time between decisions, when the decoder goes live."""


def labels_of(study: Study) -> list[str]:
    """The labels of the cues; StudyError if the study has pictures, or only one word."""
    words = study.sections.targets.words
    if words is None:
        raise StudyError(
            f"{study.path}: targets: a calibration asks for words, but the study has the pictures of a recording; give "
            'words = { label = "word", ... }'
        )
    if len(words) < 2:
        raise StudyError(
            f"{study.path}: targets.words: expected two words or more to tell apart, got {', '.join(words)} alone"
        )
    return list(words)


def session_decoder(study: Study, timing: Timing) -> Decoder:
    """Open the network and return the decoder; its windows leave out trials cut off by a run's end.

    Raises StudyError if its windows do not follow cues or do not fit between them, or its steps need the whole run.
    """
    with study.naming("decoder: "):
        settings = study.sections.decoder.settings()
        window = _checked(settings.window, timing)
        for step in settings.steps:
            if step.needs_future:
                raise InputError(
                    f"steps: {type(step).__name__} needs the whole run before it gives anything, so that no trial "
                    "could be decided on; use a causal step"
                )
    decoder = study.decoder()
    return Decoder(decoder.network, decoder.targets, replace(settings, window=window))


def _checked(window: Window, timing: Timing) -> EventWindow:
    if not isinstance(window, EventWindow):
        raise InputError(
            f"window: expected one that follows events, such as Epoch or BlockAverage, got {type(window).__name__}: a "
            "calibration cuts a trial behind each cue"
        )
    start_s, stop_s = _reach(window, timing)
    if stop_s > timing.cue_s:
        raise InputError(
            f"window: a trial ends {stop_s:g} s after its cue began, but cues last {timing.cue_s:g} s; show them for "
            f"{stop_s:g} s (--cue-s), or let the window end earlier"
        )
    before_s = min(timing.rest_s, timing.ready_s)
    if -start_s > before_s:
        raise InputError(
            f"window: a trial begins {-start_s:g} s before its cue, but there are only {before_s:g} s of rest; give "
            "more of it (--rest-s, --ready-s), or let the window begin later"
        )
    is_strict = window.incomplete == "error" and "drop" in window.policies()
    return replace(window, incomplete="drop") if is_strict else window


def _reach(window: EventWindow, timing: Timing) -> tuple[float, float]:
    """The interval of the needed samples, in seconds from the cue."""
    stop_s = timing.cue_s if window.stop_s is None else window.stop_s
    base_s = (window.baseline_s if isinstance(window, Epoch) else None) or (window.start_s, stop_s)
    return min(window.start_s, base_s[0]), max(stop_s, base_s[1])


def live_window(window: Window, timing: Timing, rate_hz: float) -> SlidingAverage | SlidingEpoch:
    """The sliding window for a stream without cues that gives the same as `window`, at ``rate_hz`` after the steps."""
    assert isinstance(window, EventWindow)
    ends = replace(window, stop_s=timing.cue_s) if window.stop_s is None else window
    return sliding_like(ends, EVERY_S, rate_hz)


def raw_files(folder: Path, resume: bool) -> list[Path]:
    """The raw files of a session's earlier parts, and last the new one; InputError if the folder does not fit
    ``resume``.
    """
    paths = [folder / "raw.xdf"]
    while paths[-1].exists():
        paths.append(folder / f"raw-{len(paths) + 1}.xdf")
    if len(paths) > 1 and not resume:
        raise InputError(
            f"{folder}: there is a session already, with {paths[0].name}; go on with it with --resume, or name another "
            "folder"
        )
    if resume and len(paths) == 1:
        raise InputError(f"{folder}: there is no {paths[0].name} to go on with; begin without --resume")
    return paths


def earlier_trials(folder: Path) -> list[dict[str, Any]]:
    """The saved trials of a session's earlier parts."""
    path = folder / "calibration.json"
    return json.loads(path.read_text(encoding="utf-8"))["trials"] if path.exists() else []

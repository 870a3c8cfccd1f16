"""A pseudo-online evaluation as one HTML page, and as plain data."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from ....models.cache.files import write_whole
from ...bundle.versions import versions
from ...report.page import page_path, rendered
from ...report.terminal import plain_data
from ...statistics.intervals import N_RESAMPLES
from .figures import curve_figure, operating_figure, strip_figure, typical
from .findings import findings
from .judging import N_MOVES
from .result import PseudoOnline

LEAST_POINTS = 3
"""Fewer make no curve."""


def write_pseudo_online(
    found: PseudoOnline,
    path: str | os.PathLike[str],
    *,
    title: str,
    recording: str,
    command: str | None = None,
    seconds: float | None = None,
    study_text: str | None = None,
) -> Path:
    """Write a pseudo-online evaluation as one HTML file that needs nothing else; it is there whole or not at all.

    Parameters
    ----------
    found : PseudoOnline
    path : path-like
        Replaced if it is there.
    title : str
    recording : str
        What was decoded from, in a few words.
    command : str, optional
        What makes the page again.
    seconds : float, optional
        How long it took.
    study_text : str, optional
        The study file.

    Raises
    ------
    InputError
        There is no such folder to write to.
    MissingExtraError
        jinja2 or matplotlib is not installed.
    """
    from markupsafe import Markup

    path = page_path(path)
    drawn = {
        "curve": curve_figure(found) if len(found.curve) >= LEAST_POINTS else None,
        "strip": strip_figure(found),
        "operating": operating_figure(found),
    }
    page = rendered(
        Path(__file__).with_name("pseudo_online.html"),
        title=title,
        recording=recording,
        found=found,
        events=found.events,
        covering=found.covering,
        main=found.covering.main,
        findings=findings(found),
        typical=typical(found),
        steps=", ".join(map(repr, found.settings.steps)) or "none",
        n_runs=len(found.held_out),
        n_folds=len(found.thresholds),
        n_resamples=N_RESAMPLES,
        n_moves=N_MOVES,
        command=command,
        seconds=seconds,
        study_text=study_text,
        versions=versions() | {"platform": platform.platform()},
        # matplotlib has escaped what it writes.
        svg={name: None if figure is None else Markup(figure.svg()) for name, figure in drawn.items()},
    )
    return write_whole(path, page)


def pseudo_online_data(found: PseudoOnline) -> dict[str, Any]:
    """All figures and activations of a pseudo-online evaluation, ready for JSON."""
    events, covering = found.events, found.covering
    return plain_data(
        {
            "windows": found.windows,
            "every_s": found.every_s,
            "answers": found.answers,
            "n_decisions": found.n_decisions,
            "n_abstained": found.n_abstained,
            "delay_s": found.delay_s,
            "group_delay_s": found.group_delay_s,
            "thresholds": found.thresholds,
            "events": {
                "n": events.n,
                "right": events.right.to_dict(),
                "wrong": events.wrong,
                "missed": events.missed,
                "right_by_luck": events.moved,
                "p_by_luck": events.p_moved,
                "seconds_to_right": events.seconds._asdict(),
                "false_per_minute": None if events.false is None else events.false._asdict(),
                "transfer": events.transfer._asdict(),
            },
            "covering": {
                "latency_s": covering.latency_s,
                "measure": covering.main,
                "ratio": covering.ratio,
                "offline": {name: one.to_dict() for name, one in covering.offline.items()},
                "pseudo_online": {name: one.to_dict() for name, one in covering.pseudo_online.items()},
                "transfer": covering.transfer._asdict(),
            },
            "curve": [
                point._asdict() | {"transfer": None if point.transfer is None else point.transfer._asdict()}
                for point in found.curve
            ],
            "operating": [one._asdict() for one in found.operating],
            "chosen": found.chosen,
            "network": found.network,
            "fingerprint": found.fingerprint,
            "findings": [*findings(found), *(one.reason for one in found.findings if one.verdict != "fine")],
            "activations": [
                {
                    "run": one.decided.run,
                    "time_s": time_s,
                    "answer": found.answers[answer],
                    "event": int(one.spans.event[span]) if span >= 0 else None,
                    "right": bool(one.spans.truth[span] == answer) if span >= 0 else None,
                }
                for one in found.held_out
                for time_s, answer, span in zip(
                    one.acts.time_s.tolist(), one.acts.answer.tolist(), one.acts.span.tolist(), strict=True
                )
            ],
        }
    )

"""A plan as one HTML page, and as plain data."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ....models.cache.files import write_whole
from ...bundle.versions import versions
from ...report.page import page_path, rendered
from ...report.terminal import plain_data
from .figures import layers_figure, reach_figure, spans_figure
from .findings import findings
from .plan import Plan, needed


def write_plan(
    plan: Plan,
    path: str | os.PathLike[str],
    *,
    title: str,
    command: str | None = None,
    seconds: float | None = None,
    text: str | None = None,
) -> Path:
    """Write a plan as one HTML file that needs nothing else; it is there whole or not at all.

    Parameters
    ----------
    plan : Plan
    path : path-like
        Replaced if it is there.
    title : str
    command : str, optional
        What makes the plan again.
    seconds : float, optional
        How long it took.
    text : str, optional
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
    drawn = {"layers": layers_figure, "spans": spans_figure, "reach": reach_figure}
    page = rendered(
        Path(__file__).with_name("plan.html"),
        title=title,
        plan=plan,
        here=next(one for one in plan.layers if one.layer == plan.layer),
        findings=findings(plan),
        levels=list(plan.levels()),
        span_curves=list(plan.span_curves()),
        command=command,
        seconds=seconds,
        study_text=text,
        versions=versions() | {"platform": platform.platform()},
        # matplotlib has escaped what it writes.
        svg={name: Markup(figure(plan).svg()) for name, figure in drawn.items()},
    )
    return write_whole(path, page)


def plan_data(plan: Plan) -> dict[str, Any]:
    """All of a plan, ready for JSON."""
    fields = {**asdict(plan), "chance": plan.chance._asdict(), "ceiling": plan.ceiling._asdict()}
    fields["layers"] = [asdict(one) | {"dimensions": one.dimensions._asdict()} for one in plan.layers]
    for name in ("spans", "reach"):
        fields[name] = [
            asdict(one) | {"pairwise": one.pairwise._asdict(), "candidate": one.candidate._asdict()}
            for one in getattr(plan, name)
        ]
    return plain_data(
        fields
        | {
            "findings": findings(plan),
            "needed_training": {held_out: needed(curve, plan.target) for held_out, curve in plan.span_curves()},
            "needed_trials": [
                {"signal_to_noise": level, "trials": needed(curve, plan.target)} for level, curve in plan.levels()
            ],
        }
    )

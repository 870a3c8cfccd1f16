"""The report of a map: one HTML page for a paper's supplement."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ....models.cache.files import write_whole
from ...bundle.versions import versions
from ...evaluation.audit.finding import Finding
from ...report.checks import Check, finding_checks, result_checks
from ...report.drawing import Drawing
from ...report.page import interval, p_words, page_path, percent, rendered
from ...statistics.intervals import N_RESAMPLES
from ...statistics.measures import IN_SENTENCES
from ...statistics.sampled import OF_CELLS
from .figures import MOST_CHOSEN, map_figures
from .labels import (
    SIGNIFICANT,
    ceilings,
    cell_label,
    controls_of,
    counted,
    most_chosen,
    nested_rows,
    significant,
)
from .result import CellResult, InjectionMap, Nested

MAIN = "pairwise"
MUCH_AT_EDGE = 0.2


def write_map_report(
    found: InjectionMap,
    path: str | os.PathLike[str],
    *,
    title: str,
    study_texts: Mapping[str, str],
    command: str,
    pictures: Mapping[str, Drawing] = MappingProxyType({}),
) -> Path:
    """Write a map as one HTML file that needs nothing else.

    The same map gives the same bytes. The file is there whole or not at all.

    Parameters
    ----------
    found : InjectionMap
    path : path-like
        Replaced if it is there.
    title : str
    study_texts : mapping of str to str
        The study files by their names.
    command : str
        What makes the report again.
    pictures : mapping of str to Drawing
        What networks saw, by session and network, where they can draw.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        There is no such folder to write to.
    MissingExtraError
        jinja2 or matplotlib is not installed.
    """
    from markupsafe import Markup

    path = page_path(path)
    # matplotlib has escaped what it writes.
    figures = {name: Markup(drawing.svg()) for name, drawing in map_figures(found).items()}
    controls = controls_of(found)
    best, n_folds_best, n_folds = most_chosen(found.nested)
    page = rendered(
        Path(__file__).with_name("map.html"),
        title=title,
        study_texts=study_texts,
        command=command,
        versions=versions() | {"platform": platform.platform()},
        found=found,
        figures=figures,
        pictures={name: Markup(drawing.svg()) for name, drawing in pictures.items()},
        measures=[name for name in OF_CELLS if name in found.nested.measures],
        words=IN_SENTENCES,
        main=MAIN,
        checks=_checks(found),
        best=cell_label(found, best),
        n_folds_best=n_folds_best,
        n_folds=n_folds,
        rows=nested_rows(found.nested),
        regions=_regions(found),
        chosen=[(cell_label(found, cell), by_session) for cell, by_session in counted(found.nested)],
        most_chosen=MOST_CHOSEN,
        headings=list(_headings(found.nested.measures, controls)),
        table=[_cell_row(one, controls) for one in found.cells.values()],
        findings=_findings(found),
        controls=controls,
        n_resamples=N_RESAMPLES,
        significant=SIGNIFICANT,
    )
    return write_whole(path, page)


def _checks(found: InjectionMap) -> list[Check]:
    """What a reader should look at before believing the map."""
    nested = found.nested
    checks = result_checks(nested.measures, ceilings(nested)[MAIN], nested.controls, list(nested.measures))
    n = sum(significant(one, MAIN) for one in found.cells.values())
    checks.append(
        Check(
            n > 0,
            f"{n:,} of {len(found.cells):,} cells {'is' if n == 1 else 'are'} above chance in {IN_SENTENCES[MAIN]} "
            f"at p < {SIGNIFICANT:g}, corrected for all cells.",
        )
    )
    at_edge = float(np.mean([one.at_edge for one in found.cells.values()]))
    if at_edge > MUCH_AT_EDGE:
        checks.append(
            Check(
                False,
                f"{percent(at_edge)} % of all fits chose a ridge strength at the end of the grid; "
                "if the study names strengths (alphas), others may do better.",
            )
        )
    return checks + finding_checks([one for _, of in _findings(found) for one in of])


def _findings(found: InjectionMap) -> list[tuple[list[str], list[Finding]]]:
    """What the audit found, with all sessions of which it found the same."""
    alike: dict[tuple[Finding, ...], list[str]] = {}
    for session in found.sessions:
        alike.setdefault(tuple(Finding(**one) for one in session.findings), []).append(session.name)  # type: ignore[arg-type]
    return [(sessions, list(findings)) for findings, sessions in alike.items()]


def _regions(found: InjectionMap) -> list[tuple[str, Nested, str, str]]:
    """Each region with its nested choice, the cell it took most often, and in how many folds."""
    rows = []
    for region, nested in found.nested_by_region.items():
        cell, n, of = most_chosen(nested)
        rows.append((region, nested, cell_label(found, cell).removeprefix(f"{region} · "), f"{n} of {of}"))
    return rows


def _headings(measures: Iterable[str], controls: Sequence[str]) -> Iterator[str]:
    """Of the columns of the table of all cells."""
    yield from ("region", "time", "network", "layer")
    for name in measures:
        yield from (f"{name} [95 % interval]", "chance", "p", "p corrected", "ceiling", *controls)


def _cell_row(one: CellResult, controls: Sequence[str]) -> list[str]:
    row = list(one.cell)
    for name, measure in one.measures.items():
        row += [
            interval(measure),
            percent(measure.chance),
            p_words(measure.p_value),
            p_words(one.p_corrected[name]),
            percent(one.ceiling[name]),
        ]
        row += [percent(one.controls[of][name].value) if of in one.controls else "–" for of in controls]
    return row

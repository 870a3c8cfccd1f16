"""What fits found: in the terminal, as plain data for ``--json``, and as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from rich.console import Console
from rich.table import Table

from ....models.cache.files import write_whole
from ...report.markup import in_markup
from ...report.page import count, percent
from ...report.terminal import plain_data
from .figures import r2_figures
from .result import Fits, FittedAdapter

MOST_ROWS = 60
TABLE = "fits.csv"


def fits_data(found: Fits) -> dict[str, Any]:
    """Fits ready for JSON; `None` where there is no number."""
    return plain_data(
        {
            "fits": [vars(one) for one in found.fitted],
            "subjects": [vars(one) for one in found.subjects],
            **{name: getattr(found, name) for name in ("n_made", "n_kept", "seconds")},
        }
    )


def write_table_and_figures(found: Fits, folder: Path) -> list[Path]:
    """Write ``fits.csv`` and the figures as SVG and PDF; the table has a line for each adapter, see `FittedAdapter`.

    Returns
    -------
    list of Path
        All that was written.
    """
    out = io.StringIO()
    rows = [{**vars(one), **one.chosen} for one in found.fitted]
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name != "chosen"]
    table = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    # A number that is not there, which is unequal to itself, stays empty.
    table.writerows({name: value for name, value in row.items() if value == value} for row in rows)
    written = [write_whole(folder / TABLE, out.getvalue())]
    for name, drawing in r2_figures(found).items():
        written += [write_whole(folder / f"{name}.{kind}", drawing.file(kind)) for kind in ("svg", "pdf")]
    return written


def show_fits(console: Console, found: Fits) -> None:
    """What the audit found, and tables for each subject and network, as far as they are not too long."""
    for subject in found.subjects:
        for one in subject.findings:
            if one["verdict"] != "fine":
                console.print(
                    f"[yellow]{in_markup(subject.name)}: {in_markup(one['verdict'])}, {in_markup(one['reason'])}[/]"
                )
    tables: dict[str, list[FittedAdapter]] = {}
    for one in found.fitted[:MOST_ROWS]:
        tables.setdefault(f"{one.subject} → {one.network}", []).append(one)
    for title, rows in tables.items():
        console.print(_table(title, rows))
    if len(found.fitted) > MOST_ROWS:
        console.print(f"… and {len(found.fitted) - MOST_ROWS:,} more, in {TABLE}.")
    console.print("R2: of what was held out, in %, before the gain. shuffled: the correlation then. *: at the edge.")
    n_edge = sum(one.at_edge for one in found.fitted)
    if n_edge:
        console.print(f"{count(n_edge, 'choice')} at the edge of the grid: a wider one may do better.")
    console.print(f"{count(found.n_made, 'adapter')} made, {found.n_kept:,} kept from before, {found.seconds:.0f} s.")


def _table(title: str, rows: Sequence[FittedAdapter]) -> Table:
    chosen = list(dict.fromkeys(name for one in rows for name in one.chosen))
    table = Table("region", "layer", title=in_markup(title), title_justify="left")
    for heading in ("units", *chosen, "R2", "corr.", "shuffled", "time", "size"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in rows:
        table.add_row(
            in_markup(one.region),
            in_markup(one.layer),
            f"{one.n_units:,}",
            *(_range(one.chosen.get(name, ())) + "*" * one.at_edge for name in chosen),
            percent(one.r2),
            f"{one.correlation:z.2f}",
            f"{one.correlation_shuffled:z.2f}",
            f"{one.fit_seconds + one.score_seconds:.1f} s",
            f"{one.size_bytes / 1e3:,.0f} kB",
        )
    return table


def _range(values: ArrayLike) -> str:
    """A number, or the least and the largest of several."""
    told = np.ravel(values)
    return " … ".join(f"{value:.4g}" for value in sorted({told.min(), told.max()})) if told.size else ""

"""The report of fits in the terminal, and as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...finding import Finding
from ...report.checks import finding_checks
from ...report.data import plain_data
from ...report.drawing import Drawing
from ...report.files import write_csv, write_figures
from ...report.numbers import count, percent
from ...report.result import Sentence, Table
from .figures import r2_figure
from .result import Fits, FittedAdapter

MOST_ROWS = 60
TABLE = "fits.csv"


@dataclass(frozen=True)
class FitsReport:
    """Implements `hotwire.decoder.report.result.Result`."""

    fits: Fits

    def summary(self) -> dict[str, Any]:
        fits = self.fits
        counts = {name: getattr(fits, name) for name in ("n_made", "n_kept", "seconds")}
        return plain_data({"fits": fits.fitted, "subjects": fits.subjects, **counts})

    def sentences(self) -> list[Sentence]:
        fits = self.fits
        sentences = []
        for subject in fits.subjects:
            checks = finding_checks(Finding(**one) for one in subject.findings)  # type: ignore[arg-type]
            sentences += [Sentence(f"{subject.name}: {one.text}", one.good) for one in checks]
        if len(fits.fitted) > MOST_ROWS:
            sentences.append(Sentence(f"… and {len(fits.fitted) - MOST_ROWS:,} more, in {TABLE}."))
        text = "R2: of what was held out, in %, before the gain. shuffled: the correlation then. *: at the edge."
        sentences.append(Sentence(text))
        n_edge = sum(one.at_edge for one in fits.fitted)
        if n_edge:
            text = f"{count(n_edge, 'choice')} at the edge of the grid: a wider one may do better."
            sentences.append(Sentence(text, False))
        return [*sentences, Sentence(f"{count(fits.n_made, 'adapter')} made, {fits.n_kept:,} kept from before.")]

    def tables(self) -> list[Table]:
        tables: dict[str, list[FittedAdapter]] = {}
        for one in self.fits.fitted[:MOST_ROWS]:
            tables.setdefault(f"{one.subject} → {one.network}", []).append(one)
        return [_table(caption, rows) for caption, rows in tables.items()]

    def figures(self) -> list[Drawing]:
        return [r2_figure(self.fits, subject) for subject in self.fits.subjects]

    def write_files(self, folder: Path) -> list[Path]:
        """Write ``fits.csv``, with a line for each adapter (see `FittedAdapter`), and the figures as SVG and PDF."""
        lines = [{**vars(one), **one.chosen} for one in self.fits.fitted]
        names = [name for name in dict.fromkeys(name for line in lines for name in line) if name != "chosen"]
        rows = [names, *([line.get(name, "") for name in names] for line in lines)]
        return [write_csv(folder / TABLE, rows), *write_figures(self.figures(), folder)]


def _table(caption: str, rows: Sequence[FittedAdapter]) -> Table:
    chosen = list(dict.fromkeys(name for one in rows for name in one.chosen))
    columns = ("region", "layer", "units", *chosen, "R2", "corr.", "shuffled", "time", "size")
    cells = [
        [
            *(one.region, one.layer, f"{one.n_units:,}"),
            *(_range(one.chosen.get(name, ())) + "*" * one.at_edge for name in chosen),
            *(percent(one.r2), f"{one.correlation:z.2f}", f"{one.correlation_shuffled:z.2f}"),
            *(f"{one.fit_seconds + one.score_seconds:.1f} s", f"{one.size_bytes / 1e3:,.0f} kB"),
        ]
        for one in rows
    ]
    return Table(columns, cells, caption)


def _range(values: ArrayLike) -> str:
    """One number, or the smallest and the largest of several."""
    numbers = np.ravel(values)
    return " … ".join(f"{value:.4g}" for value in sorted({numbers.min(), numbers.max()})) if numbers.size else ""

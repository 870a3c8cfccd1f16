"""Tables as CSV and figures as SVG and PDF; each file is written whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from ...models.files import write_whole
from .drawing import Drawing

KINDS: tuple[Literal["svg", "pdf"], ...] = ("svg", "pdf")


def write_csv(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    """Write rows, the first of which are headings; NaN stays empty."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([None if value != value else value for value in row] for row in rows)
    return write_whole(path, out.getvalue())


def write_figures(figures: Iterable[Drawing], folder: Path) -> list[Path]:
    """Write each figure as SVG and as PDF, under its name."""
    return [write_whole(folder / f"{one.name}.{kind}", one.file(kind)) for one in figures for kind in KINDS]

"""A pseudo-online evaluation as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from ....errors.printable import printable
from ...report.markup import in_markup
from ...report.page import percent
from .findings import findings
from .result import PseudoOnline

MOST_POINTS = 16


def show_pseudo_online(console: Console, found: PseudoOnline, data: Mapping[str, Any]) -> None:
    """Accuracy by the time since the onset, and what was found in sentences."""
    step = -(-len(found.curve) // MOST_POINTS)
    if found.curve:
        table = Table("s since onset", "decisions", "right, %", "95 % interval", "bits per minute")
        for point in found.curve[::step]:
            bits = "" if point.transfer is None else f"{point.transfer.bits_per_minute:.1f}"
            between = f"{percent(point.accuracy_low)} – {percent(point.accuracy_high)}"
            table.add_row(f"{point.latency_s:.2f}", str(point.n), percent(point.accuracy), between, bits)
        console.print(table)
    for sentence in findings(found):
        console.print(f"• {printable(sentence)}", markup=False)
    console.print(f"It took {data['seconds']:.0f} s. The report is {in_markup(data['report'])}")

"""A plan as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from ....errors.printable import printable
from ...report.markup import in_markup
from .plan import Plan

HELD_OUT = {"categories": "categories not trained on", "pictures": "pictures not trained on"}
MOST_LAYERS = 12


def show_plan(console: Console, plan: Plan, data: Mapping[str, Any]) -> None:
    """What the layers span, what held-out stimuli and given noise allow, and all of it in sentences."""
    console.print(_layers(plan))
    console.print(_spans(plan))
    console.print(_reach(plan))
    for sentence in data["findings"]:
        console.print(f"• {printable(sentence)}", markup=False)
    console.print(f"It took {data['seconds']:.0f} s. The report is {in_markup(data['report'])}")


def _layers(plan: Plan) -> Table:
    table = Table(
        "layer", "units", "dimensions", "for 90, 95, 99 %", "held-out explained", title="What the stimuli span"
    )
    step = -(-len(plan.layers) // MOST_LAYERS)
    for i, one in enumerate(plan.layers):
        if i % step == 0 or one.layer == plan.layer:
            d = one.dimensions
            row = (f"{one.n_units:,}", f"{d.participation:.1f}", f"{d.n90}, {d.n95}, {d.n99}", f"{one.explained:.2f}")
            table.add_row(in_markup(one.layer), *row, style="bold" if one.layer == plan.layer else None)
    return table


def _spans(plan: Plan) -> Table:
    table = Table("trained on", "left out", "explained", "of two", "among all", title="Without noise: the ceiling")
    for held_out, curve in plan.span_curves():
        for one in curve:
            shares = (f"{one.explained:.2f}", f"{one.pairwise.value:.2f}", f"{one.candidate.value:.2f}")
            table.add_row(str(one.n_training), HELD_OUT[held_out], *shares, end_section=one is curve[-1])
    return table


def _reach(plan: Plan) -> Table:
    curves = list(plan.levels())
    unit = "trials each" if plan.stimuli == "words" else "pictures"
    names = [f"S/N {level:.2g}" for level, _ in curves]
    table = Table(
        unit,
        *names,
        title="Simulated decoders: of two, among all",
        caption=f"S/N of {in_markup(plan.noise.name)}: {plan.noise.signal_to_noise:.2g}",
    )
    for row in zip(*(curve for _, curve in curves), strict=True):
        cells = (f"{one.pairwise.value:.2f}  {one.candidate.value:.2f}" for one in row)
        table.add_row(str(row[0].n_training), *cells)
    return table

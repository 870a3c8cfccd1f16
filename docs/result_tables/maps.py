"""Tables of maps: where and when a network understands the brain."""

from __future__ import annotations

from .evaluations import CONTROLS, Row, judged
from .outputs import number, output, table

MAPS = [
    Row("it-map", "macaque IT, 132 neurons, 5 times, SmolLM2", "the word among seven", "candidate"),
    Row("it-map", "", "one word against another", "pairwise"),
    Row("digits69-map", "V1, V2, V3 of one person, 100 digits, a small network", "six or nine", "candidate"),
    Row("haxby-vt-map", "ventral temporal cortex, single volumes, 12 layers", "one word against another", "pairwise"),
]


def maps(rows: list[Row]) -> str:
    """The cell of a map that inner folds chose, judged on what the outer folds held out."""
    lines = []
    for row in rows:
        nested = output(row.name)["nested"]
        own = nested["measures"][row.measure]
        controls = [
            number(nested["controls"].get(name, {}).get(row.measure, {}).get("value"))
            for name in [*CONTROLS, "nuisance"]
        ]
        lines.append(
            [
                *(f"`{row.name}`: {row.recording}" if row.recording else "", row.question),
                *judged(own, nested["ceiling"][row.measure]),
                *controls,
            ]
        )
    head = ["map", "question", "hotwire, nested", "95 % interval", "chance", "p", "ceiling", *CONTROLS.values()]
    return table([*head, "nuisance"], lines)

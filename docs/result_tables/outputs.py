"""What the commands printed, as numbers and cells of tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

OUTPUTS = Path(__file__).parents[1] / "results"


def output(name: str) -> dict[str, Any]:
    return json.loads((OUTPUTS / f"{name}.json").read_text(encoding="utf-8"))


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def signed(value: float) -> str:
    return f"{round(value, 3) + 0.0:+.3f}"


def interval(measure: dict[str, Any]) -> str:
    return "none" if measure["low"] is None else f"{measure['low']:.3f}–{measure['high']:.3f}"


def p_value(measure: dict[str, float]) -> str:
    return f"{measure['p_value']:.1g}".replace("e-05", "e-5")


def ends(of: dict[str, float] | None, sign: str = "") -> str:
    if of is None:
        return ""
    value = f"{of['value']:{sign}.3f}"
    return value if of["low"] is None else f"{value} [{of['low']:{sign}.3f}, {of['high']:{sign}.3f}]"


def explained(row: dict[str, Any]) -> str:
    return ends(row["explained"])


def percents(of: dict[str, float], sign: str = "") -> str:
    value = f"{100 * of['value']:{sign}.2f}"
    return value if of["low"] is None else f"{value} [{100 * of['low']:{sign}.2f}, {100 * of['high']:{sign}.2f}]"


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])

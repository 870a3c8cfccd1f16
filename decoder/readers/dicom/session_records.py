"""What a live session has said, as the rows of tables of BIDS."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

from ....errors import RecordingError

FEEDBACK = ("percent", "signal", "baseline")


def session_records(path: Path) -> list[dict[str, Any]]:
    """The published decisions of the last session in a file, and its feedback."""
    if not path.is_file():
        raise RecordingError(f"{path}: there is no such file; `hotwire stream --out` writes decisions.jsonl")
    records: list[dict[str, Any]] = []
    n_sessions, began_late = 0, False
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue  # the last line of a session that was cut off
        kind = record.get("type") if isinstance(record, dict) else None
        if kind == "start":
            records, began_late, n_sessions = [], False, n_sessions + 1
        elif kind == "feedback" or (kind == "decision" and not record["shadow"]):
            records.append(record)
        elif kind == "status":
            began_late = bool(record.get("losses", {}).get("began_late"))
    if not n_sessions:
        raise RecordingError(f"{path}: expected the decisions.jsonl of `hotwire stream --out`, got no session in it")
    if n_sessions > 1:
        warnings.warn(f"{path}: it holds {n_sessions} sessions; the last one is taken for this run", stacklevel=3)
    if began_late:
        warnings.warn(
            f"{path}: the session began after the run's first volume, and its times count from there: the decisions' "
            "onsets are too early by what it missed",
            stacklevel=3,
        )
    return records


def feedback_rows(records: list[dict[str, Any]], n_volumes: int, tr_s: float) -> list[list[Any]]:
    """A row for each volume: a region's change in per cent, its signal and its baseline."""
    rows: list[list[Any]] = [["n/a"] * len(FEEDBACK) for _ in range(n_volumes)]
    for record in records:
        volume = round(record["start_s"] / tr_s)
        if record["type"] == "feedback" and volume < n_volumes:
            rows[volume] = ["n/a" if record[name] is None else float(record[name]) for name in FEEDBACK]
    return rows


def decision_rows(records: list[dict[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """When, what, and how probable."""
    records = [record for record in records if record["type"] == "decision"]
    names = sorted({name for record in records for name in record["probabilities"]})
    columns = ["onset", "duration", "trial_type", "answer", *(f"probability_{name}" for name in names)]
    rows = [
        [
            record["start_s"],
            record["stop_s"] - record["start_s"],
            record["label"] or "n/a",
            record["answer"] or "n/a",
            *(record["probabilities"].get(name, "n/a") for name in names),
        ]
        for record in records
    ]
    return columns, rows

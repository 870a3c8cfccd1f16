"""From what a consumer noted to figures, goals and a table."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any, NamedTuple

import numpy as np

GRACE_S = 0.15
"""A decision that comes later than this after the last push of its turn is not counted, but missed."""


class Note(NamedTuple):
    """A decision, as a consumer noted it."""

    at_s: float
    sample: int | None
    stamp_s: float | None
    pulled_s: float | None
    abstained: bool
    cpu_s: float


class Turn(NamedTuple):
    """What a consumer made of one turn. Times in seconds, one for each decision."""

    latency_s: list[float]
    pull_s: list[float]
    cpu: float | None
    n_missed: int
    n_abstained: int


def figures(pushed: list[list[float]], told: dict[str, Any], n_chunk: int, n_window: int) -> dict[str, Any]:
    """Return what a consumer took in a case.

    Parameters
    ----------
    pushed : list of lists of float
        Turn by turn, when each chunk was pushed to it.
    told : dict
        What it noted, see `_consumers`.
    """
    turns = _turns(pushed, [Note(*one) for one in told["notes"]], n_chunk, max(1, n_window // n_chunk))
    latency_s = [s for turn in turns for s in turn.latency_s]
    pull_s = [s for turn in turns for s in turn.pull_s]
    found = {
        "n": len(latency_s),
        "n_missed": sum(turn.n_missed for turn in turns),
        "n_abstained": sum(turn.n_abstained for turn in turns),
        "latency_ms": _percentiles(latency_s),
        "cpu": _median(turn.cpu for turn in turns),
        "peak_mb": told["peak_mb"],
        "turns": [{**_percentiles(turn.latency_s), "cpu": turn.cpu} for turn in turns],
        **told["found"],
    }
    if pull_s:
        found["pylsl_ms"] = _percentiles(pull_s)
        found["onnxruntime_ms"] = _percentiles(np.subtract(latency_s, pull_s))
    return found


def _turns(pushed: list[list[float]], notes: list[Note], n_chunk: int, n_skipped: int) -> list[Turn]:
    """Sort decisions by turns; each counts from the push that completed its window."""
    pushes = np.concatenate(pushed)
    turns = []
    first = 0
    for own in pushed:
        kept = []
        for note in notes:
            if note.sample is not None:
                push = (note.sample - 1) // n_chunk
            else:  # a sample is stamped at or before the push that brought it
                push = int(np.searchsorted(pushes, (note.stamp_s or 0.0) - 1e-6))
            if first + n_skipped <= push < first + len(own) and note.at_s <= own[-1] + GRACE_S:
                kept.append((push, note))
        took_s = kept[-1][1].at_s - kept[0][1].at_s if kept else 0.0
        turns.append(
            Turn(
                [note.at_s - pushes[push] for push, note in kept],
                [note.pulled_s - pushes[push] for push, note in kept if note.pulled_s is not None],
                (kept[-1][1].cpu_s - kept[0][1].cpu_s) / took_s if took_s else None,
                len(own) - n_skipped - len({push for push, _ in kept}),
                sum(note.abstained for _, note in kept),
            )
        )
        first += len(own)
    return turns


def _percentiles(seconds: Iterable[float]) -> dict[str, float]:
    ms = 1e3 * np.fromiter(seconds, float)
    if not len(ms):
        return {}
    return dict(zip(("p50", "p99", "p99.9", "max"), np.percentile(ms, [50, 99, 99.9, 100]).tolist(), strict=True))


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def goals(cases: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Compare turn by turn; the worst of all cases and buffers counts."""
    found = {}
    of = {name: case["consumers"] for name, case in cases.items()}
    ours = {(name, buffer): one[f"hotwire {buffer}"] for name, one in of.items() for buffer in ("2 s", "120 s")}
    for what, most_ms in (("p50", 0.2), ("p99", 1.0)):
        added = {
            f"{name} {buffer}": _compared(lambda a, b: a - b, what, own, of[name]["bare"])
            for (name, buffer), own in ours.items()
        }
        found[f"added_{what}_ms"] = _goal(added, most_ms)
    for what in ("p50", "cpu"):
        ratio = {name: _compared(lambda a, b: a / b, what, ours[name, "120 s"], ours[name, "2 s"]) for name in of}
        found[f"{what}_of_120_s_to_2_s"] = _goal(ratio, 1.15)
    for what in ("p50", "p99", "cpu"):
        ratio = {
            f"{name} {buffer} {mode}": _compared(lambda a, b: a / b, what, own, of[name][f"{mode} {buffer}"])
            for (name, buffer), own in ours.items()
            for mode in ("mne", "mne acquire")
            if f"{mode} {buffer}" in of[name]
        }
        if ratio:
            found[f"{what}_to_mne"] = _goal(ratio, 1.0)
    for what in ("p50", "p99", "cpu"):
        ratio = {
            f"{name} {buffer}": _compared(lambda a, b: a / b, what, of[name][f"watched {buffer}"], own)
            for (name, buffer), own in ours.items()
            if f"watched {buffer}" in of[name]
        }
        if ratio:
            found[f"{what}_watched"] = _goal(ratio, 1.1)
    if "d" in of:
        found["cores_in_d"] = _goal({buffer: ours["d", buffer]["cpu"] for buffer in ("2 s", "120 s")}, 1.0)
    return found


def _compared(how: Any, what: str, ours: dict[str, Any], theirs: dict[str, Any]) -> float | None:
    """The median over the rounds; None where they never had a decision ready in time."""
    pairs = zip(ours["turns"], theirs["turns"], strict=True)
    return _median(how(a[what], b[what]) for a, b in pairs if a.get(what) is not None and b.get(what) is not None)


def _goal(values: dict[str, float | None], most: float) -> dict[str, Any]:
    known = {name: value for name, value in values.items() if value is not None}
    worst = max(known, key=lambda name: known[name]) if known else None
    value = None if worst is None else known[worst]
    return {
        "value": value,
        "worst": worst,
        "goal": f"<= {most:g}",
        "met": value is not None and value <= most,
        "all": values,
    }


def show(found: dict[str, Any]) -> None:
    """Print tables for people."""
    for name, case in found["cases"].items():
        print(f"({name}) {case['title']}")
        print(f"  {'ms from push to decision':24}{'p50':>9}{'p99':>9}{'p99.9':>9}{'max':>9}  cores  peak MB  decisions")
        for who, one in case["consumers"].items():
            for part in ("pylsl", "onnxruntime"):
                if f"{part}_ms" in one:
                    print(f"    {part:22}{_columns(one[f'{part}_ms'])}")
            cpu = "    -" if one["cpu"] is None else f"{one['cpu']:5.3f}"
            missed = f", {one['n_missed']} missed" if one["n_missed"] else ""
            abstained = f", {one['n_abstained']} abstained" if one["n_abstained"] else ""
            print(
                f"  {who:24}{_columns(one['latency_ms'])}  {cpu}  {one['peak_mb']:7.0f}  {one['n']}{missed}{abstained}"
            )
    if found["versions"]["mne-lsl"] is None:
        print("mne-lsl is not installed (the extra 'bench' brings it): nothing to compare with")
    for name, goal in found["goals"].items():
        value = "-" if goal["value"] is None else f"{goal['value']:.3f}"
        print(
            f"{name:22}{value:>8}  goal {goal['goal']:8}{'met' if goal['met'] else 'NOT MET':8} worst: {goal['worst']}"
        )


def _columns(ms: dict[str, float]) -> str:
    return "".join(f"{ms[what]:9.3f}" if ms else f"{'-':>9}" for what in ("p50", "p99", "p99.9", "max"))

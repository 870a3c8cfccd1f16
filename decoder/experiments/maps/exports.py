"""A map's numbers and figures as separate files, for use in other programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...report.files import write_csv, write_figures
from ...statistics.measures import Measure
from .labels import controls_of, nested_rows
from .report import MapReport
from .result import InjectionMap

NUMBERS = ("value", "low", "high", "chance", "p")


def write_exports(report: MapReport, folder: Path) -> list[Path]:
    """Write a map's tables as CSV and its figures as SVG and PDF into a folder; return all paths.

    ``cells.csv`` has a line for each measure of each cell, ``nested.csv`` one for each measure of the decoder, the
    ceiling and each control of each nested choice, ``chosen.csv`` one for each outer fold. Accuracies are shares from 0
    to 1; missing values are empty.
    """
    tables = {"cells": _cells, "nested": _nested, "chosen": _chosen}
    written = [write_csv(folder / f"{name}.csv", rows(report.result)) for name, rows in tables.items()]
    return written + write_figures(report.figures(), folder)


def _cells(result: InjectionMap) -> Iterable[Sequence[object]]:
    times = {time.name: time for time in result.times}
    depths = {(network.name, layer): i for network in result.networks for i, layer in enumerate(network.layers)}
    controls, sessions = controls_of(result), [session.name for session in result.sessions]
    yield [
        *("region", "time", "start_s", "stop_s", "network", "layer", "depth", "measure"),
        *(*NUMBERS, "p_corrected", "ceiling"),
        *(f"{control}: {number}" for control in controls for number in NUMBERS if number != "chance"),
        *(f"session {session}" for session in sessions),
        *("strengths", "at_edge"),
    ]
    for cell, one in result.cells.items():
        time = times[cell.time]
        place = (cell.region, cell.time, time.start_s, time.stop_s, cell.network, cell.layer)
        for name, measure in one.measures.items():
            of_controls = [_numbers(one.controls.get(control, {}).get(name)) for control in controls]
            yield [
                *(*place, depths[cell.network, cell.layer], name),
                *(*_numbers(measure), one.p_corrected[name], one.ceiling[name]),
                *(number for of in of_controls for number in (*of[:3], of[4])),
                *(one.by_session[session][name] for session in sessions),
                *(" ".join(f"{strength:g}" for strength in one.strengths), one.at_edge),
            ]


def _nested(result: InjectionMap) -> Iterable[Sequence[object]]:
    sessions = [session.name for session in result.sessions]
    yield ["among", "measure", "what", *NUMBERS, *(f"session {session}" for session in sessions)]
    for nested in (result.nested, *result.nested_by_region.values()):
        for what, measures in nested_rows(nested):
            for name, measure in measures.items():
                each = [nested.by_session[session][name] if what == "decoder" else None for session in sessions]
                yield [nested.among, name, what, *_numbers(measure), *each]


def _chosen(result: InjectionMap) -> Iterable[Sequence[object]]:
    yield ["among", "session", "fold", "region", "time", "network", "layer"]
    for nested in (result.nested, *result.nested_by_region.values()):
        for session, cells in nested.chosen.items():
            yield from ([nested.among, session, fold, *cell] for fold, cell in enumerate(cells, 1))


def _numbers(one: Measure | None) -> tuple[float | None, ...]:
    return (None,) * len(NUMBERS) if one is None else (one.value, one.low, one.high, one.chance, one.p_value)

"""Tables of a map on disk: every number, to the last digit."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder.experiments.maps.exports import write_exports
from hotwire.decoder.experiments.maps.report import MapReport
from hotwire.decoder.experiments.maps.result import InjectionMap, MapCell, TimeRange
from hotwire.decoder.statistics.measures import Measure

MakeMap = Callable[..., InjectionMap]

TIMES = (TimeRange("early", 0.0, 0.1), TimeRange("late", 0.1, 0.2))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def found(make_map: MakeMap) -> InjectionMap:
    found = make_map(regions=("V1, left", "V2"), times=TIMES, sessions=("mon", "tue"))
    cell = next(iter(found.cells))
    nothing = Measure(np.nan, 0.5, np.nan, np.nan, np.nan)
    found.cells[cell] = replace(found.cells[cell], controls={"nuisance": {"pairwise": nothing}})
    return found


@pytest.fixture(scope="module")
def folder(found: InjectionMap, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    assert sorted(write_exports(MapReport(found), folder)) == sorted(folder.iterdir())
    return folder


def test_cells(found: InjectionMap, folder: Path) -> None:
    rows = rows_of(folder / "cells.csv")
    assert len(rows) == 2 * len(found.cells) == 2 * 2 * 2 * 5
    for row in rows:
        cell = MapCell(row["region"], row["time"], row["network"], row["layer"])
        one, name = found.cells[cell], row["measure"]
        measure = one.measures[name]
        expected = (measure.value, measure.low, measure.high, measure.chance, measure.p_value)
        assert tuple(float(row[number]) for number in ("value", "low", "high", "chance", "p")) == expected
        assert float(row["p_corrected"]) == one.p_corrected[name]
        assert float(row["ceiling"]) == one.ceiling[name]
        assert {session: float(row[f"session {session}"]) for session in ("mon", "tue")} == {
            session: of[name] for session, of in one.by_session.items()
        }
        assert (float(row["start_s"]), float(row["stop_s"])) == ((0.0, 0.1) if row["time"] == "early" else (0.1, 0.2))
        assert row["depth"] == cell.layer  # these layers are named by their places
        assert tuple(map(float, row["strengths"].split())) == one.strengths
        if len(one.controls) == 4:
            for control, of in one.controls.items():
                assert float(row[f"{control}: value"]) == of[name].value
                assert float(row[f"{control}: high"]) == of[name].high
                assert float(row[f"{control}: p"]) == of[name].p_value


def test_what_there_is_not_is_empty(folder: Path) -> None:
    first = rows_of(folder / "cells.csv")[0]
    assert {first["nuisance: value"], first["nuisance: p"], first["mean activation: value"]} == {""}


def test_nested(found: InjectionMap, folder: Path) -> None:
    rows = rows_of(folder / "nested.csv")
    assert len(rows) == 3 * 2 * 6  # all cells and two regions; two measures; decoder, ceiling and four controls
    by = {(row["among"], row["measure"], row["what"]): row for row in rows}
    assert float(by["all cells", "pairwise", "decoder"]["low"]) == found.nested.measures["pairwise"].low
    assert float(by["all cells", "pairwise", "decoder"]["session tue"]) == found.nested.by_session["tue"]["pairwise"]
    nested = found.nested_by_region["V2"]
    assert float(by["V2", "candidate", "ceiling"]["value"]) == nested.ceiling["candidate"]
    assert by["V2", "candidate", "ceiling"]["low"] == ""
    assert float(by["V2", "pairwise", "nuisance"]["p"]) == nested.controls["nuisance"]["pairwise"].p_value


def test_chosen(found: InjectionMap, folder: Path) -> None:
    rows = [row for row in rows_of(folder / "chosen.csv") if row["among"] == "all cells" and row["session"] == "tue"]
    told = [MapCell(row["region"], row["time"], row["network"], row["layer"]) for row in rows]
    assert told == list(found.nested.chosen["tue"])
    assert [row["fold"] for row in rows] == ["1", "2", "3", "4", "5", "6"]


def test_every_figure_in_both_kinds(folder: Path) -> None:
    names = {
        "nested",
        "chosen",
        *(f"{kind}-{of}" for kind in ("map", "layers", "times") for of in ("pairwise", "candidate")),
    }
    assert {path.stem for path in folder.glob("*.svg")} == {path.stem for path in folder.glob("*.pdf")} == names
    assert all(path.read_bytes().startswith(b"%PDF") for path in folder.glob("*.pdf"))

"""Names in the figures and tables of a map, and the cells they use as examples."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ...report.checks import SIGNIFICANT
from ...statistics.measures import Measure
from .result import CellResult, InjectionMap, MapCell, Nested, NetworkSummary, TimeRange

MAIN = "pairwise"


def label(result: InjectionMap, region: str | None = None, time: str | None = None, network: str | None = None) -> str:
    """The given names, without those that all cells of the map have in common."""
    parts = ((region, len(result.regions)), (time, len(result.times)), (network, len(result.networks)))
    return " · ".join(part for part, n in parts if part is not None and n > 1)


def cell_label(result: InjectionMap, cell: MapCell) -> str:
    """A cell by what distinguishes it from others."""
    place = label(result, cell.region, cell.time, cell.network)
    return f"{place}{' · ' * bool(place)}layer {cell.layer}"


def counted(nested: Nested) -> list[tuple[MapCell, dict[str, int]]]:
    """Each chosen cell with its number of folds in each session, the most frequent first."""
    times = {session: Counter(cells) for session, cells in nested.chosen.items()}
    total = sum(times.values(), Counter())
    return [(cell, {session: of[cell] for session, of in times.items()}) for cell, _ in total.most_common()]


def most_chosen(nested: Nested) -> tuple[MapCell, int, int]:
    """The cell chosen in most folds, in how many, and of how many."""
    cell, by_session = counted(nested)[0]
    return cell, sum(by_session.values()), sum(map(len, nested.chosen.values()))


def nested_in(result: InjectionMap, region: str) -> Nested:
    """The nested choice among a region's cells."""
    return result.nested_by_region.get(region, result.nested)


def example_time(result: InjectionMap, region: str, network: NetworkSummary) -> TimeRange:
    """The time that a region's nested choice selected most often, within the network if it was ever chosen."""
    cells = counted(nested_in(result, region))
    own = [cell for cell, _ in cells if cell.network == network.name] or [cell for cell, _ in cells]
    return next(time for time in result.times if time.name == own[0].time)


def significant(one: CellResult, measure: str) -> bool:
    """Whether a cell is above chance after correction for all cells of the map."""
    return one.p_corrected[measure] < SIGNIFICANT


def chance_of(result: InjectionMap, measure: str, network: str) -> float:
    """Chance for a network; networks may have different classes."""
    return next(one.measures[measure].chance for cell, one in result.cells.items() if cell.network == network)


def highest(result: InjectionMap, measure: str, chance: float) -> float:
    """The upper end of a heat map's colours, which begin at chance."""
    return float(np.nanmax([*(one.measures[measure].value for one in result.cells.values()), chance + 0.05]))


def controls_of(result: InjectionMap) -> list[str]:
    """Every control that any cell has."""
    return list(dict.fromkeys(name for one in result.cells.values() for name in one.controls))


def ceilings(result: Nested | CellResult) -> dict[str, Measure]:
    """The ceiling as measures without an interval."""
    return {
        name: Measure(value, result.measures[name].chance, np.nan, np.nan, np.nan)
        for name, value in result.ceiling.items()
    }


def nested_rows(nested: Nested) -> list[tuple[str, dict[str, Measure]]]:
    """Decoder, ceiling and controls of a nested choice."""
    return [("decoder", nested.measures), ("ceiling", ceilings(nested)), *nested.controls.items()]

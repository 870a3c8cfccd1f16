"""A map in the terminal, and as plain data for ``--json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.style import Style
from rich.table import Table
from rich.text import Text

from ....errors.printable import printable
from ...report.checks import SIGNIFICANT
from ...report.drawing import N_HEAT, heat_colors, short
from ...report.markup import in_markup
from ...report.page import interval, p_words, percent
from ...report.terminal import plain_data
from ...statistics.measures import IN_SENTENCES, Measure
from .labels import cell_label, chance_of, example_time, label, most_chosen, nested_rows, significant
from .result import InjectionMap, Nested, NetworkSummary, TimeRange

MAIN = "pairwise"
MOST_ROWS = 60
CELL = 3


def map_data(found: InjectionMap) -> dict[str, Any]:
    """A map ready for JSON; `None` where there is no number.

    ``nested_pairwise``, ``interval``, ``chance``, ``p_value``, ``ceiling`` and ``controls`` are the pairwise accuracy
    of the nested choice; ``nested`` has every measure of it, ``map`` all cells.
    """
    nested = found.nested
    main = nested.measures[MAIN]
    return plain_data(
        {
            **{f"nested_{name}": one.value for name, one in nested.measures.items()},
            "interval": [main.low, main.high],
            "chance": main.chance,
            "p_value": main.p_value,
            "ceiling": nested.ceiling[MAIN],
            "controls": {name: of[MAIN].value for name, of in nested.controls.items()},
            "chosen": {session: [cell._asdict() for cell in cells] for session, cells in nested.chosen.items()},
            "nested": _nested_data(nested),
            "nested_by_region": {region: _nested_data(of) for region, of in found.nested_by_region.items()},
            "map": [
                one.cell._asdict()
                | {
                    "measures": _measures_data(one.measures),
                    "p_corrected": one.p_corrected,
                    "by_session": one.by_session,
                    "ceiling": one.ceiling,
                    "controls": {name: _measures_data(of) for name, of in one.controls.items()},
                    "strengths": one.strengths,
                    "at_edge": one.at_edge,
                }
                for one in found.cells.values()
            ],
            "regions": found.regions,
            "times": [vars(time) for time in found.times],
            "networks": [vars(network) for network in found.networks],
            "sessions": [{name: of for name, of in vars(one).items() if name != "findings"} for one in found.sessions],
            "findings": {session.name: session.findings for session in found.sessions},
            "settings": found.settings
            | {
                name: getattr(found, name)
                for name in ("inner_folds", "inner_trials", "n_shuffles", "n_permutations", "seed")
            },
            "seconds": found.seconds,
        }
    )


def show_map(console: Console, found: InjectionMap) -> None:
    """The nested choice with its controls, the map in colour, and what the audit found."""
    for session in found.sessions:
        for one in session.findings:
            if one["verdict"] != "fine":
                console.print(
                    f"[yellow]{in_markup(session.name)}: {in_markup(one['verdict'])}, {in_markup(one['reason'])}[/]"
                )
    for network in found.networks:
        for line in _heat(console, found, network):
            console.print(line, soft_wrap=True)
    n = sum(significant(one, MAIN) for one in found.cells.values())
    drawn = "starred" if console.color_system is None else "underlined"
    console.print(
        f"{n:,} of {len(found.cells):,} cells ({drawn}) are above chance at p < {SIGNIFICANT:g}, corrected for all.\n"
    )
    console.print(_result(found))
    best, n, of = most_chosen(found.nested)
    console.print(f"Chosen most often, within {n} of {of} training sets: {in_markup(cell_label(found, best))}")


def _result(found: InjectionMap) -> Table:
    nested = found.nested
    table = Table(
        "nested choice", *(IN_SENTENCES[name] for name in nested.measures), caption="% with 95 % interval over runs"
    )
    for what, measures in nested_rows(nested):
        # Within brackets, rich would take the interval for markup.
        table.add_row(
            what, *(escape(_figure(measures.get(name))) for name in nested.measures), end_section=what == "ceiling"
        )
    table.add_section()
    table.add_row("chance", *(percent(one.chance) for one in nested.measures.values()))
    return table


def _figure(one: Measure | None) -> str:
    if one is None:
        return "–"
    return interval(one) + ("" if np.isnan(one.p_value) else f"\np = {p_words(one.p_value)}")


def _heat(console: Console, found: InjectionMap, network: NetworkSummary) -> Iterator[Text]:
    """Lines of a network's map, per cent on colour; as many layers side by side as there is room for."""
    rows = _rows(found, network)
    names = [printable(short(label(found, region, time.name))) for region, time in rows]
    left = max(5, *map(len, names)) + 1
    # Where there is no colour, letters cannot be underlined either.
    star = console.color_system is None
    side = max(1, (console.width - left) // (CELL + star))
    values = np.array([one.measures[MAIN].value for one in found.cells.values()])
    chance = chance_of(found, MAIN, network.name)
    top = np.nanmax([*values, chance + 0.05])
    heat = heat_colors("dark")
    told = ", each region at its best time" if len(rows) < len(found.regions) * len(found.times) else ""
    yield Text(f"{printable(network.name)}: {IN_SENTENCES[MAIN]} in %{told}", style="bold")
    for start in range(0, len(network.layers), side):
        layers = network.layers[start : start + side]
        yield from _heads(layers, left, CELL + star)
        for (region, time), name in zip(rows, names, strict=True):
            line = Text(name.ljust(left))
            for one in found.along(region, time.name, network)[start : start + side]:
                value = one.measures[MAIN].value
                level = int(np.clip(np.nan_to_num((value - chance) / (top - chance) * N_HEAT), 0, N_HEAT - 1))
                ink = "#ffffff" if level < N_HEAT * 0.5 else "#000000"
                said = "–" if np.isnan(value) else f"{100 * value:.0f}"
                style = Style(color=ink, bgcolor=heat[level], underline=significant(one, MAIN))
                line.append(said.rjust(CELL) + ("*" if significant(one, MAIN) else " ") * star, style)
            yield line
        yield Text()


def _heads(layers: Sequence[str], left: int, wide: int) -> Iterator[Text]:
    """The layers' names above their columns if they are short; else which are the first and the last."""
    layers = [printable(layer) for layer in layers]
    if max(map(len, layers)) < CELL:
        yield Text("layer".ljust(left) + "".join(layer.rjust(CELL).ljust(wide) for layer in layers), style="dim")
    else:
        yield Text(" " * left + (layers[0] if len(layers) == 1 else f"{layers[0]} … {layers[-1]}"), style="dim")


def _rows(found: InjectionMap, network: NetworkSummary) -> list[tuple[str, TimeRange]]:
    if len(found.regions) * len(found.times) <= MOST_ROWS:
        return [(region, time) for region in found.regions for time in found.times]
    return [(region, example_time(found, region, network)) for region in found.regions]


def _nested_data(nested: Nested) -> dict[str, Any]:
    return {
        "among": nested.among,
        "measures": _measures_data(nested.measures),
        "by_session": nested.by_session,
        "ceiling": nested.ceiling,
        "controls": {name: _measures_data(of) for name, of in nested.controls.items()},
        "chosen": {session: [cell._asdict() for cell in cells] for session, cells in nested.chosen.items()},
    }


def _measures_data(measures: Mapping[str, Measure]) -> dict[str, Any]:
    return {name: one.to_dict() for name, one in measures.items()}

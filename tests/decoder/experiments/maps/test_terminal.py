"""A map in the terminal and as JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from hotwire.decoder.experiments.maps.report import MapReport
from hotwire.decoder.experiments.maps.result import InjectionMap, NetworkSummary, TimeRange
from hotwire.decoder.experiments.maps.summary import map_summary
from hotwire.decoder.report.terminal import show_result

MakeMap = Callable[..., InjectionMap]

TIMES = tuple(TimeRange(f"lag {lag}", float(lag), lag + 1.0) for lag in range(4))


def shown(found: InjectionMap, width: int = 80, colors: bool = False) -> str:
    out = io.StringIO()
    system = "truecolor" if colors else None
    console = Console(file=out, width=width, color_system=system, force_terminal=colors, highlight=False)
    show_result(console, MapReport(found), found.seconds, "")
    return out.getvalue()


def test_data_has_what_programs_ask_for(make_map: MakeMap) -> None:
    found = make_map(regions=("V1", "V2"), times=TIMES, sessions=("mon", "tue"))
    data = json.loads(json.dumps(map_summary(found), allow_nan=False))
    one = found.nested.measures["pairwise"]
    assert data["nested_pairwise"] == one.value
    assert data["interval"] == [one.low, one.high]
    assert (data["chance"], data["p_value"]) == (0.5, one.p_value)
    assert data["ceiling"] == found.nested.ceiling["pairwise"]
    assert data["controls"] == {name: of["pairwise"].value for name, of in found.nested.controls.items()}
    assert data["chosen"]["mon"][0] == found.nested.chosen["mon"][0]._asdict()
    assert [session["name"] for session in data["sessions"]] == ["mon", "tue"]
    assert data["findings"]["tue"][1]["verdict"] == "warning"
    assert len(data["map"]) == len(found.cells)
    for line_data, (cell, of) in zip(data["map"], found.cells.items(), strict=True):
        assert (line_data["region"], line_data["time"], line_data["network"], line_data["layer"]) == tuple(cell)
        assert line_data["measures"]["pairwise"]["value"] == of.measures["pairwise"].value
        assert line_data["p_corrected"] == of.p_corrected
        assert line_data["controls"]["nuisance"]["candidate"]["p_value"] == of.controls["nuisance"]["candidate"].p_value


def test_data_has_null_where_there_is_no_number(make_map: MakeMap) -> None:
    found = make_map()
    cell = next(iter(found.cells))
    one = found.cells[cell]
    nothing = replace(one.measures["pairwise"], value=np.nan)
    found = replace(found, cells=found.cells | {cell: replace(one, measures={"pairwise": nothing})})
    assert map_summary(found)["map"][0]["measures"]["pairwise"]["value"] is None
    assert "–" in shown(found)


def test_shows_result_controls_map_and_warnings(make_map: MakeMap) -> None:
    found = make_map(regions=("V1", "V2"), times=TIMES)
    text = shown(found)
    main = found.nested.measures["pairwise"]
    assert f"{100 * main.value:.1f} [{100 * main.low:.1f}, {100 * main.high:.1f}]" in text
    assert "untrained network" in text
    assert "Warning, spacing: Trials are 2.1 s apart" in text
    assert "No run is both" not in text
    for region in found.regions:
        for time in TIMES:
            values = found.along(region, time.name, found.networks[0])
            cells = "".join(
                f"{100 * one.measures['pairwise'].value:3.0f}" + ("*" if one.p_corrected["pairwise"] < 0.05 else " ")
                for one in values
            )
            assert f"{region} · {time.name} {cells}".rstrip() in text
    assert "Chosen most often, within 4 of 6 training sets: V1 · lag 2 · layer 2" in text


def test_many_layers_go_on_below(make_map: MakeMap) -> None:
    found = make_map(networks=(NetworkSummary("deep", "00", tuple(map(str, range(60))), "Label()"),))
    lines = shown(found, width=60).splitlines()
    assert max(map(len, lines)) <= 60
    heads = [line.split()[1:] for line in lines if line.startswith("layer")]
    assert len(heads) > 1
    assert [name for head in heads for name in head] == [str(i) for i in range(60)]


def test_big_maps_show_each_region_at_one_time(make_map: MakeMap) -> None:
    found = make_map(regions=tuple(f"r{i}" for i in range(20)), times=TIMES)
    text = shown(found)
    assert "each region at its best time" in text
    assert sum(line.startswith("r") for line in text.splitlines()) == 20


@pytest.mark.parametrize("name", ["[red]x[/]", "[/]"])
def test_names_are_no_markup(make_map: MakeMap, name: str) -> None:
    found = make_map(
        regions=(name, "b"), networks=(NetworkSummary(name, "00", ("x", name, "y"), "Label()"),), sessions=(name,)
    )
    text = shown(found, width=120)
    assert f"{name}: pairwise accuracy" in text
    assert f"training sets: {name} · layer" in text


def test_colour_only_where_there_is_any(make_map: MakeMap) -> None:
    found = make_map(times=TIMES)
    assert "\x1b[" not in shown(found)
    coloured = shown(found, colors=True)
    assert "48;2;" in coloured
    assert ";4;" in coloured or "[4;" in coloured  # underlined
    assert "*" not in coloured

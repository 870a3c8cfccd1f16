"""Figures of a map: what is drawn where, and in which colour."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from hotwire.decoder.experiments.maps.heat_figure import heat_figure
from hotwire.decoder.experiments.maps.labels import cell_label, counted, example_time, most_chosen
from hotwire.decoder.experiments.maps.line_figures import layers_figure, times_figure
from hotwire.decoder.experiments.maps.report import MapReport
from hotwire.decoder.experiments.maps.result import InjectionMap, MapCell, NetworkSummary, TimeRange
from hotwire.decoder.report.drawing import Drawing
from hotwire.decoder.report.heat import N_HEAT, heat_colors, layer_names

MakeMap = Callable[..., InjectionMap]

TIMES = (TimeRange("before", -1.0, 0.0), TimeRange("early", 0.0, 1.0), TimeRange("late", 1.0, 2.0))


def network(name: str, n_layers: int) -> NetworkSummary:
    return NetworkSummary(name, "00", tuple(f"block.{i}" for i in range(n_layers)), "Label()")


def squares(drawing: Drawing) -> list[tuple[int, float]]:
    """Heat and width of each cell, in the order in which they are drawn."""
    found = []
    for path in ElementTree.fromstring(drawing.svg()).iter("{http://www.w3.org/2000/svg}path"):
        fill = re.match(r"fill: (#\w{6})", path.get("style", ""))
        if fill and fill[1] in heat_colors():
            x = [float(number) for number in re.findall(r"[ML] ([\d.]+)", path.get("d", ""))]
            found.append((heat_colors().index(fill[1]), max(x) - min(x)))
    return found[N_HEAT:]  # behind the colour bar


def test_heat_grows_with_the_value_and_size_tells_what_is_significant(make_map: MakeMap) -> None:
    found = make_map(times=TIMES, networks=(network("net", 6),))
    cells = [one for time in TIMES for one in found.along("all", time.name, found.networks[0])]
    heat, widths = map(np.array, zip(*squares(heat_figure(found, "pairwise")), strict=True))
    values = np.array([one.measures["pairwise"].value for one in cells])
    expected = np.clip((values - 0.5) / (values.max() - 0.5) * N_HEAT, 0, N_HEAT - 1).astype(int)
    np.testing.assert_array_equal(heat, expected)
    is_significant = np.array([one.p_corrected["pairwise"] < 0.05 for one in cells])
    assert 0 < is_significant.sum() < len(cells)
    assert widths[is_significant].min() > 1.9 * widths[~is_significant].max()


def test_a_cell_without_a_value_is_not_drawn(make_map: MakeMap) -> None:
    found = make_map(times=TIMES)
    cell = next(iter(found.cells))
    one = found.cells[cell]
    nothing = replace(one.measures["pairwise"], value=np.nan)
    without = replace(found, cells=found.cells | {cell: replace(one, measures=one.measures | {"pairwise": nothing})})
    assert len(squares(heat_figure(without, "pairwise"))) == len(squares(heat_figure(found, "pairwise"))) - 1


def test_lines_name_ceiling_controls_and_depths(make_map: MakeMap) -> None:
    found = make_map(regions=("V1", "V2"), times=TIMES, networks=(network("net", 9),))
    layers, times = layers_figure(found, "pairwise").svg(), times_figure(found, "pairwise").svg()
    for said in ("decoder", "ceiling", "shuffled pairing", "untrained network", "V1 · early", "V2 · early"):
        assert f">{said}</text>" in layers
    for said in ("layer chosen most often", "first layer: 0", "½ deep: 4", "last layer: 8", "seconds from onset"):
        assert f">{said}</text>" in times


def test_few_layers_are_drawn_once_each(make_map: MakeMap) -> None:
    svg = times_figure(make_map(times=TIMES, networks=(network("net", 2),)), "pairwise").svg()
    assert "first layer: 0" in svg
    assert "last layer: 1" in svg
    assert "deep" not in svg


def test_times_without_seconds_bear_their_names(make_map: MakeMap) -> None:
    svg = times_figure(
        make_map(times=(TimeRange("here", None, None), TimeRange("there", None, None))), "pairwise"
    ).svg()
    assert ">here</text>" in svg
    assert "seconds" not in svg


def test_networks_stand_side_by_side_as_long_as_there_is_room(make_map: MakeMap) -> None:
    few = heat_figure(make_map(times=TIMES, networks=(network("a", 30), network("b", 30))), "pairwise")
    many = heat_figure(make_map(times=TIMES, networks=(network("a", 60), network("b", 60))), "pairwise")
    assert many.height_in > few.height_in + 1
    assert many.width_in <= 9.0


def test_many_networks_go_on_below(make_map: MakeMap) -> None:
    networks = tuple(network(f"net {i}", 4) for i in range(5))
    drawing = layers_figure(make_map(regions=("V1", "V2"), networks=networks), "pairwise")
    svg = drawing.svg()
    assert re.findall(r">(V\d · net \d)</text>", svg) == [
        f"{region} · net {i}" for region in ("V1", "V2") for i in range(5)
    ]
    assert svg.count(">layer</text>") == 10
    few = layers_figure(make_map(regions=("V1", "V2"), networks=networks[:3]), "pairwise")
    assert few.svg().count(">layer</text>") == 3
    assert drawing.height_in > few.height_in


def test_figures_as_files(make_map: MakeMap) -> None:
    figures = {one.name: one for one in MapReport(make_map(times=TIMES)).figures()}
    svg = figures["map-pairwise"].file("svg").decode()
    assert svg.startswith("<?xml")
    assert heat_colors()[-1] in svg
    pdf = figures["map-pairwise"].file("pdf")
    assert pdf.startswith(b"%PDF")
    assert pdf == figures["map-pairwise"].file("pdf")


def test_chosen_cells_are_counted_over_sessions(make_map: MakeMap) -> None:
    found = make_map(sessions=("mon", "tue"))
    one, other = MapCell("all", "", "tiny", "1"), MapCell("all", "", "tiny", "3")
    nested = replace(found.nested, chosen={"mon": (one, other, other), "tue": (other,)})
    assert counted(nested) == [(other, {"mon": 2, "tue": 1}), (one, {"mon": 1, "tue": 0})]
    assert most_chosen(nested) == (other, 3, 4)
    assert cell_label(found, other) == "layer 3"


def test_a_region_is_shown_at_the_time_it_was_chosen_at(make_map: MakeMap) -> None:
    found = make_map(regions=("V1", "V2"), times=TIMES, networks=(network("a", 3), network("b", 3)))
    early, late = MapCell("V2", "early", "a", "block.1"), MapCell("V2", "late", "b", "block.0")
    nested = replace(found.nested, among="V2", chosen={"s": (early, early, late)})
    found = replace(found, nested_by_region=found.nested_by_region | {"V2": nested})
    assert example_time(found, "V2", found.networks[0]).name == "early"
    assert example_time(found, "V2", found.networks[1]).name == "late"


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (["only.one"], ["only.one"]),
        (["0", "1"], ["0", "1"]),
        (["a.0.x", "a.1.x"], ["0", "1"]),
        (["a.b", "a.b.c"], ["b", "b.c"]),
        (["blocks.1", "pool"], ["blocks.1", "pool"]),
    ],
)
def test_layers_are_named_by_what_differs(layers: list[str], expected: list[str]) -> None:
    assert layer_names(layers) == expected

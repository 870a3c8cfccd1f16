"""The report of a map: one file, every number as it is, nothing from a name taken for markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder.experiments.maps.report import MapReport
from hotwire.decoder.experiments.maps.result import InjectionMap, NetworkSummary, TimeRange
from hotwire.decoder.report.html import write_page
from hotwire.decoder.statistics.measures import Measure
from hotwire.errors import InputError

from ...report.pages import Elements, check_alone, text_of

MakeMap = Callable[..., InjectionMap]

NASTY = "<script>alert('$x$ & y')</script>"
TIMES = tuple(TimeRange(f"{start:g} to {start + 0.2:g} s", start, start + 0.2) for start in (-0.2, 0.0, 0.2))
NETWORKS = (
    NetworkSummary("little", "0a" * 32, ("in", "mid", "out"), "Label()"),
    NetworkSummary("big", "1b" * 32, ("0", "1", "2"), "Label()"),
)


def written(found: InjectionMap, folder: Path, title: str = "A title") -> str:
    studies = {"one.toml": "[map]\nlayers = 'all'"}
    command = "hotwire map one.toml"
    path = write_page(MapReport(found), folder / "map.html", title=title, studies=studies, command=command)
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def found(make_map: MakeMap) -> InjectionMap:
    return make_map(regions=("V1", "V2"), times=TIMES, networks=NETWORKS, sessions=("mon", "tue"))


@pytest.fixture(scope="module")
def one_row(make_map: MakeMap, tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(make_map(), tmp_path_factory.mktemp("row"))


@pytest.fixture(scope="module")
def page(found: InjectionMap, tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(found, tmp_path_factory.mktemp("map"))


def per_cent(value: float) -> str:
    return f"{100 * value:.1f}"


def shown(one: Measure) -> str:
    return f"{per_cent(one.value)} [{per_cent(one.low)}, {per_cent(one.high)}]"


def test_is_one_file_that_refers_to_itself_alone(page: str) -> None:
    check_alone(page)


def test_nested_result_with_ceiling_controls_and_sessions(page: str, found: InjectionMap) -> None:
    text, nested = text_of(page), found.nested
    pairwise, candidate = nested.measures["pairwise"], nested.measures["candidate"]
    assert f"{per_cent(pairwise.value)} % pairwise accuracy, nested choice" in text
    assert f"decoder {shown(pairwise)} {p_shown(pairwise.p_value)} {shown(candidate)}" in text
    assert f"ceiling {per_cent(nested.ceiling['pairwise'])} – {per_cent(nested.ceiling['candidate'])} –" in text
    for name, of in nested.controls.items():
        assert f"{name} {shown(of['pairwise'])}" in text
    for session, of in nested.by_session.items():
        assert f"{session} {per_cent(of['pairwise'])} {per_cent(of['candidate'])}" in text
    assert "Chosen most often, within 8 of 12 training sets: V1 · 0 to 0.2 s · little · layer" in text


def test_regions_and_cells_in_full(page: str, found: InjectionMap) -> None:
    text = text_of(page)
    for region, nested in found.nested_by_region.items():
        one = nested.measures["pairwise"]
        assert f"{region} {shown(one)} 50.0 {p_shown(one.p_value)} {per_cent(nested.ceiling['pairwise'])}" in text
    rows = re.findall(r"<tr>(?:<td[^>]*>[^<]*</td>)+</tr>", page.partition("All cells</h2>")[2])
    assert len(rows) == len(found.cells) == 2 * 3 * 6
    for row, (cell, one) in zip(rows, found.cells.items(), strict=True):
        values = re.findall(r"<td[^>]*>([^<]*)</td>", row)
        assert values[:4] == list(cell)
        controls = [per_cent(of["pairwise"].value) for of in one.controls.values()]
        pairwise = one.measures["pairwise"]
        assert values[4:13] == [
            shown(pairwise),
            "50.0",
            p_shown(pairwise.p_value),
            p_shown(one.p_corrected["pairwise"]),
            per_cent(one.ceiling["pairwise"]),
            *controls,
        ]


def p_shown(p: float) -> str:
    return f"{p:.1g}" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def test_methods_audit_and_how_to_make_it_again(page: str) -> None:
    text = text_of(page)
    for said in (
        "mon: 1,200 samples of 530 voxels; 96 trials of 8 answers in 12 runs. tue:",
        "V1 (40, 40), V2 (53, 53)",
        "-0.2 to 0 s [-0.2, 0) s, 0 to 0.2 s [0, 0.2) s, 0.2 to 0.4 s [0.2, 0.4) s from each trial’s onset",
        f"little (3 layers; SHA-256 {'0a' * 32}), read out by Label()",
        "RidgeAdapter(gain='total')",
        "at most 240 were judged",
        "1,000 times, counting the order that was seen",
        "the greatest of all 36 cells under each exchange",
        "mean of 5 shuffles",
        "The map is the mean of 2 sessions",
        "hotwire map one.toml",
        "[map] layers = 'all'",
        "random seed 7",
        "Warning, spacing: Trials are 2.1 s apart at least; a response takes 12 s.",
    ):
        assert said in text
    assert text.count("No run is both in training and test.") == 1  # both sessions' findings are the same


def test_figures_are_there_for_what_the_map_has(page: str, one_row: str) -> None:
    assert page.count("<svg") == 8  # map, layers and times for two measures; nested and chosen
    assert one_row.count("<svg") == 4
    assert "Where the network understands" in page
    assert "Where the network understands" not in one_row
    assert "By region" not in text_of(one_row)
    assert "In time" not in text_of(one_row)


def test_takes_nothing_from_outside_for_markup(make_map: MakeMap, tmp_path: Path) -> None:
    network = NetworkSummary(NASTY, NASTY, (NASTY, "{{ 7 * 7 }}"), NASTY)
    nasty = make_map(
        regions=(NASTY, "V1"), times=(TIMES[0], TimeRange(NASTY, 0, 1)), networks=(network,), sessions=(NASTY,)
    )
    page = written(replace(nasty, settings={"steps": NASTY}), tmp_path, title=NASTY)
    assert not {"script", "img"} & set(Elements(page).tags)
    assert "{{ 7 * 7 }}" in page


def test_single_cell_without_controls_or_audit(make_map: MakeMap, tmp_path: Path) -> None:
    found = make_map(networks=(NetworkSummary("one", "00", ("only",), "Label()"),), controls=())
    bare = replace(found, sessions=(replace(found.sessions[0], findings=()),), settings={})
    text = text_of(written(bare, tmp_path))
    assert "No control was computed" in text
    assert "audit for leaks" not in text
    assert "1 cell" in text
    assert "nuisance" not in text


def test_what_there_is_no_number_for(make_map: MakeMap, tmp_path: Path) -> None:
    found = make_map()
    first, second, *_ = found.cells
    nothing = Measure(np.nan, 0.5, np.nan, np.nan, np.nan)
    cells = found.cells | {
        first: replace(found.cells[first], controls={"nuisance": {"pairwise": nothing, "candidate": nothing}}),
        second: replace(found.cells[second], measures={"pairwise": nothing, "candidate": nothing}, controls={}),
    }
    page = written(replace(found, cells=cells), tmp_path)
    rows = re.findall(r"<tr>(?:<td[^>]*>[^<]*</td>)+</tr>", page.partition("All cells</h2>")[2])
    assert re.findall(r"<td[^>]*>([^<]*)</td>", rows[0])[9:13] == ["–"] * 4
    assert re.findall(r"<td[^>]*>([^<]*)</td>", rows[1])[4] == "–"
    assert not re.search(r"\bnan\b", text_of(page))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"measures": {"low": 0.4}}, "is no better than the best constant guess: pairwise"),
        ({"measures": {"p_value": 0.2}}, "The decoder cannot be told from chance: pairwise"),
        ({"ceiling": 0.4}, "not even there does the network give the answers"),
        (
            {"shuffled pairing": {"low": 0.52, "p_value": 0.01}},
            "Above chance without what should matter: shuffled pairing",
        ),
    ],
)
def test_warns(make_map: MakeMap, one_row: str, tmp_path: Path, change: dict, expected: str) -> None:
    found = make_map()
    nested = found.nested
    measures, ceiling, controls = dict(nested.measures), dict(nested.ceiling), dict(nested.controls)
    [(what, of)] = change.items()
    if what == "ceiling":
        ceiling["pairwise"] = of
    elif what == "measures":
        measures["pairwise"] = replace(measures["pairwise"], **of)
    else:
        controls[what] = controls[what] | {"pairwise": replace(controls[what]["pairwise"], **of)}
    worse = replace(found, nested=replace(nested, measures=measures, ceiling=ceiling, controls=controls))
    assert expected not in text_of(one_row)
    assert expected in text_of(written(worse, tmp_path))


def test_strengths_at_the_edge_are_named(make_map: MakeMap, one_row: str, tmp_path: Path) -> None:
    found = make_map()
    edgy = replace(found, cells={cell: replace(one, at_edge=0.5) for cell, one in found.cells.items()})
    assert "50.0 % of all fits chose a ridge strength at the end of the grid" in text_of(written(edgy, tmp_path))
    assert "end of the grid" not in text_of(one_row)


def test_nuisance_may_be_above_chance(make_map: MakeMap, tmp_path: Path) -> None:
    found = make_map()
    high = Measure(0.6, 0.5, 0.55, 0.65, 0.001)
    controls = found.nested.controls | {"nuisance": {"pairwise": high, "candidate": high}}
    text = text_of(written(replace(found, nested=replace(found.nested, controls=controls)), tmp_path))
    assert "No control is above chance: shuffled pairing, mean activation, untrained network." in text
    assert "nuisance 60.0 [55.0, 65.0]" in text


def test_says_who_chose_the_cells_of_controls(make_map: MakeMap, one_row: str, tmp_path: Path) -> None:
    assert "Read at the cells that were chosen with the true labels" in text_of(one_row)
    searched = text_of(written(replace(make_map(), controls_redo="search"), tmp_path))
    assert "that their own pairing or network chose in the inner folds: shuffled pairing, untrained network" in searched


def test_reliability_is_shown(make_map: MakeMap, tmp_path: Path) -> None:
    found = make_map()
    session = replace(found.sessions[0], reliability={"noise_ceiling": 0.61237, "how": "split halves"})
    text = text_of(written(replace(found, sessions=(session,)), tmp_path))
    assert "noise ceiling 0.612 how split halves" in text


def test_same_map_gives_same_bytes(found: InjectionMap, page: str, tmp_path: Path) -> None:
    assert written(found, tmp_path) == page


def test_needs_a_folder(found: InjectionMap, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"make .*nowhere first"):
        written(found, tmp_path / "nowhere")


@pytest.mark.slow
def test_big_maps_of_many_networks(make_map: MakeMap, tmp_path: Path) -> None:
    times = tuple(TimeRange(f"{lag}", float(lag), lag + 1.0) for lag in range(5))
    networks = tuple(NetworkSummary(name, "00", tuple(map(str, range(20))), "Label()") for name in "abcd")
    page = written(make_map(tuple(f"region {i}" for i in range(6)), times, networks), tmp_path)
    rows = re.findall(r"<tr>(?:<td[^>]*>[^<]*</td>)+</tr>", page.partition("All cells</h2>")[2])
    assert len(rows) == 6 * 5 * 20 * 4

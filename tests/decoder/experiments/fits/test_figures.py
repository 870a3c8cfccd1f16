"""Pictures and tables of fits of any number of regions, layers and networks."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console

from hotwire.decoder.experiments.fits.report import FitsReport
from hotwire.decoder.experiments.fits.result import Fits, FittedAdapter, SubjectSummary
from hotwire.decoder.report.terminal import show_result


def made(n_regions: int, n_layers: int, networks: tuple[str, ...] = ("tiny",), *, lowest: float = -0.2) -> Fits:
    regions = tuple(f"region {i}" for i in range(n_regions))
    layers = {network: tuple(f"blocks.{i}" for i in range(n_layers)) for network in networks}
    places = [(region, network, layer) for region in regions for network in networks for layer in layers[network]]
    r2 = np.linspace(lowest, 0.83, len(places))
    fitted = tuple(
        FittedAdapter(
            *("one", *place),
            n_features=5,
            n_units=16,
            chosen={"alpha": 10.0},
            at_edge=i == 0,
            folds_at_edge=0.0,
            r2=float(r2[i]),
            r2_with_gain=0.1,
            correlation=0.5,
            r2_shuffled=-0.1,
            correlation_shuffled=-0.001,
            fit_seconds=0.1,
            score_seconds=0.2,
            size_bytes=2_000,
            file=f"adapters/one/{i}.npz",
        )
        for i, place in enumerate(places)
    )
    subject = SubjectSummary("one", "10 samples", 24, 4, regions, layers, (), None)
    return Fits((subject,), fitted, n_made=len(fitted), n_kept=0, seconds=3.0)


def texts_of(found: Fits) -> list[str]:
    (drawing,) = FitsReport(found).figures()
    root = ElementTree.fromstring(drawing.file("svg"))
    return ["".join(element.itertext()).strip() for element in root.iter() if element.tag.endswith("}text")]


def test_cells_hold_their_figures() -> None:
    found = made(2, 3, ("tiny", "other"))
    texts = texts_of(found)
    for one in found.fitted:
        assert f"{100 * one.r2:.0f}{'·' * one.at_edge}" in texts
    assert {"region 0", "region 1", "one · tiny", "one · other", "0 or less", "83.0 %"} <= set(texts)


@pytest.mark.parametrize(("n_regions", "n_layers"), [(1, 1), (200, 2), (3, 250)])
def test_any_size(n_regions: int, n_layers: int) -> None:
    found = made(n_regions, n_layers)
    assert {"one · tiny", "region 0"} <= set(texts_of(found))
    (drawing,) = FitsReport(found).figures()
    assert drawing.width_in <= 9
    assert drawing.height_in <= 18


def test_nothing_above_zero_and_no_number() -> None:
    texts = texts_of(made(1, 1, lowest=-0.5))
    assert {"-50·", "1.0 %"} <= set(texts)
    assert "1.0 %" in texts_of(made(1, 1, lowest=np.nan))


def test_a_long_table_is_cut() -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    show_result(console, FitsReport(made(40, 2)), 3.0, "")
    told = console.export_text()
    assert len(re.findall(r"│ region \d+", told)) == 60
    assert "… and 20 more, in fits.csv" in told
    assert "10*" in told
    assert "0.00" in told
    assert "-0.00" not in told

"""The report of metamers that are made up, and what a study file may ask for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder.experiments.synthesis.metamers.report import MetamersReport
from hotwire.decoder.experiments.synthesis.metamers.result import LayerMetamers, Metamers
from hotwire.decoder.experiments.synthesis.metamers.section import MetamersSection, metamers_of
from hotwire.decoder.experiments.synthesis.metamers.settings import MetamerSettings
from hotwire.decoder.statistics.bootstrapped import Ends
from hotwire.decoder.study.study import open_study
from hotwire.errors import StudyError


def layer(name: str, n: int, n_kept: int, n_recognised: int, rho: float = 0.9, far: bool = False) -> LayerMetamers:
    first = np.arange(n)
    return LayerMetamers(
        layer=name,
        made=np.full((n, 6, 6, 3), 100, np.uint8),
        distance=np.linspace(0.5, 0.7, n) if far else np.full(n, 0.03),
        rho=np.full(n, rho),
        n_rounds=np.full(n, 4 if far else 1),
        null=0.4,
        kept=first < n_kept,
        recognised={"one": first < n_recognised, "two": first < 0},
        judged={} if n < 4 else {"twin": Ends(rho / 2, 0.0, rho)},
    )


def made_up() -> Metamers:
    return Metamers(
        network="net",
        fingerprint="abc",
        others=("one", "two"),
        pictures=("a", "b", "c", "d"),
        classes=("cat", "dog", "cat", "fox"),
        originals=np.zeros((4, 6, 6, 3), np.uint8),
        layers=(layer("early", 4, 4, 4), layer("late", 4, 3, 1, rho=0.3, far=True)),
        untrained=(layer("early", 2, 0, 1), layer("late", 2, 0, 0)),
        recognised={"early": Ends(0.5, 0.4, 0.6), "late": Ends(0.125, 0.0, 0.25)},
        fall=Ends(0.375, 0.2, 0.5),
        settings=MetamerSettings(n_pictures=4, n_untrained=2, near=0.55),
        seconds=1.0,
    )


def test_findings_say_what_is_as_it_should_be() -> None:
    early, late, far, fall, twin = MetamersReport(made_up()).sentences()
    assert twin.good is None
    assert "twin: responses to metamers of early correlate 0.45 [0.00, 0.90] with those" in twin.text
    assert early.good
    assert "early: 4 of 4 keep their class in net; 4 of 4 respond more alike" in early.text
    assert late.good is False
    assert "late: 3 of 4 keep their class in net; 0 of 4 respond more alike" in late.text
    assert far.good is False
    assert "late: not near after 6 rounds of steps: b, c, d." in far.text
    assert fall.good
    assert "38 [20, 50] points more metamers of early than of late" in fall.text
    no_fall = replace(made_up(), fall=Ends(0.1, -0.1, 0.3))
    assert MetamersReport(no_fall).sentences()[3].good is False


def test_the_table_has_a_row_for_each_layer() -> None:
    [table] = MetamersReport(made_up()).tables()
    early = ["early", "100", "100", "0.900", "0.400", "0.030", "100", "50 [40, 60]", "25", "0.45 [0.00, 0.90]"]
    late = ["late", "75", "0", "0.300", "0.400", "0.600", "25", "12 [0, 25]", "0", "0.15 [0.00, 0.30]"]
    assert table.rows == [early, late]
    without = replace(made_up(), untrained=())
    assert all(len(row) == 9 for row in MetamersReport(without).tables()[0].rows)


def test_pictures_are_on_the_page_and_numbers_in_the_summary() -> None:
    report = MetamersReport(made_up())
    summary = json.loads(json.dumps(report.summary()))
    assert summary["metamers"][1]["success"] == [False] * 4
    assert summary["metamers"][1]["near"] == [True, False, False, False]
    assert summary["untrained"][0]["recognised"]["one"] == [True, False]
    assert "made" not in summary["metamers"][0]
    assert "originals" not in summary
    pictures, along, random = (drawing.svg() for drawing in report.figures())
    for text in ("photograph", "early", "late", "dog"):
        assert text in pictures
    assert pictures.count("<image") == 3  # a column for the photographs and one for each layer
    assert "fox" not in random  # two metamers of the untrained network
    assert "dog" in random
    assert "class recognised" in along
    assert report.sections()[0].title == "Photographs and their metamers"
    assert len(MetamersReport(replace(made_up(), untrained=())).figures()) == 2


STUDY = """
[recording]
kind = "responses"
responses = "responses.npy"
stimuli = "pictures"
[network]
name = "efficientnet-lite0"
[targets]
stimuli = "recording"
[decoder]
layer = "pooled"
[metamers]
"""


@pytest.mark.parametrize(
    ("section", "layers", "what"),
    [
        ("", ("all",), r"metamers: layers: expected layers of the network, .*got none"),
        ('layers = ["stem", "blok.2"]', ("all",), r"metamers: unknown layer 'blok.2'; did you mean"),
        ('layers = ["stem"]', ("pooll",), r"metamers: unknown layer 'pooll'; did you mean 'pooled'"),
        ('others = [{ name = "efficientnet-lite0" }]', ("stem",), "metamers: others: expected other networks than"),
        ('others = [{ name = "efficientnet-lite9" }]', ("stem",), "metamers: unknown network .*'efficientnet-lite9'"),
    ],
)
def test_what_cannot_be_asked_for(section: str, layers: tuple[str, ...], what: str, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(STUDY + section)
    with pytest.raises(StudyError, match=what):
        metamers_of(open_study(tmp_path / "study.toml"), layers)


def test_the_section_has_the_settings() -> None:
    given = MetamersSection.model_validate({"layers": "stem", "n_pictures": 3, "n_untrained": 1, "image_size": 64})
    assert given.given("layers", "others", "image_size") == {"n_pictures": 3, "n_untrained": 1}
    assert [one.name for one in given.others] == ["efficientnet-lite1", "efficientnet-lite2"]

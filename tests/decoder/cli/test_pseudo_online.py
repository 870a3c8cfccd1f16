"""``hotwire pseudo-online`` from its arguments to what it prints and writes, on a small study."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import transformers
from click.testing import CliRunner, Result

from hotwire.decoder.cli.commands import Hotwire
from hotwire.decoder.cli.pseudo_online import pseudo_online as command
from hotwire.decoder.experiments.pseudo_online.policy import Policy
from hotwire.decoder.experiments.pseudo_online.section import PseudoOnlineSection
from hotwire.decoder.study.study import open_study

from ..small_study import save_study

SECTION = """
[pseudo_online]
every_s = 1.0
threshold = 0.4
dwell = 1
refractory_s = 1.0
"""


@pytest.fixture(scope="module", autouse=True)
def without_bars_of_transformers() -> Iterator[None]:
    transformers.utils.logging.disable_progress_bar()
    yield
    transformers.utils.logging.enable_progress_bar()


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = save_study(tmp_path)
    text = path.read_text().replace("[decoder]\n", '[decoder]\nwindow = { type = "BlockAverage", stop_s = 2.0 }\n')
    path.write_text(text + SECTION)
    return path


def run(*args: object) -> Result:
    return CliRunner().invoke(Hotwire(commands={"pseudo-online": command}), ["pseudo-online", *map(str, args)])


def test_writes_a_page_and_says_all_of_it_as_json(study: Path) -> None:
    result = run(study, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["report"] == "study-pseudo-online.html"
    page = Path(found["report"]).read_text(encoding="utf-8")
    assert "hotwire pseudo-online: study" in page
    assert page.count("<svg") == 3 - (len(found["curve"]) < 3)
    assert found["covering"]["ratio"] == 1.0
    assert found["covering"]["pseudo_online"]["candidate"]["value"] == pytest.approx(1.0)
    assert found["thresholds"] == [0.4] * 4
    assert found["n_decisions"] == 4 * 11
    # The blocks follow each other without rest.
    assert found["events"]["false_per_minute"] is None
    assert all(one["event"] is not None for one in found["activations"])
    assert any("next to no rest" in sentence for sentence in found["findings"])


def test_shows_people_a_table_and_sentences(study: Path) -> None:
    result = run(study, "--report", "there.html")
    assert result.exit_code == 0, result.output
    assert "s since" in result.stdout
    assert "decisions on the stream are as good as those offline" in result.stdout
    assert Path("there.html").exists()


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("threshold = 1.5", "pseudo_online.threshold"),
        ("dwell = 0", "pseudo_online.dwell"),
        ('windows = "slide"', "pseudo_online.windows"),
        ("evry_s = 1.0", "did you mean 'every_s'"),
        ("every_s = 5.0", "every_s: expected at most 2"),
        ("false_per_minute = 1.0", "false_per_minute"),
    ],
)
def test_wrong_fields_are_named(study: Path, field: str, told: str) -> None:
    study.write_text(study.read_text().replace(SECTION, f"\n[pseudo_online]\n{field}\n"))
    result = run(study)
    assert result.exit_code == 1
    assert told in result.stderr
    assert "study.toml" in result.stderr


def test_a_study_needs_no_section_of_its_own(study: Path) -> None:
    study.write_text(study.read_text().replace(SECTION, ""))
    assert open_study(study).section(PseudoOnlineSection).arguments() == {"policy": Policy()}

"""What an evaluation will do and take, said before it runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from click.testing import CliRunner

from hotwire.decoder.cli import evaluate as command
from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.evaluation import fold_data
from hotwire.decoder.evaluation.cost import cost_of, in_memory
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.study.study import open_study
from hotwire.errors import InputError
from hotwire.models.weights import assets

from ..small_study import LABELS, STUDY, save_study

CHOICE = '\n[[evaluation.choose]]\nsetting = "layer"\nvalues = [1, 2]\njudge = "nearest"\n'


@pytest.fixture(scope="module", autouse=True)
def without_bars_of_transformers() -> Iterator[None]:
    transformers.utils.logging.disable_progress_bar()
    yield
    transformers.utils.logging.enable_progress_bar()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return save_study(tmp_path)


def explained(path: Path) -> dict[str, Any]:
    result = CliRunner().invoke(hotwire, ["explain", str(path), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_everything_is_said_before_it_runs(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold_data, "fit_on", lambda *_, **__: pytest.fail("something was fitted"))
    found = explained(study)
    assert found["trials"] == {label: dict.fromkeys("1234", 2) for label in LABELS}
    assert found["folds"] == ["1", "2", "3", "4"]
    assert found["methods"]["steps"] == "none, run by run."
    assert found["methods"]["whitening"] == "none."
    assert "4 folds; each leaves one run out" in found["methods"]["cross-validation"]
    assert {"runs", "copies", "response", "words"} <= {one["check"] for one in found["findings"]}
    assert found["seconds"] > 0
    assert found["memory_bytes"] > 1e6
    shown = CliRunner().invoke(hotwire, ["explain", str(study)]).stdout
    words = " ".join(shown.split())
    assert "in each run" in words
    assert "within a factor of three: " in words


def test_fits_are_counted_as_they_are_made(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study.write_text(STUDY + CHOICE)
    made, fit_on = [], fold_data.fit_on
    monkeypatch.setattr(fold_data, "fit_on", lambda *args, **more: (made.append(1), fit_on(*args, **more))[1])
    opened = open_study(study)
    opened.evaluate(opened.recording())
    assert 0.5 < len(made) / explained(study)["n_fits"] < 2


def test_memory_counts_the_untrained_network_and_classifiers_of_the_field(study: Path) -> None:
    opened = open_study(study)
    recording, decoder = opened.recording(), opened.decoder()
    wide = replace(recording, data=np.tile(recording.data, 5000), feature_names=tuple(map(str, range(50_000))))

    def memory_bytes(of: Recording, **changes: Any) -> float:
        return cost_of(opened.prepare(of, audit="warn", **changes), decoder, 1).memory_bytes

    plain = memory_bytes(recording, controls=())
    assert memory_bytes(recording, controls=("untrained network",)) - plain == decoder.network.n_bytes > 1000
    trials_bytes = 24 * 50_000 * 4
    assert memory_bytes(wide, controls=()) < memory_bytes(wide, controls=(), field=("lda",)) - 3 * trials_bytes


def test_a_network_that_is_not_here_is_not_fetched(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study.write_text(
        STUDY.replace('name = "network"', 'name = "all-minilm-l6-v2"').replace("layer = 1", 'layer = "pooled"')
    )
    monkeypatch.setattr(assets, "is_ready", lambda _: False)
    monkeypatch.setattr(assets, "fetch", lambda _: pytest.fail("it was fetched"))
    found = explained(study)
    assert found["seconds"] is None
    assert found["methods"]["network"] == "all-minilm-l6-v2."
    shown = CliRunner().invoke(hotwire, ["explain", str(study)]).stdout
    assert "all-minilm-l6-v2 is not on this machine yet" in shown


def test_memory_of_the_process_is_known() -> None:
    assert in_memory() > 1e7


def test_a_long_evaluation_says_beforehand_what_it_takes(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["evaluate", str(study), "--report", str(study.parent / "r.html"), "--json"]
    assert "This will take" not in CliRunner().invoke(hotwire, arguments).stderr
    monkeypatch.setattr(command, "LONG_S", 0.0)

    def stop(*_: Any, **__: Any) -> None:
        raise InputError("fitting began")

    monkeypatch.setattr(fold_data, "fit_on", stop)
    result = CliRunner().invoke(hotwire, arguments)
    assert re.search(r"(?s)This will take .* and .* of memory, within a factor of three.*fitting began", result.output)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("layer = 1", "layer = 1", "can begin: 24 trials, 4 folds; `hotwire explain` says more"),
        ("[evaluation]", "[evaluation]\nfolds = 9", "cannot begin: .*folds: expected 2 to 4"),
    ],
)
def test_inspect_says_whether_an_evaluation_can_begin(study: Path, old: str, new: str, said: str) -> None:
    study.write_text(STUDY.replace(old, new))
    result = CliRunner().invoke(hotwire, ["inspect", str(study), "--json"])
    assert result.exit_code == 0, result.output
    assert re.search(said, json.loads(result.stdout)["evaluation"])

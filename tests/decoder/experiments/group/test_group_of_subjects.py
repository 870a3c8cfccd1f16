"""`hotwire group`: results of several subjects, as `hotwire evaluate --json` prints them, in one table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.experiments.group.report import GroupReport
from hotwire.decoder.experiments.group.subjects import read_group
from hotwire.errors import InputError

VALUES = [0.7, 0.8, 0.6, 0.9, 0.75]


def measure(value: float | None, chance: float = 0.5) -> dict[str, Any]:
    return {"value": value, "chance": chance, "low": None, "high": None, "p_value": 0.01, "chance_reason": "made up"}


def result(number: int, value: float | None, **changes: Any) -> dict[str, Any]:
    decoder = {"candidate": measure(value), "pairwise": measure(0.9)}
    rows = {"decoder": decoder, "shuffled pairing": {"candidate": measure(0.5)}, "lda": {"candidate": measure(0.6)}}
    made = {
        "measure": "candidate",
        "measures": rows,
        "field": {"lda": {"differences": {"candidate": {"value": None if value is None else value - 0.6}}}},
        "recording": f"made-up recording {number}",
        "run_digests": {"1": f"digest {number}"},
        "held_out": "runs",
    }
    return made | changes


def write(folder: Path, *results: dict[str, Any]) -> list[Path]:
    paths = [folder / f"sub-{i}.json" for i in range(1, len(results) + 1)]
    for path, one in zip(paths, results, strict=True):
        path.write_text(json.dumps(one))
    return paths


def test_means_and_differences_over_subjects(tmp_path: Path) -> None:
    group = read_group(write(tmp_path, *(result(i, value) for i, value in enumerate(VALUES))))
    main = group.means["decoder"]["candidate"]
    assert main.value == pytest.approx(np.mean(VALUES))
    assert main.p_value == 1 / 32
    difference = group.differences["lda"]
    assert (difference.value, difference.low) == pytest.approx((main.value - 0.6, main.low - 0.6))
    assert group.means["shuffled pairing"]["candidate"].value == 0.5
    text = " ".join(sentence.text for sentence in GroupReport(group).sentences())
    assert "The mean is above chance; 5 of 5 subjects are above theirs." in text


def test_the_command_writes_table_page_and_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = [str(path) for path in write(tmp_path, *(result(i, value) for i, value in enumerate(VALUES)))]
    found = json.loads(CliRunner().invoke(hotwire, ["group", *paths, "--json"]).stdout)
    assert (found["score"], found["n_subjects"], found["p_value"]) == (pytest.approx(0.75), 5, 1 / 32)
    assert [one["value"] for one in found["subjects"]] == VALUES
    page = (tmp_path / "hotwire-group.html").read_text()
    assert "made-up recording 3" in page
    assert "<svg" in page
    assert "sub-4" in CliRunner().invoke(hotwire, ["group", *paths]).stdout


def test_few_subjects_are_said_to_be_few(tmp_path: Path) -> None:
    report = GroupReport(read_group(write(tmp_path, result(1, 0.7), result(2, 0.8), result(3, 0.9))))
    assert "There is no interval and no p: 3 subjects" in report.sentences()[0].text
    assert report.summary()["interval"] == [None, None]
    four = GroupReport(read_group(write(tmp_path, *(result(i, 0.7) for i in range(4)))))
    assert "p cannot be below 0.0625" in " ".join(one.text for one in four.sentences())


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([result(1, 0.7)], "two subjects or more"),
        (
            [result(1, 0.7), result(1, 0.8)],
            r"each subject once, .*sub-2.json and .*sub-1.json are of the same recording",
        ),
        ([result(1, 0.7), result(2, 0.8, measure="pairwise")], r"by the same measure, got .*sub-1.json: candidate, .*"),
        ([result(1, 0.7), result(2, 0.8, held_out="classes")], r"the same held out, got .*sub-1.json: runs"),
        (
            [result(1, 0.7, classes=["cat"]), result(2, 0.8, classes=["dog"])],
            "same question, got .*: cat, .*: dog",
        ),
        (
            [
                result(i, 0.7, quantity="velocity", dimensions={"decoder": {"r2": {name: 0.7}}})
                for i, name in enumerate(["x", "elbow"])
            ],
            r"of the same question, got .*velocity \(x\), .*velocity \(elbow\)",
        ),
        ([result(1, 0.7), {"error": "no such file"}], "the message of one that failed"),
        ([result(1, 0.7), {"measure": "candidate"}], "without measures, field, recording, run_digests, held_out"),
        ([result(1, 0.7), result(2, 0.8, measures=3)], "made otherwise"),
        ([result(1, 0.7), result(2, None)], "with a number for 'candidate', got none"),
    ],
)
def test_results_that_do_not_go_together_are_refused(
    results: list[dict[str, Any]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        read_group(write(tmp_path, *results))


def test_two_files_of_one_name_and_no_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, other = write(tmp_path, result(1, 0.7))[0], write(tmp_path / "other", result(2, 0.8))[0]
    with pytest.raises(InputError, match="a name of its own, got 'sub-1' twice"):
        read_group([one, other])
    with pytest.raises(InputError, match="there is no such file"):
        read_group([one, tmp_path / "sub-9.json"])
    other.write_text("sub-2")
    with pytest.raises(InputError, match="cannot be read as JSON"):
        read_group([one, other])

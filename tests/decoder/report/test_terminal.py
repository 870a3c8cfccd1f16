from __future__ import annotations

import io
import re

from rich.console import Console

from hotwire.decoder import Decoder, Recording, Settings, WordTargets, evaluate
from hotwire.decoder.report.evaluation_report import EvaluationReport
from hotwire.decoder.report.result import Shade, Table
from hotwire.decoder.report.terminal import decisions_table, show_mapping, show_result, show_table
from hotwire.models import Network


def test_nothing_that_comes_from_outside_is_obeyed() -> None:
    nasty, seen = "\x1b[2J\n\r\x07\x9b5m[bold]cat[/]", r"\x1b[2J\n\r\x07\x9b5m[bold]cat[/]"
    file = io.StringIO()
    console = Console(file=file, width=300, emoji=False)
    decision = {"run": nasty, "start_s": 0.0, "stop_s": 1.0, "label": nasty, "saw": None, "said": nasty, "right": None}
    show_table(console, decisions_table([decision]))
    show_table(console, Table((nasty, nasty), [(nasty, Shade(nasty, 0.5, underlined=False))]))
    show_mapping(console, {nasty: [nasty], "table": {"name": nasty}})
    text = file.getvalue()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert text.count(seen) == 9


def test_the_summary_has_all_findings(network: Network, recording: Recording) -> None:
    targets = WordTargets({label: label for label in ("cat", "face", "house", "shoe")})
    found = evaluate(Decoder(network, targets, Settings("first")), recording, controls=(), n_permutations=10)
    summary = EvaluationReport(found).summary()
    assert [one["check"] for one in summary["findings"]] == [one.check for one in found.findings]
    assert {"check": "runs", "verdict": "fine", "reason": "Each of 6 runs lies whole in one fold."} in summary[
        "findings"
    ]


def test_classifiers_of_the_field_are_compared_with_the_decoder(network: Network, recording: Recording) -> None:
    targets = WordTargets({label: label for label in ("cat", "face", "house", "shoe")})
    decoder = Decoder(network, targets, Settings("first"))
    found = evaluate(
        decoder, recording, controls=(), n_permutations=10, field=["lda", "logistic"], seconds_per_trial=6.0
    )
    summary = EvaluationReport(found).summary()
    difference = found.field["lda"].differences["candidate"]
    assert summary["field"]["lda"]["differences"]["candidate"] == difference.to_dict()
    assert (
        summary["measures"]["logistic"]["candidate"] == found.field["logistic"].outcome.measures["candidate"].to_dict()
    )
    assert summary["bits"]["per_minute"] == 10 * summary["bits"]["per_decision"]
    file = io.StringIO()
    show_result(Console(file=file, width=150), EvaluationReport(found), 1.0, "The report is r.html")
    text = file.getvalue()
    assert "Among the candidates, decoder minus lda: " in text
    assert f"{summary['bits']['per_decision']:.2f} bits in a decision" in text


def test_of_many_names_the_first_are_shown_and_equal_ones_in_a_line() -> None:
    file = io.StringIO()
    runs, events = dict.fromkeys(range(350), 1), {f"picture {i}": i for i in range(30)}
    show_mapping(Console(file=file, width=100), {"runs": runs, "few": {"a": 1, "b": 1}, "events": events})
    lines = [" ".join(line.split()) for line in file.getvalue().splitlines()]
    assert lines[:4] == ["runs 350, 1 each; --json names them", "few", "a 1", "b 1"]
    assert lines[-2:] == ["picture 19 19", "and 10 more; --json gives all of them"]

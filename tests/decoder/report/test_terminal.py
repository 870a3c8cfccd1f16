from __future__ import annotations

import io
import re

from rich.console import Console

from hotwire.decoder import Decoder, Recording, Settings, WordTargets, evaluate
from hotwire.decoder.evaluation.audit.finding import Finding
from hotwire.decoder.report.terminal import show_decisions, show_evaluation, show_findings, show_mapping, summary_of
from hotwire.models import Network


def test_findings_worth_a_look_are_shown() -> None:
    file = io.StringIO()
    found = [
        Finding("runs", "fine", "Each of 4 runs lies whole in one fold."),
        Finding("stimuli", "leak", "40 of 40 trials [100 %] show it twice."),
        Finding("memory", "warning", "Runs last 8 s."),
    ]
    show_findings(Console(file=file, width=100), found)
    lines = file.getvalue().splitlines()
    assert lines == ["leak, stimuli: 40 of 40 trials [100 %] show it twice.", "warning, memory: Runs last 8 s."]


def test_nothing_that_comes_from_outside_is_obeyed() -> None:
    nasty, seen = "\x1b[2J\n\r\x07\x9b5m[bold]cat[/]", r"\x1b[2J\n\r\x07\x9b5m[bold]cat[/]"
    file = io.StringIO()
    console = Console(file=file, width=300, emoji=False)
    told = {"run": nasty, "start_s": 0.0, "stop_s": 1.0, "label": nasty, "saw": None, "said": nasty, "right": None}
    show_decisions(console, [told])
    show_mapping(console, {nasty: [nasty], "table": {"name": nasty}})
    show_findings(console, [Finding("stimuli", "leak", nasty)])
    text = file.getvalue()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert text.count(seen) == 7


def test_the_summary_has_all_findings(network: Network, recording: Recording) -> None:
    targets = WordTargets({label: label for label in ("cat", "face", "house", "shoe")})
    found = evaluate(Decoder(network, targets, Settings("first")), recording, controls=(), n_permutations=10)
    summary = summary_of(found)
    assert [one["check"] for one in summary["findings"]] == [one.check for one in found.findings]
    assert {"check": "runs", "verdict": "fine", "reason": "Each of 6 runs lies whole in one fold."} in summary[
        "findings"
    ]


def test_classifiers_of_the_field_stand_beside_the_decoder(network: Network, recording: Recording) -> None:
    targets = WordTargets({label: label for label in ("cat", "face", "house", "shoe")})
    decoder = Decoder(network, targets, Settings("first"))
    found = evaluate(
        decoder, recording, controls=(), n_permutations=10, field=["lda", "logistic"], seconds_per_trial=6.0
    )
    summary = summary_of(found)
    difference = found.field["lda"].differences["candidate"]
    assert summary["field"]["lda"]["differences"]["candidate"] == difference.to_dict()
    assert (
        summary["measures"]["logistic"]["candidate"] == found.field["logistic"].outcome.measures["candidate"].to_dict()
    )
    assert summary["bits"]["per_minute"] == 10 * summary["bits"]["per_decision"]
    file = io.StringIO()
    shown = summary | {"seconds": 1.0, "report": "r.html"}
    show_evaluation(Console(file=file, width=150), found, shown)
    text = file.getvalue()
    assert "among the candidates, decoder minus lda: " in text
    assert f"{summary['bits']['per_decision']:.2f} bits in a decision" in text

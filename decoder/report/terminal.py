"""What commands show: as plain data for ``--json``, and as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..decision import Decision
from ..evaluation.audit.finding import Finding
from ..evaluation.result import Evaluation
from ..recordings.events import Events
from ..recordings.recording import Recording
from ..statistics.difference import in_words
from ..statistics.measures import MEASURES, Measure
from ..targets import Targets, WordTargets
from .markup import in_markup

MOST_LINES = 200
MOST_ITEMS = 20


def plain_data(value: Any) -> Any:
    """The value in what JSON knows; NaN, which it does not, becomes None."""
    if isinstance(value, Mapping):
        return {str(key): plain_data(of) for key, of in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(of) for of in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain_data(value.tolist())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def summary_of(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation's figures and decisions, ready for JSON."""
    main = evaluation.decoder.measures[evaluation.main]
    rows = dict(evaluation.rows())
    return plain_data(
        {
            "score": main.value,
            "accuracy": evaluation.decoder.measures["free" if evaluation.main == "free" else "candidate"].value,
            "interval": [main.low, main.high],
            "chance": main.chance,
            "p_value": main.p_value,
            "measure": evaluation.main,
            "candidate_accuracy": evaluation.decoder.measures["candidate"].value,
            "pairwise_accuracy": evaluation.decoder.measures["pairwise"].value,
            "ceiling": evaluation.ceiling.measures[evaluation.main].value,
            "controls": {
                name: None if (found := of.measures.get(evaluation.main)) is None else found.value
                for name, of in evaluation.controls.items()
            },
            "n_blocks": len(evaluation.trials),
            "held_out": "runs" if evaluation.classes is None else "classes",
            "network": evaluation.network,
            "fingerprint": evaluation.fingerprint,
            "measures": {
                row: {name: measure.to_dict() for name, measure in of.measures.items()} for row, of in rows.items()
            },
            "field": {
                name: {
                    "told": one.description,
                    "differences": {measure: difference.to_dict() for measure, difference in one.differences.items()},
                }
                for name, one in evaluation.field.items()
            },
            "bits": evaluation.bits and dict(zip(("per_decision", "per_minute"), evaluation.bits, strict=True)),
            "chosen": evaluation.chosen,
            "findings": [vars(found) for found in evaluation.findings],
            "decisions": _decisions_of(evaluation),
        }
    )


def _decisions_of(evaluation: Evaluation) -> list[dict[str, Any]]:
    outcome, trials, answers = evaluation.decoder, evaluation.trials, evaluation.answers
    best = outcome.scores.argmax(axis=1)
    meant = best if outcome.said is None else outcome.said
    said = [answers[i] for i in best] if outcome.texts is None else outcome.texts
    return [
        {
            "run": trials.run[i].item(),
            "start_s": float(trials.start_s[i]),
            "stop_s": float(trials.stop_s[i]),
            "label": str(trials.label[i]),
            "saw": answers[evaluation.truth[i]],
            "said": said[i],
            "chose": answers[best[i]],
            "right": bool(meant[i] == evaluation.truth[i]),
        }
        for i in range(len(trials))
    ]


def decisions_on(decisions: Sequence[Decision], targets: Targets, recording: Recording) -> list[dict[str, Any]]:
    """Decisions on a recording, beside what its events say was shown, ready for JSON."""
    return [plain_data(_decision_data(one, targets, recording.events)) for one in decisions]


def _decision_data(decision: Decision, targets: Targets, events: Events) -> dict[str, Any]:
    names = [""]
    if decision.event >= 0:
        names = [str(of[decision.event]) for of in (events.label, events.stimulus) if of is not None]
    key = next((targets.keys.index(name) for name in names if name in targets.keys), None)
    saw = None if key is None else targets.answers[targets.truth()[key]]
    right = None if key is None else decision.answer == saw
    if key is not None and decision.text is not None and isinstance(targets, WordTargets):
        right = targets.meant(decision.text) == key
    return {
        "run": decision.run,
        "start_s": decision.start_s,
        "stop_s": decision.stop_s,
        "label": names[0],
        "saw": saw,
        "said": decision.answer if decision.text is None else decision.text,
        "chose": decision.answer,
        "right": right,
        "probabilities": decision.probabilities,
    }


def recording_data(recording: Recording) -> dict[str, Any]:
    """What is in a recording, ready for JSON."""
    labels, counts = np.unique(recording.events.label, return_counts=True)
    unit = recording.unit if isinstance(recording.unit, str) else sorted(set(recording.unit))
    return plain_data(
        {
            "source": recording.source,
            "n_samples": recording.n_samples,
            "n_features": recording.n_features,
            "rate_hz": recording.rate_hz,
            "unit": unit,
            "runs": recording.run_lengths(),
            "n_events": len(recording.events),
            "events": dict(zip(labels.tolist(), counts.tolist(), strict=True)),
        }
    )


def show_evaluation(console: Console, evaluation: Evaluation, summary: Mapping[str, Any]) -> None:
    """Decisions, scores, and where the report is."""
    show_decisions(console, summary["decisions"])
    n_right = sum(one["right"] for one in summary["decisions"])
    network = in_markup(evaluation.network)
    console.print(f"{network}: {n_right} of {summary['n_blocks']} right; took {summary['seconds']:.0f} s")
    console.print(_scores(evaluation))
    if evaluation.classes is not None:
        console.print(
            "No class was trained on in the fold that tests it; chance is each fold's best constant guess, which knows "
            "what is missing in the training: look at the two new classes."
        )
    for name, measure, difference in evaluation.reported_differences():
        told = in_words(difference, name, MEASURES[measure])
        console.print(f"[yellow]{told}[/]" if difference.verdict == "worse" else told, highlight=False)
    if evaluation.bits is not None:
        each, minute = evaluation.bits
        console.print(f"{each:.2f} bits in a decision, {minute:.1f} bits in a minute")
    show_findings(console, evaluation.findings)
    console.print(f"The report is {in_markup(summary['report'])}")


def show_findings(console: Console, findings: Sequence[Finding]) -> None:
    """What the audit for leaks found, one line each; nothing of what is fine."""
    colours = {"warning": "yellow", "leak": "red"}
    for found in findings:
        if found.verdict in colours:
            console.print(f"[{colours[found.verdict]}]{found.verdict}[/], {found.check}: {in_markup(found.reason)}")


def _scores(evaluation: Evaluation) -> Table:
    measures = [name for name in MEASURES if name in evaluation.decoder.measures]
    over = "runs" if evaluation.classes is None else "classes"
    words = MEASURES if evaluation.classes is None else MEASURES | {"pairwise": "of two new classes"}
    table = Table("", *(words[name] for name in measures), caption=f"with 95 % interval over {over} and permutation p")
    # Sections: decoder and ceiling, controls, classifiers of the field.
    last = {"ceiling", *list(evaluation.controls)[-1:]}
    for row, outcome in evaluation.rows():
        table.add_row(row, *(_figure(outcome.measures.get(name)) for name in measures), end_section=row in last)
    table.add_section()
    table.add_row("chance", *(f"{evaluation.decoder.measures[name].chance:.3f}" for name in measures))
    return table


def _figure(measure: Measure | None) -> str:
    if measure is None:  # classifiers and the nearest target give no free answers
        return ""
    # Within brackets and without a space, rich would take the interval for markup.
    return escape(f"{measure.value:.3f} [{measure.low:.3f}, {measure.high:.3f}]\np = {measure.p_value:.2g}")


def show_decisions(console: Console, decisions: list[dict[str, Any]], warning: str | None = None) -> None:
    """One line a trial: run, time, what was shown, what the network says, and whether that is right; then a warning."""
    right, wrong = ("+", "-") if console.options.ascii_only else ("✓", "✗")
    marks = {True: f"[green]{right}[/]", False: f"[red]{wrong}[/]", None: ""}
    table = Table("run", "seconds", "shown", "the network says", "")
    runs = [one["run"] for one in decisions]
    one_each = len(set(runs)) == len(runs)
    for one, run, next_run in zip(decisions[:MOST_LINES], runs, [*runs[1:], None], strict=False):
        table.add_row(
            in_markup(run),
            f"{one['start_s']:g} to {one['stop_s']:g}",
            in_markup(one["saw"] or one["label"]),
            in_markup(one["said"]),
            marks[one["right"]],
            end_section=run != next_run and not one_each,
        )
    console.print(table)
    if len(decisions) > MOST_LINES:
        console.print(f"and {len(decisions) - MOST_LINES} more; --json gives all of them")
    if warning is not None:
        console.print(f"[yellow]{in_markup(warning)}[/]")


def show_assets(console: Console, found: Mapping[str, Any]) -> None:
    """Every asset with its source, size, licence and SHA-256."""
    for one in found["assets"]:
        state = "verified" if one["verified"] else "ready" if one["ready"] else "not fetched"
        colour = "green" if one["ready"] else "yellow"
        console.print(f"[bold]{one['name']}[/]  [{colour}]{state}[/]")
        console.print(f"  {in_markup(one['title'])}")
        console.print(
            f"  from {one['project']} {one['version']}, {_mb(one['size_bytes'])}; {in_markup(one['licence'])}"
        )
        console.print(f"  SHA-256 {one['sha256']}\n")
    ready = _mb(sum(one["ready_bytes"] for one in found["assets"] if one["ready"]))
    console.print(f"They lie in {in_markup(found['cache'])} ({ready}); HOTWIRE_CACHE names another folder")


def show_mapping(console: Console, found: Mapping[str, Any]) -> None:
    """Names and values; tables within tables are indented."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _flat(found):
        table.add_row(in_markup(name), in_markup(value))
    console.print(table)


def _flat(found: Mapping[str, Any], indent: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in found.items():
        if isinstance(value, Mapping):
            rows += [(f"{indent}{name}", ""), *_flat(value, f"{indent}  ")]
        else:
            rows.append((f"{indent}{name}", _shown(value)))
    return rows


def _shown(value: Any) -> str:
    if not isinstance(value, list):
        return "none" if value is None else str(value)
    more = [f"and {len(value) - MOST_ITEMS} more; --json gives all of them"] if len(value) > MOST_ITEMS else []
    return ", ".join([*map(str, value[:MOST_ITEMS]), *more])


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"

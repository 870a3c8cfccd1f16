"""The live demo: a decoder fitted on all runs except the last decodes that one while it is replayed over LSL."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from rich.console import Console
from rich.table import Table

from ...decoder.bundle.compiled import CompiledDecoder
from ...decoder.cli.demo import DEMO
from ...decoder.readers import read_npz, write_npz
from ...decoder.report.markup import in_markup
from ...decoder.targets import WordTargets
from ...errors import InputError
from ..decision import LiveDecision
from ..engine.engine import Engine
from ..outputs.json_lines import Callback
from ..settings import LiveSettings
from ..verify.replayed import replayed
from .prepared import Prepared, prepared
from .session import Tally, decode
from .view import Scorer, View

STUDY = DEMO.with_name("demo_live.toml")
FIND_S = 60.0
"""A replay may start slowly on a busy machine."""


def live_demo(
    speed: float, make_view: Callable[[Scorer], View], aside: Callable[[], AbstractContextManager[None]]
) -> dict[str, Any]:
    """Replay and decode the last run of the demo's session, and return the decisions on each block, ready for JSON."""
    if not speed > 0:
        raise InputError(f"speed: expected seconds of the run in one, above 0, got {speed}")
    found = prepare()
    decoder = CompiledDecoder.load(found.bundle)
    targets = WordTargets(**decoder.manifest["targets"])
    scorer = scorer_of(targets)
    recording = read_npz(found.run)
    decisions: list[LiveDecision] = []
    tally = Tally()
    settings = LiveSettings(backlog="every", timeout_s=FIND_S)
    with aside(), replayed(recording, speed=speed) as source:
        view = make_view(scorer)
        engine = Engine(decoder, source, settings, outputs=[Callback(decisions.append), tally, view])
        ended = decode(engine, view)
    return {
        "type": "live demo",
        "ended": ended,
        "run": recording.source,
        "speed": speed,
        "bundle": str(found.bundle),
        "digest": decoder.digest,
        **scores(decisions, targets),
        "blocks": blocks(decisions, targets),
        **tally.to_dict(),
        "losses": engine.losses,
    }


def prepare() -> Prepared:
    """Return the fitted decoder and the held-out run, cached or new."""
    study = tomllib.loads(STUDY.read_text(encoding="utf-8"))
    return prepared("demo", [STUDY], [study["recording"]["name"], study["network"]["name"]], _fit)


def _fit(to: Prepared) -> None:
    from ...decoder.bundle.save import save
    from ...decoder.study.study import open_study

    Console(stderr=True).print("Fitting the demo's decoder on all runs but the last; next time it is there at once.")
    study = open_study(STUDY)
    recording = study.recording()
    *others, last = recording.runs
    decoder = study.fit(study.decoder(), recording.select(runs=others))
    write_npz(recording.select(runs=[last]), to.run)
    save(decoder, to.bundle)


def scorer_of(targets: WordTargets) -> Scorer:
    """Return a function that scores whether a decision means the marker's label."""

    def scorer(decision: LiveDecision) -> bool | None:
        if decision.label not in targets.keys or decision.abstained:
            return None
        return targets.meant(decision.said) == targets.keys.index(decision.label)

    return scorer


def scores(decisions: list[LiveDecision], targets: WordTargets) -> dict[str, Any]:
    """Shares of correct decisions: by free text, among all classes, and between two classes."""
    free, candidate, pairwise = [], [], []
    for one in decisions:
        if one.label not in targets.keys or one.abstained:
            continue
        key = targets.keys.index(one.label)
        true, *_ = targets.words[one.label]
        others = [p for answer, p in one.probabilities.items() if answer != true]
        free.append(targets.meant(one.said) == key)
        candidate.append(one.answer == true)
        pairwise.append(sum(one.probabilities[true] > p for p in others) / len(others))
    return {
        name: sum(of) / len(of) if of else None
        for name, of in (("free", free), ("candidate", candidate), ("pairwise", pairwise))
    } | {"chance": 1 / len(targets.keys)}


def blocks(decisions: list[LiveDecision], targets: WordTargets) -> list[dict[str, Any]]:
    """Each block's stimulus, its last decision, and how many of its decisions were correct."""
    scorer = scorer_of(targets)
    result = []
    by_event: dict[int, list[LiveDecision]] = {}
    for one in decisions:
        by_event.setdefault(one.event, []).append(one)
    for of_block in by_event.values():
        last = of_block[-1]
        result.append(
            {
                "start_s": of_block[0].start_s,
                "stop_s": last.stop_s,
                "shown": targets.words.get(last.label or "", [last.label or ""])[0],
                "said": last.said,
                "right": scorer(last),
                "n_decisions": len(of_block),
                "n_right": sum(scorer(one) is True for one in of_block),
            }
        )
    return result


def show_blocks(console: Console, result: dict[str, Any]) -> None:
    """Print a line for each block, and the shares."""
    right, wrong = ("+", "-") if console.options.ascii_only else ("✓", "✗")
    table = Table("seconds", "shown", "said in the end", "", "right on the way")
    for one in result["blocks"]:
        table.add_row(
            f"{one['start_s']:g} to {one['stop_s']:g}",
            in_markup(one["shown"]),
            in_markup(one["said"]),
            {True: f"[green]{right}[/]", False: f"[red]{wrong}[/]", None: ""}[one["right"]],
            f"{one['n_right']} of {one['n_decisions']}",
        )
    console.print(table)
    n_right = sum(one["right"] is True for one in result["blocks"])
    console.print(f"In the end of their blocks {n_right} of {len(result['blocks'])} words were right.")
    if result["free"] is not None:
        console.print(
            f"Of {result['n_decisions']} decisions, one for each volume: said freely {result['free']:.3f}, among "
            f"{1 / result['chance']:.0f} words {result['candidate']:.3f} (chance {result['chance']:.3f}), of two words "
            f"{result['pairwise']:.3f} (chance 0.5)."
        )
    compute = result["latency_ms"].get("compute")
    if compute:
        console.print(f"A decision took {compute['p50']:.0f} ms (median), {compute['max']:.0f} ms at most.")

"""``hotwire stream`` for a decoder of gist."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from ...decoder.gist.meter import NOT_DISTINGUISHABLE
from ...errors.printable import printable
from ..decision import Output
from ..engine.gist_engine import GistEngine
from ..live_text import LiveText
from ..settings import LiveSettings
from ..sources.source import Source
from ..word_times import EvenWords, MarkedWords, WordsByRate, WordTimes
from .session import decode
from .stream_outputs import SessionOutputs, where_kept
from .view import on_console

if TYPE_CHECKING:
    from ...decoder.bundle.compiled_gist import CompiledGist
    from ..swap import Commands

AHEAD_SAMPLES = 8
"""Evenly spoken words are known so far ahead."""


@dataclass
class TextTally(Output):
    """Counts texts, for the summary."""

    n_samples: int = 0
    n_distinguishable: int = 0
    n_of_passages: Counter[str] = field(default_factory=Counter)
    last: LiveText | None = None
    longest_s: float = 0.0

    def text(self, text: LiveText) -> None:
        self.n_samples += 1
        self.n_distinguishable += text.distinguishable
        if text.passage is not None:
            self.n_of_passages[text.passage] += 1
        self.longest_s = max(self.longest_s, text.compute_s)
        self.last = text


def run_gist(
    decoder: CompiledGist,
    source: Source,
    settings: LiveSettings,
    session: SessionOutputs,
    options: dict[str, Any],
    commands: Commands | None,
) -> dict[str, Any]:
    """Decode until the end, and return the summary."""
    given = options["words_per_s"]
    if options["markers"] and given is not None:
        raise click.UsageError("--words-per-s goes without --markers: those say when words are said")
    words, source_of_times = _word_times(decoder, options["markers"], given)
    tally, view = TextTally(), on_console("hotwire stream", draws=False)
    outputs = [tally, *session.every, *([] if options["as_json"] else [view])]
    engine = GistEngine(decoder, source, words, settings, outputs=outputs, recorder=session.recorder)
    session.warn(engine)
    ended = decode(engine, view, commands=commands, monitor=session.monitor, seconds=options["seconds"])
    last = tally.last
    return {
        "type": "summary",
        "ended": ended,
        "bundle": decoder.digest,
        "state": str(engine.state),
        "markers": None if engine.markers is None else str(engine.markers),
        "word_times": source_of_times,
        "n_samples": tally.n_samples,
        "n_words": 0 if last is None else last.n_final,
        "n_distinguishable": tally.n_distinguishable,
        "passages": dict(tally.n_of_passages.most_common()),
        "beam": None if last is None else last.width,
        "longest_compute_s": tally.longest_s,
        "losses": engine.losses,
        **session.result(engine),
    }


def _word_times(decoder: CompiledGist, markers: str | None, words_per_s: float | None) -> tuple[WordTimes, str]:
    """When words are said, and where that is known from."""
    if markers:
        return MarkedWords(1 / decoder.words_per_s), "markers"
    if words_per_s is None and decoder.rate is not None:
        return WordsByRate(decoder.rate), "the brain"
    rate = decoder.words_per_s if words_per_s is None else words_per_s
    why = ", since the bundle is of an older hotwire" if words_per_s is None else ""
    return EvenWords(rate, AHEAD_SAMPLES / decoder.rate_hz), f"an even rate of {rate:.3g} a second{why}"


def summary_of_gist(result: dict[str, Any]) -> str:
    lost = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in result["losses"].items() if n)
    named = ", ".join(f"{name} (after {n} samples)" for name, n in result["passages"].items())
    share = result["n_distinguishable"] / max(result["n_samples"], 1)
    lines = [
        f"Ended: {result['ended']}. {result['n_words']} words after {result['n_samples']} samples, their times from "
        f"{result['word_times']}.",
        f"After {share:.0%} of the samples the text was the brain's; else {NOT_DISTINGUISHABLE}.",
        f"Passages named: {named or 'none'}.",
        f"Losses: {lost or 'none'}. The words of a sample took at most {result['longest_compute_s']:.2f} s.",
    ]
    return "\n".join(map(printable, [*lines, *where_kept(result)]))

"""``hotwire stream`` for a decoder of classes."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from ...errors.printable import printable
from .source_option import tells_events
from .stream_outputs import SessionOutputs, where_kept

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder
    from ...decoder.windows import Window
    from ..settings import LiveSettings
    from ..sources.source import Source
    from ..swap import Commands


def check_events(window: Window, options: dict[str, Any]) -> None:
    """Raise click.UsageError where windows follow events that nothing tells."""
    from ...decoder.windows import EventWindow

    if isinstance(window, EventWindow) and not tells_events(options):
        raise click.UsageError(
            "the decoder's windows follow events: expected --markers, the stream that tells them, --events, a protocol "
            "for volumes, or --window sliding:LENGTH/EVERY"
        )


def run_classes(
    decoder: CompiledDecoder,
    source: Source,
    settings: LiveSettings,
    session: SessionOutputs,
    options: dict[str, Any],
    commands: Commands | None,
) -> dict[str, Any]:
    """Decode until the end, and return the summary."""
    from ..engine.engine import Engine
    from .session import Tally, decode, liblsl_aside
    from .view import on_console

    draws = not (options["plain"] or options["as_json"]) and sys.stdout.isatty()
    with liblsl_aside(None if session.out is None else session.out / "lsl.log") if draws else nullcontext():
        title = "hotwire stream" if session.monitor is None else f"hotwire stream, {session.monitor.url}"
        tally, view = Tally(), on_console(title, draws)
        outputs = [tally, *session.every, *([] if options["as_json"] else [view])]
        engine = Engine(decoder, source, settings, outputs=outputs, recorder=session.recorder)
        session.warn(engine)
        ended = decode(engine, view, commands=commands, monitor=session.monitor, seconds=options["seconds"])
    return {
        "type": "summary",
        "ended": ended,
        "bundle": engine.active.decoder.digest,
        "state": str(engine.state),
        "markers": None if engine.markers is None else str(engine.markers),
        **tally.to_dict(),
        "losses": engine.losses,
        **session.result(engine),
    }


def summary_of_classes(result: dict[str, Any]) -> str:
    lines = [
        f"Ended: {result['ended']}. {result['n_decisions']} decisions, {result['n_abstained']} abstained, "
        f"{result['n_late']} late, {result['n_in_shadow']} in shadow."
    ]
    lost = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in result["losses"].items() if n)
    lines.append(f"Losses: {lost or 'none'}.")
    if result["markers"] not in (None, "LIVE"):
        lines.append(f"Markers: {result['markers']} in the end.")
    for name, of in result["latency_ms"].items():
        lines.append(f"{name:>8}: {of['p50']:.2f} ms (median), {of['p99']:.2f} ms (99 %), {of['max']:.2f} ms (most)")
    return "\n".join(map(printable, [*lines, *where_kept(result)]))

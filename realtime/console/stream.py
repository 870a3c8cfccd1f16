"""The command ``hotwire stream``."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...decoder.cli.result import CommandResult
from ...errors.printable import printable
from .channels_option import read_channels
from .monitor_option import commands_of, monitor_options
from .rate_option import check_rate
from .seconds import Seconds
from .source_option import FolderPath, source_of, source_options, tells_events
from .stream_outputs import outputs_of, where_kept
from .window_option import read_sliding, window_for

if TYPE_CHECKING:
    from ...decoder.windows import Window
    from ..settings import LiveSettings


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@source_options
@click.option(
    "--words-per-s",
    type=float,
    help="For a decoder of gist, without --markers of words: how many words are said, evenly; else as the brain tells.",
)
@click.option(
    "--window",
    callback=read_sliding,
    default="own",
    show_default=True,
    metavar="own|sliding:LENGTH/EVERY",
    help="When to decide: as the decoder says, or every EVERY seconds on the last LENGTH, whatever the markers. For a "
    "decoder whose window holds samples, LENGTH is as long as that.",
)
@click.option(
    "--channels",
    callback=read_channels,
    default="exact",
    show_default=True,
    metavar="exact|by-name|by-position|OURS=THEIRS,...",
    help="How the stream's channels have to match the decoder's; or which of them is which, by name or number, as in "
    "C3=1,Cz=2,C4=4.",
)
@click.option(
    "--units",
    default="exact",
    show_default=True,
    metavar="exact|convert|UNIT",
    help="convert: bring other units to the decoder's. UNIT: what the stream sends, such as V, whatever it says.",
)
@click.option(
    "--rate",
    type=click.Choice(["exact", "resample"]),
    default="exact",
    show_default=True,
    help="resample: bring a stream of another rate to the decoder's.",
)
@click.option(
    "--backlog",
    type=click.Choice(["catch-up", "newest", "every"]),
    default="catch-up",
    show_default=True,
    help="Where decisions queue up: skip those past the deadline, all but the newest, or none.",
)
@click.option("--deadline", "deadline_s", type=float, help="Seconds after its newest sample that a decision is late.")
@click.option(
    "--on-late",
    type=click.Choice(["publish", "withhold"]),
    default="publish",
    show_default=True,
    help="What to do with late decisions.",
)
@click.option(
    "--least-present",
    type=click.FloatRange(0.0, 1.0),
    default=0.75,
    show_default=True,
    help="Decide on a window only where at least this share of its samples came.",
)
@click.option(
    "--find", "find_s", type=Seconds(), default=10.0, show_default=True, help="Seconds to look for the stream."
)
@click.option("--out", type=FolderPath, help="Keep decisions.jsonl there, and take commands (hotwire swap).")
@click.option("--record", is_flag=True, help="Keep the raw stream in --out, too, as XDF.")
@click.option(
    "--publish",
    default="hotwire",
    show_default=True,
    metavar="NAME|none",
    help="Send NAME-decisions, NAME-probabilities, NAME-details and NAME-status over LSL.",
)
@click.option(
    "--output",
    "to",
    multiple=True,
    metavar="URL|NAME[:KEY=VALUE,...]",
    help="Also send decisions and states to udp://HOST:PORT (JSON), osc://HOST:PORT, ws://HOST:PORT (a server for web "
    "pages), or to an output that a package brings. May be given several times.",
)
@monitor_options
@click.option(
    "--require-signature",
    metavar="KEY.pub",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Take only bundles that were signed with the private key to it (hotwire keys, hotwire sign), also "
    "by hotwire swap.",
)
@click.option("--seconds", type=Seconds(), help="Stop after so many.")
@click.option("--plain", is_flag=True, help="Print lines instead of drawing; as whenever the output is no terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print decisions and states as lines of JSON, then a summary.")
def stream(bundle: Path, **options: Any) -> CommandResult:
    """Decode a live stream with a saved decoder.

    The stream comes from LSL, or from a folder of volumes or DICOM files, and must carry what the decoder was fitted
    on. Ctrl-C ends the session with a summary and exit code 0 (130 as long as the stream was not found).
    """
    from ...decoder.bundle.compiled import CompiledDecoder
    from ...decoder.bundle.compiled_gist import CompiledGist
    from ...decoder.bundle.loading import load_decoder
    from ...decoder.bundle.signature import RequiredSignature
    from ...decoder.windows import EventWindow
    from ..engine.engine import Engine
    from ..swap import Commands
    from .session import Tally, decode, liblsl_aside
    from .view import on_console

    if options["record"] and options["out"] is None:
        raise click.UsageError("--record needs --out, the folder to record into")
    required = None if options["require_signature"] is None else RequiredSignature(options["require_signature"])
    decoder = load_decoder(bundle) if required is None else required.load(bundle, load_decoder)
    check_rate(decoder, options["rate"])
    is_gist = isinstance(decoder, CompiledGist)
    if options["words_per_s"] is not None and not is_gist:
        raise click.UsageError("--words-per-s goes with a decoder of gist")
    settings = _settings(options, None if is_gist else window_for(decoder, options["window"]))
    source = source_of(decoder, options)
    follows_events = not is_gist and isinstance(settings.window or decoder.window, EventWindow)
    if follows_events and not tells_events(options):
        raise click.UsageError(
            "the decoder's windows follow events: expected --markers, the stream that tells them, --events, a protocol "
            "for volumes, or --window sliding:LENGTH/EVERY"
        )
    folder = None if is_gist else commands_of(options["out"], options)
    load = CompiledDecoder.load if required is None else partial(required.load, load=CompiledDecoder.load)
    commands = None if folder is None else Commands(folder, load)
    session = outputs_of(decoder, options, {"bundle": str(bundle), **_plain(options, settings.window)}, folder)
    if isinstance(decoder, CompiledGist):
        from .stream_gist import run_gist, summary_of_gist

        found = run_gist(decoder, source, settings, session, options)
        return CommandResult(found, lambda console: console.print(summary_of_gist(found), markup=False))
    draws = not (options["plain"] or options["as_json"]) and sys.stdout.isatty()
    with liblsl_aside(None if session.out is None else session.out / "lsl.log") if draws else nullcontext():
        title = "hotwire stream" if session.monitor is None else f"hotwire stream, {session.monitor.url}"
        tally, view = Tally(), on_console(title, draws)
        outputs = [tally, *session.every, *([] if options["as_json"] else [view])]
        engine = Engine(decoder, source, settings, outputs=outputs, recorder=session.recorder)
        session.warn(engine)
        ended = decode(engine, view, commands=commands, monitor=session.monitor, seconds=options["seconds"])
    result = {
        "type": "summary",
        "ended": ended,
        "bundle": engine.active.decoder.digest,
        "state": str(engine.state),
        "markers": None if engine.markers is None else str(engine.markers),
        **tally.to_dict(),
        "losses": engine.losses,
        **session.result(engine),
    }
    return CommandResult(result, lambda console: console.print(summary_of(result), markup=False))


def _settings(options: dict[str, Any], window: Window | None) -> LiveSettings:
    from ..settings import LiveSettings

    return LiveSettings(
        window=window,
        channels=options["channels"],
        units=options["units"],
        rate=options["rate"],
        backlog=options["backlog"],
        deadline_s=options["deadline_s"],
        on_late=options["on_late"],
        min_present=options["least_present"],
        timeout_s=options["find_s"],
    )


def _plain(options: dict[str, Any], window: Window | None) -> dict[str, Any]:
    """The options in plain types, for JSON."""
    from_, to = options["from_"], options["to"]
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
    for name in ("from_", "to", "out", "record", "publish"):
        del plain[name]
    named = ({"from": from_} if from_ else {}) | ({"output": to} if to else {})
    return plain | {"window": "own" if window is None else window.to_dict()} | named


def summary_of(result: dict[str, Any]) -> str:
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

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
from .monitor_option import commands_of, monitor_of, monitor_options
from .rate_option import check_rate
from .seconds import Seconds
from .source_option import FolderPath, source_of, source_options, tells_events
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
    help="For a decoder of gist, without --markers of words: how many words are said, evenly; else as in the training.",
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
def stream(bundle: Path, out: Path | None, record: bool, publish: str, **options: Any) -> CommandResult:
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
    from ..outputs.json_lines import JsonLines
    from ..outputs.xdf import XdfRecorder
    from ..plugins import make_output
    from ..swap import Commands
    from .session import JsonStream, Tally, decode, liblsl_aside
    from .view import on_console

    if record and out is None:
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
    recorder = outlets = lines = None
    folder = None if is_gist else commands_of(out, options)
    load = CompiledDecoder.load if required is None else partial(required.load, load=CompiledDecoder.load)
    commands = None if folder is None else Commands(folder, load)
    monitor = monitor_of(options, folder)
    tally = Tally()
    outputs: list[Any] = [tally, *(make_output(text, decoder) for text in options["to"])]
    if monitor is not None:
        outputs.append(monitor)
    if publish != "none":
        from ..outputs.lsl_outputs import LslOutlets

        outlets = LslOutlets(publish)
        outputs.append(outlets)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        lines = JsonLines(out / "decisions.jsonl", {"bundle": str(bundle), **_plain(options, settings.window)})
        outputs.append(lines)
        recorder = XdfRecorder(_unused(out / "raw.xdf")) if record else None
    draws = not (options["plain"] or options["as_json"]) and sys.stdout.isatty()
    if options["as_json"]:
        assert sys.__stdout__ is not None
        outputs.append(JsonStream(sys.__stdout__))
    if isinstance(decoder, CompiledGist):
        from .stream_gist import run_gist, summary_of_gist

        found = run_gist(decoder, source, settings, outputs[1:], recorder, options)
        found["out"] = None if out is None else str(out)
        return CommandResult(found, lambda console: console.print(summary_of_gist(found), markup=False))
    with liblsl_aside(None if out is None else out / "lsl.log") if draws else nullcontext():
        title = "hotwire stream" if monitor is None else f"hotwire stream, {monitor.url}"
        view = on_console(title, draws)
        if not options["as_json"]:
            outputs.append(view)
        engine = Engine(decoder, source, settings, outputs=outputs, recorder=recorder)
        if outlets is not None and outlets.elsewhere:
            engine.report(
                f"{', '.join(outlets.elsewhere)} publishes {publish}-decisions, too: receivers have to ask for a "
                "source_id, or give this session another name (--publish)"
            )
        ended = decode(engine, view, commands=commands, monitor=monitor, seconds=options["seconds"])
    result = {
        "type": "summary",
        "ended": ended,
        "bundle": engine.active.decoder.digest,
        "state": str(engine.state),
        "markers": None if engine.markers is None else str(engine.markers),
        **tally.to_dict(),
        "losses": engine.losses,
        "out": None if out is None else str(out),
        "out_stopped": None if lines is None else engine.why_stopped(lines),
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
    del plain["from_"], plain["to"]
    named = ({"from": from_} if from_ else {}) | ({"output": to} if to else {})
    return plain | {"window": "own" if window is None else window.to_dict()} | named


def _unused(path: Path) -> Path:
    """The path, with a number if an earlier session's file has that name."""
    number = 1
    numbered = path
    while numbered.exists():
        number += 1
        numbered = path.with_stem(f"{path.stem}-{number}")
    return numbered


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
    if result["out"] is not None:
        path, why = Path(result["out"]) / "decisions.jsonl", result["out_stopped"]
        lines.append(f"Decisions are in {path}." if why is None else f"{path} lacks later decisions: {why}.")
    return "\n".join(map(printable, lines))

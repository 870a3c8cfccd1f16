"""The command ``hotwire stream``."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...decoder.cli.result import CommandResult
from ...errors import InputError
from .feedback_option import check_feedback, feedback_options
from .monitor_option import commands_of, monitor_options
from .rate_option import check_rate
from .seconds import Seconds
from .settings_options import settings_of, settings_options
from .source_option import FolderPath, source_of, source_options
from .stream_outputs import outputs_of
from .window_option import window_for

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder
    from ...decoder.windows import Window


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@source_options
@click.option(
    "--words-per-s",
    type=float,
    help="For a decoder of gist, without --markers of words: how many words are said, evenly; else as the brain tells.",
)
@settings_options
@feedback_options
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
    from ..swap import Commands
    from .stream_classes import check_events, run_classes, summary_of_classes
    from .stream_gist import run_gist, summary_of_gist

    if options["record"] and options["out"] is None:
        raise click.UsageError("--record needs --out, the folder to record into")
    check_feedback(options)
    required = None if options["require_signature"] is None else RequiredSignature(options["require_signature"])
    decoder = load_decoder(bundle) if required is None else required.load(bundle, load_decoder)
    check_rate(decoder, options["rate"])
    is_gist = isinstance(decoder, CompiledGist)
    for option, name, of_gist in (("--words-per-s", "words_per_s", True), ("--feedback", "feedback", False)):
        if options[name] is not None and is_gist != of_gist:
            raise click.UsageError(f"{option} goes with a decoder of {'gist' if of_gist else 'classes'}")
    settings = settings_of(options, None if is_gist else window_for(decoder, options["window"]))
    source = source_of(decoder, options)
    if not is_gist:
        check_events(settings.window or decoder.window, options)
    folder = commands_of(options["out"], options)
    load = CompiledDecoder.load if required is None else partial(required.load, load=CompiledDecoder.load)
    commands = None if folder is None else Commands(folder, _not_exchanged if is_gist else load)
    session = outputs_of(decoder, options, {"bundle": str(bundle), **_plain(options, settings.window)}, folder)
    given = source, settings, session, options, commands
    if is_gist:
        found, summary = run_gist(decoder, *given), summary_of_gist
    else:
        found, summary = run_classes(decoder, *given), summary_of_classes
    return CommandResult(found, lambda console: console.print(summary(found), markup=False))


def _plain(options: dict[str, Any], window: Window | None) -> dict[str, Any]:
    """The options in plain types, for JSON."""
    from_, to = options["from_"], options["to"]
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
    for name in ("from_", "to", "out", "record", "publish"):
        del plain[name]
    if options["baseline"] is not None:
        plain["baseline"] = asdict(options["baseline"])
    named = ({"from": from_} if from_ else {}) | ({"output": to} if to else {})
    return plain | {"window": "own" if window is None else window.to_dict()} | named


def _not_exchanged(bundle: str) -> CompiledDecoder:
    """Raise InputError, before a bundle is loaded that cannot take over."""
    from ..engine.live_engine import NOT_EXCHANGED

    raise InputError(NOT_EXCHANGED)

"""The command ``hotwire calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ....decoder.cli.result import CommandResult
from ..seconds import Seconds


@click.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--stream", metavar="NAME", help="The LSL stream's name.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Where bundle, raw stream and learning curve are kept.",
)
@click.option(
    "--trials-per-class", "n_per_class", default=20, show_default=True, help="How often each word is asked for."
)
@click.option("--cue-s", default=4.0, show_default=True, help="Seconds that a cue is shown.")
@click.option("--rest-s", default=2.0, show_default=True, help="Seconds of rest behind it.")
@click.option(
    "--ready-s", default=3.0, show_default=True, help="Seconds to get ready in before each block; so long is the break."
)
@click.option(
    "--good-enough", default=0.8, show_default=True, help="The accuracy that is asked for, of the interval's low end."
)
@click.option(
    "--stop",
    type=click.Choice(["when-good", "all"]),
    default="when-good",
    show_default=True,
    help="End as soon as the decoder is good enough, or give all cues.",
)
@click.option("--channel", "channels", multiple=True, help="Take this channel; may be repeated. All, if not given.")
@click.option("--markers", default="hotwire-cues", show_default=True, metavar="NAME", help="Send the cues over LSL so.")
@click.option(
    "--find", "find_s", type=Seconds(), default=10.0, show_default=True, help="Seconds to look for the stream."
)
@click.option("--seed", default=0, show_default=True, help="Of the order of cues.")
@click.option("--resume", is_flag=True, help="Go on with the session in --out.")
@click.option("--simulate", is_flag=True, help="Start a simulated participant, who reacts to the cues.")
@click.option("--go-live", is_flag=True, help="Then decode the stream with the new decoder, as hotwire stream does.")
@click.option("--plain", is_flag=True, help="Print lines instead of drawing; as whenever the output is no terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.pass_context
def calibrate(context: click.Context, study: Path, **options: Any) -> CommandResult:
    """Teach a decoder a person's activity: ask for each of STUDY's words in turn, and learn from what comes.

    STUDY tells network, words and decoder; its recording is not read. Each trial is decided on before it is learned
    from, so that the learning curve is honest. The raw stream is kept in OUT/raw.xdf, with a run for each block of cues
    and a marker for each trial that was learned from: a study of kind "xdf" reads it, and may be STUDY itself. Ctrl-C
    ends the session early, and keeps all of it.
    """
    import sys

    from .run import CalibrationRequest, calibrated

    if options["stream"] is None and not options["simulate"]:
        raise click.UsageError("expected --stream, the name of an LSL stream, or --simulate")
    as_json, plain = options.pop("as_json"), options.pop("plain")
    draws = not (plain or as_json) and sys.stdout.isatty()
    return calibrated(context, CalibrationRequest(study, draws=draws, **options))

"""The command ``hotwire replay``."""

from __future__ import annotations

import click

from ...decoder.cli.options import json_option
from ...decoder.cli.result import CommandResult
from ...errors.printable import printable
from .seconds import Seconds


@click.command()
@click.argument("recording")
@click.option("--name", default="replay", show_default=True, help="Of the stream; its markers are NAME-markers.")
@click.option("--run", "runs", multiple=True, help="Only this run; may be repeated.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="Seconds of the recording sent in one.")
@click.option("--chunk-s", type=float, default=0.02, show_default=True, help="Seconds between two chunks.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND@...",
    help="What goes wrong, such as lost@10:1 or nan@10:5:Cz: from second 10 on, for 1 or 5; may be repeated.",
)
@click.option("--type", "kind", default="replay", show_default=True, help="LSL's content type, e.g. EEG.")
@click.option("--source-id", help="By default made from the name.")
@click.option(
    "--begin",
    type=click.Choice(["when-heard", "at-once"]),
    default="when-heard",
    show_default=True,
    help="Wait for someone to take the samples, or not.",
)
@click.option(
    "--linger", type=Seconds(zero=True), default=1.0, show_default=True, help="Seconds to stay after the last sample."
)
@json_option
def replay(
    recording: str,
    name: str,
    runs: tuple[str, ...],
    speed: float,
    chunk_s: float,
    faults: tuple[str, ...],
    kind: str,
    source_id: str | None,
    begin: str,
    linger: float,
) -> CommandResult:
    """Send a recording over LSL as if it were happening now, with its events as markers.

    RECORDING is a study (.toml), a recording that hotwire wrote (.npz), an XDF file (.xdf), one for MNE-Python (.fif,
    .edf, .bdf, .vhdr, .set, ...), or the word demo. Several runs follow each other without a break.
    """
    from ...decoder.report.markup import in_markup
    from ..verify.replay import replay as send
    from .progress import progress_bar
    from .recordings import named_runs, open_recording

    opened = open_recording(recording)
    title = in_markup(name)
    waiting = f"{title}: waiting until someone listens to this LSL stream; --begin at-once does not wait"
    with progress_bar(title, waiting if begin == "when-heard" else None) as progress:
        sent = send(
            opened,
            name,
            speed=speed,
            runs=named_runs(opened, runs),
            faults=faults,
            chunk_s=chunk_s,
            type=kind,
            source_id=source_id,
            wait_s=float("inf") if begin == "when-heard" else 0.0,
            linger_s=linger,
            progress=progress,
        )
    result = {"recording": opened.source, "name": name, **sent._asdict()}
    message = (
        f"Sent {sent.n_sent} of {sent.n_samples} samples and {sent.n_markers} markers of {opened.source}, as the "
        f"stream {name!r}."
    )
    return CommandResult(result, lambda console: console.print(printable(message), markup=False))

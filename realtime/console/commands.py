"""The commands for live streams but `hotwire stream` itself; `hotwire` finds them as entry points.

What a command needs is imported when it runs. On a rig, ``hotwire[cli]`` is enough for them.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...decoder.cli.commands import Answer, json_option
from ...errors import InputError
from ...errors.printable import json_text, printable

if TYPE_CHECKING:
    from rich.console import Console


FolderPath = click.Path(file_okay=False, path_type=Path)
FilePath = click.Path(dir_okay=False, path_type=Path)


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
@click.option("--linger", type=float, default=1.0, show_default=True, help="Seconds to stay after the last sample.")
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
) -> Answer:
    """Send a recording over LSL as if it were happening now, with its events as markers.

    RECORDING is a study (.toml), a recording that hotwire wrote (.npz), an XDF file (.xdf), one for MNE-Python (.fif,
    .edf, .bdf, .vhdr, .set, ...), or the word demo. Several runs follow each other without a break.
    """
    from rich.progress import Progress

    from ...decoder.report.markup import in_markup
    from ..verify.replay import replay as send
    from .recordings import named_runs, open_recording

    opened = open_recording(recording)
    shown = in_markup(name)
    with Progress(console=_on_stderr(), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(shown + ": waiting to be heard" * (begin == "when-heard"), total=None)
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
            progress=lambda done, of: bar.update(task, description=shown, completed=done, total=of),
        )
    found = {"recording": opened.source, "name": name, **sent._asdict()}
    sent_of = f"{sent.n_sent} of {sent.n_samples} samples and {sent.n_markers} markers of {opened.source}"
    told = f"Sent {sent_of}, as the stream {name!r}."
    return Answer(found, lambda console: console.print(printable(told), markup=False))


@click.command()
@click.argument("folder", type=FolderPath)
@click.argument("bundle", required=False, type=click.Path(path_type=Path))
@click.option("--promote", "command", flag_value="promote", help="Let the bundle in the shadow take over.")
@click.option("--rollback", "command", flag_value="rollback", help="Go back to the bundle before, or drop the shadow.")
@click.option("--stop", "command", flag_value="stop", help="End the session.")
@json_option
def swap(folder: Path, bundle: Path | None, command: str | None) -> Answer:
    """Command a running `hotwire stream --out FOLDER`.

    With BUNDLE: load it and let it run in the shadow, where it decides without being published. Then --promote it.
    """
    from ..swap import send

    if (bundle is None) == (command is None):
        raise click.UsageError("expected either a BUNDLE or one of --promote, --rollback and --stop")
    commands = folder / "commands"
    if not commands.is_dir():
        raise InputError(f"folder: no session takes commands in {folder}; start one with hotwire stream --out {folder}")
    told = send(commands, command or "load", bundle)
    asked = command or "load"
    return Answer(
        {"command": asked, "told": told}, lambda console: console.print(printable(f"{asked}: {told}"), markup=False)
    )


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("recording")
@click.option("--run", "runs", multiple=True, help="Only this run; may be repeated.")
@click.option("--cuttings", default=50, show_default=True, help="How many times to cut each run anew.")
@click.option("--seed", default=0, show_default=True, help="Of the first cutting.")
@click.option(
    "--lsl",
    type=click.Choice(["also", "never"]),
    default="also",
    show_default=True,
    help="Whether to replay each run over LSL from another process, too.",
)
@click.option("--out", type=FilePath, help="Write the certificate there, as JSON.")
@json_option
def verify(
    bundle: Path, recording: str, runs: tuple[str, ...], cuttings: int, seed: int, lsl: Any, out: Path | None
) -> Answer:
    """Certify that a decoder decides the same live as offline, bit for bit.

    Every decision on RECORDING (a study, .npz, .xdf, or the word demo) is made offline, then live with each run cut
    into chunks of random lengths and markers early and late, many times, and once through LSL between two processes.
    The exit code is 0 if all are equal, else 1.
    """
    from rich.progress import Progress

    from ..verify.verify import verify as compare
    from .recordings import named_runs, open_recording

    if out is not None and not out.parent.is_dir():
        raise InputError(f"out: there is no folder {out.parent} to write {out.name} into; make it first")
    opened = open_recording(recording)
    with Progress(console=_on_stderr(), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("passes", total=None)
        certificate = compare(
            bundle,
            opened,
            runs=named_runs(opened, runs),
            cuttings=cuttings,
            seed=seed,
            lsl=lsl,
            progress=lambda done, of: bar.update(task, completed=done, total=of),
        )
    found = certificate.to_dict()
    if out is not None:
        out.write_text(json_text(found, indent=1) + "\n", encoding="utf-8")
    return Answer(
        found,
        lambda console: console.print(_readable(found), markup=False),
        code=0 if certificate.passed else 1,
    )


def _readable(found: dict[str, Any]) -> str:
    from ...decoder.fitted_on import warning_of

    cuttings, lsl = found["cuttings"], found["lsl"]
    lines = [
        f"{found['result']}: {found['n_decisions']} decisions, offline against live",
        f"bundle     {found['bundle']['path']}, SHA-256 {found['bundle']['sha256']}",
        f"recording  {found['recording']['source']}, run {', '.join(found['recording']['runs'])}, "
        f"SHA-256 {found['recording']['sha256']}",
        f"cuttings   {cuttings['n']} from seed {cuttings['seed']}: {cuttings['n_compared']} decisions compared, "
        f"{cuttings['n_unequal']} differ",
        "LSL        not asked for"
        if lsl is None
        else f"LSL        between two processes: {lsl['n_compared']} decisions compared, {lsl['n_unequal']} differ",
        f"with       {', '.join(f'{name} {number}' for name, number in found['versions'].items())}; "
        f"{found['machine']['system']}, {found['machine']['cores']} cores; {found['at']}; {found['seconds']:.0f} s",
    ]
    told = warning_of(found["recording"]["part_of_fit"])
    lines += [] if told is None else [told]
    for one in found["differences"]:
        lines.append(
            f"  {one['where']}: run {one['run']}, {one['label'] or 'no event'}, samples {one['first']} to "
            f"{one['stop']}: {', '.join(one['differs'])}"
        )
    return "\n".join(map(printable, lines))


@click.command("demo-live", hidden=True)
@click.option("--speed", type=float, default=20.0, show_default=True)
@json_option
def demo_live(speed: float) -> Answer:
    """Replay a run of the demo's session over LSL, and decode it as it arrives."""
    from .demo import live_demo, show_blocks
    from .session import liblsl_aside
    from .view import on_console

    draws = sys.stdout.isatty()
    found = live_demo(
        speed,
        lambda judge: on_console("hotwire demo --live", draws, judge),
        lambda: liblsl_aside(None) if draws else nullcontext(),
    )
    return Answer(found, lambda console: show_blocks(console, found))


def _on_stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True, emoji=False)

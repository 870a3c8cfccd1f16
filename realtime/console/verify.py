"""The command ``hotwire verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...decoder.cli.options import json_option
from ...decoder.cli.result import CommandResult
from ...errors import InputError
from ...errors.printable import json_text, printable


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
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the certificate there, as JSON.")
@json_option
def verify(
    bundle: Path, recording: str, runs: tuple[str, ...], cuttings: int, seed: int, lsl: Any, out: Path | None
) -> CommandResult:
    """Certify that a decoder decides the same live as offline, bit for bit.

    Every decision on RECORDING (a study, .npz, .xdf, or the word demo) is made offline, then live with each run cut
    into chunks of random lengths and markers early and late, many times, and once through LSL between two processes.
    The exit code is 0 if all are equal, else 1.
    """
    from ..verify.verify import verify as compare
    from .progress import progress_bar
    from .recordings import named_runs, open_recording

    if out is not None and not out.parent.is_dir():
        raise InputError(f"out: there is no folder {out.parent} to write {out.name} into; make it first")
    opened = open_recording(recording)
    with progress_bar("passes") as progress:
        certificate = compare(
            bundle, opened, runs=named_runs(opened, runs), cuttings=cuttings, seed=seed, lsl=lsl, progress=progress
        )
    result = certificate.to_dict()
    if out is not None:
        out.write_text(json_text(result, indent=1) + "\n", encoding="utf-8")
    return CommandResult(
        result,
        lambda console: console.print(_readable(result), markup=False),
        code=0 if certificate.passed else 1,
    )


def _readable(result: dict[str, Any]) -> str:
    from ...decoder.fitted_on import warning_of

    bundle, recording, machine = result["bundle"], result["recording"], result["machine"]
    cuttings, lsl = result["cuttings"], result["lsl"]
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    lines = [
        f"{result['result']}: {result['n_decisions']} decisions, offline against live",
        f"bundle     {bundle['path']}, SHA-256 {bundle['sha256']}",
        f"recording  {recording['source']}, run {', '.join(recording['runs'])}, SHA-256 {recording['sha256']}",
        f"cuttings   {cuttings['n']} from seed {cuttings['seed']}: {cuttings['n_compared']} decisions compared, "
        f"{cuttings['n_unequal']} differ",
        "LSL        not asked for"
        if lsl is None
        else f"LSL        between two processes: {lsl['n_compared']} decisions compared, {lsl['n_unequal']} differ",
        f"with       {versions}; {machine['system']}, {machine['cores']} cores; {result['at']}; "
        f"{result['seconds']:.0f} s",
    ]
    warning = warning_of(recording["part_of_fit"])
    lines += [] if warning is None else [warning]
    lines += [
        f"  {one['where']}: run {one['run']}, {one['label'] or 'no event'}, samples {one['first']} to {one['stop']}: "
        f"{', '.join(one['differs'])}"
        for one in result["differences"]
    ]
    return "\n".join(map(printable, lines))

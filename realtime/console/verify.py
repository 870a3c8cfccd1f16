"""The command ``hotwire verify``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...decoder.cli.options import json_option
from ...decoder.cli.result import CommandResult
from ...errors import InputError
from ...errors.printable import json_text, printable

if TYPE_CHECKING:
    from ..verify.verify import Certificate

LOSSES = {"lost": "samples lost", "nonfinite": "with NaN", "duplicated": "sent twice"}


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
@click.option(
    "--least-present",
    type=float,
    default=0.75,
    show_default=True,
    help="The share of a window's samples below which the session abstains, as in hotwire stream.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the certificate there, as JSON.")
@json_option
def verify(
    bundle: Path,
    recording: str,
    runs: tuple[str, ...],
    cuttings: int,
    seed: int,
    lsl: Any,
    least_present: float,
    out: Path | None,
) -> CommandResult:
    """Certify that a decoder decides the same live as offline, bit for bit.

    Every decision on RECORDING (a study, .npz, .xdf, or the word demo) is made offline, then live with each run cut
    into chunks of random lengths and markers early and late, many times, and once through LSL between two processes.
    Then samples are lost, a channel is NaN or flat, a chunk comes twice: the session must decide and abstain as an
    offline twin of which the same samples are missing. The exit code is 0 if all are equal, else 1.
    """
    from ...decoder.bundle.compiled_gist import decodes_gist
    from ..verify.gist import verify_gist
    from ..verify.verify import verify as compare
    from .progress import progress_bar
    from .recordings import named_runs, open_recording

    if out is not None and not out.parent.is_dir():
        raise InputError(f"out: there is no folder {out.parent} to write {out.name} into; make it first")
    opened = open_recording(recording)
    if decodes_gist(bundle):
        with progress_bar("passes") as progress:
            certificate = verify_gist(
                bundle, opened, runs=named_runs(opened, runs), cuttings=cuttings, seed=seed, progress=progress
            )
        return _result(certificate, out, _readable_gist)
    with progress_bar("passes") as progress:
        certificate = compare(
            bundle,
            opened,
            runs=named_runs(opened, runs),
            cuttings=cuttings,
            seed=seed,
            lsl=lsl,
            min_present=least_present,
            progress=progress,
        )
    return _result(certificate, out, _readable)


def _result(certificate: Certificate, out: Path | None, readable: Callable[[dict[str, Any]], str]) -> CommandResult:
    result = certificate.to_dict()
    if out is not None:
        out.write_text(json_text(result, indent=1) + "\n", encoding="utf-8")
    return CommandResult(
        result,
        lambda console: console.print(readable(result), markup=False),
        code=0 if certificate.passed else 1,
    )


def _readable_gist(result: dict[str, Any]) -> str:
    from ...decoder.fitted_on import warning_of

    bundle, recording, cuttings = result["bundle"], result["recording"], result["cuttings"]
    lines = [
        f"{result['result']}: {result['n_words']} words, of whole runs against live",
        f"bundle     {bundle['path']}, SHA-256 {bundle['sha256']}",
        f"recording  {recording['source']}, run {', '.join(recording['runs'])}, SHA-256 {recording['sha256']}",
        f"cuttings   {cuttings['n']} from seed {cuttings['seed']}: {cuttings['n_compared']} passes, "
        f"{cuttings['n_unequal']} differ",
    ]
    warning = warning_of(recording["part_of_fit"])
    return "\n".join(map(printable, lines if warning is None else [*lines, warning]))


def _readable(result: dict[str, Any]) -> str:
    from ...decoder.fitted_on import warning_of

    bundle, recording, machine = result["bundle"], result["recording"], result["machine"]
    cuttings, lsl, gaps = result["cuttings"], result["lsl"], result["gaps"]
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
        f"gaps       {gaps['n']} cuttings with faults: {_with_gaps(gaps)}",
        *([] if lsl is None else [f"           through LSL: {_with_gaps(result['gaps_through_lsl'])}"]),
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


def _with_gaps(part: dict[str, Any]) -> str:
    lost = ", ".join(f"{part.get(name, 0)} {words}" for name, words in LOSSES.items())
    return (
        f"{lost}; of {part['n_compared']} windows {part.get('n_untouched', 0)} decided as on the whole recording, "
        f"{part.get('n_with_missing', 0)} with or after what was missing, {part.get('n_abstained', 0)} abstained "
        f"(min_present {part['policy']['min_present']:g}, max_bad {part['policy']['max_bad']:g}); "
        f"{part['n_unequal']} differ"
    )

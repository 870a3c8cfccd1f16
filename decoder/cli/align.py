"""The command ``hotwire align``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...errors import InputError
from ...errors.printable import printable
from .options import json_option
from .result import CommandResult

if TYPE_CHECKING:
    from ..recordings.recording import Recording

run_option = click.option(
    "--run", "runs", multiple=True, metavar="RUN", help="A run of STUDY to align by; may be repeated. All by default."
)
how_option = click.option(
    "--how",
    type=click.Choice(["mean", "variance", "covariance", "procrustes"]),
    default="variance",
    show_default=True,
    help="What to match: of all samples, without labels; or, rotating, the responses to what both sessions have.",
)
shared_option = click.option(
    "--shared",
    type=click.Choice(["stimulus", "label"]),
    default="stimulus",
    show_default=True,
    help="With procrustes: what both sessions have.",
)


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("study", metavar="STUDY|RECORDING.npz", type=click.Path(path_type=Path))
@click.argument("reference", metavar="REFERENCE|RECORDING.npz", type=click.Path(path_type=Path))
@run_option
@how_option
@shared_option
@click.option("--network", help="Where the decoder's network lies, if not in the registry.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="By default STUDY's name .hotwire.")
@json_option
def align(
    bundle: Path,
    study: Path,
    reference: Path,
    runs: tuple[str, ...],
    how: str,
    shared: str,
    network: str | None,
    out: Path | None,
) -> CommandResult:
    """Start the decoder in BUNDLE on another session, without fitting it again.

    STUDY has the new session's recording, REFERENCE that of the session the decoder was fitted on. Test the new
    decoder on runs that it was not aligned by.
    """
    path = out or Path(f"{study.stem}.hotwire")
    from ...models.networks.opening import open_network
    from ..bundle.load import load
    from ..bundle.save import save
    from ..bundle.sealed import describe
    from ..experiments.alignment import start_on
    from ..fitted_on import run_digests
    from .options import check_file, recording_of

    check_file("--out", path)
    if path.resolve() == bundle.resolve():
        raise InputError(f"--out: {path} is the decoder that is started, and would be replaced; give another name")
    prompt = describe(bundle)["network"]["prompt"]
    decoder = load(bundle, network=None if network is None else open_network(network, prompt=prompt))
    recording, old = _only(recording_of(study), runs), recording_of(reference)
    if set(run_digests(recording).values()) <= set(run_digests(old).values()):
        raise InputError(
            f"{study}, {reference}: both hold the same samples, so there is nothing to align; give two sessions"
        )
    started = start_on(decoder, recording, old, how=how, shared=shared)
    save(started, path)
    found: dict[str, Any] = {"path": str(path), "how": how, "recording": recording.summary()}
    message = f"Aligned by {recording.summary()} ({how}) and saved as {path}."
    return CommandResult(found, lambda console: console.print(printable(message), markup=False))


def _only(recording: Recording, runs: tuple[str, ...]) -> Recording:
    """The recording of these runs; the names of runs are numbers or text."""
    if not runs:
        return recording
    names = {str(name): name for name in recording.runs}
    return recording.select(runs=[names.get(run, run) for run in runs])

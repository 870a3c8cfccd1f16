"""``hotwire fit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...errors import InputError
from ...errors.printable import printable
from .options import check_file, json_option
from .result import CommandResult

if TYPE_CHECKING:
    from ..recordings.recording import Recording


@click.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="By default the study's name .hotwire.")
@click.option(
    "--leave-out",
    "left_out",
    multiple=True,
    metavar="RUN",
    help="Do not fit on this run, to try the decoder on it; may be repeated.",
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "float16", "int8"]),
    help="Of the network's large matrices, where the decoder runs live; it says how many decisions, or words of gist, "
    "differ by it. "
    "Default: int8; for a study of gist float32.",
)
@json_option
def fit(study: Path, out: Path | None, left_out: tuple[str, ...], precision: Any) -> CommandResult:
    """Fit a study's decoder on its whole recording and save it as a bundle, ready to run live if its steps are causal.

    What [[evaluation.choose]] lists is chosen first, by cross-validation over all runs that are fitted on. How many
    decisions the live graph changes is counted on runs that are held out in turn, in fits of their own.
    """
    path = out or Path(f"{study.stem}.hotwire")
    check_file("--out", path)
    from ..bundle.save import save
    from ..bundle.sealed import describe
    from ..evaluation.agreement import agreement_held_out
    from ..report.data import plain_data
    from ..study.study import open_study, read_document

    left_out = tuple(dict.fromkeys(left_out))
    if read_document(study)[1].get("kind") == "gist":
        from .fit_gist import fit_gist_study

        return fit_gist_study(study, path, left_out, precision or "float32")
    opened, precision = open_study(study), precision or "int8"
    opened.check_network()
    recording = _without(opened.recording(), left_out)
    opened.check_fit(recording)
    decoder = opened.fit(opened.decoder(), recording)
    agreed = agreement_held_out(decoder, recording, precision)
    save(decoder, path, precision=precision, agreement=agreed)
    saved = describe(path)
    without = f" without {'run' if len(left_out) == 1 else 'runs'} {', '.join(left_out)}" if left_out else ""
    lines = [
        f"Fitted on {recording.summary()}{without} and saved as {path}; `hotwire inspect {path}` says what is in it."
    ]
    if saved["calibration"] is None:
        lines.append("Probabilities are the network's own, not calibrated.")
    else:
        lines.append(f"Probabilities are calibrated: temperature {saved['calibration']['temperature']:.3g}.")
    if saved["live"]["reason"] is None:
        why_not = "fewer than three runs, so no decisions on runs held out to compare"
        lines.append(f"It can run live. Compared with the network itself, on runs held out: {agreed or why_not}.")
    else:
        lines.append(f"It cannot run live: {saved['live']['reason']}.")
    found = {
        "path": str(path),
        "recording": recording.summary(),
        "left_out": list(left_out),
        "agreement": None if agreed is None else agreed.to_dict(),
        "agreement_on": None if agreed is None else "runs held out",
        "bundle": plain_data(saved),
    }
    return CommandResult(found, lambda console: console.print("\n".join(map(printable, lines)), markup=False))


def _without(recording: Recording, left_out: tuple[str, ...]) -> Recording:
    """The recording to fit on."""
    from ...errors import UnknownNameError

    known = {str(run): run for run in recording.runs}
    for name in left_out:
        if name not in known:
            raise UnknownNameError("run to leave out", name, known)
    fitted = [run for name, run in known.items() if name not in left_out]
    if not fitted:
        raise InputError(f"leave-out: expected a run to be left to fit on, got all {len(known)} of them")
    return recording.select(runs=fitted) if left_out else recording

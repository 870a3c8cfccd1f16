"""``hotwire fit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...errors import InputError
from ...errors.printable import printable
from .options import check_folder, json_option
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
    default="int8",
    show_default=True,
    help="Of the network's large matrices, where the decoder runs live; it says how many decisions differ by it.",
)
@json_option
def fit(study: Path, out: Path | None, left_out: tuple[str, ...], precision: Any) -> CommandResult:
    """Fit a study's decoder on its whole recording and save it as a bundle, ready to run live if its steps are causal.

    What [[evaluation.choose]] lists is chosen first, by cross-validation over all runs that are fitted on.
    """
    path = out or Path(f"{study.stem}.hotwire")
    check_folder("out", path)
    from ..bundle.agreement import agreement
    from ..bundle.compiled import CompiledDecoder
    from ..bundle.load import describe
    from ..bundle.save import save
    from ..report.data import plain_data
    from ..study.study import open_study

    opened, left_out = open_study(study), tuple(dict.fromkeys(left_out))
    recording, held_out = _parted(opened.recording(), left_out)
    decoder = opened.fit(opened.decoder(), recording)
    save(decoder, path, precision=precision)
    saved = describe(path)
    without = f" without {'run' if len(left_out) == 1 else 'runs'} {', '.join(left_out)}" if left_out else ""
    lines = [
        f"Fitted on {recording.summary()}{without} and saved as {path}; `hotwire inspect {path}` says what is in it."
    ]
    agreed = None
    on = "the recording it was fitted on" if held_out is None else "what was left out"
    if saved["live"]["reason"] is None:
        compiled = CompiledDecoder.load(path)
        trials = compiled.trials(recording if held_out is None else held_out)
        agreed = agreement(decoder, compiled, trials) if len(trials) else None
        lines.append(f"It can run live. Beside the network itself, on {on}: {agreed or 'no trials to compare'}.")
    else:
        lines.append(f"It cannot run live: {saved['live']['reason']}.")
    found = {
        "path": str(path),
        "recording": recording.summary(),
        "left_out": list(left_out),
        "agreement": None if agreed is None else agreed._asdict(),
        "agreement_on": None if agreed is None else on,
        "bundle": plain_data(saved),
    }
    return CommandResult(found, lambda console: console.print("\n".join(map(printable, lines)), markup=False))


def _parted(recording: Recording, left_out: tuple[str, ...]) -> tuple[Recording, Recording | None]:
    """The recording to fit on, and the part that is left out."""
    from ...errors import UnknownNameError

    if not left_out:
        return recording, None
    known = {str(run): run for run in recording.runs}
    for name in left_out:
        if name not in known:
            raise UnknownNameError("run to leave out", name, known)
    fitted = [run for name, run in known.items() if name not in left_out]
    if not fitted:
        raise InputError(f"leave-out: expected a run to be left to fit on, got all {len(known)} of them")
    return recording.select(runs=fitted), recording.select(runs=[known[name] for name in left_out])

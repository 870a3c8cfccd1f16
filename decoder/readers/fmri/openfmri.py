"""Recordings in the folder layout of OpenfMRI, the predecessor of BIDS."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ....errors import RecordingError
from ...recordings.events import Events
from ...recordings.recording import Recording
from ..tables import listing, read_events, read_onsets, read_text
from .nifti import read_nifti


def read_openfmri(
    folder: str | PathLike[str],
    subject: str = "sub001",
    task: str = "task001",
    mask: str | PathLike[str] | None = None,
    bold: str = "bold.nii.gz",
    model: str = "model001",
    tr_s: float | None = None,
) -> Recording:
    """Read all runs of one subject and task.

    The images are ``{subject}/BOLD/{task}_run*/{bold}``. Events come from ``bold_events.tsv`` next to the image or,
    where there is none, from ``{subject}/model/{model}/onsets/{task}_run*/cond*.txt`` with the conditions' names in
    ``models/{model}/condition_key.txt``.

    Parameters
    ----------
    folder : path
    subject, task : str
    mask : path, optional
        See `read_nifti`.
    bold : str
        The image's name in each run's folder.
    model : str
        Which model's conditions and onsets to use.
    tr_s : float, optional
        Seconds from one volume to the next. Default: those of ``scan_key.txt``, else of the images.

    Returns
    -------
    Recording
        Runs have the numbers of their folders.

    Raises
    ------
    RecordingError
        A file is missing; the message lists the files there are.
    """
    folder = Path(folder)
    above = folder / subject / "BOLD"
    run_folders = sorted(above.glob(f"{task}_run*"))
    if not run_folders:
        raise RecordingError(f"{above}: expected folders {task}_run*, found {listing(above)}")
    for run_folder in run_folders:
        if not (run_folder / bold).is_file():
            raise RecordingError(f"{run_folder / bold}: there is no such file; the folder holds {listing(run_folder)}")
    runs = [int(run_folder.name.removeprefix(f"{task}_run")) for run_folder in run_folders]
    tables = []
    for run_folder, run in zip(run_folders, runs, strict=True):
        tsv = run_folder / "bold_events.tsv"
        if tsv.is_file():
            tables.append(read_events(tsv, run))
        else:
            onsets = folder / subject / "model" / model / "onsets" / run_folder.name
            tables.append(read_onsets(onsets, _conditions(folder / "models" / model, task), run))
    return read_nifti(
        [run_folder / bold for run_folder in run_folders],
        mask=mask,
        events=Events.joined(tables),
        run=runs,
        tr_s=_tr_s(folder / "scan_key.txt") if tr_s is None else tr_s,
    )


def _conditions(folder: Path, task: str) -> dict[str, str]:
    """Return the label of each condition, e.g. ``{"cond001": "house"}``."""
    path = folder / "condition_key.txt"
    if not path.is_file():
        raise RecordingError(f"{path}: there is no such file; the folder holds {listing(folder)}")
    lines = [line.split(maxsplit=2) for line in read_text(path).splitlines()]
    conditions = {line[1]: line[2] for line in lines if len(line) == 3 and line[0] == task}
    if not conditions:
        raise RecordingError(f"{path}: expected lines '{task} cond001 label', found none")
    return conditions


def _tr_s(path: Path) -> float | None:
    """Return the repetition time in seconds from the line ``TR 2.5``, or None where there is no such file."""
    if not path.is_file():
        return None
    for line in read_text(path).splitlines():
        fields = line.split()
        if len(fields) == 2 and fields[0] == "TR":
            try:
                return float(fields[1])
            except ValueError:
                raise RecordingError(f"{path}: expected seconds behind TR, such as 2.5, got {fields[1]!r}") from None
    raise RecordingError(f"{path}: expected a line 'TR 2.5', got none")

"""Recordings from BIDS datasets, as they are or preprocessed by fMRIPrep."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError, UnknownNameError
from ....errors.checks import check_choice
from ...recordings.events import Events
from ...recordings.recording import Recording
from ..tables import MISSING, listing, numbers, read_events, read_table
from .nifti import read_nifti


class _Bold(NamedTuple):
    path: Path
    entities: dict[str, str]
    run: int | str


def read_bids(
    root: str | PathLike[str],
    subject: str,
    task: str,
    session: str | None = None,
    mask: str | PathLike[str] | None = None,
    space: str | None = None,
    confounds: Sequence[str] | None = None,
    *,
    events_root: str | PathLike[str] | None = None,
    label: str = "trial_type",
    missing_confounds: Literal["error", "mean"] = "error",
    on_event_outside: Literal["error", "drop"] = "error",
) -> Recording:
    """Read all runs of one subject, task and session.

    Parameters
    ----------
    root : path
        A BIDS dataset, or fMRIPrep's output folder (``*_desc-preproc_bold.nii.gz`` are then read).
    subject, task, session : str
        With or without ``sub-`` and ``ses-``. The session may be left out where there is only one.
    mask : path, optional
        See `read_nifti`.
    space : str, optional
        Which space to read, e.g. ``"MNI152NLin2009cAsym"``. May be left out where there is only one.
    confounds : sequence of str, optional
        Columns of ``*_desc-confounds_timeseries.tsv`` to store as the recording's confounds. They are not regressed out
        here; see :func:`hotwire.decoder.steps.regress_out`.
    events_root : path, optional
        The folder of the events. Default: ``root``, or, if that is ``<dataset>/derivatives/<name>`` and holds none,
        ``<dataset>``.
    label : str
        The events' column that holds the label.
    missing_confounds : str
        What to do with ``n/a``, which fMRIPrep writes in the first row of derivatives: ``"error"`` (default), or
        ``"mean"``: the mean of that column in that run.
    on_event_outside : str
        See `read_nifti`.

    Returns
    -------
    Recording
        Runs have the number of their ``run-`` entity, or 1.

    Raises
    ------
    RecordingError
        A file is missing (the message lists the files there are), ambiguous or damaged.
    """
    check_choice("missing_confounds", missing_confounds, ("error", "mean"))
    root = Path(root)
    bolds = _find_bolds(root, subject.removeprefix("sub-"), task, session and session.removeprefix("ses-"), space)
    places = [root] if events_root is None else [Path(events_root)]
    if events_root is None and root.resolve().parent.name == "derivatives":
        places.append(root.resolve().parent.parent)
    tables = [read_events(_events_path(bold, root, places), bold.run, label) for bold in bolds]
    recording = read_nifti(
        [bold.path for bold in bolds],
        mask=mask,
        events=Events.joined(tables),
        run=[bold.run for bold in bolds],
        tr_s=_tr_s(bolds, root),
        on_event_outside=on_event_outside,
    )
    if not confounds:
        return recording
    names = tuple(confounds)
    parts = [_read_confounds(bold, names, missing_confounds, recording.run_lengths()[bold.run]) for bold in bolds]
    return replace(recording, confounds=np.concatenate(parts), confound_names=names)


def entities_of(path: Path) -> dict[str, str]:
    """Return the entities in a BIDS file name, its suffix and its extension.

    Examples
    --------
    >>> entities_of(Path("sub-01_task-faces_run-2_bold.nii.gz"))
    {'sub': '01', 'task': 'faces', 'run': '2', 'suffix': 'bold', 'extension': '.nii.gz'}
    """
    stem, _, extension = path.name.partition(".")
    *pairs, suffix = stem.split("_")
    entities = dict(pair.split("-", maxsplit=1) for pair in pairs if "-" in pair)
    return {**entities, "suffix": suffix, "extension": f".{extension}"}


def _find_bolds(root: Path, subject: str, task: str, session: str | None, space: str | None) -> list[_Bold]:
    """Return the images to read, one per run, in the order of the runs."""
    above = root / f"sub-{subject}"
    if not above.is_dir():
        raise RecordingError(f"{above}: there is no such folder; {root} holds {listing(root)}")
    sessions = sorted(path.name.removeprefix("ses-") for path in above.glob("ses-*") if path.is_dir())
    if session is None and len(sessions) > 1:
        raise RecordingError(f"session: {above} has several, name one of them: {', '.join(sessions)}")
    if session is not None and session not in sessions:
        raise UnknownNameError("session", session, sessions)
    if sessions:
        above = above / f"ses-{session or sessions[0]}"
    found = {path: entities_of(path) for path in sorted((above / "func").glob("*_bold.nii*"))}
    fitting = {path: entities for path, entities in found.items() if entities.get("task") == task}
    if any(entities.get("desc") == "preproc" for entities in fitting.values()):
        fitting = {path: entities for path, entities in fitting.items() if entities.get("desc") == "preproc"}
    spaces = sorted({entities.get("space", "none") for entities in fitting.values()})
    if space is None and len(spaces) > 1:
        raise RecordingError(f"space: {above / 'func'} has several, name one of them: {', '.join(spaces)}")
    if space is not None:
        fitting = {path: entities for path, entities in fitting.items() if entities.get("space", "none") == space}
    if not fitting:
        wanted = f"task-{task}" + (f" and space-{space}" if space else "")
        raise RecordingError(f"{above / 'func'}: expected *_bold.nii.gz with {wanted}, found {listing(above / 'func')}")
    bolds = [_Bold(path, entities, _run_name(entities)) for path, entities in fitting.items()]
    if len({bold.run for bold in bolds}) < len(bolds):
        names = ", ".join(bold.path.name for bold in bolds)
        raise RecordingError(
            f"{above / 'func'}: expected one image per run, found {names}; echoes and parts are not read"
        )
    if any(isinstance(bold.run, str) for bold in bolds):
        return sorted((bold._replace(run=str(bold.run)) for bold in bolds), key=lambda bold: bold.run)
    return sorted(bolds, key=lambda bold: bold.run)


def _run_name(entities: dict[str, str]) -> int | str:
    run = entities.get("run", "1")
    return int(run) if run.isdecimal() else run


def _inherited(bold: _Bold, folder: Path, top: Path, suffix: str, extension: str) -> list[Path]:
    """Return the files that apply to an image by BIDS's inheritance principle, the most general first."""
    levels = [folder, *folder.parents]
    levels = levels[: levels.index(top) + 1] if top in levels else levels[:1]
    applying = []
    for level in reversed(levels):
        here = []
        for path in level.glob(f"*{suffix}{extension}"):
            entities = entities_of(path)
            named = {key: value for key, value in entities.items() if key not in ("suffix", "extension")}
            if entities["suffix"] == suffix and named.items() <= bold.entities.items():
                here.append((len(named), path))
        applying += [path for _, path in sorted(here)]
    return applying


def _events_path(bold: _Bold, root: Path, places: list[Path]) -> Path:
    looked_in = []
    for place in places:
        folder = place / bold.path.parent.relative_to(root)
        paths = _inherited(bold, folder, place, "events", ".tsv")
        if paths:
            return paths[-1]
        looked_in.append(f"{folder} holds {listing(folder)}")
    raise RecordingError(
        f"{bold.path.name}: found no *_events.tsv for it; {'; '.join(looked_in)}. Give events_root where "
        "they lie elsewhere"
    )


def _tr_s(bolds: list[_Bold], root: Path) -> float | None:
    """Return RepetitionTime of the sidecar files, or None where no run has one."""
    repetition_s: dict[str, float] = {}
    for bold in bolds:
        for path in _inherited(bold, bold.path.parent, root, "bold", ".json"):
            try:
                sidecar = json.loads(path.read_text(encoding="utf-8"))
                if "RepetitionTime" in sidecar:
                    repetition_s[bold.path.name] = float(sidecar["RepetitionTime"])
            except (ValueError, TypeError) as error:
                raise RecordingError(f"{path}: not a valid sidecar: {error}") from error
    if not repetition_s:
        return None
    if len(set(repetition_s.values())) > 1 or len(repetition_s) < len(bolds):
        each = ", ".join(f"{bold.path.name}: {repetition_s.get(bold.path.name, 'none')}" for bold in bolds)
        raise RecordingError(f"RepetitionTime: expected the same for all runs, got {each}")
    return next(iter(repetition_s.values()))


def _read_confounds(bold: _Bold, names: Sequence[str], missing: str, n_samples: int) -> NDArray[np.float64]:
    stem = "_".join(
        f"{key}-{bold.entities[key]}" for key in bold.entities if key in ("sub", "ses", "task", "acq", "run")
    )
    folder = bold.path.parent
    paths = [path for kind in ("timeseries", "regressors") for path in folder.glob(f"{stem}_desc-confounds_{kind}.tsv")]
    if not paths:
        raise RecordingError(f"{folder}: expected {stem}_desc-confounds_timeseries.tsv, found {listing(folder)}")
    table = read_table(paths[0])
    columns = []
    for name in names:
        if name not in table:
            raise UnknownNameError(f"confound in {paths[0].name}", name, table)
        gone = np.array([entry == MISSING for entry in table[name]])
        if gone.any() and missing == "error":
            raise RecordingError(
                f"{paths[0]}: {int(gone.sum())} of {len(gone)} entries of {name!r} are n/a, the first in "
                f"line {int(np.flatnonzero(gone)[0]) + 2}; choose missing_confounds='mean', or leave the "
                "column out"
            )
        if gone.all():
            raise RecordingError(f"{paths[0]}: {name!r} is n/a throughout; leave the column out")
        column = numbers(paths[0], name, ["0" if no else entry for no, entry in zip(gone, table[name], strict=True)])
        column[gone] = column[~gone].mean()
        columns.append(column)
    if len(columns[0]) != n_samples:
        raise RecordingError(f"{paths[0]}: expected one line for each of {n_samples} volumes, got {len(columns[0])}")
    return np.stack(columns, axis=1)

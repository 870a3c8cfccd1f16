"""Recordings from BIDS datasets, as they are or preprocessed by fMRIPrep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np

from ....errors import RecordingError
from ....errors.checks import check_choice
from ...recordings.events import Events
from ...recordings.recording import Recording
from ..tables import listing, read_events, warn_if_shared
from .bids_files import Bold, brain_mask_of, find_bolds, inherited
from .bids_times import times_of
from .confounds import MissingConfounds, read_confounds
from .nifti import read_nifti


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
    missing_confounds: MissingConfounds = "error",
    on_event_outside: Literal["error", "drop"] = "error",
    entities: Mapping[str, str] | None = None,
    voxels: Literal["brain", "all"] = "brain",
    mask_above: float | None = None,
    tr_s: float | None = None,
    missing_duration_s: float | None = None,
) -> Recording:
    """Read all runs of one subject and task, of one session or all.

    Parameters
    ----------
    root : path
        A BIDS dataset, or fMRIPrep's output folder (``*_desc-preproc_bold.nii.gz`` are then read).
    subject, task, session : str
        With or without ``sub-`` and ``ses-``. The session may be left out if there is only one; ``"all"`` reads the
        runs of every session, named ``"SESSION RUN"``.
    mask : path, optional
        See `read_nifti`. Default: as `voxels` says.
    space : str, optional
        Which space to read, e.g. ``"MNI152NLin2009cAsym"``. May be left out if there is only one.
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
    entities : mapping, optional
        Which images to read if a run has several, such as ``{"echo": "2"}``, ``{"part": "mag"}`` or ``{"res": "2"}``.
    voxels : {"brain", "all"}
        Without a mask: those of fMRIPrep's brain masks, common to all runs, if there are any; or all. The recording's
        source says which.
    mask_above : float, optional
        See `read_nifti`.
    tr_s : float, optional
        Seconds from one volume to the next, in place of what sidecar files and headers say.
    missing_duration_s : float, optional
        The duration of events for which the table says ``n/a``. Default: they are an error.

    Returns
    -------
    Recording
        Runs have the number of their ``run-`` entity, or 1. Events count from the first volume of the file: if the
        sidecar's ``StartTime`` says that whole volumes before it were dropped, onsets are moved by them.

    Raises
    ------
    RecordingError
        A file is missing (the message lists the files there are), ambiguous or damaged; volumes are not evenly spaced;
        or ``RepetitionTime`` and the image's header differ.
    """
    check_choice("missing_confounds", missing_confounds, ("error", "mean"))
    check_choice("voxels", voxels, ("brain", "all"))
    root = Path(root)
    session = session and session.removeprefix("ses-")
    bolds = find_bolds(root, subject.removeprefix("sub-"), task, session, space, entities or {})
    roots = roots_of_events(root, events_root)
    times = times_of(bolds, root, tr_s)
    tables = []
    events_paths = [_events_path(bold, root, roots) for bold in bolds]
    warn_if_shared(events_paths)
    for bold, path, one in zip(bolds, events_paths, times, strict=True):
        table = read_events(path, bold.run, label, missing_duration_s=missing_duration_s)
        tables.append(replace(table, onset_s=table.onset_s - one.n_before * one.tr_s) if one.tr_s else table)
    masks = [brain_mask_of(bold) for bold in bolds] if mask is None and voxels == "brain" else []
    brain = [path for path in masks if path is not None]
    if brain and len(brain) < len(bolds):
        raise RecordingError(
            f"{bolds[0].path.parent}: {len(brain)} of {len(bolds)} runs have a *_desc-brain_mask.nii.gz; give a mask, "
            "or voxels = 'all'"
        )
    recording = read_nifti(
        [bold.path for bold in bolds],
        mask=mask or brain or None,
        events=Events.joined(tables),
        run=[bold.run for bold in bolds],
        tr_s=times[0].tr_s,
        on_event_outside=on_event_outside,
        mask_above=mask_above,
    )
    moved_s = [one.n_before * one.tr_s for one in times if one.tr_s and one.n_before]
    if moved_s:
        note = f"onsets of {len(moved_s)} runs moved by the volumes dropped before them, {max(moved_s):g} s at most"
        recording = replace(recording, source=f"{recording.source}; {note}")
    if not confounds:
        return recording
    if missing_confounds == "mean":
        note = "n/a among confounds replaced by their mean in the run"
        recording = replace(recording, source=f"{recording.source}; {note}")
    names = tuple(confounds)
    parts = [read_confounds(bold, names, missing_confounds, recording.run_lengths()[bold.run]) for bold in bolds]
    return replace(recording, confounds=np.concatenate(parts), confound_names=names)


def roots_of_events(root: Path, events_root: str | PathLike[str] | None) -> list[Path]:
    """Return the folders in which to look for events: by default the dataset's, too, of a folder of derivatives."""
    if events_root is not None:
        return [Path(events_root)]
    return [root, root.resolve().parent.parent] if root.resolve().parent.name == "derivatives" else [root]


def event_tables(
    root: Path,
    subject: str,
    task: str,
    session: str | None = None,
    space: str | None = None,
    *,
    events_root: str | PathLike[str] | None = None,
    entities: Mapping[str, str] | None = None,
) -> list[Path]:
    """Return the tables of events of the runs that `read_bids` reads, one for each."""
    bolds = find_bolds(
        root, subject.removeprefix("sub-"), task, session and session.removeprefix("ses-"), space, entities or {}
    )
    return [_events_path(bold, root, roots_of_events(root, events_root)) for bold in bolds]


def _events_path(bold: Bold, root: Path, roots: list[Path]) -> Path:
    searched = []
    for one in roots:
        folder = one / bold.path.parent.relative_to(root)
        paths = inherited(bold, folder, one, "events", ".tsv")
        if paths:
            return paths[-1]
        searched.append(f"{folder} holds {listing(folder)}")
    raise RecordingError(
        f"{bold.path.name}: found no *_events.tsv for it; {'; '.join(searched)}. Give events_root if they are in "
        "another folder"
    )

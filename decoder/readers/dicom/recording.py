"""Recordings from folders of DICOM files, as a scanner sends them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np

from ....errors import RecordingError
from ....errors.checks import check_choice
from ....errors.printable import printable
from ...recordings.events import Events, run_names
from ...recordings.recording import Recording
from ..fmri.images import AnyPath
from ..fmri.nifti import events_of_runs
from ..fmri.prepared import PreparedVolumes, check_motion, masked_voxels, space_of
from ..fmri.repetition_time import PLAUSIBLE_TR_S, plausible
from ..left_out import events_inside
from .files import SeriesFiles, SeriesVolumes, series_files

UNLIKE_CLOCK = 0.05
"""A repetition time that differs by this share from the times of acquisition is reported."""


def read_dicom(
    folder: AnyPath | Sequence[AnyPath],
    mask: AnyPath | Sequence[AnyPath] | None = None,
    events: Events | AnyPath | Sequence[AnyPath] | None = None,
    run: int | str | Sequence[int | str] | None = None,
    tr_s: float | None = None,
    on_event_outside: Literal["error", "drop"] = "error",
    *,
    pattern: str = "*",
    series: int | None = None,
    protocol: str | None = None,
    realign: bool = False,
    reference: AnyPath | None = None,
    smooth_mm: float = 0.0,
    motion: Literal["confounds", "features"] = "confounds",
    join_masks: Literal["all", "any"] = "all",
    mask_above: float | None = None,
    label: str = "trial_type",
) -> Recording:
    """Read fMRI from folders of DICOM files, one folder per run.

    Files may be Siemens' mosaics, enhanced files of many frames, or single slices. Every volume is prepared by itself,
    exactly as it is live: a decoder that is fitted on this recording brings its reference along.

    Parameters
    ----------
    folder : path or sequence of paths
        One folder, or one per run in order.
    mask : path or sequence of paths, optional
        NIfTI images of whole numbers on the grid of the reference (as dcm2niix writes it): voxels that are not zero.
        Default: every voxel.
    events : Events, path or sequence of paths, optional
        The table, or one BIDS ``_events.tsv`` per folder.
    run : optional
        The runs' names. Default: numbers from 1.
    tr_s : float, optional
        Seconds from one volume to the next. Default: from the header.
    on_event_outside : str
        What to do with an event that begins before or after its run: ``"error"`` (default) or ``"drop"``.
    pattern : str
        Which files of the folder are read, such as ``"001_000007_*.dcm"``.
    series : int, optional
        The number of the series; needed where a folder holds several.
    protocol : str, optional
        Instead: the name of its protocol.
    realign : bool
        Align every volume to the reference by a rigid motion of the head. Its six parameters are the confounds
        ``trans_x`` to ``rot_z``, in millimetres and radians.
    reference : path, optional
        A NIfTI image of one volume. Default: the first volume of the first run.
    smooth_mm : float
        The width (at half of its height) of a Gaussian that volumes are smoothed with.
    motion : {"confounds", "features"}
        ``"features"``: the six parameters are six more features, for the step `RunningRegression`.
    join_masks : {"all", "any"}
        With several masks: take voxels in all of them, or in any.
    mask_above : float, optional
        For a mask of probabilities: voxels above this value are read, such as 0.5.
    label : str
        The column of the tables of events that holds the label.

    Returns
    -------
    Recording
        Features are named ``voxel_i_j_k``, with positions in millimetres.

    Raises
    ------
    RecordingError
        A file is torn or damaged; a volume is missing; the folder holds several series, or none; volumes or masks are
        on other grids than the reference; the headers have no sensible repetition time; events do not fit.
    NonFiniteError
        A voxel of the mask is outside a volume.
    MissingExtraError
        pydicom is not installed.
    """
    for name, given, known in (
        ("on_event_outside", on_event_outside, ("error", "drop")),
        ("motion", motion, ("confounds", "features")),
        ("join_masks", join_masks, ("all", "any")),
    ):
        check_choice(name, given, known)
    check_motion(motion, realign)
    folders = [Path(folder)] if isinstance(folder, str | PathLike) else [Path(one) for one in folder]
    names = np.arange(1, len(folders) + 1) if run is None else run_names(run, "run")
    if not folders or names.shape != (len(folders),) or len(set(names.tolist())) != len(folders):
        raise RecordingError(f"run: expected one name, each another, for each of {len(folders)} folders, got {run!r}")
    runs, lengths, notes = [], {}, []
    prepared = None
    for name, path in zip(names.tolist(), folders, strict=True):
        files = series_files(path, pattern, series, protocol)
        volumes = SeriesVolumes(files)
        for volume in volumes:
            if prepared is None:
                space = space_of(volume.values, volume.affine, reference, realign, smooth_mm)
                prepared = PreparedVolumes(space, masked_voxels(space, mask, mask_above, join_masks))
            prepared.add(volume.values, volume.affine, f"{path}: volume {volume.number}")
        runs.append(volumes)
        lengths[name] = len(volumes.numbers)
        notes += _notes(path, files)
    assert prepared is not None  # a series has a file, and a file a volume
    seconds = _tr_s(runs, tr_s)
    notes += prepared.notes()
    table = events_inside(events_of_runs(events, list(lengths), label), lengths, 1.0 / seconds, on_event_outside, notes)
    run_of = np.repeat(names, list(lengths.values()))
    return prepared.recording(seconds, run_of, table, "; ".join(notes), motion)


def _tr_s(runs: list[SeriesVolumes], given: float | None) -> float:
    """The repetition time, given or from the headers; warn where the times of acquisition say another one."""
    headers = sorted({round(tr_s, 6) for run in runs for tr_s in run.tr_s if tr_s == tr_s})
    if given is None and len(headers) != 1:
        raise RecordingError(
            f"tr_s: expected one repetition time in the headers, got {headers or 'none'}; give it in seconds, such as "
            "tr_s = 2.0"
        )
    tr_s = headers[0] if given is None else float(given)
    if not plausible(tr_s):
        raise RecordingError(
            f"tr_s: expected seconds between {PLAUSIBLE_TR_S[0]:g} and {PLAUSIBLE_TR_S[1]:g}, got {tr_s:g}"
        )
    for run in runs:
        step_s = run.step_s()
        if plausible(step_s) and abs(step_s - tr_s) > UNLIKE_CLOCK * tr_s:
            warnings.warn(
                f"tr_s: {tr_s:g} s is used, but by their times of acquisition volumes are {step_s:g} s apart; with a "
                f"wrong time every window misses its event. If these are right, give tr_s = {step_s:g}",
                stacklevel=3,
            )
            break
    return tr_s


def _notes(path: Path, files: SeriesFiles) -> list[str]:
    notes = [f"{path}: {printable(files.series)}"]
    if files.n_other_series:
        notes.append(f"{files.n_other_series} files of other series are left out")
    if files.n_no_dicom:
        notes.append(f"{files.n_no_dicom} files are no DICOM")
    return notes

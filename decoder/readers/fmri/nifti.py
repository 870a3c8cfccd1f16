"""Recordings from NIfTI files: 3D + time, optionally within a mask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....errors import RecordingError
from ....errors.checks import check_choice
from ...recordings.events import Events, listed, run_names
from ...recordings.recording import Recording
from ...volumes.space import grid_of
from ..left_out import events_inside
from ..tables import read_attributes, read_events, warn_if_shared
from .images import AnyPath, check_grid, open_image, read_mask, read_volumes, slabs
from .prepared import PreparedVolumes, check_motion, masked_voxels, positions_of, space_of, voxel_names
from .repetition_time import common_tr_s, given_tr_s


def read_nifti(
    bold: AnyPath | Sequence[AnyPath],
    mask: AnyPath | Sequence[AnyPath] | None = None,
    events: Events | AnyPath | Sequence[AnyPath] | None = None,
    run: int | str | ArrayLike | None = None,
    tr_s: float | None = None,
    on_event_outside: Literal["error", "drop"] = "error",
    *,
    attributes: AnyPath | None = None,
    mask_above: float | None = None,
    label: str = "trial_type",
    realign: bool = False,
    reference: AnyPath | None = None,
    smooth_mm: float = 0.0,
    motion: Literal["confounds", "features"] = "confounds",
) -> Recording:
    """Read fMRI from one NIfTI file or from one file per run.

    Files are read a slab of volumes at a time, and only voxels inside the mask are stored. Where volumes are realigned
    or smoothed, each is prepared by itself, exactly as it is live, and runs may lie elsewhere in space.

    Parameters
    ----------
    bold : path or sequence of paths
        One file, or one per run in order.
    mask : path or sequence of paths, optional
        A 3D image of whole numbers on the same grid: voxels that are not zero are read, in C order of their indices
        (i, j, k); with several masks, those in all of them. Default: every voxel.
    events : Events, path or sequence of paths, optional
        The table, or one BIDS ``_events.tsv`` per file.
    run : optional
        For one file: the run's name, or the run of each volume (see `read_attributes`). For several files: one name per
        file. Default: numbers from 1.
    tr_s : float, optional
        Seconds from one volume to the next. Default: from the header. A warning says so where the header differs.
    on_event_outside : str
        What to do with an event that begins before or after its run: ``"error"`` (default) or ``"drop"``.
    attributes : path, optional
        Instead of `run` and `events`: PyMVPA's table of the label and the run of each volume, see `read_attributes`.
    mask_above : float, optional
        For a mask of probabilities: voxels above this value are read, such as 0.5.
    label : str
        The column of the tables of events that holds the label.
    realign : bool
        Align every volume to the reference by a rigid motion of the head. Its six parameters are the confounds
        ``trans_x`` to ``rot_z``, in millimetres and radians.
    reference : path, optional
        A NIfTI image of one volume, to which masks belong. Default: the first volume of the first run.
    smooth_mm : float
        The width (at half of its height) of a Gaussian that volumes are smoothed with.
    motion : {"confounds", "features"}
        ``"features"``: the six parameters are six more features, for the step `RunningRegression`.

    Returns
    -------
    Recording
        Features are named ``voxel_i_j_k``, with positions in millimetres through the image's affine.

    Raises
    ------
    RecordingError
        A file is missing, truncated or damaged, or holds complex numbers or colours; mask and image are on different
        grids; a mask holds fractions, and `mask_above` is not given; the header has no sensible repetition time, or
        `tr_s` is not one in seconds; events do not fit.
    NonFiniteError
        A voxel is NaN or infinite; it is named by its index and volume.
    """
    check_choice("on_event_outside", on_event_outside, ("error", "drop"))
    check_choice("motion", motion, ("confounds", "features"))
    check_motion(motion, realign)
    paths = [Path(bold)] if isinstance(bold, str | PathLike) else [Path(path) for path in bold]
    if not paths:
        raise RecordingError("bold: expected at least one file, got none")
    images = [open_image(path) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if len(image.shape) != 4:
            raise RecordingError(f"{path}: expected a 3D + time image (x, y, z, volumes), got shape {image.shape}")
    prepares = realign or smooth_mm != 0 or reference is not None
    masks = [] if mask is None else [mask] if isinstance(mask, str | PathLike) else list(mask)
    if prepares:
        first = next(slabs(paths[0], images[0]))[..., 0].astype(np.float32)
        space = space_of(first, images[0].affine, reference, realign, smooth_mm)
        voxels = masked_voxels(space, masks, mask_above)
        prepared = PreparedVolumes(space, voxels)
    else:
        voxels = np.argwhere(_common_voxels(paths, images, masks, mask_above))
        prepared = None
    tr_s = common_tr_s(paths, images) if tr_s is None else given_tr_s(tr_s, paths, images)
    run_of = _runs(paths, [image.shape[3] for image in images], run)
    if attributes is not None:
        run_of, events = read_attributes(attributes, tr_s)
    run_lengths = {name: int(np.count_nonzero(run_of == name)) for name in dict.fromkeys(run_of.tolist())}
    notes = [f"{paths[0]}" + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")]
    within = f"within {listed(dict.fromkeys(Path(one).name for one in masks), 3)}" if masks else "of the whole image"
    notes.append(f"{len(voxels)} voxels {within}" + ("" if mask_above is None else f", where above {mask_above:g}"))
    if prepared is not None:
        for path, image in _with_progress(paths, images):
            volumes = (volume for slab in slabs(path, image) for volume in np.moveaxis(slab, 3, 0))
            for number, volume in enumerate(volumes):
                prepared.add(volume.astype(np.float32), image.affine, f"{path}: volume {number}")
        notes += prepared.notes()
    table = events_of_runs(events, list(run_lengths), label)
    table = events_inside(table, run_lengths, 1.0 / tr_s, on_event_outside, notes)
    source = "; ".join(notes)
    if prepared is not None:
        return prepared.recording(tr_s, run_of, table, source, motion)
    return Recording(
        data=_samples(paths, images, voxels, len(run_of)),
        rate_hz=1.0 / tr_s,
        feature_names=voxel_names(voxels),
        run=run_of,
        events=table,
        positions_mm=positions_of(voxels, images[0].affine),
        source=source,
        space=grid_of(images[0].shape[:3], images[0].affine),
    )


def _with_progress(paths: list[Path], images: list[Any]) -> Iterator[tuple[Path, Any]]:
    from tqdm import tqdm

    yield from zip(tqdm(paths, desc="reading", delay=1, disable=None), images, strict=True)


def _samples(paths: list[Path], images: list[Any], voxels: NDArray[np.intp], n_samples: int) -> NDArray[np.float32]:
    """The voxels (n_voxels, 3) of all volumes, as they lie."""
    keep = np.zeros(images[0].shape[:3], bool)
    keep[tuple(voxels.T)] = True
    data = np.empty((n_samples, len(voxels)), np.float32)
    first = 0
    for path, image in _with_progress(paths, images):
        read_volumes(data[first : first + image.shape[3]], path, image, keep)
        first += image.shape[3]
    return data


def _common_voxels(
    paths: list[Path], images: list[Any], masks: list[AnyPath], above: float | None
) -> NDArray[np.bool_]:
    """The voxels (x, y, z) in all of the masks; everything has to be on the grid of the first image."""
    for path, image in zip(paths, images, strict=True):
        check_grid(paths[0], images[0], path, image)
    keep = np.ones(images[0].shape[:3], bool)
    for path in masks:
        check_grid(paths[0], images[0], Path(path), open_image(Path(path)))
        keep &= read_mask(path, above)
    if not keep.any():
        raise RecordingError("mask: the masks have no voxel in common")
    return keep


def _runs(paths: list[Path], n_volumes: list[int], run: int | str | ArrayLike | None) -> NDArray:
    if len(paths) == 1 and run is not None:
        names = run_names(run, "run")
        if names.size == 1:
            return np.repeat(names, n_volumes[0])
        if names.shape != (n_volumes[0],):
            raise RecordingError(f"run: {paths[0]} has {n_volumes[0]} volumes, but the runs of {names.size} were given")
        return names
    names = np.arange(1, len(paths) + 1) if run is None else run_names(run, "run")
    if names.shape != (len(paths),) or len(set(names.tolist())) != len(paths):
        raise RecordingError(f"run: expected one name, each another, for each of the {len(paths)} files, got {run!r}")
    return np.repeat(names, n_volumes)


def events_of_runs(events: Events | AnyPath | Sequence[AnyPath] | None, names: list, label: str) -> Events:
    """Return the events of runs of these names: a table, or one BIDS ``_events.tsv`` for each run."""
    if events is None or isinstance(events, Events):
        return Events.none() if events is None else events
    paths = [events] if isinstance(events, str | PathLike) else list(events)
    if len(paths) != len(names):
        raise RecordingError(f"events: expected one file for each of the {len(names)} runs, got {len(paths)}")
    warn_if_shared([Path(path) for path in paths])
    return Events.joined([read_events(path, name, label) for path, name in zip(paths, names, strict=True)])

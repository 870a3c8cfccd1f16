"""Recordings from NIfTI files: 3D + time, optionally within a mask."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....errors import MissingExtraError, NonFiniteError, RecordingError
from ....errors.checks import check_choice
from ...recordings.events import Events, check_events_runs, events_outside, run_names
from ...recordings.recording import Recording
from ..tables import read_attributes, read_events

AnyPath = str | PathLike[str]

AFFINE_TOLERANCE = 1e-3
IMAGES = (".nii", ".nii.gz", ".hdr", ".img", ".img.gz", ".hdr.gz")
SLAB_BYTES = 64 * 2**20
SECONDS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}
PLAUSIBLE_TR_S = (0.01, 60.0)
UNREADABLE = (OSError, EOFError, ValueError, zlib.error)
"""What reading a truncated or damaged file raises; nibabel's own errors are added when it is loaded."""


def read_nifti(
    bold: AnyPath | Sequence[AnyPath],
    mask: AnyPath | None = None,
    events: Events | AnyPath | Sequence[AnyPath] | None = None,
    run: int | str | ArrayLike | None = None,
    tr_s: float | None = None,
    on_event_outside: Literal["error", "drop"] = "error",
    *,
    attributes: AnyPath | None = None,
) -> Recording:
    """Read fMRI from one NIfTI file or from one file per run.

    Files are read a slab of volumes at a time, and only voxels inside the mask are stored.

    Parameters
    ----------
    bold : path or sequence of paths
        One file, or one per run in order.
    mask : path, optional
        A 3D image on the same grid: voxels that are not zero are read, in C order of their indices (i, j, k). Default:
        every voxel.
    events : Events, path or sequence of paths, optional
        The table, or one BIDS ``_events.tsv`` per file.
    run : optional
        For one file: the run's name, or the run of each volume (see `read_attributes`). For several files: one name per
        file. Default: numbers from 1.
    tr_s : float, optional
        Seconds from one volume to the next. Default: from the header.
    on_event_outside : str
        What to do with an event that begins before or after its run: ``"error"`` (default) or ``"drop"``.
    attributes : path, optional
        Instead of `run` and `events`: PyMVPA's table of the label and the run of each volume, see `read_attributes`.

    Returns
    -------
    Recording
        Features are named ``voxel_i_j_k``, with positions in millimetres through the image's affine.

    Raises
    ------
    RecordingError
        A file is missing, truncated or damaged; mask and image are on different grids; the header has no sensible
        repetition time; events do not fit.
    NonFiniteError
        A voxel is NaN or infinite; it is named by its index and volume.
    """
    check_choice("on_event_outside", on_event_outside, ("error", "drop"))
    paths = [Path(bold)] if isinstance(bold, str | PathLike) else [Path(path) for path in bold]
    if not paths:
        raise RecordingError("bold: expected at least one file, got none")
    images = [_open(path) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if len(image.shape) != 4:
            raise RecordingError(f"{path}: expected a 3D + time image (x, y, z, volumes), got shape {image.shape}")
        _check_grid(paths[0], images[0], path, image)
    keep = np.ones(images[0].shape[:3], bool) if mask is None else _read_mask(Path(mask), paths[0], images[0])
    tr_s = _common_tr_s(paths, images) if tr_s is None else float(tr_s)
    run_of = _runs(paths, [image.shape[3] for image in images], run)
    if attributes is not None:
        run_of, events = read_attributes(attributes, tr_s)

    from tqdm import tqdm

    voxels = np.argwhere(keep)
    data = np.empty((len(run_of), len(voxels)), np.float32)
    first = 0
    for path, image in zip(tqdm(paths, desc="reading", delay=1, disable=None), images, strict=True):
        _read_into(data[first : first + image.shape[3]], path, image, keep)
        first += image.shape[3]
    run_lengths = {name: int(np.count_nonzero(run_of == name)) for name in dict.fromkeys(run_of.tolist())}
    table = _events(events, list(run_lengths))
    if on_event_outside == "drop":
        check_events_runs(table, run_lengths)
        table = table.take(~events_outside(table, run_lengths, 1.0 / tr_s))
    return Recording(
        data=data,
        rate_hz=1.0 / tr_s,
        feature_names=tuple("voxel_" + "_".join(map(str, voxel)) for voxel in voxels.tolist()),
        run=run_of,
        events=table,
        positions_mm=voxels @ images[0].affine[:3, :3].T + images[0].affine[:3, 3],
        source=f"{paths[0]}" + (f" and {len(paths) - 1} more" if len(paths) > 1 else ""),
    )


def _open(path: Path) -> Any:
    """Return the image with only its header read."""
    try:
        import nibabel
        from nibabel.filebasedimages import ImageFileError
        from nibabel.spatialimages import HeaderDataError
    except ImportError as error:
        raise MissingExtraError("reading NIfTI needs nibabel; install hotwire[all]") from error
    if not path.is_file():
        raise RecordingError(f"{path}: there is no such file")
    if not path.name.lower().endswith(IMAGES):  # nibabel would take a table of movement, .par, for Philips' images
        raise RecordingError(f"{path}: expected a NIfTI image ({' or '.join(IMAGES)}), got a file of another kind")
    try:
        image = nibabel.load(path)  # type: ignore[attr-defined]
    except (*UNREADABLE, ImageFileError, HeaderDataError) as error:
        raise RecordingError(f"{path}: cannot be read as NIfTI: {_reason(error)}") from error
    if not isinstance(image, nibabel.Nifti1Image):
        raise RecordingError(f"{path}: expected a NIfTI image (.nii or .nii.gz), got {type(image).__name__}")
    return image


def _read_into(out: NDArray[np.float32], path: Path, image: Any, keep: NDArray[np.bool_]) -> None:
    """Fill `out` (n_volumes, n_voxels) from the file, a slab of volumes at a time."""
    opened = gzip.open if path.suffix == ".gz" else open
    n_at_once = max(1, SLAB_BYTES // (8 * keep.size))
    try:
        with opened(path, "rb") as file:
            volumes = type(image).from_stream(file).dataobj.reshape((*keep.shape, -1))
            for first in range(0, len(out), n_at_once):
                slab = np.asanyarray(volumes[..., first : first + n_at_once])[keep]
                with np.errstate(over="ignore"):  # too large for float32 becomes infinite, and is reported
                    out[first : first + n_at_once] = slab.T
            del volumes
            while path.suffix == ".gz" and file.read(2**20):  # only at its end does gzip compare the checksum
                pass
    except UNREADABLE as error:
        raise RecordingError(
            f"{path}: truncated or damaged; its header promises the shape {image.shape}, but reading "
            f"failed: {_reason(error)}"
        ) from error
    if not np.isfinite(out).all():
        volume, column = np.argwhere(~np.isfinite(out))[0]
        n_bad = int((~np.isfinite(out)).any(axis=0).sum())
        raise NonFiniteError(
            f"{path}: expected finite numbers, got {out[volume, column]} in voxel "
            f"{_index(np.argwhere(keep)[column])}, volume {volume}; {n_bad} of {out.shape[1]} voxels are "
            "not finite. Give a mask that leaves them out"
        )


def read_volume(path: AnyPath) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the values (x, y, z) of a mask or an atlas, and the affine (4, 4) from voxels to millimetres."""
    path = Path(path)
    image = _open(path)
    if len(image.shape) < 3 or np.prod(image.shape[3:]) != 1:
        raise RecordingError(f"{path}: expected one volume (x, y, z), got shape {image.shape}")
    whole = np.ones(image.shape[:3], bool)
    values = np.empty((1, whole.size), np.float32)
    _read_into(values, path, image, whole)
    return values.reshape(whole.shape), image.affine


def _read_mask(path: Path, bold_path: Path, bold: Any) -> NDArray[np.bool_]:
    _check_grid(bold_path, bold, path, _open(path))
    keep = read_volume(path)[0] != 0
    if not keep.any():
        raise RecordingError(f"{path}: the mask is empty; no voxel of it differs from zero")
    return keep


def _check_grid(path: Path, image: Any, other_path: Path, other: Any) -> None:
    if image.shape[:3] != other.shape[:3]:
        raise RecordingError(
            f"{other_path} has the shape {other.shape[:3]}, but {path} has {image.shape[:3]}; bring both onto one grid"
        )
    difference = float(np.abs(image.affine - other.affine).max())
    if not difference <= AFFINE_TOLERANCE:
        raise RecordingError(
            f"{other_path} and {path} have the same shape {image.shape[:3]} but lie elsewhere in space: "
            f"their affines differ by up to {difference:g} (at most {AFFINE_TOLERANCE:g} is allowed); bring "
            "both onto one grid"
        )


def _common_tr_s(paths: list[Path], images: list[Any]) -> float:
    found = [_tr_s(path, image) for path, image in zip(paths, images, strict=True)]
    if max(found) - min(found) > 1e-6:
        each = ", ".join(f"{path}: {tr_s:g} s" for path, tr_s in zip(paths, found, strict=True))
        raise RecordingError(f"the files differ in their repetition time ({each}); give tr_s, or read them apart")
    return found[0]


def _tr_s(path: Path, image: Any) -> float:
    zooms, unit = image.header.get_zooms(), image.header.get_xyzt_units()[1]
    step = float(str(zooms[3]))  # the shortest number that this float32 stands for: 0.72, not 0.7200000286
    tr_s = step * SECONDS.get(unit, np.nan)
    if not PLAUSIBLE_TR_S[0] <= tr_s <= PLAUSIBLE_TR_S[1]:
        raise RecordingError(
            f"{path}: expected a repetition time between {PLAUSIBLE_TR_S[0]:g} and {PLAUSIBLE_TR_S[1]:g} s "
            f"in the header, got {step:g} in the unit {unit!r}; give tr_s"
        )
    return tr_s


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


def _events(events: Events | AnyPath | Sequence[AnyPath] | None, names: list) -> Events:
    if events is None or isinstance(events, Events):
        return Events.none() if events is None else events
    paths = [events] if isinstance(events, str | PathLike) else list(events)
    if len(paths) != len(names):
        raise RecordingError(f"events: expected one file for each of the {len(names)} runs, got {len(paths)}")
    return Events.joined([read_events(path, name) for path, name in zip(paths, names, strict=True)])


def _index(voxel: NDArray) -> str:
    return "(" + ", ".join(map(str, voxel.tolist())) + ")"


def _reason(error: BaseException) -> str:
    return f"{error}" or type(error).__name__

"""Recordings from arrays, and hotwire's own file of a recording."""

from __future__ import annotations

import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....errors import RecordingError, ShapeError
from ....models.files import whole_file
from ...recordings.events import Events
from ...recordings.recording import Recording
from ..damaged import reading
from .npz_arrays import array_in, opened_npz

FORMAT = 1


def read_arrays(
    data: ArrayLike,
    rate_hz: float,
    *,
    feature_names: Sequence[str] | None = None,
    run: ArrayLike = 1,
    events: Events | None = None,
    unit: str | Sequence[str] = "a.u.",
    positions_mm: ArrayLike | None = None,
    source: str = "arrays",
) -> Recording:
    """Return a recording made of arrays.

    Parameters
    ----------
    data : array (n_samples, n_features)
        Stored as float32.
    rate_hz : float
        Samples per second.
    feature_names : sequence of str, optional
        Default: ``feature_0``, ``feature_1``, ...
    run : int, str or array (n_samples,)
        The run of all samples or of each one.
    events : Events, optional
    unit : str or sequence of str
        The unit of all features or of each one.
    positions_mm : array (n_features, 3), optional
    source : str

    Examples
    --------
    >>> import numpy as np
    >>> read_arrays(np.zeros((6, 3)), rate_hz=100.0, unit="V")
    <Recording: 6 samples x 3 features (V) at 100 Hz, 1 runs, 0 events, from arrays>
    """
    data = np.asarray(data)
    if data.ndim != 2:
        raise ShapeError(f"data: expected (n_samples, n_features), got shape {data.shape}")
    run = np.asarray(run)
    return Recording(
        data=data,
        rate_hz=rate_hz,
        feature_names=tuple(feature_names or (f"feature_{i}" for i in range(data.shape[1]))),
        run=np.broadcast_to(run, len(data)) if run.ndim == 0 else run,
        events=Events.none() if events is None else events,
        unit=unit if isinstance(unit, str) else tuple(unit),
        positions_mm=None if positions_mm is None else np.asarray(positions_mm),
        source=source,
    )


def write_npz(recording: Recording, path: str | PathLike[str]) -> None:
    """Write a recording to one ``.npz`` file, whole or not at all; `read_npz` reads it back exactly."""
    events = recording.events
    arrays = {
        "data": recording.data,
        "run": recording.run,
        "feature_names": np.array(recording.feature_names, dtype=np.str_),
        "confound_names": np.array(recording.confound_names, dtype=np.str_),
        "events_run": events.run,
        "events_onset_s": events.onset_s,
        "events_duration_s": events.duration_s,
        "events_label": events.label,
        "events_stimulus": events.stimulus,
        "positions_mm": recording.positions_mm,
        "confounds": recording.confounds,
    }
    about = {
        "format": FORMAT,
        "rate_hz": recording.rate_hz,
        "unit": recording.unit,
        "source": recording.source,
        "trimmed_samples": recording.trimmed_samples,
        "cut_from_last": recording.cut_from_last,
        "goes_on": recording.goes_on,
    }
    if recording.regions:
        arrays |= {
            "region_names": np.array(list(recording.regions), dtype=np.str_),
            "region_sizes": np.array([len(of) for of in recording.regions.values()], dtype=np.intp),
            "region_features": np.concatenate(list(recording.regions.values())),
        }
    there = {name: array for name, array in arrays.items() if array is not None}
    with whole_file(path) as file:
        np.savez_compressed(file, about=np.array(json.dumps(about)), **there)


def read_npz(path: str | PathLike[str]) -> Recording:
    """Read a recording that `write_npz` wrote.

    Raises
    ------
    RecordingError
        The file is missing, damaged or of another kind.
    """
    path = Path(path)
    if not path.exists():
        raise RecordingError(f"{path}: there is no such file")
    with reading(path, "cannot be read as a recording"):
        with opened_npz(path) as file:
            arrays = {name: array_in(path, name, file) for name in file.files}
        try:
            return _recording(path, arrays)
        except KeyError as error:
            raise RecordingError(f"{path}: not a recording that hotwire wrote; it lacks {error}") from error


def _recording(path: Path, arrays: dict[str, NDArray]) -> Recording:
    about = json.loads(arrays.pop("about").item())
    if about["format"] != FORMAT:
        raise RecordingError(f"{path}: expected format {FORMAT}, got {about['format']}; use a newer hotwire")
    unit = about["unit"]
    return Recording(
        data=arrays["data"],
        rate_hz=about["rate_hz"],
        feature_names=tuple(arrays["feature_names"].tolist()),
        run=arrays["run"],
        events=Events(
            run=arrays["events_run"],
            onset_s=arrays["events_onset_s"],
            duration_s=arrays["events_duration_s"],
            label=arrays["events_label"],
            stimulus=arrays.get("events_stimulus"),
        ),
        unit=unit if isinstance(unit, str) else tuple(unit),
        positions_mm=arrays.get("positions_mm"),
        confounds=arrays.get("confounds"),
        confound_names=tuple(arrays["confound_names"].tolist()),
        source=about["source"],
        trimmed_samples=about["trimmed_samples"],
        cut_from_last=tuple(about.get("cut_from_last", ())),
        goes_on=tuple(about.get("goes_on", ())),
        regions=_regions(arrays) if "region_names" in arrays else {},
    )


def _regions(arrays: dict[str, NDArray]) -> dict[str, NDArray]:
    ends = np.cumsum(arrays["region_sizes"])
    return dict(zip(arrays["region_names"].tolist(), np.split(arrays["region_features"], ends[:-1]), strict=True))

"""A recording: samples in time, with their rate, names, runs and events.

Everything downstream (steps, windows, evaluation) starts from a :class:`Recording`. It checks itself when it
is made and never repairs: what is wrong is named, with its position.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, NonFiniteError, RecordingError, ShapeError, UnknownNameError
from ..volumes.space import VolumeSpace
from .events import Events, check_events, listed, run_names, set_field


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """Samples in time, with their rate, names, runs and events.

    The arrays are read-only. Constant features are legal: some voxels of every scan are.

    Attributes
    ----------
    data : array (n_samples, n_features), float32
        The samples of all runs, one run after the other.
    rate_hz : float
        Samples per second; for fMRI ``1 / tr_s``.
    feature_names : tuple of str
        One name per voxel or channel, each once.
    run : array (n_samples,) of int or str
        The run of each sample; a run is one unbroken block.
    events : Events
        Onsets count from the first sample of their run.
    unit : str or tuple of str
        The unit of all features, or one unit for each.
    positions_mm : array (n_features, 3), optional
        The position of each feature, in millimetres; NaN where it is not known.
    confounds : array (n_samples, n_confounds), optional
        Nuisance signals such as head movement, see :func:`hotwire.decoder.steps.regress_out`.
    confound_names : tuple of str
        One name per confound.
    source : str
        Where the recording is from.
    trimmed_samples : int
        Samples that a lag took off the end of every run; an event may still begin there.
    regions : dict of str to array (n_region_features,) of int
        The features of each of the recording's own regions. They may overlap, and one may be empty.
    cut_from_last : tuple of int or str
        The runs that were cut from the one before them, see :func:`hotwire.decoder.cut_runs`.
    goes_on : tuple of int or str
        Those of them into which the state of causal steps is carried from the run before, as on a stream.
    space : VolumeSpace, optional
        The grid of voxels that were prepared volume by volume, and how; a decoder brings it to the scanner.

    Raises
    ------
    ShapeError
        The parts do not fit together, or a region names features that do not exist.
    NonFiniteError
        A sample is NaN or infinite; feature, run and sample are named.
    RecordingError
        A run is split, a name occurs twice, or an event is outside the runs.

    Examples
    --------
    >>> Recording(np.ones((4, 2)), 0.5, ("left", "right"), np.array([1, 1, 2, 2]), Events.none())
    <Recording: 4 samples x 2 features (a.u.) at 0.5 Hz, 2 runs, 0 events, from memory>
    """

    data: NDArray[np.float32]
    rate_hz: float
    feature_names: tuple[str, ...]
    run: NDArray
    events: Events = field(default_factory=Events.none)
    unit: str | tuple[str, ...] = "a.u."
    positions_mm: NDArray[np.float64] | None = None
    confounds: NDArray[np.float64] | None = None
    confound_names: tuple[str, ...] = ()
    source: str = "memory"
    trimmed_samples: int = 0
    regions: Mapping[str, NDArray[np.intp]] = field(default_factory=dict)
    cut_from_last: tuple[int | str, ...] = ()
    goes_on: tuple[int | str, ...] = ()
    space: VolumeSpace | None = None

    def __post_init__(self) -> None:
        with np.errstate(over="ignore"):  # what is too large for float32 is reported below, with its position
            set_field(self, "data", np.asarray(self.data, dtype=np.float32))
        set_field(self, "run", run_names(self.run, "run"))
        set_field(self, "rate_hz", float(self.rate_hz))
        set_field(self, "feature_names", tuple(map(str, self.feature_names)))
        set_field(self, "confound_names", tuple(map(str, self.confound_names)))
        if not isinstance(self.unit, str):
            set_field(self, "unit", tuple(map(str, self.unit)))
        for name in ("positions_mm", "confounds"):
            if getattr(self, name) is not None:
                set_field(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        _check_shapes(self)
        set_field(self, "regions", {str(name): _region(str(name), of, self) for name, of in self.regions.items()})
        _check_finite(self)
        check_events(self.events, self.run_lengths(), self.rate_hz, self.trimmed_samples)

    @property
    def n_samples(self) -> int:
        return self.data.shape[0]

    @property
    def n_features(self) -> int:
        return self.data.shape[1]

    @property
    def tr_s(self) -> float:
        """Seconds from one sample to the next."""
        return 1.0 / self.rate_hz

    @property
    def runs(self) -> list:
        """The runs' names, in the order in which they were recorded."""
        starts = np.flatnonzero(np.r_[True, self.run[1:] != self.run[:-1]]) if self.n_samples else []
        return [self.run[start].item() for start in starts]

    def run_lengths(self) -> dict:
        """Return the number of samples of each run, by its name."""
        return {name: int(np.count_nonzero(self.run == name)) for name in self.runs}

    def samples_of(self, run: int | str) -> slice:
        """Return the slice of a run's samples in ``data``."""
        where = np.flatnonzero(self.run == run)
        if not where.size:
            raise UnknownNameError("run", run, map(str, self.runs))
        return slice(int(where[0]), int(where[-1]) + 1)

    def select(
        self,
        features: ArrayLike | None = None,
        runs: Sequence[int | str] | None = None,
        labels: Sequence[str] | None = None,
    ) -> Recording:
        """Return the recording of some features and some runs, or with some of its events.

        Parameters
        ----------
        features : sequence of str, or array of int or bool, optional
            Names, indices or a mask. Default: all.
        runs : sequence of int or str, optional
            Run names. Default: all. Samples stay in the order of the recording.
        labels : sequence of str, optional
            Select only events with these labels; all samples stay.
        """
        if labels is not None:
            known = np.unique(self.events.label).tolist()
            for label in labels:
                if label not in known:
                    raise UnknownNameError("label", label, known)
            events = self.events.take(np.isin(self.events.label, list(labels)))
            return replace(self, events=events).select(features, runs)
        chosen: dict = {}
        rows = np.ones(self.n_samples, bool)
        if runs is not None:
            for name in runs:
                self.samples_of(name)  # raises for a run that is not there
            rows = np.isin(self.run, np.asarray(runs))
            chosen |= {
                "run": self.run[rows],
                "events": self.events.take(np.isin(self.events.run, np.asarray(runs))),
                "goes_on": tuple(b for a, b in pairwise(self.runs) if b in self.goes_on and {a, b} <= set(runs)),
            }
            chosen |= {} if self.confounds is None else {"confounds": self.confounds[rows]}
        columns = np.arange(self.n_features) if features is None else self._feature_indices(features)
        if features is not None:
            chosen["feature_names"] = tuple(self.feature_names[i] for i in columns)
            if not isinstance(self.unit, str):
                chosen["unit"] = tuple(self.unit[i] for i in columns)
            if self.positions_mm is not None:
                chosen["positions_mm"] = self.positions_mm[columns]
            chosen["regions"] = {
                name: np.flatnonzero(np.isin(columns, of).ravel()) for name, of in self.regions.items()
            }
        if runs is not None:
            chosen["data"] = self.data[rows]
        if features is not None:
            chosen["data"] = chosen.get("data", self.data)[:, columns]
        return replace(self, **chosen)

    def _feature_indices(self, features: ArrayLike) -> NDArray:
        wanted = np.asarray(features)
        if wanted.dtype.kind != "U":
            if wanted.dtype.kind not in "biu":
                raise InputError(f"features: expected names, indices or a boolean mask, got an array of {wanted.dtype}")
            return np.arange(self.n_features)[wanted]
        index = {name: i for i, name in enumerate(self.feature_names)}
        for name in wanted.ravel().tolist():
            if name not in index:
                raise UnknownNameError("feature", name, few(name, self.feature_names))
        return np.array([index[name] for name in wanted.ravel().tolist()], dtype=np.intp)

    def __repr__(self) -> str:
        return f"<Recording: {self.summary()}>"

    def summary(self) -> str:
        """Return size, unit, rate, runs, events and source, in a line."""
        unit = self.unit if isinstance(self.unit, str) else ", ".join(sorted(set(self.unit)))
        regions = f"{len(self.regions)} regions, " if self.regions else ""
        return (
            f"{self.n_samples} samples x {self.n_features} features ({unit}) at {self.rate_hz:.6g} Hz, "
            f"{regions}{len(self.runs)} runs, {len(self.events)} events, from {self.source}"
        )


def _check_shapes(r: Recording) -> None:
    if r.data.ndim != 2:
        raise ShapeError(f"data: expected (n_samples, n_features), got shape {r.data.shape}")
    n_samples, n_features = r.data.shape
    if not (np.isfinite(r.rate_hz) and r.rate_hz > 0):
        raise RecordingError(f"rate_hz: expected a positive number of samples per second, got {r.rate_hz}")
    if len(r.feature_names) != n_features:
        raise ShapeError(
            f"feature_names: expected {n_features} names for data {r.data.shape}, got {len(r.feature_names)}"
        )
    if len(set(r.feature_names)) != n_features:
        twice = sorted(name for name, n in Counter(r.feature_names).items() if n > 1)
        raise RecordingError(f"feature_names: expected each name once, got several of {', '.join(twice[:10])}")
    if r.run.shape != (n_samples,):
        raise ShapeError(f"run: expected one name per sample, shape ({n_samples},), got {r.run.shape}")
    if not isinstance(r.unit, str) and len(r.unit) != n_features:
        raise ShapeError(f"unit: expected one unit or one for each of the {n_features} features, got {len(r.unit)}")
    if r.positions_mm is not None and r.positions_mm.shape != (n_features, 3):
        raise ShapeError(f"positions_mm: expected shape ({n_features}, 3), got {r.positions_mm.shape}")
    confounds = (n_samples, 0) if r.confounds is None else r.confounds.shape
    if confounds != (n_samples, len(r.confound_names)):
        raise ShapeError(f"confounds: expected shape ({n_samples}, {len(r.confound_names)}), got {confounds}")
    if len(set(r.runs)) != len(r.runs):
        raise RecordingError(f"run: expected each run to be one unbroken block, got the blocks {listed(r.runs)}")


def _region(name: str, features: ArrayLike, r: Recording) -> NDArray[np.intp]:
    """Return a region's features as a new read-only array, in ascending order."""
    given = np.asarray(features)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise ShapeError(
            f"regions: expected for {name!r} a list of positions of features, got an array of {given.dtype} of shape "
            f"{given.shape}"
        )
    outside = given[(given < 0) | (given >= r.n_features)]
    if outside.size:
        raise ShapeError(
            f"regions: {name!r} names feature {outside[0]}, but the recording has {r.n_features}, counted from 0; "
            f"{outside.size} of {given.size} do not exist"
        )
    sorted_once = np.unique(given).astype(np.intp)
    if sorted_once.size != given.size:
        raise RecordingError(f"regions: expected each feature once, but {name!r} has some of them several times")
    sorted_once.flags.writeable = False
    return sorted_once


def _check_finite(r: Recording) -> None:
    for what, values, names in (
        ("data", r.data, r.feature_names),
        ("confounds", r.confounds, r.confound_names),
    ):
        if values is None or np.isfinite(values).all():
            continue
        bad = np.argwhere(~np.isfinite(values))
        sample, column = bad[0]
        run = r.run[sample].item()
        raise NonFiniteError(
            f"{what}: expected finite numbers, got {values[sample, column]} in {names[column]!r}, run "
            f"{run}, sample {sample - r.samples_of(run).start} of the run; {len(bad)} values in "
            f"{len(np.unique(bad[:, 1]))} columns are not finite. Leave these features out, or correct the "
            "recording"
        )


def few(name: str, names: Sequence[str], most: int = 20) -> list[str]:
    """Return at most `most` names for a message, those like `name` first: a brain has too many voxels to list."""
    if len(names) <= most:
        return list(names)
    close = get_close_matches(name, names, n=5)
    return [*close, *(n for n in names[: most - len(close)] if n not in close), f"... {len(names)} in all"]

"""Regions: which features of a recording belong together, by name, mask, atlas or position in the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, RecordingError, UnknownNameError
from ..recordings.events import listed
from ..recordings.patterns import matches
from ..recordings.recording import Recording, few
from .fmri.images import AFFINE_TOLERANCE, read_volume
from .tables import numbers, read_table

ALL_LABELS = 'regions_from = { atlas = "atlas.nii.gz", labels = "labels.tsv" } takes every label of an atlas'
FORMS = '{ features = [...] }, { mask = "..." }, { atlas = "...", label = ... } or { first = ..., stop = ... }'


@dataclass(frozen=True)
class Region:
    """One region, described in one of four ways.

    Parameters
    ----------
    features : sequence of str
        Names of features, or patterns such as ``"neuron_1*"``.
    mask : path
        A NIfTI image on the recording's grid; voxels that are not zero belong to the region.
    atlas : path
        A NIfTI image of whole numbers on the recording's grid.
    label : sequence of int
        Which numbers of the atlas belong to the region.
    first, stop : int
        The features ``[first, stop)``, counted from 0.
    """

    features: Sequence[str] | None = None
    mask: Path | None = None
    atlas: Path | None = None
    label: Sequence[int] | None = None
    first: int | None = None
    stop: int | None = None

    def __post_init__(self) -> None:
        given = {name for name, value in vars(self).items() if value is not None}
        if given not in ({"features"}, {"mask"}, {"atlas", "label"}, {"first", "stop"}):
            hint = f"; {ALL_LABELS}" if "atlas" in given else ""
            raise InputError(f"expected {FORMS}, got the fields {', '.join(sorted(given)) or 'none'}{hint}")

    def features_in(self, recording: Recording) -> NDArray[np.intp]:
        """Return the features of the recording that belong to the region, in ascending order."""
        if self.features is not None:
            return _matching(self.features, recording.feature_names)
        if self.mask is not None:
            return np.flatnonzero(_values_at(self.mask, recording))
        if self.atlas is not None and self.label is not None:
            return np.flatnonzero(np.isin(_labels_at(self.atlas, recording), self.label))
        assert self.first is not None  # one of the four
        assert self.stop is not None
        if not 0 <= self.first < self.stop <= recording.n_features:
            raise InputError(
                f"expected first < stop <= {recording.n_features}, the number of features, got first = {self.first} "
                f"and stop = {self.stop}"
            )
        return np.arange(self.first, self.stop)


@dataclass(frozen=True)
class Atlas:
    """All labels of an atlas that voxels of the recording have, each a region.

    Parameters
    ----------
    atlas : path
        A NIfTI image of whole numbers on the recording's grid; 0 is none.
    labels : path, optional
        A tab-separated table with the columns ``index`` and ``name``, as in BIDS. Default: regions are named by their
        numbers.
    """

    atlas: Path
    labels: Path | None = None

    def features_in(self, recording: Recording) -> dict[str, NDArray[np.intp]]:
        """Return the features of the recording that belong to each region."""
        label = _labels_at(self.atlas, recording)
        present = [int(number) for number in np.unique(label) if number != 0]
        names = {number: str(number) for number in present} if self.labels is None else _read_labels(self.labels)
        for number in present:
            if number not in names:
                raise UnknownNameError(f"index in {self.labels}", number, map(str, names))
        return {names[number]: np.flatnonzero(label == number) for number in present}


def read_regions(
    regions: Mapping[str, Region] | Atlas | Literal["all", "recording"], recording: Recording
) -> dict[str, NDArray[np.intp]]:
    """Return the features of each region, as ascending indices; regions may overlap.

    ``"all"`` is one region with all features; ``"recording"`` are the recording's own. A region that is empty, names
    features that do not exist, or is on another grid is an error that names it.

    Examples
    --------
    >>> from hotwire.decoder.readers import read_arrays
    >>> recording = read_arrays(np.zeros((2, 3)), 1.0, feature_names=["left_1", "left_2", "right_1"])
    >>> read_regions({"left": Region(["left_*"])}, recording)
    {'left': array([0, 1])}
    """
    if regions == "all":
        return {"all": np.arange(recording.n_features)}
    if regions == "recording":
        features_of = {name: np.asarray(features) for name, features in recording.regions.items()}
        if not features_of:
            raise InputError(f'regions: the recording brought none along; expected "all" or a table, each {FORMS}')
    elif isinstance(regions, Atlas):
        features_of = regions.features_in(recording)
        if not features_of:
            raise RecordingError(f"{regions.atlas}: all features of the recording lie where the atlas is 0")
    else:
        assert isinstance(regions, Mapping)
        features_of = {}
        for name, region in regions.items():
            try:
                features_of[name] = region.features_in(recording)
            except (InputError, RecordingError) as error:
                kind = InputError if isinstance(error, InputError) else RecordingError
                raise kind(f"regions.{name}: {error}") from error
    for name, features in features_of.items():
        if not len(features):
            raise RecordingError(f"regions.{name}: none of the {recording.n_features} features is in it; leave it out")
    return features_of


def _matching(patterns: Sequence[str], names: tuple[str, ...]) -> NDArray[np.intp]:
    chosen = np.zeros(len(names), bool)
    for pattern in patterns:
        fit = matches(pattern, names)
        if not fit.any():
            raise UnknownNameError("feature or pattern", pattern, few(pattern, names))
        chosen |= fit
    return np.flatnonzero(chosen)


def _labels_at(path: Path, recording: Recording) -> NDArray[np.int64]:
    values = _values_at(path, recording)
    label = np.round(values).astype(np.int64)
    if not np.array_equal(label, values):
        odd = values[label != values][0]
        raise RecordingError(f"{path}: expected an atlas of whole numbers, got {odd:g}")
    return label


def _values_at(path: Path, recording: Recording) -> NDArray[np.float32]:
    """Return the image's value in each feature's voxel; both have to be on one grid."""
    voxels = _voxels(path, recording)
    values, affine = read_volume(path)
    outside = (voxels >= np.array(values.shape)).any(axis=1)
    if outside.any():
        raise RecordingError(
            f"{path} has the shape {values.shape}, but the recording has voxel {tuple(voxels[outside][0].tolist())}; "
            "bring both onto one grid"
        )
    assert recording.positions_mm is not None  # _voxels checks
    positions_mm = voxels @ affine[:3, :3].T + affine[:3, 3]
    away = np.abs(positions_mm - recording.positions_mm).max(axis=1)
    if not away.max() <= AFFINE_TOLERANCE:
        i = int(np.argmax(away))
        ours, theirs = (tuple(np.round(p[i], 3).tolist()) for p in (recording.positions_mm, positions_mm))
        raise RecordingError(
            f"{path} (shape {values.shape}) and the recording lie elsewhere in space: voxel "
            f"{tuple(voxels[i].tolist())} is at {theirs} mm in the one and at {ours} mm in the other; bring both onto "
            "one grid"
        )
    return values[tuple(voxels.T)]


def _voxels(path: Path, recording: Recording) -> NDArray[np.intp]:
    """Return the index (i, j, k) of each feature, from its name."""
    parts = [name.split("_") for name in recording.feature_names]
    if recording.positions_mm is None or any(
        len(part) != 4 or part[0] != "voxel" or not all(map(str.isdecimal, part[1:])) for part in parts
    ):
        raise RecordingError(
            f"{path}: an image can only say the regions of voxels whose positions are known, with names such as "
            f"'voxel_3_10_2'; the features are {listed(recording.feature_names[:3])}, ... "
            f"with{'out' if recording.positions_mm is None else ''} positions"
        )
    return np.array([part[1:] for part in parts], np.intp)


def _read_labels(path: Path) -> dict[int, str]:
    table = read_table(path)
    for column in ("index", "name"):
        if column not in table:
            raise RecordingError(f"{path}: expected a column {column!r}, got the columns {', '.join(table)}")
    names = table["name"]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise RecordingError(f"{path}: expected each name once, got several of {', '.join(twice)}")
    return dict(zip(numbers(path, "index", table["index"]).astype(int).tolist(), names, strict=True))

"""What names say: which files of a folder are volumes, their numbers, and which voxels a decoder takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

NUMBER = "{n}"
FEATURE = re.compile(r"voxel_(\d+)_(\d+)_(\d+)")
LAST_DIGITS = re.compile(r"\d+(?=\D*$)")
_MARK = "VOLUMENUMBER"


class VolumeNames:
    """The rule for the names of volumes.

    Parameters
    ----------
    pattern : str
        With ``*`` and ``?`` as in a shell. ``{n}`` is the volume's number; without it, it is the last number before
        the ending.

    Examples
    --------
    >>> VolumeNames("run2_*.nii*").number("run2_0017.nii.gz")
    17
    >>> VolumeNames("vol_{n}_run2.nii").number("vol_0017_run2.nii")
    17
    >>> VolumeNames("*.nii*").number("mean.nii") is None
    True
    """

    def __init__(self, pattern: str) -> None:
        if pattern.count(NUMBER) > 1:
            raise InputError(f"pattern: expected {NUMBER}, the volume's number, at most once, got {pattern!r}")
        self.pattern = pattern
        self._names_number = NUMBER in pattern
        expression = translate(pattern.replace(NUMBER, _MARK)).replace(_MARK, r"(?<!\d)(\d+)(?!\d)")
        self._expression = re.compile(expression)

    def matches(self, name: str) -> bool:
        return self._expression.match(name) is not None

    def number(self, name: str) -> int | None:
        """The number of the volume in a file that matches; None if there is none in its name."""
        if self._names_number:
            found = self._expression.match(name)
            return int(found[1]) if found else None
        last = LAST_DIGITS.search(stem(name))
        return int(last[0]) if last else None


def stem(name: str) -> str:
    """A file's name without its ending: a volume that is written again compressed is the same one."""
    return name.split(".nii")[0]


def pattern_for(name: str, other: str) -> str | None:
    """A pattern for two names that differ in one number only: there is the volume's number.

    >>> pattern_for("vol_0001_run2.nii", "vol_0002_run2.nii")
    'vol_{n}_run2.nii'
    """
    parts, others = (re.split(r"(\d+)", one) for one in (name, other))
    if len(parts) != len(others):
        return None
    differing = [i for i, (part, its) in enumerate(zip(parts, others, strict=True)) if part != its]
    if len(differing) != 1 or differing[0] % 2 == 0:
        return None
    parts[differing[0]] = NUMBER
    return "".join(parts)


def voxels_named(feature_names: Sequence[str]) -> NDArray[np.intp]:
    """Return the indices (n_voxels, 3) of voxels, from the features' names.

    >>> voxels_named(["voxel_12_30_7"]).tolist()
    [[12, 30, 7]]
    """
    voxels = []
    for name in feature_names:
        found = FEATURE.fullmatch(name)
        if found is None:
            raise InputError(f"feature_names: expected voxels such as 'voxel_12_30_7', got {name!r}")
        voxels.append([int(index) for index in found.groups()])
    return np.array(voxels, np.intp).reshape(-1, 3)

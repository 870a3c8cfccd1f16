"""The named sources of `hotwire stream`; other packages add theirs as entry points."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...decoder.registry import Registry
from ...decoder.volumes import VolumeSpace
from ...errors import InputError
from .brainflow_board import BrainFlowBoard
from .dicom import DicomFolder
from .lsl_source import LslSource
from .source import Source
from .volumes import VolumeFolder

if TYPE_CHECKING:
    from ..live_decoder import LiveDecoder


class RegionVoxels(NamedTuple):
    """The voxels (n_voxels, 3) of a mask, and the space in which they lie."""

    voxels: NDArray[np.intp]
    space: VolumeSpace


def lsl(
    decoder: LiveDecoder,
    *,
    name: str | None = None,
    type: str | None = None,
    source_id: str | None = None,
    markers: str | None = None,
) -> LslSource:
    """A stream from LSL."""
    return LslSource(name, type=type, source_id=source_id, markers=markers)


def volumes(
    decoder: LiveDecoder,
    *,
    folder: str | PathLike[str],
    tr_s: float | str | None = None,
    pattern: str = "*.nii*",
    region: RegionVoxels | None = None,
) -> VolumeFolder:
    """A folder in which volumes appear; ``tr_s`` is the decoder's by default."""
    voxels, space = _region(decoder, region)
    return VolumeFolder(folder, decoder.feature_names, _seconds(decoder, tr_s), space, pattern=pattern, region=voxels)


def dicom(
    decoder: LiveDecoder,
    *,
    folder: str | PathLike[str],
    tr_s: float | str | None = None,
    pattern: str = "*",
    series: int | str | None = None,
    protocol: str | None = None,
    region: RegionVoxels | None = None,
) -> DicomFolder:
    """A folder in which DICOM files appear; ``tr_s`` is the decoder's by default."""
    try:
        number = None if series is None else int(series)
    except ValueError as error:
        raise InputError(f"series: expected the number of a series, such as 7, got {series!r}") from error
    voxels, space = _region(decoder, region)
    return DicomFolder(
        folder,
        decoder.feature_names,
        _seconds(decoder, tr_s),
        space,
        pattern=pattern,
        series=number,
        protocol=protocol,
        region=voxels,
    )


def _region(decoder: LiveDecoder, region: RegionVoxels | None) -> tuple[NDArray[np.intp] | None, VolumeSpace | None]:
    if region is not None and not isinstance(region, RegionVoxels):
        raise InputError(f"region: expected none, as --feedback gives it, got {region!r}")
    return (None, decoder.space) if region is None else region


def _seconds(decoder: LiveDecoder, tr_s: float | str | None) -> float:
    try:
        return 1.0 / decoder.rate_hz if tr_s is None else float(tr_s)
    except ValueError as error:
        raise InputError(f"tr_s: expected seconds, such as 2.5, got {tr_s!r}") from error


def brainflow(decoder: LiveDecoder, *, board: str, **parameters: str) -> BrainFlowBoard:
    """A board by BrainFlow, with BrainFlow's parameters, such as ``serial_port``."""
    return BrainFlowBoard(board, **parameters)


SOURCES: Registry[Callable[..., Source]] = Registry(
    "hotwire.sources", {"lsl": lsl, "volumes": volumes, "dicom": dicom, "brainflow": brainflow}
)

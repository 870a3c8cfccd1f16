"""Files that MNE-Python reads: FIF, EDF, BDF, GDF, BrainVision, EEGLAB, CNT and more."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ....errors import MissingExtraError, RecordingError
from ...recordings.recording import Recording
from ..damaged import reading
from ..left_out import NotFinite, OnEventOutside
from .fif_tags import FIF, check_tags
from .objects import from_mne

if TYPE_CHECKING:
    import mne

EPOCHS_ENDINGS = ("-epo.fif", "_epo.fif", "-epo.fif.gz", "_epo.fif.gz")
"""MNE's endings for files of epochs."""
UNREADABLE = "cannot be read by MNE-Python"
HARMLESS = ("does not conform to MNE naming conventions",)
"""Warnings of MNE's readers that do not concern the data."""


def read_mne(
    path: str | PathLike[str],
    channels: Sequence[str] | None = None,
    bads: Literal["error", "drop", "keep"] = "error",
    *,
    stim_channel: str | None = None,
    event_id: Mapping[str, int] | None = None,
    bad_spans: Literal["keep", "drop events", "cut"] = "drop events",
    not_finite: NotFinite = "error",
    on_event_outside: OnEventOutside = "error",
) -> Recording:
    """Read a file that `mne.io.read_raw` reads, or one of epochs (``-epo.fif``, EEGLAB's ``.set``).

    A truncated file is read as far as it goes; ``source`` says how much is missing, and what else MNE warned of. The
    parameters are those of `hotwire.decoder.readers.from_mne`.

    Raises
    ------
    MissingExtraError
        There is no MNE-Python.
    RecordingError
        The file is missing, damaged or of a kind that MNE does not read; and as `from_mne`.
    """
    path = Path(path)
    if not path.exists():
        raise RecordingError(f"{path}: there is no such file")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        source, lost = _load(path)
    complaints = dict.fromkeys(" ".join(str(one.message).split()) for one in caught)
    notes = [f"MNE-Python warned: {one}" for one in complaints if not any(text in one for text in HARMLESS)]
    recording = from_mne(
        source,
        channels,
        bads,
        stim_channel=stim_channel,
        event_id=event_id,
        bad_spans=bad_spans,
        not_finite=not_finite,
        on_event_outside=on_event_outside,
    )
    return replace(recording, source="; ".join([recording.source, *lost, *notes]))


def _mne() -> Any:
    try:
        import mne
    except ImportError as error:
        raise MissingExtraError("reading with MNE-Python needs mne; install hotwire[all]") from error
    return mne


def open_raw(path: Path) -> mne.io.BaseRaw:
    """Open a file of continuous data, without reading its samples; errors as `read_mne`."""
    mne = _mne()
    with reading(path, UNREADABLE), warnings.catch_warnings(action="ignore"):
        if path.name.endswith(FIF):
            check_tags(path)
        return _with_known_types(mne.io.read_raw(path, preload=False, verbose="error"))


def _load(path: Path) -> tuple[mne.io.BaseRaw | mne.BaseEpochs, list[str]]:
    """Return the file's content, in memory, and notes of what cannot be read."""
    mne = _mne()
    with reading(path, UNREADABLE):
        if path.name.endswith(FIF):
            check_tags(path)
        if path.name.endswith(EPOCHS_ENDINGS):
            return mne.read_epochs(path, verbose="warning"), []
        try:
            raw = _with_known_types(mne.io.read_raw(path, preload=False, verbose="warning"))
        except TypeError as error:
            if "read_epochs_eeglab" not in str(error):
                raise
            return mne.io.read_epochs_eeglab(path, verbose="warning"), []
        return _loaded(raw)


def _with_known_types(raw: Any) -> Any:
    """Return what was opened; what MNE raises for types of channels that do not exist, it raises here."""
    raw.get_channel_types()
    return raw


def _loaded(raw: Any) -> tuple[mne.io.BaseRaw, list[str]]:
    """Load the samples; of a truncated file, those before its end."""
    n_there = raw.n_times if _works(lambda: raw.load_data(verbose="warning")) else _n_readable(raw)
    if n_there in (0, raw.n_times):  # none: MNE says what is wrong
        return raw.load_data(verbose="warning"), []
    n_lost = raw.n_times - n_there
    rate_hz = raw.info["sfreq"]
    raw.crop(tmax=(n_there - 1) / rate_hz).load_data(verbose="warning")
    return raw, [f"cut off: the last {n_lost} samples or more ({n_lost / rate_hz:.4g} s) cannot be read"]


def _n_readable(raw: Any) -> int:
    """Return how many samples from the first on can be read, by bisection."""
    low, high = 0, raw.n_times
    while low < high:
        middle = (low + high) // 2
        if _works(partial(raw.__getitem__, (slice(None), slice(middle, middle + 1)))):
            low = middle + 1
        else:
            high = middle
    return low


def _works(read: Callable[[], Any]) -> bool:
    try:
        read()
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  (MNE raises plain exceptions, too; where nothing can be read, it says why)
        return False
    return True

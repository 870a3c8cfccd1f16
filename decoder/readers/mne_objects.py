"""Recordings from MNE-Python's Raw and Epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, MissingExtraError, RecordingError, UnknownNameError
from ..events import Events
from ..recording import Recording

if TYPE_CHECKING:
    import mne

UNITS = {
    **dict.fromkeys(("eeg", "seeg", "ecog", "dbs", "eog", "ecg", "emg", "fnirs_cw_amplitude"), "V"),
    "mag": "T",
    "grad": "T/m",
    "csd": "V/m²",
    "hbo": "M",
    "hbr": "M",
}
BOUNDARIES = ("EDGE boundary", "boundary")
"""Annotations where a recording goes on after a break: of `mne.concatenate_raws`, of EEGLAB."""


def from_mne(
    source: mne.io.BaseRaw | mne.BaseEpochs,
    channels: Sequence[str] | None = None,
    bads: Literal["error", "drop", "keep"] = "error",
) -> Recording:
    """Return the recording in an MNE object.

    Raw: annotations become events, those named ``BAD...`` too; at a boundary annotation (of
    ``mne.concatenate_raws`` or EEGLAB) a new run begins. Epochs: time does not go on from one epoch to the
    next, so that each is a run of its own, with one event from time zero to the epoch's end. Leaving one such
    run out leaves one epoch out.

    Parameters
    ----------
    source : mne.io.BaseRaw or mne.BaseEpochs
    channels : sequence of str, optional
        The channels to keep; where not given, all that record the brain (EEG, MEG, sEEG, ECoG, DBS, fNIRS,
        CSD).
    bads : str
        What to do with channels that are marked as bad: ``"error"`` (default), ``"drop"`` or ``"keep"``.

    Returns
    -------
    Recording
        In SI units; positions in millimetres in the frame that MNE holds them in, NaN where not known. Runs
        are numbered from 1.

    Raises
    ------
    RecordingError
        Channels are marked as bad, no channel is left, or epochs do not hold time zero.
    """
    try:
        import mne
    except ImportError as error:
        raise MissingExtraError("from_mne needs MNE-Python; install hotwire[all]") from error
    if not isinstance(source, mne.io.BaseRaw | mne.BaseEpochs):
        raise InputError(f"source: expected an MNE Raw or Epochs, got {type(source).__name__}")
    names = _channels(source, channels, bads)
    if isinstance(source, mne.io.BaseRaw):
        data = np.asarray(source.get_data(picks=np.array(names))).T
        run, events = _annotations(source)
    else:
        epochs = source.get_data(picks=np.array(names))
        data = epochs.transpose(0, 2, 1).reshape(-1, len(names))
        run = np.repeat(np.arange(1, len(epochs) + 1), epochs.shape[2])
        events = _one_event_each(source, *epochs.shape[::2])
    index = [source.ch_names.index(name) for name in names]
    kinds = source.get_channel_types(picks=names)
    return Recording(
        data=data,
        rate_hz=float(source.info["sfreq"]),
        feature_names=tuple(names),
        run=run,
        events=events,
        unit=tuple(UNITS.get(kind, "a.u.") for kind in kinds),
        positions_mm=_positions_mm(source, index),
        source=_source(source),
    )


def _channels(source: Any, channels: Sequence[str] | None, bads: str) -> list[str]:
    import mne

    if bads not in ("error", "drop", "keep"):
        raise InputError(f"bads: expected 'error', 'drop' or 'keep', got {bads!r}")
    if channels is None:
        types = dict.fromkeys(("meg", "eeg", "seeg", "ecog", "dbs", "fnirs", "csd"), True)
        names = [source.ch_names[i] for i in mne.pick_types(source.info, exclude=[], **types)]  # type: ignore[arg-type]
    else:
        names = list(channels)
        for name in names:
            if name not in source.ch_names:
                raise UnknownNameError("channel", name, source.ch_names)
    bad = [name for name in names if name in source.info["bads"]]
    if bad and bads == "error":
        raise RecordingError(f"channels are marked as bad: {', '.join(bad)}; choose bads='drop' or bads='keep'")
    if bads == "drop":
        names = [name for name in names if name not in bad]
    if not names:
        kinds = sorted(set(source.get_channel_types()))
        raise RecordingError(f"channels: none is left to read; the types of all channels are {', '.join(kinds)}")
    return names


def _annotations(raw: Any) -> tuple[NDArray[np.int64], Events]:
    """Return the run of each sample and the events."""
    annotations = raw.annotations
    rate_hz = raw.info["sfreq"]
    # Onsets count from the start of the measurement, which may lie before the first sample held.
    onset_s = annotations.onset - raw.first_time
    label = np.array(list(annotations.description), dtype=np.str_)
    is_boundary = np.isin(label, BOUNDARIES)
    is_event = ~is_boundary & (label != "BAD boundary")
    cuts = np.unique(np.round(onset_s[is_boundary] * rate_hz).astype(int))
    starts = np.r_[0, cuts[(cuts > 0) & (cuts < raw.n_times)]]
    run = np.repeat(np.arange(1, len(starts) + 1), np.diff(np.r_[starts, raw.n_times]))
    which = np.searchsorted(starts / rate_hz - 0.5 / rate_hz, onset_s[is_event], side="right") - 1
    which = np.maximum(which, 0)  # an annotation before the first sample: the recording says so
    return run, Events(
        run=which + 1,
        onset_s=_not_before_zero(onset_s[is_event] - starts[which] / rate_hz, rate_hz),
        duration_s=annotations.duration[is_event],
        label=label[is_event],
    )


def _not_before_zero(onset_s: NDArray[np.float64], rate_hz: float) -> NDArray[np.float64]:
    """Move onsets that rounding put less than half a sample before a run's first sample onto it."""
    return np.where((onset_s < 0) & (onset_s > -0.5 / rate_hz), 0.0, onset_s)


def _one_event_each(epochs: Any, n_epochs: int, n_times: int) -> Events:
    rate_hz = epochs.info["sfreq"]
    onset_s = -float(epochs.times[0])
    if not 0 <= onset_s < n_times / rate_hz:
        raise RecordingError(
            f"epochs: expected epochs that hold time zero, got {epochs.times[0]:g} to {epochs.times[-1]:g} "
            "s; their events would lie outside"
        )
    names = {number: name for name, number in epochs.event_id.items()}
    return Events(
        run=np.arange(1, n_epochs + 1),
        onset_s=np.full(n_epochs, onset_s),
        duration_s=np.full(n_epochs, n_times / rate_hz - onset_s),
        label=np.array([names[number] for number in epochs.events[:, 2]], dtype=np.str_),
    )


def _positions_mm(source: Any, index: list[int]) -> NDArray[np.float64] | None:
    positions = np.array([source.info["chs"][i]["loc"][:3] for i in index], dtype=np.float64)
    positions[(positions == 0).all(axis=1)] = np.nan  # MNE writes the origin for a sensor of unknown place
    return None if np.isnan(positions).all() else 1000.0 * positions


def _source(source: Any) -> str:
    files = [str(file) for file in getattr(source, "filenames", ()) if file is not None]
    return ", ".join(files) or type(source).__name__

"""Recordings from MNE-Python's Raw and Epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, MissingExtraError, RecordingError, UnknownNameError
from ....errors.checks import check_choice
from ...recordings.events import Events
from ...recordings.recording import Recording
from ...recordings.units import warn_of_units
from ..left_out import NotFinite, OnEventOutside, cut_out, events_inside, without_not_finite
from .raw_events import events_of_raw

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


def from_mne(
    source: mne.io.BaseRaw | mne.BaseEpochs,
    channels: Sequence[str] | None = None,
    bads: Literal["error", "drop", "keep"] = "error",
    *,
    stim_channel: str | None = None,
    event_id: Mapping[str, int] | None = None,
    bad_spans: Literal["keep", "drop events", "cut"] = "drop events",
    not_finite: NotFinite = "error",
    on_event_outside: OnEventOutside = "error",
) -> Recording:
    """Return the recording in an MNE object.

    Raw: annotations become events; where there are none, events come from its stim channels (`mne.find_events`), and
    `source` says so. At a boundary annotation (of ``mne.concatenate_raws``, EEGLAB or BrainVision) a new run begins.
    Epochs: time does not go on from one epoch to the next, so each is a run of its own, with one event from time zero
    to the epoch's end. Leaving one such run out leaves one epoch out.

    Parameters
    ----------
    source : mne.io.BaseRaw or mne.BaseEpochs
    channels : sequence of str, optional
        The channels to read, in this order. Default: all that record the brain (EEG, MEG, sEEG, ECoG, DBS, fNIRS, CSD).
    bads : str
        What to do with channels that are marked as bad: ``"error"`` (default), ``"drop"`` or ``"keep"``.
    stim_channel : str, optional
        For Raw: take the events from this channel, even if there are annotations.
    event_id : mapping of str to int, optional
        What the numbers in the stim channel mean; events of other numbers are left out. Default: the label is the
        number.
    bad_spans : str
        What to do with annotations named ``BAD...``: ``"drop events"`` (default) leaves out the events that overlap
        with one, and the source says how many; ``"cut"`` leaves out its samples too, and a new run begins after it;
        ``"keep"`` makes them events.
    not_finite : str
        What to do with NaN and infinity: ``"error"`` (default), ``"drop channels"`` or ``"cut"``: a new run begins
        after each stretch; see `hotwire.decoder.readers.left_out.without_not_finite`.
    on_event_outside : str
        What to do with an event that begins before the first sample or after the last: ``"error"`` (default) or
        ``"drop"``.

    Returns
    -------
    Recording
        In SI units; positions in millimetres in MNE's frame, NaN where not known. Runs are numbered from 1. ``source``
        says what was left out.

    Raises
    ------
    UnknownNameError
        There is no such channel; lists those there are.
    RecordingError
        Channels are marked as bad, no channel is left, an event is outside, or epochs do not contain time zero.
    NonFiniteError
        A value is NaN or infinite, and `not_finite` is ``"error"``.
    """
    try:
        import mne
    except ImportError as error:
        raise MissingExtraError("from_mne needs MNE-Python; install hotwire[all]") from error
    if not isinstance(source, mne.io.BaseRaw | mne.BaseEpochs):
        raise InputError(f"source: expected an MNE Raw or Epochs, got {type(source).__name__}")
    check_choice("bad_spans", bad_spans, ("keep", "drop events", "cut"))
    names = _channels(source, channels, bads)
    # By position: MNE takes a channel that is named "eeg" for all of that type.
    index = [source.ch_names.index(name) for name in names]
    rate_hz = float(source.info["sfreq"])
    notes = [_source(source)]
    lost = np.zeros(0, bool)
    if isinstance(source, mne.io.BaseRaw):
        data = np.asarray(source.get_data(picks=np.array(index))).T
        run, events, lost = events_of_raw(source, stim_channel, event_id, bad_spans, notes)
    elif stim_channel is not None or event_id is not None:
        raise InputError("stim_channel, event_id: Epochs bring their events along; give these with Raw only")
    else:
        epochs = source.get_data(picks=np.array(index))
        data = epochs.transpose(0, 2, 1).reshape(-1, len(names))
        run = np.repeat(np.arange(1, len(epochs) + 1), epochs.shape[2])
        events = _one_event_each(source, *epochs.shape[::2])
    events = events_inside(events, dict(enumerate(np.bincount(run).tolist())), rate_hz, on_event_outside, notes)
    if lost.any():
        left = cut_out(lost, len(names), run, events, rate_hz, "samples marked as bad")
        data, run, events = data[left.rows], left.run, left.events
        notes.append(left.note)
    left = without_not_finite(data, names, run, events, rate_hz, not_finite)
    names, index = [names[i] for i in left.columns], [index[i] for i in left.columns]
    recording = Recording(
        data=data[left.rows][:, left.columns],
        rate_hz=rate_hz,
        feature_names=tuple(names),
        run=left.run,
        events=left.events,
        unit=tuple(UNITS.get(kind, "a.u.") for kind in source.get_channel_types(picks=index)),
        positions_mm=_positions_mm(source, index),
        source="; ".join([*notes, *([left.note] if left.note else [])]),
    )
    warn_of_units(recording)
    return recording


def _channels(source: Any, channels: Sequence[str] | None, bads: str) -> list[str]:
    import mne

    check_choice("bads", bads, ("error", "drop", "keep"))
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
        raise RecordingError(f"channels are marked as bad: {', '.join(bad)}; choose bads = 'drop' or bads = 'keep'")
    if bads == "drop":
        names = [name for name in names if name not in bad]
    if not names:
        kinds = sorted(set(source.get_channel_types()))
        raise RecordingError(f"channels: none is left to read; the types of all channels are {', '.join(kinds)}")
    return names


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

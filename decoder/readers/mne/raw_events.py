"""The events in an MNE Raw: annotations and stim channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, UnknownNameError
from ...recordings.events import Events, first_sample_at, listed
from .stim_channel import steps_of

if TYPE_CHECKING:
    import mne

BOUNDARIES = ("EDGE boundary", "boundary", "New Segment/")
"""Annotations where a recording goes on after a break: of `mne.concatenate_raws`, of EEGLAB, of BrainVision."""


def events_of_raw(
    raw: mne.io.BaseRaw,
    stim_channel: str | None,
    event_id: Mapping[str, int] | None,
    bad_spans: str,
    notes: list[str],
) -> tuple[NDArray[np.int64], Events, NDArray[np.bool_]]:
    """Return the run of each sample, the events, and which samples to leave out; add to `notes` what is left out."""
    rate_hz = float(raw.info["sfreq"])
    annotations = raw.annotations
    label = np.array(list(annotations.description), dtype=np.str_)
    is_edge = np.isin(label, BOUNDARIES)
    is_joint = is_edge | (label == "BAD boundary")
    is_bad = np.char.startswith(np.char.lower(label), "bad") & ~is_joint
    # Onsets count from the start of the measurement, which may be before the first sample in memory.
    annotated = Events(np.ones(len(label), np.int64), annotations.onset - raw.first_time, annotations.duration, label)
    bad, events = annotated.take(is_bad), annotated.take(~is_bad & ~is_joint)
    if stim_channel is not None or not len(events):
        events = _stim_events(raw, stim_channel, event_id, notes)
    elif event_id is not None:
        raise InputError(
            "event_id: it says what numbers of a stim channel mean, but the events are annotations; give stim_channel, "
            f"or leave event_id out. The annotations are {listed(np.unique(events.label))}"
        )
    lost = np.zeros(raw.n_times, bool)
    if bad_spans == "keep":
        events = Events.joined([events, bad])
        events = events.take(np.argsort(events.onset_s, kind="stable"))
    elif len(bad):
        ends_s = events.onset_s + np.maximum(events.duration_s, 1 / rate_hz)
        bad_ends_s = bad.onset_s + bad.duration_s
        overlaps = ((events.onset_s[:, None] < bad_ends_s) & (ends_s[:, None] > bad.onset_s)).any(axis=1)
        notes.append(f"{np.count_nonzero(overlaps)} events that overlap with {len(bad)} bad spans left out")
        events = events.take(~overlaps)
        for begin, end in zip(bad.onset_s.tolist(), bad_ends_s.tolist(), strict=True) if bad_spans == "cut" else ():
            lost[max(first_sample_at(begin, rate_hz), 0) : max(first_sample_at(end, rate_hz), 0)] = True
    cuts = np.unique(np.round(annotated.onset_s[is_edge] * rate_hz).astype(int))
    starts = np.r_[0, cuts[(cuts > 0) & (cuts < raw.n_times)]]
    run = np.repeat(np.arange(1, len(starts) + 1), np.diff(np.r_[starts, raw.n_times]))
    which = np.searchsorted(starts / rate_hz - 0.5 / rate_hz, events.onset_s, side="right") - 1
    which = np.maximum(which, 0)  # an annotation before the first sample: `Recording` reports it
    onset_s = _not_before_zero(events.onset_s - starts[which] / rate_hz, rate_hz)
    return run, Events(which + 1, onset_s, events.duration_s, events.label), lost


def _stim_events(
    raw: mne.io.BaseRaw, stim_channel: str | None, event_id: Mapping[str, int] | None, notes: list[str]
) -> Events:
    """Return the stim channels' events, in seconds since the first sample in memory."""
    import mne

    stim = [raw.ch_names[i] for i in mne.pick_types(raw.info, meg=False, stim=True)]
    if stim_channel is not None:
        if stim_channel not in raw.ch_names:
            raise UnknownNameError("stim_channel", stim_channel, stim or raw.ch_names)
        stim = [stim_channel]
    if not stim:
        if event_id is not None:
            raise InputError("event_id: it says what numbers of a stim channel mean, but there is none")
        return Events.none()
    samples, numbers = [np.empty(0, np.intp)], [np.empty(0, np.int64)]
    for name in stim:
        at, to, note = steps_of(np.asarray(raw.get_data(picks=np.array([raw.ch_names.index(name)])))[0])
        samples.append(at)
        numbers.append(to)
        notes += [f"events from {name}{': ' if note else ''}{note}"] if len(at) else []
    order = np.argsort(np.concatenate(samples), kind="stable")
    sample, number = np.concatenate(samples)[order], np.concatenate(numbers)[order]
    names = {one: str(one) for one in np.unique(number).tolist()}
    if event_id is not None:
        for name, wanted in event_id.items():
            if wanted not in names:
                raise UnknownNameError(f"number of {name!r} in {listed(stim)}", wanted, map(str, names))
        names = {wanted: name for name, wanted in event_id.items()}
    chosen = np.isin(number, list(names))
    label = np.array([names[one] for one in number[chosen].tolist()], np.str_)
    onset_s = sample[chosen] / raw.info["sfreq"]
    return Events(np.ones(len(label), np.int64), onset_s, np.zeros(len(label)), label)


def _not_before_zero(onset_s: NDArray[np.float64], rate_hz: float) -> NDArray[np.float64]:
    """Move onsets that rounding put less than half a sample before a run's first sample onto it."""
    return np.where((onset_s < 0) & (onset_s > -0.5 / rate_hz), 0.0, onset_s)

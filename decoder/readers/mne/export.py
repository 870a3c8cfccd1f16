"""A recording as an MNE Raw, to look at it with MNE-Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ....errors import InputError, MissingExtraError, ShapeError, UnknownNameError
from ...recordings.recording import Recording
from ...recordings.units import unit_factor, unit_of_each

if TYPE_CHECKING:
    import mne

KINDS = {"V": "eeg", "T": "mag", "T/m": "grad"}
"""The default type in MNE of a channel of each unit."""


def to_mne(recording: Recording, kinds: str | Sequence[str] | None = None) -> mne.io.RawArray:
    """Return a recording as an MNE Raw, in SI units.

    Runs follow each other as `mne.concatenate_raws` would put them, with the annotations ``BAD boundary`` and ``EDGE
    boundary`` between; `hotwire.decoder.readers.from_mne` separates them again, numbered. Events become annotations,
    which end with their run at the latest, since MNE holds none beyond the samples. Confounds and regions are lost. For
    a single run: ``to_mne(recording.select(runs=[run]))``.

    Parameters
    ----------
    recording : Recording
    kinds : str or sequence of str, optional
        MNE's types of all channels, or of each: ``"eeg"``, ``"ecog"``, ``"seeg"``, ``"mag"``, ... By default, volts are
        EEG, teslas magnetometers, teslas per metre gradiometers, and all else ``"misc"``, which does not change the
        values.

    Raises
    ------
    MissingExtraError
        There is no MNE-Python.
    UnknownNameError
        MNE has no such type.
    """
    try:
        import mne
    except ImportError as error:
        raise MissingExtraError("to_mne needs MNE-Python; install hotwire[all]") from error
    units = unit_of_each(recording.unit, recording.n_features)
    types, factors = ["misc"] * recording.n_features, np.ones(recording.n_features)
    for i, unit in enumerate(units):
        for si, kind in KINDS.items():
            factor = unit_factor(unit, si)
            if factor is not None:
                types[i], factors[i] = kind, factor
    if kinds is not None:
        types = [kinds] * recording.n_features if isinstance(kinds, str) else list(kinds)
        if len(types) != recording.n_features:
            raise ShapeError(
                f"kinds: expected one, or one for each of {recording.n_features} channels, got {len(types)}"
            )
    try:
        info = mne.create_info(list(recording.feature_names), recording.rate_hz, types)  # type: ignore[arg-type]
    except KeyError as error:
        known = sorted(mne.io.get_channel_type_constants())
        wrong = next((kind for kind in types if kind not in known), None)
        if wrong is None:
            raise
        raise UnknownNameError("MNE channel type", wrong, known) from error
    raw = mne.io.RawArray((recording.data * factors).T, info, verbose="error")
    if recording.positions_mm is not None:
        for channel, place in zip(raw.info["chs"], recording.positions_mm, strict=True):
            channel["loc"][:3] = 0.0 if np.isnan(place).any() else place / 1000.0
    return raw.set_annotations(_annotations(recording), verbose="error")


def _annotations(recording: Recording) -> mne.Annotations:
    import mne

    events, rate_hz = recording.events, recording.rate_hz
    lengths = recording.run_lengths()
    starts = dict(zip(lengths, np.cumsum([0, *lengths.values()]), strict=False))
    if recording.trimmed_samples and len(events):
        raise InputError("recording: a lag has taken samples off its runs' ends; make the Raw before that")
    onset_s, duration_s = events.onset_s.copy(), events.duration_s.copy()
    for i, run in enumerate(events.run.tolist()):
        duration_s[i] = min(duration_s[i], lengths[run] / rate_hz - onset_s[i])
        onset_s[i] += starts[run] / rate_hz
    boundaries = [start / rate_hz for start in starts.values() if start]
    return mne.Annotations(
        [*onset_s, *boundaries, *boundaries],
        [*duration_s, *np.zeros(2 * len(boundaries))],
        [*events.label.tolist(), *["BAD boundary"] * len(boundaries), *["EDGE boundary"] * len(boundaries)],
    )

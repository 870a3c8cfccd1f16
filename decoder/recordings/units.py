"""Units of what electrodes and sensors measure: how they are written, and from one to another."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...errors import InputError
from ...errors.printable import printable
from .events import listed
from .recording import Recording

PREFIXES = {"f": -15, "p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6, "m": -3, "": 0, "k": 3}
"""Powers of ten; the micro sign and the Greek letter look alike, and both are found."""
LENGTHS = {"m": 0, "cm": 2, "mm": 3}
"""Of what a gradient is divided by, in powers of ten."""
SPELLED = {"volt": "V", "tesla": "T"}
SPELLED_PREFIXES = {"femto": "f", "pico": "p", "nano": "n", "micro": "u", "milli": "m", "": "", "kilo": "k"}

LARGEST_V = 1.0
"""No electrode on or in a body shows more, its offset included."""
SMALLEST_V = 1e-8
"""An amplifier's own noise is several times more."""
MOST_SAMPLES = 10_000
"""So many samples are looked at."""


def _parsed(unit: str) -> tuple[str, int] | None:
    """Return the unit without prefixes and the power of ten; None where it is neither volts nor teslas."""
    plain = unit.strip()
    spelled = re.fullmatch(r"(femto|pico|nano|micro|milli|kilo|)(volt|tesla)s?", plain, re.IGNORECASE)
    if spelled:
        return SPELLED[spelled[2].lower()], PREFIXES[SPELLED_PREFIXES[spelled[1].lower()]]
    written = re.fullmatch(r"([fpnuµμmk]?)([VvT])(?:/(m|cm|mm))?", plain)
    if not written:
        return None
    prefix, base, length = written.groups()
    power = PREFIXES[prefix] + LENGTHS.get(length, 0)
    return base.upper() + ("/m" if length else ""), power


def unit_factor(unit: str, wanted: str) -> float | None:
    """Return by what values in one unit are multiplied to be in another; None where they measure different things.

    Volts and teslas, and these per metre, with prefixes, however they are spelled; other units are only the same where
    they are written the same.

    Examples
    --------
    >>> unit_factor("V", "uV")
    1000000.0
    >>> unit_factor("microvolts", "µV")
    1.0
    >>> unit_factor("V", "T") is None
    True
    """
    if unit.strip() == wanted.strip():
        return 1.0
    ours, theirs = _parsed(unit), _parsed(wanted)
    if ours is None or theirs is None or ours[0] != theirs[0]:
        return None
    return float(f"1e{ours[1] - theirs[1]}")


def converted(recording: Recording, unit: str, features: Sequence[str] | None = None) -> Recording:
    """Return a recording with its values in another unit.

    Parameters
    ----------
    recording : Recording
    unit : str
        Such as ``"uV"``: volts or teslas with a prefix.
    features : sequence of str, optional
        Those to convert; all where not given.

    Raises
    ------
    InputError
        A feature is measured in something else.
    UnknownNameError
        There is no such feature.

    Examples
    --------
    >>> recording = Recording(np.full((2, 1), 5e-5), 100.0, ("Cz",), np.ones(2, int), unit="V")
    >>> converted(recording, "uV").data.tolist(), converted(recording, "uV").unit
    ([[50.0], [50.0]], 'uV')
    """
    chosen = set(recording.feature_names if features is None else recording.select(list(features)).feature_names)
    units = unit_of_each(recording.unit, recording.n_features)
    factors = np.ones(recording.n_features)
    for i, (name, theirs) in enumerate(zip(recording.feature_names, units, strict=True)):
        if name not in chosen:
            continue
        factor = unit_factor(theirs, unit)
        if factor is None:
            alike = [n for n, u in zip(recording.feature_names, units, strict=True) if unit_factor(u, unit) is not None]
            raise InputError(
                f"unit: {name!r} is in {theirs!r}, which cannot be brought to {unit!r}; convert only features "
                f"that can: {listed(alike) or 'there are none'}"
            )
        factors[i] = factor
    now = tuple(unit if name in chosen else theirs for name, theirs in zip(recording.feature_names, units, strict=True))
    return replace(
        recording,
        data=(recording.data * factors).astype(np.float32),
        unit=unit if len(set(now)) == 1 else now,
    )


def unit_of_each(unit: str | tuple[str, ...], n_features: int) -> tuple[str, ...]:
    """Return one unit per feature."""
    return (unit,) * n_features if isinstance(unit, str) else unit


def warn_of_units(recording: Recording) -> None:
    """Warn where values said to be volts cannot be: half of them exceed one in half of the channels, or none is 10 nV.

    Neither a few artefacts nor a trigger or a photodiode among the channels mislead it. Channels that show nothing at
    all do not count.
    """
    units = unit_of_each(recording.unit, recording.n_features)
    some = np.abs(recording.data[:: max(1, recording.n_samples // MOST_SAMPLES)])
    for unit in dict.fromkeys(units):
        factor = unit_factor(unit, "V")
        of_unit = np.array([u == unit for u in units])
        shown = some[:, of_unit & some.any(axis=0)]
        if factor is None or not shown.size:
            continue
        usual = float(np.median(shown)) * factor
        if factor >= 1e-3 and usual > LARGEST_V:
            likely = "microvolts"
        elif factor < 1 and shown.max() * factor < SMALLEST_V:
            likely = "volts"
        else:
            continue
        warnings.warn(
            f"{printable(recording.source)}: the values are said to be in {unit!r}, but half of them are "
            f"{'beyond' if likely == 'microvolts' else 'below'} {usual / factor:.3g} {unit}; are they in {likely}? "
            "Give the right unit, or the decoder will refuse a stream that tells its own",
            stacklevel=3,
        )

"""Units of what electrodes and sensors measure: their spellings, and conversion between them."""

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
"""Powers of ten; the micro sign and the Greek letter look alike, and both are in use."""
LENGTHS = {"m": 0, "cm": 2, "mm": 3}
"""The lengths by which a gradient is divided, in powers of ten."""
SPELLED = {"volt": "V", "tesla": "T"}
SPELLED_PREFIXES = {"femto": "f", "pico": "p", "nano": "n", "micro": "u", "milli": "m", "": "", "kilo": "k"}

LARGEST_V = 1.0
"""No electrode on or in a body measures more, its offset included."""
SMALLEST_V = 1e-8
"""An amplifier's own noise is several times more."""
MOST_SAMPLES = 10_000
"""About so many samples are checked."""


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
    """Return the factor from values in one unit to values in another; None where they measure different things.

    Knows volts and teslas, and these per metre, with prefixes, in any spelling; other units are the same only where
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
    """Return a recording with some features (default: all) in another unit: volts or teslas with a prefix.

    InputError where a feature measures something else, UnknownNameError where there is no such feature.

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
    return (unit,) * n_features if isinstance(unit, str) else unit


def warn_of_units(recording: Recording) -> None:
    """Warn where values said to be volts cannot be: half of them exceed `LARGEST_V`, or all are below `SMALLEST_V`.

    Neither a few artefacts nor a trigger or a photodiode among the channels mislead it. Channels of zeros do not count.
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

"""Faults that a replay injects, as amplifiers, networks and programs cause them.

Seconds count from the recording's first sample: at twice the speed, a fault of 2 s takes one second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...decoder.recordings.events import first_sample_at
from ...errors import InputError, UnknownNameError


class Delivery(NamedTuple):
    """The order in which samples are sent: their numbers in the recording, stamps, and due times, which never decrease.

    Three arrays (n_sent,), the last two in seconds since the first sample.
    """

    sample: NDArray[np.intp]
    stamp_s: NDArray[np.float64]
    due_s: NDArray[np.float64]

    @classmethod
    def regular(cls, n_samples: int, rate_hz: float) -> Delivery:
        """Return all samples in order, each when it was taken."""
        sample = np.arange(n_samples)
        return cls(sample, sample / rate_hz, sample / rate_hz)

    def take(self, order: NDArray) -> Delivery:
        """Return the samples at the given positions; one that follows a later sample is sent together with it."""
        return Delivery(self.sample[order], self.stamp_s[order], np.maximum.accumulate(self.due_s[order]))


@dataclass(frozen=True)
class Fault:
    """A fault at a time, written ``kind@at_s:...`` with its other fields in order."""

    kind: ClassVar[str]
    at_s: float

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_s") and not np.isfinite(value):
                raise InputError(f"{self.kind}: expected finite seconds as {field.name}, got {value}")
        if self.at_s < 0 or getattr(self, "for_s", 1.0) <= 0:
            raise InputError(f"{self}: expected a second from 0 on, and to last longer than 0 s")

    def __str__(self) -> str:
        values = [getattr(self, field.name) for field in fields(self)]
        return f"{self.kind}@" + ":".join(f"{v:.12g}" if isinstance(v, float) else str(v) for v in values)

    def deliver(self, delivery: Delivery, rate_hz: float) -> Delivery:
        """Return the changed delivery."""
        return delivery

    def damage(self, data: NDArray[np.float32], names: Sequence[str], rate_hz: float) -> None:
        """Change samples in place."""


@dataclass(frozen=True)
class _Stretch(Fault):
    for_s: float

    def _positions(self, sample: NDArray, rate_hz: float, at_s: float | None = None) -> NDArray[np.intp]:
        """Return the positions of the samples; raise if there are none."""
        at_s = self.at_s if at_s is None else at_s
        first, stop = first_sample_at(at_s, rate_hz), first_sample_at(at_s + self.for_s, rate_hz)
        positions = np.flatnonzero((sample >= first) & (sample < stop))
        if not positions.size:
            raise InputError(
                f"{self}: there is no sample from {at_s:g} to {at_s + self.for_s:g} s to send; at {rate_hz:g} Hz they "
                f"come every {1 / rate_hz:g} s, and the last one at {sample.max(initial=0) / rate_hz:g} s"
            )
        return positions


class LostSamples(_Stretch):
    """Samples that are never sent."""

    kind = "lost"

    def deliver(self, delivery: Delivery, rate_hz: float) -> Delivery:
        return delivery.take(np.delete(np.arange(len(delivery.sample)), self._positions(delivery.sample, rate_hz)))


class Duplicated(_Stretch):
    """A stretch of samples that is sent twice in a row, with the same stamps."""

    kind = "duplicated"

    def deliver(self, delivery: Delivery, rate_hz: float) -> Delivery:
        positions = self._positions(delivery.sample, rate_hz)
        return delivery.take(np.insert(np.arange(len(delivery.sample)), positions[-1] + 1, positions))


class Reordered(_Stretch):
    """Samples that change places with the same number of samples after them, each with its own stamp."""

    kind = "reordered"

    def deliver(self, delivery: Delivery, rate_hz: float) -> Delivery:
        positions = self._positions(delivery.sample, rate_hz)
        following = self._positions(delivery.sample, rate_hz, self.at_s + self.for_s)
        order = np.arange(len(delivery.sample))
        order[np.sort(np.r_[positions, following])] = np.r_[following, positions]
        return delivery.take(order)


class Freeze(_Stretch):
    """Nothing is sent for a while, then all waiting samples at once."""

    kind = "freeze"

    def deliver(self, delivery: Delivery, rate_hz: float) -> Delivery:
        due_s = delivery.due_s.copy()
        due_s[self._positions(delivery.sample, rate_hz)] = self.at_s + self.for_s
        return delivery._replace(due_s=np.maximum.accumulate(due_s))


class Restart(LostSamples):
    """The outlet is closed and comes back after a while; the samples in between are lost."""

    kind = "restart"


class Replaced(Restart):
    """The outlet is closed, and after a while comes back with another source_id, as another device."""

    kind = "replaced"


@dataclass(frozen=True)
class ClockReset(Fault):
    """From a time on all stamps, also of markers, are shifted by some seconds, which may be negative."""

    kind = "clock"
    by_s: float

    def deliver(self, delivery: Delivery, rate_hz: float) -> Delivery:
        later = delivery.sample >= first_sample_at(self.at_s, rate_hz)
        return delivery._replace(stamp_s=np.where(later, delivery.stamp_s + self.by_s, delivery.stamp_s))


@dataclass(frozen=True)
class _OfChannel(_Stretch):
    channel: str

    def damage(self, data: NDArray[np.float32], names: Sequence[str], rate_hz: float) -> None:
        if self.channel not in names:
            raise UnknownNameError("channel", self.channel, list(names)[:50])
        column = data[:, list(names).index(self.channel)]
        positions = self._positions(np.arange(len(data)), rate_hz)
        column[positions] = self._value(column, positions)

    def _value(self, column: NDArray[np.float32], positions: NDArray) -> float:
        raise NotImplementedError


class NotANumber(_OfChannel):
    """A channel sends NaN."""

    kind = "nan"

    def _value(self, column: NDArray[np.float32], positions: NDArray) -> float:
        return np.nan


class Flat(_OfChannel):
    """A channel stays at its current value."""

    kind = "flat"

    def _value(self, column: NDArray[np.float32], positions: NDArray) -> float:
        return float(column[positions[0]])


class Saturated(_OfChannel):
    """A channel is constant, far above all its recorded values."""

    kind = "saturated"

    def _value(self, column: NDArray[np.float32], positions: NDArray) -> float:
        return float(np.nanmax(column)) + 100 * max(1.0, float(np.nanmax(column) - np.nanmin(column)))


def with_faults(
    data: NDArray[np.float32], names: Sequence[str], rate_hz: float, faults: Sequence[Fault]
) -> tuple[NDArray[np.float32], Delivery]:
    """Return a copy of samples (n_samples, n_channels) and their delivery, with the faults."""
    data, delivery = data.copy(), Delivery.regular(len(data), rate_hz)
    last_s = (len(data) - 1) / rate_hz
    for fault in faults:
        if fault.at_s > last_s:
            raise InputError(f"{fault}: the last sample comes before that, at {last_s:g} s")
        fault.damage(data, names, rate_hz)
        delivery = fault.deliver(delivery, rate_hz)
    return data, delivery


FAULTS: dict[str, type[Fault]] = {
    fault.kind: fault
    for fault in (
        *(LostSamples, Duplicated, Reordered, Freeze, Restart, Replaced, ClockReset),
        *(NotANumber, Flat, Saturated),
    )
}


def usage(kind: str) -> str:
    """Return how a fault is written.

    >>> usage("nan")
    'nan@AT_S:FOR_S:CHANNEL'
    """
    return f"{kind}@" + ":".join(field.name.upper() for field in fields(FAULTS[kind]))


def read_fault(text: str) -> Fault:
    """Read a fault from the command line, ``kind@second:...``; UnknownNameError or InputError if it is not one.

    ``lost@10:1``, ``duplicated@10:0.5``, ``reordered@10:0.5``, ``freeze@10:5``, ``restart@10:2``, ``replaced@10:2``,
    ``clock@10:-200000``, ``nan@10:5:Cz``, ``flat@10:5:Cz``, ``saturated@10:5:Cz``.

    >>> read_fault("lost@10:1")
    LostSamples(at_s=10.0, for_s=1.0)
    """
    kind, _, rest = text.partition("@")
    if kind not in FAULTS:
        raise UnknownNameError("fault", kind, [usage(known) for known in FAULTS])
    wanted = fields(FAULTS[kind])
    given = rest.split(":", len(wanted) - 1)
    try:
        values = [
            value if field.name == "channel" else float(value) for field, value in zip(wanted, given, strict=True)
        ]
    except ValueError:
        raise InputError(f"fault {text!r}: expected {usage(kind)}, in seconds") from None
    return FAULTS[kind](*values)  # type: ignore[arg-type]

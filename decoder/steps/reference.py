"""Other references than the amplifier's: an average, named electrodes, or pairs of neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, UnknownNameError
from .base import Step, StepState


@dataclass(frozen=True)
class Reference(Step):
    """Subtract the mean of some electrodes from all of them, sample by sample.

    Parameters
    ----------
    channels : sequence of str, optional
        The electrodes whose mean is subtracted; None (default) for all that are not excluded: the common average.
    exclude : sequence of str
        Features that are not in the average and stay unchanged: eye and muscle channels, triggers, broken electrodes.

    Raises
    ------
    UnknownNameError
        When opened: a channel does not exist.

    Examples
    --------
    >>> Reference().open(3, 100.0).push([[1.0, 2.0, 6.0]])
    array([[-2., -1.,  3.]], dtype=float32)
    >>> Reference(["A2"]).open_on(["Cz", "A2"], 100.0).push([[5.0, 1.0]])
    array([[4., 0.]], dtype=float32)
    """

    channels: Sequence[str] | None = None
    exclude: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.channels is not None:
            object.__setattr__(self, "channels", _names("channels", self.channels))
            if not self.channels:
                raise InputError("channels: expected the names of electrodes, got none; leave it out for the average")
        object.__setattr__(self, "exclude", _names("exclude", self.exclude))
        both = sorted(set(self.channels or ()) & set(self.exclude))
        if both:
            raise InputError(f"channels, exclude: {', '.join(both)} cannot be in both; take it out of one")

    def open(self, n_features: int, rate_hz: float) -> StepState:
        if self.channels is not None or self.exclude:
            raise InputError("Reference: channels are picked by their names; use open_on(names, rate_hz)")
        return _ReferenceState(n_features, np.arange(n_features), np.arange(n_features))

    def open_on(self, names: Sequence[str], rate_hz: float) -> StepState:
        excluded = set(positions(self.exclude, names))
        changed = np.array([i for i in range(len(names)) if i not in excluded], np.intp)
        averaged = changed if self.channels is None else np.array(positions(self.channels, names), np.intp)
        if not len(averaged):
            raise InputError(f"exclude: all {len(names)} features are excluded, none is left to average; exclude fewer")
        return _ReferenceState(len(names), averaged, changed)


class _ReferenceState(StepState):
    def __init__(self, n_features: int, averaged: NDArray[np.intp], changed: NDArray[np.intp]) -> None:
        super().__init__(n_features)
        self._averaged = None if len(averaged) == n_features else averaged
        self._changed = None if len(changed) == n_features else changed

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        x = chunk.astype(np.float64)
        # A mean along contiguous rows adds in the same order, however many rows there are.
        averaged = x if self._averaged is None else np.take(x, self._averaged, axis=1)
        mean = averaged.mean(axis=1, keepdims=True)
        if self._changed is None:
            x -= mean
        else:
            x[:, self._changed] -= mean
        return x.astype(np.float32)


@dataclass(frozen=True)
class Bipolar(Step):
    """Return the differences of pairs of electrodes, named ``"C3-Cz"``, and nothing else.

    Parameters
    ----------
    pairs : sequence of (str, str)
        From the first of a pair the second is subtracted.

    Raises
    ------
    UnknownNameError
        When opened: an electrode does not exist.

    Examples
    --------
    >>> step = Bipolar([["C3", "Cz"], ["C4", "Cz"]])
    >>> step.names_out(["C3", "Cz", "C4"])
    ('C3-Cz', 'C4-Cz')
    >>> step.open_on(["C3", "Cz", "C4"], 100.0).push([[5.0, 1.0, 2.0]])
    array([[4., 1.]], dtype=float32)
    """

    pairs: Sequence[Sequence[str]]

    def __post_init__(self) -> None:
        if isinstance(self.pairs, str) or not isinstance(self.pairs, Sequence) or not self.pairs:
            raise InputError(f"pairs: expected pairs of names such as [['C3', 'Cz']], got {self.pairs!r}")
        pairs = tuple(_names("pairs", pair) for pair in self.pairs)
        for pair in pairs:
            if len(pair) != 2 or pair[0] == pair[1]:
                raise InputError(f"pairs: expected two different names in each pair, got {list(pair)}")
        if len(set(pairs)) < len(pairs):
            raise InputError("pairs: expected each pair once, got one of them twice")
        object.__setattr__(self, "pairs", pairs)

    def names_out(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"{first}-{second}" for first, second in self.pairs)

    def open(self, n_features: int, rate_hz: float) -> StepState:
        raise InputError("Bipolar: electrodes are picked by their names; use open_on(names, rate_hz)")

    def open_on(self, names: Sequence[str], rate_hz: float) -> StepState:
        first, second = (positions([pair[i] for pair in self.pairs], names) for i in (0, 1))
        return _BipolarState(len(names), first, second)


class _BipolarState(StepState):
    def __init__(self, n_features: int, first: list[int], second: list[int]) -> None:
        super().__init__(n_features)
        self._first, self._second = first, second

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        x = chunk.astype(np.float64)
        return (np.take(x, self._first, axis=1) - np.take(x, self._second, axis=1)).astype(np.float32)

    def finish(self) -> NDArray[np.float32]:
        return np.empty((0, len(self._first)), np.float32)


def positions(wanted: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return the positions of the wanted names among `names`; UnknownNameError where one is missing."""
    known = {name: position for position, name in enumerate(names)}
    for name in wanted:
        if name not in known:
            raise UnknownNameError("channel", name, names)
    return [known[name] for name in wanted]


def _names(setting: str, given: object) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not all(isinstance(name, str) for name in given):
        raise InputError(f"{setting}: expected a list of names, got {given!r}")
    if len(set(given)) < len(given):
        raise InputError(f"{setting}: expected each name once, got {list(given)}")
    return tuple(given)

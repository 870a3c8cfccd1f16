"""What a step is: it takes samples and returns samples.

Its settings are a frozen dataclass; what it remembers is in a separate state, opened at the beginning of every run.
However a run is cut into chunks, the output samples are the same bit for bit: states compute in float64 in an order
that the chunks do not change, and every step returns float32, as recordings hold it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, NonFiniteError, ShapeError
from ..kinds import settings_to_dict
from .settings import OnGap, check_count

FEATURES_AT_ONCE = 4096


class StepState(ABC):
    """What a step remembers within one run."""

    def __init__(self, n_features: int) -> None:
        self.n_features = n_features

    def push(self, chunk: ArrayLike) -> NDArray[np.float32]:
        """Take the next samples of the run and return those that are ready.

        Parameters
        ----------
        chunk : array (n_samples, n_features)
            Any number of samples, also none.

        Returns
        -------
        array (n_ready, n_features), float32
            May share its memory with the chunk.

        Raises
        ------
        ShapeError
            The chunk has another number of features than the state was opened for.
        NonFiniteError
            The chunk holds NaN or infinity, which a state could never forget.
        """
        return self._push(checked_chunk(chunk, self.n_features))

    @abstractmethod
    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]: ...

    def skip(self, n_samples: int) -> int:
        """Record that so many samples are missing, and return how many output samples will be missing.

        The state continues as if the samples before and after were neighbours. A gap may be reported in pieces, and
        costs the same however long it is. InputError where the number is negative or the step needs the whole run.
        """
        check_count("n_samples", n_samples, 0)
        return self._skip(n_samples)

    def _skip(self, n_samples: int) -> int:
        return n_samples

    def finish(self) -> NDArray[np.float32]:
        """Return what waited for the end of the run; the state cannot be used afterwards."""
        return np.empty((0, self.n_features), np.float32)


class Step(ABC):
    """One piece of preprocessing. Subclasses are frozen dataclasses of plain settings."""

    needs_future: ClassVar[bool] = False
    """True where the step must see the whole run first, which only offline decoding can do."""

    treats_features_alike: ClassVar[bool] = False
    """True where every output sample is a sum of samples of its run, with weights that are the same for all features
    and all recordings: mixing features before the step, or after it, is then the same."""

    on_gap: OnGap = "bridge"
    """Where samples are missing, ``"bridge"``: continue with the state, counting only samples that are present;
    ``"reset"``: start again, as at the beginning of a run. A setting of steps with a memory."""

    @abstractmethod
    def open(self, n_features: int, rate_hz: float) -> StepState:
        """Return a new state for the beginning of a run."""

    def open_on(self, names: Sequence[str], rate_hz: float) -> StepState:
        """Return a new state for features of these names; for steps that pick some of them."""
        return self.open(len(names), rate_hz)

    def names_out(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the names of the output features."""
        return tuple(names)

    def rate_out_hz(self, rate_hz: float) -> float:
        """Return the output samples per second; the first is at the time of the run's first sample."""
        return rate_hz

    def unit_out(self, unit: str) -> str:
        """Return the unit of the output."""
        return unit

    def delay_samples(self, rate_hz: float) -> int:
        """Return how many samples must follow an input sample before its output is ready."""
        return 0

    def group_delay_samples(self, rate_hz: float) -> float:
        """Return by how many samples the output lags behind the input; nothing corrects for that."""
        return 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the type's name and the settings, ready for JSON."""
        return settings_to_dict(self)


class WholeRun(StepState):
    """State of a step that needs the whole run: stores all samples and computes at the end.

    `function`, (n_samples, n) float64 to the same, treats every feature by itself; it gets a few thousand features at a
    time to save memory.
    """

    def __init__(self, n_features: int, function: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> None:
        super().__init__(n_features)
        self._function = function
        self._chunks: list[NDArray[np.float32]] = []

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        self._chunks.append(chunk.copy())  # the caller may reuse its buffer
        return chunk[:0]

    def _skip(self, n_samples: int) -> int:
        raise InputError(
            f"n_samples: {n_samples} samples never came, but a step that needs the whole run cannot deal with gaps; "
            "use its causal form"
        )

    def finish(self) -> NDArray[np.float32]:
        run = np.concatenate([*self._chunks, np.empty((0, self.n_features), np.float32)])
        self._chunks.clear()
        if len(run):
            for first in range(0, self.n_features, FEATURES_AT_ONCE):
                part = run[:, first : first + FEATURES_AT_ONCE]
                part[:] = self._function(part.astype(np.float64))
        return run


def checked_chunk(chunk: ArrayLike, n_features: int) -> NDArray[np.float32]:
    """Return the chunk as float32 in row order; raises where its shape or its values are not usable."""
    if not (isinstance(chunk, np.ndarray) and chunk.dtype == np.float32 and chunk.flags.c_contiguous):
        with np.errstate(over="ignore"):  # what is too large for float32 is reported below
            chunk = np.ascontiguousarray(chunk, dtype=np.float32)
    if chunk.ndim != 2 or chunk.shape[1] != n_features:
        raise ShapeError(f"chunk: expected (n_samples, {n_features}), got shape {chunk.shape}")
    if not all_finite(chunk):
        sample, feature = np.argwhere(~np.isfinite(chunk))[0]
        raise NonFiniteError(
            f"chunk: expected finite samples, got {chunk[sample, feature]} in feature {feature} of sample "
            f"{sample} of this chunk; a gap has to be dealt with before the steps"
        )
    return chunk


def all_finite(x: NDArray[np.floating]) -> bool:
    """Return whether all values are finite, without a new array: from the least and the largest value.

    Examples
    --------
    >>> all_finite(np.array([[0.0, np.nan]])), all_finite(np.empty((0, 2)))
    (False, True)
    """
    return not x.size or (isfinite(np.minimum.reduce(x, axis=None)) and isfinite(np.maximum.reduce(x, axis=None)))

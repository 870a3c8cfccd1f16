"""What a step is, and how steps are run one behind the other.

A step takes samples and gives samples. Its settings are a frozen dataclass; what it remembers lives apart, in
a state that is opened at the beginning of every run. However a run is cut into chunks, the samples that come
out are the same bit for bit: states compute in float64 in an order that the chunks do not change, and every
step hands on float32, as recordings hold it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, asdict, fields
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, NonFiniteError, ShapeError, UnknownNameError

if TYPE_CHECKING:
    pass

FEATURES_AT_ONCE = 4096

OnGap = Literal["bridge", "reset"]
ON_GAP: tuple[OnGap, ...] = ("bridge", "reset")

T = TypeVar("T")


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
        """Take note of samples that never came: the state goes on as if those before and after were neighbours.

        A gap may be told of in pieces, and costs the same however long it is.

        Parameters
        ----------
        n_samples : int
            Of the input.

        Returns
        -------
        int
            How many samples of the output will never come.

        Raises
        ------
        InputError
            The number is negative, or the step needs the whole run.
        """
        check_count("n_samples", n_samples, 0)
        return self._skip(n_samples)

    def _skip(self, n_samples: int) -> int:
        return n_samples

    def finish(self) -> NDArray[np.float32]:
        """Return what was held back until the end of the run; the state is then used up."""
        return np.empty((0, self.n_features), np.float32)


class Step(ABC):
    """One piece of preprocessing. Subclasses are frozen dataclasses of plain settings."""

    needs_future: ClassVar[bool] = False
    """True where the step must see the whole run first, which only offline decoding can do."""

    on_gap: OnGap = "bridge"
    """Where samples never came, ``"bridge"``: go on with what is remembered, counting only samples that came;
    ``"reset"``: begin anew, as at the beginning of a run. A setting of steps that remember."""

    @abstractmethod
    def open(self, n_features: int, rate_hz: float) -> StepState:
        """Return a fresh state for the beginning of a run."""

    def open_on(self, names: Sequence[str], rate_hz: float) -> StepState:
        """Return a fresh state for features of these names; for steps that pick some of them."""
        return self.open(len(names), rate_hz)

    def names_out(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the names of the features that come out."""
        return tuple(names)

    def rate_out_hz(self, rate_hz: float) -> float:
        """Return how many samples come out in a second; the first stands where the run's first sample does."""
        return rate_hz

    def unit_out(self, unit: str) -> str:
        """Return the unit of what comes out."""
        return unit

    def delay_samples(self, rate_hz: float) -> int:
        """Return how many samples must follow an input sample before it can come out."""
        return 0

    def group_delay_samples(self, rate_hz: float) -> float:
        """Return by how many samples what comes out lags behind what went in; nothing makes up for that."""
        return 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the type's name and the settings, ready for JSON."""
        return settings_to_dict(self)


def checked_chunk(chunk: ArrayLike, n_features: int) -> NDArray[np.float32]:
    """Return the chunk as float32 in row order; raise where its shape or its values are not usable."""
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
    """Say whether all values are finite, making no array on the way: NaN and infinity come out of least or largest.

    Examples
    --------
    >>> all_finite(np.array([[0.0, np.nan]])), all_finite(np.empty((0, 2)))
    (False, True)
    """
    return not x.size or (isfinite(np.minimum.reduce(x, axis=None)) and isfinite(np.maximum.reduce(x, axis=None)))


class WholeRun(StepState):
    """State of a step that needs the whole run: keeps all samples and computes at the end.

    Parameters
    ----------
    n_features : int
    function : callable, (n_samples, n) float64 -> (n_samples, n)
        Treats every feature by itself; it is given a few thousand features at a time to save memory.
    """

    def __init__(self, n_features: int, function: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> None:
        super().__init__(n_features)
        self._function = function
        self._chunks: list[NDArray[np.float32]] = []

    def _push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        self._chunks.append(chunk.copy())  # the caller may fill its buffer anew
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


def settings_to_dict(instance: Any) -> dict[str, Any]:
    """Return ``{"type": class name, setting: value, ...}`` of a dataclass of plain settings."""
    return {"type": type(instance).__name__, **asdict(instance)}


def settings_from_dict(what: str, kinds: Mapping[str, type[T]], saved: Mapping[str, Any]) -> T:
    """Return the instance that :func:`settings_to_dict` described, of one of the kinds on the allow-list.

    Raises
    ------
    UnknownNameError
        The type is not on the list, or has no such setting.
    InputError
        A setting has a value that it cannot have, or the type is missing.
    """
    settings = dict(saved)
    if "type" not in settings:
        raise InputError(f"{what}: expected a 'type' and its settings, got only {sorted(settings)}")
    name = settings.pop("type")
    if name not in kinds:
        raise UnknownNameError(what, name, kinds)
    known = [field.name for field in fields(kinds[name])]  # type: ignore[arg-type]
    for setting in settings:
        if setting not in known:
            raise UnknownNameError(f"setting of {name}", setting, known)
    for field in fields(kinds[name]):  # type: ignore[arg-type]
        if field.default is MISSING and field.name not in settings:
            raise InputError(f"{what}: expected the setting {field.name!r} of {name}, got {sorted(settings) or 'none'}")
    return kinds[name](**settings)


def check_number(name: str, value: object, least: float = 0.0, *, may_be_least: bool) -> None:
    """Raise InputError unless the setting is a finite number above (or at) the least."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not np.isfinite(value):
        raise InputError(f"{name}: expected a finite number, got {value!r}")
    if value < least or (value == least and not may_be_least):
        raise InputError(
            f"{name}: expected a number {'of at least' if may_be_least else 'above'} {least}, got {value!r}"
        )


def check_count(name: str, value: object, least: int) -> None:
    """Raise InputError unless the setting is an integer of at least ``least``."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(f"{name}: expected an integer of at least {least}, got {value!r}")


def check_on_gap(value: object) -> None:
    """Raise InputError unless the setting is one of the policies for gaps."""
    if value not in ON_GAP:
        raise InputError(f"on_gap: expected one of {', '.join(ON_GAP)}, got {value!r}")


def window_samples(window_s: float, rate_hz: float, name: str = "window_s") -> int:
    """Return a window's length in whole samples; raise InputError where it holds not even one."""
    n = round(window_s * rate_hz)
    if n < 1:
        raise InputError(
            f"{name}: expected at least one sample ({1 / rate_hz:g} s at {rate_hz:g} Hz), got {window_s} s"
        )
    return n

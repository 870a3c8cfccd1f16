"""Steps in a row: over a stream, or over a whole recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, RecordingError
from .base import Step, StepState

if TYPE_CHECKING:
    from ..recordings.recording import Recording

ROWS_AT_ONCE = 4096


class Chain(StepState):
    """Several states, each fed with the output of the one before; after a gap, opened again where its step says so.

    Attributes
    ----------
    names_out : tuple of str
        The output features.
    rate_out_hz : float
        Output samples per second.
    delay_samples : float
        How many samples must follow an input sample before its output is ready, counted in input samples.
    """

    def __init__(self, steps: Sequence[Step], names: Sequence[str], rate_hz: float) -> None:
        super().__init__(len(names))
        self._steps = steps
        self._inputs: list[tuple[tuple[str, ...], float]] = []
        self._states: list[StepState] = []
        self.names_out, self.rate_out_hz, self.delay_samples = tuple(names), rate_hz, 0.0
        for position, step in enumerate(steps):
            self._inputs.append((self.names_out, self.rate_out_hz))
            try:
                self._states.append(step.open_on(self.names_out, self.rate_out_hz))
                self.delay_samples += step.delay_samples(self.rate_out_hz) * rate_hz / self.rate_out_hz
                self.names_out = step.names_out(self.names_out)
                self.rate_out_hz = step.rate_out_hz(self.rate_out_hz)
            except InputError as error:
                raise InputError(f"steps[{position}] ({type(step).__name__}): {error}") from error

    def push(self, chunk: ArrayLike) -> NDArray[np.float32]:
        # Every state checks what it is given.
        return self._push(np.asarray(chunk)) if self._states else super().push(chunk)

    def _push(self, chunk: NDArray) -> NDArray[np.float32]:
        for state in self._states:
            chunk = state.push(chunk)
        return chunk

    def _skip(self, n_samples: int) -> int:
        for i, step in enumerate(self._steps):
            was_gap = n_samples > 0
            n_samples = self._states[i].skip(n_samples)
            if was_gap and step.on_gap == "reset":
                self._states[i] = step.open_on(*self._inputs[i])
        return n_samples

    def finish(self) -> NDArray[np.float32]:
        left = super().finish()
        for state in self._states:
            left = np.concatenate([state.push(left), state.finish()])
        return left


def open_chain(steps: Sequence[Step], names: Sequence[str], rate_hz: float) -> Chain:
    """Return a new state of all steps in a row, for features of these names, for the beginning of a run."""
    if not rate_hz > 0:
        raise InputError(f"rate_hz: expected a positive number of samples per second, got {rate_hz}")
    return Chain(steps, names, rate_hz)


class Delay(NamedTuple):
    """What a step costs in time.

    Attributes
    ----------
    step : Step
    waits_s : float
        A sample's output is ready only when the samples of so many seconds after it have arrived.
    lags_s : float
        By how much the output lags behind the input; for a filter, in the middle of its pass band.
    """

    step: Step
    waits_s: float
    lags_s: float


def delays(steps: Sequence[Step], rate_hz: float) -> list[Delay]:
    """Return how long each of the steps in a row makes a sample wait, and how far it makes it lag."""
    costs = []
    for step in steps:
        costs.append(Delay(step, step.delay_samples(rate_hz) / rate_hz, step.group_delay_samples(rate_hz) / rate_hz))
        rate_hz = step.rate_out_hz(rate_hz)
    return costs


def run_steps(steps: Sequence[Step], recording: Recording) -> Recording:
    """Return the recording after the steps; every run starts from a new state, except those that go on from the last.

    Events stay as they are, in seconds. A lag makes every run shorter at its end (``trimmed_samples`` says by how
    much). Confounds belong to the samples as recorded and are dropped: regress them out before. Where steps make other
    features, positions and regions are dropped as well.

    Raises
    ------
    RecordingError
        A run is so short that nothing of it is left.
    """
    if not steps:
        return recording
    parts, names, lost = [], [], 0
    chain = open_chain(steps, recording.feature_names, recording.rate_hz)
    names_out, rate_out_hz = chain.names_out, chain.rate_out_hz
    for group in _continuous(recording):
        where = slice(recording.samples_of(group[0]).start, recording.samples_of(group[-1]).stop)
        chain = open_chain(steps, recording.feature_names, recording.rate_hz)
        firsts = range(where.start, where.stop, ROWS_AT_ONCE)
        out = [chain.push(recording.data[first : min(first + ROWS_AT_ONCE, where.stop)]) for first in firsts]
        part = np.concatenate([*out, chain.finish()])
        ends = [recording.samples_of(name).stop - where.start for name in group]
        due = [ceil(end * rate_out_hz / recording.rate_hz - 1e-6) for end in ends]
        lost = due[-1] - len(part)
        lengths = np.diff(np.minimum([0, *due], len(part)))
        if not lengths.all():
            short = group[int(np.argmin(lengths))]
            raise RecordingError(
                f"run {short} has {recording.run_lengths()[short]} samples and none is left after the steps "
                f"{', '.join(map(repr, steps))}; use a shorter lag or leave the run out"
            )
        parts.append(part)
        names.append(np.repeat(group, lengths))
    ratio = rate_out_hz / recording.rate_hz
    same = names_out == recording.feature_names
    return replace(
        recording,
        data=np.concatenate([*parts, np.empty((0, len(names_out)), np.float32)]),
        rate_hz=rate_out_hz,
        feature_names=names_out,
        unit=_unit_after(steps, recording.unit, same),
        positions_mm=recording.positions_mm if same else None,
        regions=recording.regions if same else {},
        run=np.concatenate([*names, recording.run[:0]]),
        confounds=None,
        confound_names=(),
        trimmed_samples=ceil(recording.trimmed_samples * ratio - 1e-6) + lost,
    )


def _continuous(recording: Recording) -> list[list]:
    """Return the runs, in groups through which the state of steps goes on."""
    groups: list[list] = []
    for name in recording.runs:
        if name in recording.goes_on:
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


def _unit_after(steps: Sequence[Step], unit: str | tuple[str, ...], same_features: bool) -> str | tuple[str, ...]:
    """Return the unit after the steps: of each feature as long as they are the same, else the one that all have."""
    units = (unit,) if isinstance(unit, str) else unit
    for step in steps:
        units = tuple(step.unit_out(one) for one in units)
    if isinstance(unit, tuple) and same_features:
        return units
    return units[0] if len(set(units)) == 1 else "a.u."

"""A recording after steps: in its own features or, where it is wide, as coordinates in the row space of its samples.

A whole brain has a hundred times more voxels than samples, but all that ridge, whitening and windows that average make
of them are inner products of sums of samples. The coordinates keep these, see `hotwire.adapters.row_space`, so results
are the same to rounding, and everything is as fast and small as with as many features as there are samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from ...adapters.other.reduced_rank import ReducedRankAdapter
from ...adapters.ridge.ridge import RidgeAdapter
from ...adapters.row_space import RowSpace, is_wide, row_space
from ..recordings.recording import Recording
from ..steps import Step, run_steps
from ..windows import BlockAverage, RunningAverage
from .threads import once

AVERAGES = (BlockAverage, RunningAverage)

Steps = tuple[Step, ...]


class PreparedRecording:
    """A recording after any steps, in its own features; each is computed once."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._of = once(self._made)

    def of(self, steps: Sequence[Step]) -> Recording:
        return self._of(tuple(steps))

    def n_dimensions(self, steps: Sequence[Step]) -> int | None:
        """Of the space that features after these steps are coordinates in; None where they are the recording's own."""
        return None

    def own_features(self, steps: Sequence[Step], X: NDArray) -> NDArray:
        """Sums of samples (n, n_features) after these steps in the recording's own features."""
        return X

    def _made(self, steps: Steps) -> Recording:
        return run_steps(steps, self.recording)


class PreparedCoordinates(PreparedRecording):
    """The same as coordinates of the samples; steps that do not treat features alike are done before."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording)
        self._space = once(self._space_after)

    def n_dimensions(self, steps: Sequence[Step]) -> int | None:
        return self._space(_in_own_features(steps))[1].samples.shape[1]

    def own_features(self, steps: Sequence[Step], X: NDArray) -> NDArray:
        return self._space(_in_own_features(steps))[1].features_of(X)

    def _made(self, steps: Steps) -> Recording:
        before = _in_own_features(steps)
        return run_steps(steps[len(before) :], self._space(before)[0])

    def _space_after(self, steps: Steps) -> tuple[Recording, RowSpace]:
        prepared = run_steps(steps, self.recording)
        space = row_space(prepared.data)
        names = tuple(f"coordinate {number}" for number in range(space.coordinates.shape[1]))
        plain: dict[str, Any] = {"unit": "a.u.", "positions_mm": None, "regions": {}}
        return replace(prepared, data=space.coordinates, feature_names=names, **plain), space


def prepared_for(recording: Recording, tried: Mapping[str, Sequence[Any]]) -> PreparedRecording:
    """As coordinates where the recording is wide and all values of `Settings` that are tried give the same for them."""
    wide = is_wide(*recording.data.shape) and bool(recording.data.any())
    return PreparedCoordinates(recording) if wide and takes_inner_products(tried) else PreparedRecording(recording)


def takes_inner_products(tried: Mapping[str, Sequence[Any]]) -> bool:
    """Whether all that is tried of `Settings`, by name, takes nothing of samples but inner products of their sums.

    Others look at single features: scales of their own, rejection of trials, bands, features of samples.
    """
    steps = {_in_own_features(one) for one in [*tried["steps"], *tried["fit_steps"]] if one is not None}
    return (
        all(type(one) in AVERAGES for one in tried["window"])
        and all(one is None or type(one) in AVERAGES for one in tried["fit_window"])
        and all(one is None for one in tried["features"])
        and "residuals" not in tried["whiten"]
        and all(type(one) in (RidgeAdapter, ReducedRankAdapter) and one.scale == "none" for one in tried["adapter"])
        # Trials to fit on and trials to decide on have to be in one space.
        and (len(steps) == 1 or all(one is None for one in tried["fit_steps"]))
    )


def _in_own_features(steps: Sequence[Step]) -> Steps:
    """The steps up to the last that does not treat features alike."""
    alike = [step.treats_features_alike for step in steps]
    return tuple(steps)[: max((i + 1 for i, of in enumerate(alike) if not of), default=0)]

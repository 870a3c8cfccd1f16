"""Controls: the same analysis without the brain, its labels or the trained network.

A control is registered once, by name; every evaluation, every map and their reports then have it. Other packages add
theirs by `register`, or by an entry point of the group ``"hotwire.controls"`` that names a `Control`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, UnknownNameError
from ..readout import NearestReadout, Readout
from ..statistics.permutation import exchanges
from ..targets import Targets
from ..windows import Trials
from .nuisance import nuisance

ENTRY_POINTS = "hotwire.controls"

CONTROLS = ("shuffled pairing", "mean activation", "untrained network")
"""The controls of an evaluation by default."""

UNTRAINED_NEAREST = "untrained targets, nearest"
NUISANCE = "nuisance"


@dataclass(frozen=True)
class Control:
    """What a control changes of the analysis; the rest stays as it is.

    Parameters
    ----------
    name : str
        The name in studies, tables and results.
    description : str
        What is done and what it tests: a clause for reports, after the name and a colon, without a full stop.
    pairing : callable (groups, events, n, seed) -> (n, n_trials) array of int, optional
        For each training trial the one whose target it is fitted to, n times; the result is the mean. Whole events are
        exchanged within groups, see `hotwire.decoder.statistics.permutation.exchanges`.
    predictors : callable (targets) -> (n_keys, n_features) array or None, optional
        What the linear map is fitted on in place of the brain, for each key of the targets. With None the control is
        left out.
    activations : callable (predicted, mean) -> array, optional
        What is injected, made of the predictions (n_trials, n) and the mean over the training trials (n_trials, n). It
        has to be linear: a map gives both as weights of the keys' activations.
    untrained : bool
        The network with random weights gives the targets and reads out.
    readout : Readout, optional
        In place of the decoder's.
    may_exceed_chance : bool
        It knows something of the classes, so it competes with the decoder and does not guess.
    """

    name: str
    description: str
    pairing: Callable[[NDArray, NDArray, int, int], NDArray[np.intp]] | None = None
    predictors: Callable[[Targets], NDArray | None] | None = None
    activations: Callable[[NDArray, NDArray], NDArray] | None = None
    untrained: bool = False
    readout: Readout | None = None
    may_exceed_chance: bool = False


_registered: dict[str, Control] = {}


def register(control: Control) -> Control:
    """Add a control for every evaluation and every map; raise InputError where another one has its name.

    Examples
    --------
    >>> zero = Control("zero", "nothing is injected", activations=lambda predicted, mean: 0 * predicted)
    >>> register(zero)  # doctest: +SKIP
    """
    if _registered.get(control.name, control) != control:
        raise InputError(f"control {control.name!r}: expected a name of its own, got one that there is already")
    _registered[control.name] = control
    return control


def control_named(name: str) -> Control:
    """The control of that name; raise UnknownNameError where there is none."""
    _load_entry_points()
    if name not in _registered:
        raise UnknownNameError("control", name, tuple(_registered))
    return _registered[name]


@cache
def _load_entry_points() -> None:
    for point in entry_points(group=ENTRY_POINTS):
        register(point.load())


def shuffled_within(trials: Trials) -> NDArray:
    """The groups within which targets are shuffled: runs where all hold equal shares of the labels, else all trials.

    Within groups of unequal shares trials would keep their label too often, and the control would still learn it.
    """
    codes, runs = (np.unique(of, return_inverse=True)[1] for of in (trials.label, trials.run))
    count = np.zeros((runs.max(initial=0) + 1, codes.max(initial=0) + 1), np.intp)
    np.add.at(count, (runs, codes), 1)
    even = np.array_equal(count * len(trials), np.outer(count.sum(axis=1), count.sum(axis=0)))
    return trials.run if even else np.zeros(len(trials), np.intp)


def _exchanged(groups: NDArray, events: NDArray, n: int, seed: int) -> NDArray[np.intp]:
    return exchanges(groups, events, n, seed=seed)


def _always_mean(predicted: NDArray, mean: NDArray) -> NDArray:
    return mean


def _plain_features(targets: Targets) -> NDArray[np.float64] | None:
    known = nuisance(targets)
    return None if known is None else known[1]


register(
    Control(
        "shuffled pairing",
        "training trials get each other’s targets, so activity and class no longer belong together",
        pairing=_exchanged,
    )
)
register(
    Control(
        "mean activation",
        "the mean of the training targets is injected always; shows what the network says without the brain",
        activations=_always_mean,
    )
)
register(
    Control(
        "untrained network",
        "the same architecture with random weights gives the targets and reads out",
        untrained=True,
    )
)
register(
    Control(
        UNTRAINED_NEAREST,
        "the architecture with random weights gives the targets, and the decision is the target nearest to the "
        "prediction; what labels alone give, without anything that the network has learned. The network is needed for "
        "classes that were never trained on, and for free answers",
        untrained=True,
        readout=NearestReadout(),
        may_exceed_chance=True,
    )
)
register(
    Control(
        NUISANCE,
        "the same linear map from plain features of the stimuli (luminance, contrast, colour and fine detail of "
        "pictures; length of words) in place of the brain. What is above it is not explained by them",
        predictors=_plain_features,
        may_exceed_chance=True,
    )
)

"""Controls: the same analysis without the brain, its labels or the trained network.

A control is registered once, by name; every evaluation, every map and their reports then have it. Other packages add
theirs by an entry point of the group ``"hotwire.controls"`` under the control's name, a notebook by `register`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, UnknownNameError
from ..finding import Finding
from ..readouts.nearest import NearestReadout
from ..readouts.readout import Readout
from ..registry import Registry
from ..statistics.permutation import exchanges
from ..targets import Targets
from ..windows import Trials
from .nuisance import nuisance

UNTRAINED = "untrained network"
UNTRAINED_NEAREST = "untrained targets, nearest"
NUISANCE = "nuisance"

CONTROLS = ("shuffled pairing", "mean activation", UNTRAINED)
"""The controls of an evaluation by default."""


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
        left out, and a finding says so.
    activations : callable (predicted, mean) -> array, optional
        What is injected, made of the predictions (n_trials, n) and the mean over the training trials (n_trials, n). It
        has to be linear: a map gives both as weights of the keys' activations.
    untrained : bool
        The network with random weights gives the targets and reads out.
    readout : Readout, optional
        In place of the decoder's.
    may_exceed_chance : bool
        It knows something of the classes, so it competes with the decoder and does not guess.
    needs : str
        What targets have where there are predictors for them, for the finding that the control is left out.
    """

    name: str
    description: str
    pairing: Callable[[NDArray, NDArray, int, int], NDArray[np.intp]] | None = None
    predictors: Callable[[Targets], NDArray | None] | None = None
    activations: Callable[[NDArray, NDArray], NDArray] | None = None
    untrained: bool = False
    readout: Readout | None = None
    may_exceed_chance: bool = False
    needs: str = "what its predictors are made of"

    @property
    def fits_the_brain(self) -> bool:
        """Whether it fits the map from the brain anew, so that settings can be chosen anew with it."""
        return self.predictors is None and (self.pairing is not None or self.untrained)


class Controls(Registry[Control]):
    """Controls by their names."""

    def checked(self, name: str, added: Any) -> Control:
        if isinstance(added, Control) and added.name == name:
            return added
        raise InputError(f"entry point {name!r} of {self.group}: expected a Control of that name, got {added!r}")


def left_out(control: Control) -> Finding:
    """The finding that a control was asked for, but has no predictors for the targets."""
    return Finding(
        "controls",
        "warning",
        f"The control {control.name!r} was left out: it needs {control.needs}, which these targets are not. Take it "
        "out of `controls`, or mind that nothing is known of what it would have tested.",
    )


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


OWN = (
    Control(
        "shuffled pairing",
        "training trials get each other’s targets, so activity and class no longer belong together",
        pairing=_exchanged,
    ),
    Control(
        "mean activation",
        "the mean of the training targets is injected always; shows what the network says without the brain",
        activations=_always_mean,
    ),
    Control(
        UNTRAINED,
        "the same architecture with random weights gives the targets and reads out",
        untrained=True,
    ),
    Control(
        UNTRAINED_NEAREST,
        "the architecture with random weights gives the targets, and the decision is the target nearest to the "
        "prediction; what labels alone give, without anything that the network has learned. The network is needed for "
        "classes that were never trained on, and for free answers",
        untrained=True,
        readout=NearestReadout(),
        may_exceed_chance=True,
    ),
    Control(
        NUISANCE,
        "the same linear map from plain features of the stimuli (luminance, contrast, colour and fine detail of "
        "pictures; length of words) in place of the brain. What is above it is not explained by them",
        predictors=_plain_features,
        may_exceed_chance=True,
        needs="words, texts or pictures that differ in length, luminance, contrast, colour or fine detail",
    ),
)

REGISTERED = Controls("hotwire.controls", {one.name: one for one in OWN})


def register(control: Control) -> Control:
    """Add a control for every evaluation and every map; raise InputError where another one has its name.

    Examples
    --------
    >>> zero = Control("zero", "nothing is injected", activations=lambda predicted, mean: 0 * predicted)
    >>> register(zero)  # doctest: +SKIP
    """
    if REGISTERED.get(control.name, control) != control:
        raise InputError(f"control {control.name!r}: expected a name of its own, got one that there is already")
    REGISTERED.add(control.name, control)
    return control


def control_named(name: str) -> Control:
    """The control of that name; raise UnknownNameError where there is none."""
    if name not in REGISTERED:
        raise UnknownNameError("control", name, REGISTERED)
    return REGISTERED[name]

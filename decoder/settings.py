"""Settings: everything about a decoder that is chosen and not fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..adapters.factored import FactoredAdapter
from ..adapters.other.delayed import DelayedAdapter
from ..adapters.whiten import Whitener
from ..errors import InputError
from ..models.networks.language.language_model import LanguageModel
from ..models.networks.network import Network
from .decision import DecisionRule
from .discriminant import fit_discriminant, held_out_predictions
from .features.base import Features, by_trial
from .linear import BY_REGION, Linear, by_region, default_adapter, fit_adapter
from .readouts.label import LabelReadout
from .readouts.readout import Readout
from .steps import Step
from .windows import HOLD_SAMPLES, BlockAverage, Trials, Window, holds_samples

Whitening = Literal["none", "samples", "effective samples", "residuals"]
BY_SAMPLES = ("samples", "effective samples")
PROBABILITIES = ("calibrated", "network")


@dataclass(frozen=True)
class Settings:
    """Everything about a decoder that is chosen and not fitted.

    Parameters
    ----------
    layer : str
        Where activations enter the network.
    steps : sequence of Step
        Preprocessing, in order.
    window : Window
        From samples and events to trials.
    whiten : {"none", "samples", "effective samples", "residuals"}
        ``"samples"``: whiten the features by the covariance of all samples of the training runs, see `Whitener`; for
        windows that average. ``"effective samples"``: the same, shrunk for as many samples as are independent.
        ``"residuals"``: whiten what the adapter takes, of any window and any features, by the covariance of the
        training trials around their class's mean.
    features : Features, optional
        The features of a trial's samples for the adapter, fitted with it; for windows that hold samples. If not given,
        the adapter takes the window's output.
    adapter : FactoredAdapter
        Of any kind, unfitted; it is cloned before each fit. The ``bands`` of a banded one may be ``"regions"``: those
        of the recording, and one for features in no region.
    readout : Readout
    prompt : str, optional
        For language models: replaces the network's own.
    fit_steps : sequence of Step, optional
    fit_window : Window, optional
        What the adapter is fitted on, if that is not what is decided on. A decoder that decides live has only causal
        steps and the part of a block so far; it learns more from whole blocks of complete runs. The whitening always
        uses the samples that are decided on, and so counts the drift that causal steps leave in them as noise.
    probabilities : {"calibrated", "network"}
        ``"calibrated"``: scaled so that they are as sure as decisions on runs held out within the training are right,
        see `hotwire.decoder.statistics.calibration`; with fewer than three training runs they remain the network's
        own. Between two classes this may move decisions, among more it does not.
    decision : DecisionRule
        How often each class is expected, and what it costs to miss it.
    """

    layer: str
    steps: Sequence[Step] = ()
    window: Window = field(default_factory=BlockAverage)
    whiten: Whitening = "none"
    adapter: FactoredAdapter = field(default_factory=default_adapter)
    readout: Readout = field(default_factory=LabelReadout)
    prompt: str | None = None
    fit_steps: Sequence[Step] | None = None
    fit_window: Window | None = None
    features: Features | None = None
    probabilities: Literal["calibrated", "network"] = "calibrated"
    decision: DecisionRule = field(default_factory=DecisionRule)

    def __post_init__(self) -> None:
        object.__setattr__(self, "layer", str(self.layer))
        object.__setattr__(self, "steps", tuple(self.steps))
        if self.fit_steps is not None:
            object.__setattr__(self, "fit_steps", tuple(self.fit_steps))
        if self.whiten not in get_args(Whitening):
            raise InputError(f"whiten: expected one of {', '.join(get_args(Whitening))}, got {self.whiten!r}")
        if self.probabilities not in PROBABILITIES:
            raise InputError(f"probabilities: expected one of {', '.join(PROBABILITIES)}, got {self.probabilities!r}")
        if self.probabilities == "network" and self.decision.prior != "training":
            raise InputError(
                'decision.prior: expected "training", as only calibrated probabilities can take another prior; set '
                'probabilities = "calibrated"'
            )
        if self.whitens_samples and not self.averages:
            raise InputError(
                f'whiten: "{self.whiten}" is for windows that average, got one that holds samples, or features of '
                'them; use "residuals" or "none"'
            )
        if self.features is not None and not holds_samples(self.window):
            raise InputError(
                f"features: {type(self.features).__name__} needs a window that holds samples, "
                f"{' or '.join(kind.__name__ for kind in HOLD_SAMPLES)}, got {type(self.window).__name__}"
            )
        if by_region(self.adapter) and not self.averages:
            raise InputError(f"adapter: bands = {BY_REGION!r} are for windows that average, and no features of samples")
        if isinstance(self.adapter, DelayedAdapter):
            raise InputError(
                "adapter: expected one that takes trials, got a DelayedAdapter, which takes samples in time: use a "
                "window of several samples"
            )

    @property
    def whitens_samples(self) -> bool:
        """Whether features are whitened by the samples of the training runs, which needs no labels."""
        return self.whiten in BY_SAMPLES

    @property
    def averages(self) -> bool:
        """Whether the adapter takes averages of the recording's features, unchanged."""
        return self.features is None and not (holds_samples(self.window) or holds_samples(self.to_fit[1]))

    def require_averages(self, what: str) -> None:
        """Raise InputError unless the adapter takes averages of the recording's features, unchanged."""
        if not self.averages:
            takes = "samples" if self.features is None else type(self.features).__name__
            raise InputError(
                f"{what}: expected a decoder whose window averages the recording's own features, got one that takes "
                f"{takes} of {type(self.window).__name__}; write no features, and a window such as "
                'window = { type = "BlockAverage", start_s = 0.1, stop_s = 0.3 }'
            )

    @property
    def to_fit(self) -> tuple[tuple[Step, ...], Window]:
        """Steps and window of the trials that the adapter is fitted on."""
        steps = self.steps if self.fit_steps is None else self.fit_steps
        return tuple(steps), self.window if self.fit_window is None else self.fit_window

    def fit_linear(
        self,
        trials: Trials,
        samples: NDArray,
        targets: NDArray,
        answers: NDArray[np.intp],
        regions: Mapping[str, NDArray] | None = None,
        sample_runs: NDArray | None = None,
        n_classes: int | None = None,
    ) -> Linear:
        """Fit the linear part on trials, their targets (n_trials, n_units) and right classes (n_trials,).

        `samples` (n_samples, n_features) are all samples of the training runs, preprocessed as those that are decided
        on, and `sample_runs` the run of each (by default one run for all); `regions` are the recording's, for adapters
        with such bands. There are `n_classes`, by default those up to the last that the trials show.
        """
        whitener, every = self.fit_whitener(samples, sample_runs), np.arange(len(trials))
        return fit_on(self, trials, every, targets, answers, whitener, regions, n_classes=n_classes)

    def uncalibrated(self) -> Settings:
        """The same, with the network's own probabilities."""
        return replace(self, probabilities="network", decision=DecisionRule())

    def fit_whitener(self, samples: NDArray, runs: NDArray | None = None) -> Whitener | None:
        """Fit the whitening on samples (n_samples, n_features) and the run of each; None if none is by samples."""
        return Whitener(self.whiten).fit(samples, groups=runs) if self.whitens_samples else None


def fit_on(
    settings: Settings,
    trials: Trials,
    train: NDArray[np.intp],
    targets: NDArray,
    answers: NDArray[np.intp],
    whitener: Whitener | None,
    regions: Mapping[str, NDArray] | None = None,
    whitened: NDArray | None = None,
    groups: NDArray | None = None,
    n_classes: int | None = None,
) -> Linear:
    """Fit features and adapter on the trials `train`, whose targets and right classes are in that order.

    `whitener` is that by samples; `whitened` may give their X, and there is no whitener then. `groups` are left out
    whole to choose the adapter's strength; by default they are the runs. For a readout that is fitted, so is a
    discriminant, on predictions of training runs that were held out of a further fit.
    """
    X = trials.X[train] if whitened is None else whitened
    runs = trials.run[train]
    groups = runs if groups is None else groups

    def fitted(rows: NDArray[np.intp]) -> Linear:
        return _fit(settings, X[rows], trials, targets[rows], answers[rows], groups[rows], whitener, regions)

    linear = fitted(np.arange(len(train)))
    if not settings.readout.is_fitted:
        return linear
    states = held_out_predictions(X, runs, lambda rows, held_out: fitted(rows).predict(held_out))
    discriminant = fit_discriminant(states, answers, targets, linear.mean, n_classes or int(answers.max()) + 1)
    return replace(linear, discriminant=discriminant)


def _fit(
    settings: Settings,
    X: NDArray,
    trials: Trials,
    targets: NDArray,
    answers: NDArray[np.intp],
    groups: NDArray,
    whitener: Whitener | None,
    regions: Mapping[str, NDArray] | None,
) -> Linear:
    """Fit on trials whose samples are X, of as many times as `trials` have."""
    features = None
    if settings.features is not None:
        X = by_trial(X, trials.n_times)
        features = settings.features.fit(X, answers, trials.times_hz)
        X = features.transform(X)
    if settings.whiten == "residuals":
        _, of = np.unique(answers, return_inverse=True)
        means = np.stack([X[of == one].mean(axis=0) for one in range(of.max() + 1)])
        whitener = Whitener().fit(X - means[of])
    if whitener is not None:
        X = whitener.transform(X)
    adapter = fit_adapter(settings.adapter, X, targets, groups, regions)
    return Linear(adapter, whitener, features, trials.n_times)


def prompted(network: Network, prompt: str | None) -> Network:
    """Give the network this prompt, if there is one; raise `InputError` where it takes none, or not this one."""
    if prompt is None:
        return network
    if not isinstance(network, LanguageModel):
        raise InputError(f"prompt: only language models take one, leave it out for {network.name}")
    return network.with_prompt(prompt)

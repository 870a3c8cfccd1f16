"""The Decoder: steps, adapter, network and readout, fitted together and used one trial at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from ..adapters.factored import FactoredAdapter
from ..adapters.kinds import KINDS
from ..adapters.other.banded import BandedAdapter
from ..adapters.other.delayed import DelayedAdapter
from ..adapters.whiten import Whitener
from ..errors import InputError, UnknownNameError
from ..models.networks.language import LanguageModel
from ..models.networks.network import Network
from .decision import Decision, check_agrees, decision_on
from .features.base import Features, FittedFeatures, by_trial
from .fitted_on import run_digests
from .readout import Entry, LabelReadout, Readout, read_out, softmax
from .recordings.recording import Recording
from .steps import Step, run_steps
from .targets import Targets
from .windows import HOLD_SAMPLES, BlockAverage, Trials, Window, holds_samples, require_trials, windows

if TYPE_CHECKING:
    from ..models.export.onnx_precision import Precision
    from .bundle.file import Live

WHITENING = ("none", "samples")

BY_REGION = "regions"
"""Bands of a banded adapter that are the recording's regions."""


@dataclass(frozen=True)
class Linear:
    """The fitted linear part: the features of trials, if any, whitening, if any, and the adapter.

    Attributes
    ----------
    adapter : FactoredAdapter
    whitener : Whitener, optional
    features : FittedFeatures, optional
    n_times : int
        How many rows of samples a trial holds, for the features.
    """

    adapter: FactoredAdapter
    whitener: Whitener | None = None
    features: FittedFeatures | None = None
    n_times: int = 1

    def inputs(self, X: NDArray) -> NDArray:
        """What the adapter takes of trials (n_trials, n_times * n_channels)."""
        made = X if self.features is None else self.features.transform(by_trial(X, self.n_times))
        return made if self.whitener is None else self.whitener.transform(made)

    def predict(self, X: NDArray) -> NDArray[np.float32]:
        """Predict activations (n_trials, n_units) from trials (n_trials, n_times * n_channels)."""
        return self.adapter.predict(self.inputs(X)).astype(np.float32, copy=False)

    @property
    def mean(self) -> NDArray[np.float32]:
        """The mean activation of the training trials, (n_units,)."""
        return np.asarray(self.adapter.y_mean_, np.float32)


def default_adapter(kind: str = "ridge") -> FactoredAdapter:
    """What it chooses is chosen for all units together, by direction; predictions are as strong as true activations.

    Parameters
    ----------
    kind : str
        One of `hotwire.adapters.kinds.KINDS`.

    Raises
    ------
    UnknownNameError
        There is no such kind.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of adapter", kind, KINDS)
    adapter = KINDS[kind]()
    options: Any = {"choose_by": "direction", "gain": "total"}
    return adapter.set_params(**{name: value for name, value in options.items() if name in adapter.get_params()})


@dataclass(frozen=True)
class Settings:
    """Everything about a decoder that is chosen rather than fitted.

    Parameters
    ----------
    layer : str
        Where the network is entered.
    steps : sequence of Step
        Preprocessing, in order.
    window : Window
        From samples and events to trials.
    whiten : {"none", "samples"}
        ``"samples"``: whiten the features by the covariance of all samples of the training runs, see `Whitener`; for
        windows that average.
    features : Features, optional
        What of a trial's samples the adapter takes, fitted with it; for windows that hold samples. Where not given, it
        takes what the window gives.
    adapter : FactoredAdapter
        Of any kind, unfitted; it is cloned before each fit. The ``bands`` of a banded one may be ``"regions"``: those
        of the recording, and what is in none of them.
    readout : Readout
    prompt : str, optional
        For language models: instead of the network's own.
    fit_steps : sequence of Step, optional
    fit_window : Window, optional
        What the adapter is fitted on, where that is not what is decided on. A decoder that decides live has to do with
        causal steps and with what has come of a block; it learns more from whole blocks out of runs seen to their end.
        The whitening always goes by the samples that are decided on, and so counts the drift that causal steps leave
        in them as noise.
    """

    layer: str
    steps: Sequence[Step] = ()
    window: Window = field(default_factory=BlockAverage)
    whiten: Literal["none", "samples"] = "none"
    adapter: FactoredAdapter = field(default_factory=default_adapter)
    readout: Readout = field(default_factory=LabelReadout)
    prompt: str | None = None
    fit_steps: Sequence[Step] | None = None
    fit_window: Window | None = None
    features: Features | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "layer", str(self.layer))
        object.__setattr__(self, "steps", tuple(self.steps))
        if self.fit_steps is not None:
            object.__setattr__(self, "fit_steps", tuple(self.fit_steps))
        if self.whiten not in WHITENING:
            raise InputError(f"whiten: expected one of {', '.join(WHITENING)}, got {self.whiten!r}")
        self._check_windows()
        if isinstance(self.adapter, DelayedAdapter):
            raise InputError(
                "adapter: expected one that takes trials, got a DelayedAdapter, which takes samples in time: use a "
                "window of several samples"
            )

    @property
    def averages(self) -> bool:
        """Whether what the adapter takes are averages of the recording's features, as they are."""
        return self.features is None and not (holds_samples(self.window) or holds_samples(self.to_fit[1]))

    def require_averages(self, what: str) -> None:
        """Raise InputError unless the adapter takes averages of the recording's features, as they are."""
        if not self.averages:
            takes = "samples" if self.features is None else type(self.features).__name__
            raise InputError(
                f"{what}: expected a decoder whose window averages the recording's own features, got one that takes "
                f"{takes} of {type(self.window).__name__}"
            )

    def _check_windows(self) -> None:
        if self.whiten == "samples" and not self.averages:
            raise InputError(
                'whiten: "samples" is for windows that average, got one that holds samples, or features of them; use '
                '"none"'
            )
        if self.features is not None and not holds_samples(self.window):
            raise InputError(
                f"features: {type(self.features).__name__} needs a window that holds samples, "
                f"{' or '.join(kind.__name__ for kind in HOLD_SAMPLES)}, got {type(self.window).__name__}"
            )
        if isinstance(self.adapter, BandedAdapter) and by_region(self.adapter) and not self.averages:
            raise InputError(f"adapter: bands = {BY_REGION!r} are for windows that average, and no features of samples")

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
    ) -> Linear:
        """Fit features, whitening and adapter.

        Parameters
        ----------
        trials : Trials
            The training trials.
        samples : array (n_samples, n_features)
            All samples of the training runs, preprocessed as those that are decided on.
        targets : array (n_trials, n_units)
            The activation that belongs to each trial.
        answers : array (n_trials,) of int
            The right answer to each.
        regions : mapping of str to array of int, optional
            The recording's, for adapters whose bands they are.
        """
        whitener = Whitener().fit(samples) if self.whiten == "samples" else None
        return fit_on(self, trials, np.arange(len(trials)), targets, answers, whitener, regions)


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
) -> Linear:
    """Fit features and adapter on the trials `train`, whose targets and right answers are given in that order.

    Their X may be given, `whitened` already; there is no whitener then. So may be the groups that are left out whole to
    choose the adapter's strength; where not, they are the runs.
    """
    X, features = trials.X[train] if whitened is None else whitened, None
    if settings.features is not None:
        X = by_trial(X, trials.n_times)
        features = settings.features.fit(X, answers, trials.times_hz)
        X = features.transform(X)
    elif whitener is not None:
        X = whitener.transform(X)
    adapter = fit_adapter(settings.adapter, X, targets, trials.run[train] if groups is None else groups, regions)
    return Linear(adapter, whitener, features, trials.n_times)


def by_region(adapter: BandedAdapter) -> bool:
    """Whether the bands are the recording's regions."""
    return isinstance(adapter.bands, str) and adapter.bands == BY_REGION


def fit_adapter(
    adapter: FactoredAdapter,
    X: NDArray,
    targets: NDArray,
    runs: NDArray,
    regions: Mapping[str, NDArray] | None = None,
) -> FactoredAdapter:
    """Fit a clone of the adapter; its strength, rank or the like is chosen by leaving out whole runs, or other groups.

    A banded adapter whose bands are `BY_REGION` takes them from the recording's regions.
    """
    fresh: Any = clone(adapter)
    if isinstance(fresh, BandedAdapter) and by_region(fresh):
        fresh.set_params(bands=bands_of(regions or {}, X.shape[1]))
    return fresh.fit(X, targets, groups=runs)


def bands_of(regions: Mapping[str, NDArray], n_features: int) -> list[str]:
    """The band of each feature: the regions that it is in, as borders often lie in two.

    Raises
    ------
    InputError
        There are no regions.

    Examples
    --------
    >>> bands_of({"V1": np.array([0, 1]), "V2": np.array([1, 2])}, 4)
    ['V1', 'V1 and V2', 'V2', 'no region']
    """
    if not regions:
        raise InputError(f"bands = {BY_REGION!r}: expected a recording that brings regions along, got one without")
    holders: list[list[str]] = [[] for _ in range(n_features)]
    for name, features in regions.items():
        for feature in features.tolist():
            holders[feature].append(name)
    return [" and ".join(names) or "no region" for names in holders]


class Decoder:
    """Recorded brain activity in, what the network makes of it out.

    Parameters
    ----------
    network : Network
    targets : Targets
        What the trials should look like inside the network.
    settings : Settings
        Layer, steps, window, adapter, readout.

    Raises
    ------
    UnknownNameError
        The network has no such layer.
    InputError
        The network cannot be read out so.

    Attributes
    ----------
    linear_ : Linear
        The fitted whitening and adapter.
    entry_ : Entry
        Where predicted states enter the network.
    feature_names_, unit_, rate_hz_
        Of the recording it was fitted on; another recording has to agree.
    feature_low_, feature_high_ : arrays (n_features,), or None
        The least and the largest value of each feature in that recording, before the steps; None where the decoder was
        loaded from a bundle that did not keep them.
    fitted_on_ : mapping of str to str, or None
        SHA-256 of the samples of each run it was fitted on, by the run's name; None where that is not known.
    """

    feature_low_: NDArray[np.float32] | None
    feature_high_: NDArray[np.float32] | None
    fitted_on_: Mapping[str, str] | None = None

    def __init__(self, network: Network, targets: Targets, settings: Settings) -> None:
        network.shape_of(settings.layer)
        settings.readout.check(network)
        self.network = prompted(network, settings.prompt)
        self.targets = targets
        self.settings = settings

    def fit(self, recording: Recording) -> Self:
        """Fit on all trials of a recording.

        Parameters
        ----------
        recording : Recording
            With at least two runs, if the adapter has strengths to choose from.
        """
        settings = self.settings
        prepared = run_steps(settings.steps, recording)
        fit_steps, fit_window = settings.to_fit
        of_fit = prepared if fit_steps == settings.steps else run_steps(fit_steps, recording)
        trials = windows(fit_window, of_fit)
        require_trials(trials)
        table = self.targets.activations(self.network, [settings.layer])[settings.layer]
        keys = self.targets.key_of(trials)
        answers = self.targets.truth()[keys]
        self.linear_ = settings.fit_linear(trials, prepared.data, table[keys], answers, recording.regions)
        self.entry_ = make_entry(self.network, settings.layer, self.targets, table, self.linear_.mean[None])
        self.feature_names_ = recording.feature_names
        self.unit_ = recording.unit
        self.rate_hz_ = recording.rate_hz
        self.feature_low_ = recording.data.min(axis=0)
        self.feature_high_ = recording.data.max(axis=0)
        self.fitted_on_ = run_digests(recording)
        return self

    def predict(self, recording: Recording) -> list[Decision]:
        """Decide on every trial of a recording; a decision does not depend on what others are made with it.

        To the last bit, but for a whitening in factors, of more features than samples: there, to float64's rounding.

        Raises
        ------
        RecordingError
            The recording has other features, units or another rate than the decoder was fitted on.
        """
        self._check_fitted()
        check_agrees(recording, self.feature_names_, self.unit_, self.rate_hz_)
        return self.decide(windows(self.settings.window, run_steps(self.settings.steps, recording)))

    def decide(self, trials: Trials) -> list[Decision]:
        """Decide on trials that are already preprocessed and cut, see `predict`."""
        self._check_fitted()
        if not len(trials):
            return []
        scores, texts = read_out(self.settings.readout, self.entry_, self.linear_.predict(trials.X))
        answers, probabilities = self.entry_.answers, softmax(scores)
        return [
            decision_on(
                trials,
                i,
                answer=answers[int(each.argmax())],
                probabilities=dict(zip(answers, each.tolist(), strict=True)),
                text=None if texts is None else texts[i],
            )
            for i, each in enumerate(probabilities)
        ]

    def save(self, path: str | PathLike[str], *, live: Live = "where possible", precision: Precision = "int8") -> None:
        """Save the fitted decoder as one file, see `hotwire.decoder.bundle.file.save`."""
        from .bundle.file import save

        save(self, path, live=live, precision=precision)

    @staticmethod
    def load(path: str | PathLike[str], *, network: Network | None = None) -> Decoder:
        """Load a saved decoder, see `hotwire.decoder.bundle.file.load`."""
        from .bundle.file import load

        return load(path, network=network)

    def _check_fitted(self) -> None:
        if not hasattr(self, "linear_"):
            raise NotFittedError("this Decoder is not fitted yet; call fit with a recording first")


def prompted(network: Network, prompt: str | None) -> Network:
    """Give the network this prompt, if there is one.

    Raises
    ------
    InputError
        The network takes no prompt, or not this one.
    """
    if prompt is None:
        return network
    if not isinstance(network, LanguageModel):
        raise InputError(f"prompt: only language models take one, {network.name} is none")
    return network.with_prompt(prompt)


def make_entry(
    network: Network, layer: str, targets: Targets, table: NDArray, means: NDArray, fit: NDArray | int = 0
) -> Entry:
    """Say where states enter; an answer's target is the mean over the keys that it is the right answer to."""
    truth = targets.truth()
    of_answers = np.stack([table[truth == answer].mean(axis=0) for answer in range(len(targets.answers))])
    return Entry(network, layer, targets.answers, means, of_answers.astype(np.float32), fit)

"""The Decoder: steps, adapter, network and readout, fitted together and used one trial at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from ..adapters.ridge import RidgeAdapter
from ..adapters.whiten import Whitener
from ..errors import InputError, RecordingError
from ..models.language import LanguageModel
from ..models.network import Network
from .readout import Entry, LabelReadout, Readout, softmax
from .recording import Recording
from .steps import BlockAverage, Step, Trials, Window, run_steps, windows
from .targets import Targets

WHITENING = ("none", "samples")


@dataclass(frozen=True)
class Decision:
    """What a decoder says of one trial.

    Attributes
    ----------
    answer : str
        The most probable answer.
    probabilities : dict of str to float
        Of all answers.
    text : str or None
        The network's free answer, where the readout asks for one.
    run : int or str
    start_s, stop_s : float
        The samples it rests on, in seconds since the first sample of the run.
    event : int
        Which event of the recording.
    """

    answer: str
    probabilities: dict[str, float]
    text: str | None
    run: int | str
    start_s: float
    stop_s: float
    event: int


@dataclass(frozen=True)
class Linear:
    """The fitted linear part: whitening, if any, and the adapter."""

    adapter: RidgeAdapter
    whitener: Whitener | None = None

    def predict(self, X: NDArray) -> NDArray[np.float32]:
        """Predict activations (n_trials, n_units) from features (n_trials, n_features)."""
        whitened = X if self.whitener is None else self.whitener.transform(X)
        return self.adapter.predict(whitened).astype(np.float32, copy=False)

    @property
    def mean(self) -> NDArray[np.float32]:
        """The mean activation of the training trials, (n_units,)."""
        return np.asarray(self.adapter.y_mean_, np.float32)


def default_adapter() -> RidgeAdapter:
    """One strength for all units, chosen by direction, and predictions as strong as true activations."""
    return RidgeAdapter(choose_by="direction", gain="total")


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
        ``"samples"``: whiten the features by the covariance of all samples of the training runs, see `Whitener`.
    adapter : RidgeAdapter
        Unfitted; it is cloned before each fit.
    readout : Readout
    prompt : str, optional
        For language models: instead of the network's own.
    """

    layer: str
    steps: Sequence[Step] = ()
    window: Window = field(default_factory=BlockAverage)
    whiten: Literal["none", "samples"] = "none"
    adapter: RidgeAdapter = field(default_factory=default_adapter)
    readout: Readout = field(default_factory=LabelReadout)
    prompt: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "layer", str(self.layer))
        object.__setattr__(self, "steps", tuple(self.steps))
        if self.whiten not in WHITENING:
            raise InputError(f"whiten: expected one of {', '.join(WHITENING)}, got {self.whiten!r}")

    def fit_linear(self, trials: Trials, samples: NDArray, targets: NDArray) -> Linear:
        """Fit whitening and adapter.

        Parameters
        ----------
        trials : Trials
            The training trials.
        samples : array (n_samples, n_features)
            All preprocessed samples of the training runs.
        targets : array (n_trials, n_units)
            The activation that belongs to each trial.
        """
        whitener = Whitener().fit(samples) if self.whiten == "samples" else None
        X = trials.X if whitener is None else whitener.transform(trials.X)
        return Linear(fit_adapter(self.adapter, X, targets, trials.run), whitener)


def fit_adapter(adapter: RidgeAdapter, X: NDArray, targets: NDArray, runs: NDArray) -> RidgeAdapter:
    """Fit a clone of the adapter; its strength is chosen by leaving out whole runs."""
    fresh: Any = clone(adapter)
    return fresh.fit(X, targets, groups=runs)


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
    """

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
        trials = windows(settings.window, prepared)
        if not len(trials):
            raise RecordingError(f"recording: no trials to fit on; {recording!r} has no usable events")
        table = self.targets.activations(self.network, [settings.layer])[settings.layer]
        targets = table[self.targets.key_of(trials)]
        self.linear_ = settings.fit_linear(trials, prepared.data, targets)
        self.entry_ = make_entry(self.network, settings.layer, self.targets, table, self.linear_.mean[None])
        self.feature_names_ = recording.feature_names
        self.unit_ = recording.unit
        self.rate_hz_ = recording.rate_hz
        return self

    def predict(self, recording: Recording) -> list[Decision]:
        """Decide on every trial of a recording, one at a time, as a live stream would have it.

        Raises
        ------
        RecordingError
            The recording has other features, units or another rate than the decoder was fitted on.
        """
        self._check(recording)
        return self.decide(windows(self.settings.window, run_steps(self.settings.steps, recording)))

    def decide(self, trials: Trials) -> list[Decision]:
        """Decide on trials that are already preprocessed and cut."""
        self._check_fitted()
        return [self._decide(trials, i) for i in range(len(trials))]

    def save(self, path: str | PathLike[str]) -> None:
        """Save the fitted decoder as one file, see `hotwire.decoder.bundle.save`."""
        from .bundle import save

        save(self, path)

    @staticmethod
    def load(path: str | PathLike[str], *, network: Network | None = None) -> Decoder:
        """Load a saved decoder, see `hotwire.decoder.bundle.load`."""
        from .bundle import load

        return load(path, network=network)

    def _decide(self, trials: Trials, i: int) -> Decision:
        state = self.linear_.predict(trials.X[i : i + 1])
        probabilities = softmax(self.settings.readout.scores(self.entry_, state))[0]
        texts = self.settings.readout.texts(self.entry_, state)
        answers = self.entry_.answers
        return Decision(
            answer=answers[int(probabilities.argmax())],
            probabilities=dict(zip(answers, probabilities.tolist(), strict=True)),
            text=None if texts is None else texts[0],
            run=trials.run[i].item(),
            start_s=float(trials.start_s[i]),
            stop_s=float(trials.stop_s[i]),
            event=int(trials.event[i]),
        )

    def _check_fitted(self) -> None:
        if not hasattr(self, "linear_"):
            raise NotFittedError("this Decoder is not fitted yet; call fit with a recording first")

    def _check(self, recording: Recording) -> None:
        self._check_fitted()
        if recording.feature_names != self.feature_names_:
            ours, theirs = self.feature_names_, recording.feature_names
            differ = next(
                (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b),
                min(map(len, (ours, theirs))),
            )
            raise RecordingError(
                f"recording: expected the {len(ours)} features that the decoder was fitted on, got {len(theirs)}; the "
                f"first to differ is number {differ}: fitted on {_at(ours, differ)}, got {_at(theirs, differ)}. Use "
                "the same mask or channels, or recording.select(features=...) to put them in order"
            )
        for what, ours, theirs in (
            ("unit", self.unit_, recording.unit),
            ("rate_hz", round(self.rate_hz_, 6), round(recording.rate_hz, 6)),
        ):
            if ours != theirs:
                raise RecordingError(f"recording: {what} is {theirs!r}, but the decoder was fitted on {ours!r}")


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


def _at(names: tuple[str, ...], i: int) -> str:
    return repr(names[i]) if i < len(names) else "none"

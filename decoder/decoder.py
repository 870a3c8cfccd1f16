"""The Decoder: steps, adapter, network and readout, fitted together and used one trial at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from ..models.networks.network import Network
from .decision import Decision, decision_on
from .fit_findings import warn_of_fit
from .fitted_on import run_digests
from .inner_folds import Split, calibration_within, in_turn, inner_scores, warn_uncalibrated
from .linear import Linear
from .readouts.entry import Entry, entry_of
from .readouts.read_out import read_out
from .recordings.matching import check_agrees
from .recordings.recording import Recording
from .settings import Settings, fit_on, prompted
from .statistics.calibration import ScoreCalibration, softmax
from .steps import run_steps
from .targets import Targets
from .volumes import VolumeSpace
from .windows import Trials, require_trials, windows


class Decoder:
    """Recorded brain activity in, the network's decisions out.

    Parameters
    ----------
    network : Network
    targets : Targets
        The activations that trials are fitted to.
    settings : Settings
        Layer, steps, window, adapter, readout.

    Raises
    ------
    UnknownNameError
        The network has no such layer.
    InputError
        The readout does not fit the network, or the rule for decisions not the classes.

    Attributes
    ----------
    linear_ : Linear
        The fitted whitening and adapter.
    entry_ : Entry
        Where predicted states enter the network.
    calibration_ : ScoreCalibration or None
        What makes probabilities of scores; None where they are the network's own.
    feature_names_, unit_, rate_hz_
        Of the recording it was fitted on; another recording has to agree.
    feature_low_, feature_high_ : arrays (n_features,), or None
        The least and the largest value of each feature in that recording, before the steps; None where the decoder is
        from a bundle without them.
    space_ : VolumeSpace or None
        The grid of its voxels and how volumes were prepared; None where the recording did not say.
    fitted_on_ : mapping of str to str, or None
        SHA-256 of the samples of each run it was fitted on, by the run's name; None where that is not known.
    """

    feature_low_: NDArray[np.float32] | None
    feature_high_: NDArray[np.float32] | None
    fitted_on_: Mapping[str, str] | None = None
    space_: VolumeSpace | None = None
    calibration_: ScoreCalibration | None = None

    def __init__(self, network: Network, targets: Targets, settings: Settings) -> None:
        network.shape_of(settings.layer)
        settings.readout.check(network)
        if settings.decision.names_classes:  # those of pictures take a pass through the network
            settings.decision.check(targets.answers)
        self.network = prompted(network, settings.prompt)
        self.targets = targets
        self.settings = settings

    def fit(self, recording: Recording) -> Self:
        """Fit on all trials of a recording.

        Parameters
        ----------
        recording : Recording
            With at least two runs, if the adapter has strengths to choose from; with three to calibrate probabilities.

        Warns
        -----
        UserWarning
            Some features are so large that ridge sees nothing of others, the chosen strength is the first or last of
            those that are named, or there are too few runs to calibrate probabilities.
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
        samples, n = (prepared.data, prepared.run), len(self.targets.answers)
        linear = settings.fit_linear(
            trials, samples[0], table[keys], answers, recording.regions, samples[1], n_classes=n
        )
        warn_of_fit(trials, settings, recording.feature_names, linear.adapter)
        self.fitted_on_ = run_digests(recording)
        calibration = self._calibrated(linear, windows(settings.window, prepared), trials, table, recording)
        warn_uncalibrated(settings, calibration, self.targets.answers, len(recording.runs), "runs")
        return self.adopt(linear, table, recording, calibration)

    def adopt(
        self, linear: Linear, table: NDArray, recording: Recording, calibration: ScoreCalibration | None = None
    ) -> Self:
        """Take a linear part that was fitted on runs of a recording to the keys' activations, (n_keys, n_units)."""
        self.linear_ = linear
        self.calibration_ = calibration
        self.entry_ = entry_of(self.network, self.settings.layer, self.targets, table, linear)
        self.feature_names_ = recording.feature_names
        self.unit_ = recording.unit
        self.rate_hz_ = recording.rate_hz
        self.space_ = recording.space
        self.feature_low_ = recording.data.min(axis=0)
        self.feature_high_ = recording.data.max(axis=0)
        return self

    def predict(self, recording: Recording) -> list[Decision]:
        """Decide on every trial of a recording; a decision does not depend on which others are made with it.

        This holds to the last bit, except with whitening in factors (more features than samples): there, to the
        rounding of float64.

        Raises
        ------
        RecordingError
            The recording has other features, units or another rate than the decoder was fitted on.
        """
        self.require_fitted()
        check_agrees(recording, self.feature_names_, self.unit_, self.rate_hz_)
        return self.decide(windows(self.settings.window, run_steps(self.settings.steps, recording)))

    def decide(self, trials: Trials) -> list[Decision]:
        """Decide on trials that are already preprocessed and cut, see `predict`."""
        self.require_fitted()
        if not len(trials):
            return []
        scores, texts = read_out(self.settings.readout, self.entry_, self.linear_.predict(trials.X))
        probabilities = softmax(scores) if self.calibration_ is None else self.calibration_.probabilities(scores)
        classes = self.entry_.answers
        costs = self.settings.decision.costs_of(classes)
        return [
            decision_on(trials, i, classes, each, costs, None if texts is None else texts[i])
            for i, each in enumerate(probabilities)
        ]

    def require_fitted(self) -> None:
        """Raise scikit-learn's NotFittedError where the decoder is not fitted."""
        if not hasattr(self, "linear_"):
            raise NotFittedError("this Decoder is not fitted yet; call fit with a recording first")

    def _calibrated(
        self, linear: Linear, trials: Trials, to_fit: Trials, table: NDArray, recording: Recording
    ) -> ScoreCalibration | None:
        """The calibration of the trials to decide on, or of those to fit on where windows slide and have no class.

        All inner folds use the whitening of `linear`, which uses no labels.
        """
        settings, targets = self.settings, self.targets
        whitener, n = (linear.whitener if settings.whitens_samples else None), len(targets.answers)
        if (trials.event < 0).any():
            trials = to_fit
        keys = targets.key_of(to_fit)
        truth = targets.truth()

        def fit(train: NDArray[np.intp]) -> Linear:
            of = keys[train]
            return fit_on(settings, to_fit, train, table[of], truth[of], whitener, recording.regions, n_classes=n)

        def entry(fitted: Linear) -> Entry:
            return entry_of(self.network, settings.layer, targets, table, fitted)

        def score(splits: Sequence[Split]) -> NDArray[np.float32]:
            return inner_scores(settings.readout, trials.X, splits, fit, entry)

        return calibration_within(
            settings,
            targets.answers,
            recording.runs,
            (to_fit.run, truth[keys]),
            (trials.run, truth[targets.key_of(trials)]),
            partial(in_turn, score),
        )

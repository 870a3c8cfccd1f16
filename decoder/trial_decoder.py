"""TrialDecoder: the decoder as a scikit-learn classifier, for trials that are already cut."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from ..adapters.factored import FactoredAdapter
from ..errors import InputError, ShapeError
from ..models.networks.network import Network
from ..models.networks.opening import open_network
from .decision import DecisionRule, least_cost
from .features.base import Features
from .fit_findings import warn_of_fit
from .given_trials import GivenTrials, given_trials, labels_of
from .inner_folds import Split, calibration_within, in_turn, inner_scores, warn_uncalibrated
from .linear import Linear
from .readouts.entry import Entry, entry_of
from .readouts.read_out import read_out
from .readouts.readout import Readout
from .settings import Settings, fit_on, prompted
from .statistics.calibration import softmax
from .targets import TEMPLATE, WordTargets
from .windows import Epoch

if TYPE_CHECKING:
    import mne


class TrialDecoder(ClassifierMixin, BaseEstimator):
    """A network's decision on each trial, as a classifier that works wherever scikit-learn's do.

    It is made of the same parts as a `Decoder`: features and an adapter, fitted to the network's activations for each
    label's word; the network from the layer on; a readout, here among the labels. Use a `Decoder` for whole recordings
    and live streams.

    Parameters
    ----------
    network : str, Path or Network
        What `hotwire.models.open_network` opens; opened once, however many clones there are. Clones also share a
        network that is already open.
    layer : str
        Where activations enter the network.
    words : mapping of label to str, or to a sequence of str, optional
        What the labels mean; see `WordTargets`. By default labels are their own words. Labels that are not among the
        training trials are no classes.
    template, prompt : str, optional
        See `WordTargets` and `Settings`.
    features : Features, optional
        The features of a trial's samples for the adapter; by default all samples.
    adapter : FactoredAdapter, optional
    readout : Readout, optional
    probabilities : {"calibrated", "network"}
    decision : DecisionRule, optional
        See `Settings`; its classes are words.
    rate_hz : float, optional
        Of the samples, for features of frequencies where trials are arrays; MNE's epochs have their own.

    Attributes
    ----------
    classes_ : array (n_classes,)
    linear_ : Linear
        The fitted features and adapter.
    entry_ : Entry
        Where predicted states enter the network.
    calibration_ : ScoreCalibration or None
        What makes probabilities of scores; None where they are the network's own.
    fitted_on_ : GivenTrials
        What other trials have to agree with: shape, channels and rate; it holds no trials.

    Examples
    --------
    >>> from hotwire.decoder.features.csp import CSP
    >>> decoder = TrialDecoder("smollm2-135m-instruct", "8", {1: "left", 2: "right"}, features=CSP())
    >>> cross_val_score(decoder, epochs, labels, groups=blocks, cv=GroupKFold(10))  # doctest: +SKIP
    """

    n_features_in_: int

    def __init__(
        self,
        network: str | Path | Network,
        layer: str,
        words: Mapping[Any, str | Sequence[str]] | None = None,
        *,
        template: str = TEMPLATE,
        prompt: str | None = None,
        features: Features | None = None,
        adapter: FactoredAdapter | None = None,
        readout: Readout | None = None,
        probabilities: Literal["calibrated", "network"] = "calibrated",
        decision: DecisionRule | None = None,
        rate_hz: float | None = None,
    ) -> None:
        self.network = network
        self.layer = layer
        self.words = words
        self.template = template
        self.prompt = prompt
        self.features = features
        self.adapter = adapter
        self.readout = readout
        self.probabilities = probabilities
        self.decision = decision
        self.rate_hz = rate_hz

    def fit(self, X: ArrayLike | mne.BaseEpochs, y: ArrayLike | None = None, groups: ArrayLike | None = None) -> Self:
        """Fit on trials.

        Parameters
        ----------
        X : mne.Epochs, or array (n_trials, n_channels, n_times) or (n_trials, n_features)
            Of epochs, the channels that record the brain.
        y : array (n_trials,), optional
            Labels; by default the names of the epochs' events.
        groups : array (n_trials,), optional
            Trials that cross-validation within these trials does not separate, such as runs: that of the adapter, and
            that which calibrates probabilities. By default there are five stretches of neighbouring trials.

        Raises
        ------
        InputError
            Labels that are numbers have no words, or epochs have bad channels.
        ShapeError, NonFiniteError

        Warns
        -----
        UserWarning
            As `Decoder.fit`.
        """
        given = self._given(X, reset=True)
        labels = labels_of(X, y)
        if len(labels) != len(given.X):
            raise ShapeError(f"y: expected a label for each of {len(given.X)} trials, got {len(labels)}")
        self.classes_, answers = np.unique(labels, return_inverse=True)
        network = prompted(_opened(self.network), self.prompt)
        settings = self._settings(given.X.shape[1])
        settings.readout.check(network)
        targets = WordTargets(self._words(), self.template)
        settings.decision.check(targets.answers)
        table = targets.activations(network, [self.layer])[self.layer]
        trials = given.labelled(labels, groups)
        self.linear_ = settings.fit_linear(trials, trials.X, table[answers], answers)
        warn_of_fit(trials, settings, given.channels or (), self.linear_.adapter)
        self.entry_ = entry_of(network, self.layer, targets, table, self.linear_)
        self.readout_ = settings.readout
        self.costs_ = settings.decision.costs_of(targets.answers)

        def fit_some(train: NDArray[np.intp]) -> Linear:
            n = len(targets.answers)
            return fit_on(settings, trials, train, table[answers[train]], answers[train], None, n_classes=n)

        def entry(fitted: Linear) -> Entry:
            return entry_of(network, self.layer, targets, table, fitted)

        def score(splits: Sequence[Split]) -> NDArray[np.float32]:
            return inner_scores(settings.readout, trials.X, splits, fit_some, entry)

        of_trials, groups_of = (trials.run, answers), np.unique(trials.run).tolist()
        self.calibration_ = calibration_within(
            settings,
            targets.answers,
            groups_of,
            of_trials,
            of_trials,
            partial(in_turn, score),
        )
        warn_uncalibrated(settings, self.calibration_, targets.answers, len(groups_of), "groups of trials")
        self.fitted_on_ = replace(given, X=given.X[:0])
        return self

    def decision_function(self, X: ArrayLike | mne.BaseEpochs) -> NDArray[np.float64]:
        """Log probability times cost of each class, up to a constant, (n_trials, n_classes); of two, the second's minus
        the first's.

        Parameters
        ----------
        X
            As for `fit`.
        """
        logits = self._logits(X) + np.log(self.costs_)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X: ArrayLike | mne.BaseEpochs) -> NDArray[np.float64]:
        """Probability of each class, (n_trials, n_classes)."""
        return softmax(self._logits(X))

    def predict(self, X: ArrayLike | mne.BaseEpochs) -> NDArray:
        """The class of least expected cost in each trial, (n_trials,); by default the most probable one."""
        probabilities = self.predict_proba(X)
        return self.classes_[least_cost(probabilities, self.costs_)]

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """How often the most probable class is the label; labels default to the names of the epochs' events."""
        check_is_fitted(self, "fitted_on_")
        if y is None:
            y = labels_of(X, y)
        return float(super().score(X, y, sample_weight))

    def _logits(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self, "fitted_on_")
        given = self._given(X, reset=False)
        scores, _ = read_out(self.readout_, self.entry_, self.linear_.predict(given.rows), speak=False)
        return scores.astype(np.float64) if self.calibration_ is None else self.calibration_.logits(scores)

    def _given(self, X: Any, *, reset: bool) -> GivenTrials:
        given = given_trials(X, self.rate_hz)
        if not reset:
            given.require_like(self.fitted_on_)
        if given.channels is None:
            validate_data(self, X, reset=reset, skip_check_array=True)  # the names of a table's columns
        elif reset:
            self.n_features_in_ = len(given.channels)
        return given

    def _settings(self, n_times: int) -> Settings:
        if self.features is not None and n_times == 1:
            raise ShapeError(
                f"X: {type(self.features).__name__} needs the samples of trials, expected epochs or (n_trials, "
                "n_channels, n_times), got one number a feature"
            )
        chosen = {"adapter": self.adapter, "readout": self.readout, "decision": self.decision}
        given: Any = {name: value for name, value in chosen.items() if value is not None}
        given["probabilities"] = self.probabilities
        if n_times > 1:
            given["window"] = Epoch(0.0, float(n_times))  # a placeholder: trials are already cut
        return Settings(self.layer, features=self.features, prompt=self.prompt, **given)

    def _words(self) -> dict[str, str | Sequence[str]]:
        """A word for each class, in order."""
        labels = self.classes_.tolist()
        if self.words is None:
            if not all(isinstance(label, str) for label in labels):
                raise InputError(
                    f"words: labels are {', '.join(map(repr, labels[:8]))}, and only text is its own word; give a word "
                    f"for each, such as words={{{labels[0]!r}: 'house', ...}}"
                )
            return {label: label for label in labels}
        lacking = [label for label in labels if label not in self.words]
        if lacking:
            raise InputError(
                f"words: labels {', '.join(map(repr, lacking))} have none; there are words for "
                f"{', '.join(map(repr, self.words))}"
            )
        return {str(label): self.words[label] for label in labels}

    def __sklearn_clone__(self) -> Self:
        """A clone that shares the network; scikit-learn's own would copy all of its weights."""
        params: dict[str, Any] = {
            name: of if name == "network" else clone(of, safe=False) for name, of in self.get_params(deep=False).items()
        }
        twin = type(self)(**params)
        if "_metadata_request" in vars(self):  # such as a request for groups in fit
            vars(twin)["_metadata_request"] = copy.deepcopy(vars(self)["_metadata_request"])
        return twin

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _opened(network: Any) -> Network:
    if isinstance(network, Network):
        return network
    if not isinstance(network, str | Path):
        raise InputError(f"network: expected a name, a path or a Network, got {type(network).__name__}")
    return _open_once(network)


@lru_cache(maxsize=2)
def _open_once(name: str | Path) -> Network:
    """The opened network; networks are frozen, so one serves all folds of a cross-validation."""
    return open_network(name)

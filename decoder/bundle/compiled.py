"""Saved decoders as a rig runs them: with numpy and onnxruntime, without what fitting needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import BundleError, InputError, NonFiniteError, ShapeError
from ...models.networks.one_thread import ORT_ERRORS
from ..decision import Decision, DecisionRule, decision_on, least_cost
from ..features.base import FittedFeatures
from ..features.catalogue import unpacked
from ..recordings.matching import check_agrees
from ..recordings.recording import Recording
from ..statistics.calibration import ScoreCalibration, log_scores
from ..steps import Step, open_chain, run_steps, step_from_dict
from ..windows import Trials, Window, window_from_dict, windows
from .saved_space import saved_space
from .sealed import DECIDE, FEATURES, REFERENCE, SPEAK, VOCABULARY, WEIGHTS, naming, part_of, unseal
from .session import N_WARM_UP, FreeText, check_shapes, opened

LIVE = (DECIDE, SPEAK, WEIGHTS, VOCABULARY, FEATURES, REFERENCE)
"""The parts that a rig reads."""


class RowDecision(NamedTuple):
    """The decision on one row of a window.

    Attributes
    ----------
    answer : str
        The class of least expected cost; by default the most probable one.
    probabilities : array (n_classes,), float64
        They sum to 1.
    text : str or None
        The network's free answer, if the readout gives one.
    """

    answer: str
    probabilities: NDArray[np.float64]
    text: str | None


class CompiledDecoder:
    """A saved decoder, ready to decide.

    It computes on the calling thread alone; one row gives the same decision, bit for bit, at any time. Two threads must
    not call it at once.

    Attributes
    ----------
    path : Path
    digest : str
        SHA-256 of the bundle.
    manifest : dict
        The bundle's description of itself.
    feature_names : tuple of str
    unit : str or tuple of str
    rate_hz : float
        Of the recording that it was fitted on; a stream has to agree.
    feature_low, feature_high : arrays (n_features,), float32
        The least and the largest value of each feature in that recording, before the steps.
    answers : tuple of str
        The classes.
    steps : tuple of Step
    window : Window
    names_after_steps : tuple of str
        The features that the window takes; a step may make others than the stream's.
    rate_after_steps_hz : float
    space : VolumeSpace or None
        The grid of its voxels and how volumes are prepared, where it was fitted on volumes that were.
    """

    def __init__(self, path: Path, digest: str, manifest: dict[str, Any], parts: Mapping[str, bytes]) -> None:
        self.path = path
        self.digest = digest
        self.manifest = manifest
        self.feature_names = tuple(map(str, manifest["feature_names"]))
        unit = manifest["unit"]
        self.unit = unit if isinstance(unit, str) else tuple(map(str, unit))
        self.rate_hz = float(manifest["rate_hz"])
        self.feature_low = self._of_features("feature_low")
        self.feature_high = self._of_features("feature_high")
        self.answers = tuple(map(str, manifest["answers"]))
        self.steps: tuple[Step, ...] = tuple(step_from_dict(saved) for saved in manifest["steps"])
        self.window: Window = window_from_dict(manifest["window"])
        chain = open_chain(self.steps, self.feature_names, self.rate_hz)
        self.names_after_steps, self.rate_after_steps_hz = chain.names_out, chain.rate_out_hz
        self._shape = (self.window.n_times(chain.rate_out_hz), len(chain.names_out))
        self._features = saved_features(manifest, parts)
        n_inputs = prod(self._shape) if self._features is None else self._features.n_out
        n_answers = len(self.answers)
        self._session = opened(parts, DECIDE)
        text = manifest["live"]["text"]
        self._text = None if text is None else FreeText(parts, **text)
        kept = {} if self._text is None else {"token": ("int64", (1,)), "kept": ("float32", self._text.kept_shape)}
        check_shapes(
            DECIDE,
            self._session,
            {"features": ("float32", (1, n_inputs))},
            {"probabilities": ("float64", (1, n_answers)), **kept},
        )
        self.space = saved_space(manifest, parts)
        self._calibration = saved_calibration(manifest, self.answers)
        rule = DecisionRule(**manifest["decision"])
        rule.check(self.answers)
        self._costs = rule.costs_of(self.answers)
        self._outputs = ["probabilities", *kept]
        self._row = np.zeros((1, n_inputs), np.float32)
        self._feed = {"features": self._row}

    @classmethod
    def load(cls, path: str | PathLike[str]) -> CompiledDecoder:
        """Open a bundle, check every byte of it, and warm it up.

        Raises
        ------
        BundleError
            The file is damaged, incomplete, too new or no bundle; or its decoder cannot run live.
        """
        contents = unseal(path, wanted=LIVE)
        reason = contents.manifest["live"]["reason"]
        if reason is not None:
            raise BundleError(f"{path}: it cannot run live: {reason}")
        with naming(path, ValueError, TypeError, AttributeError, KeyError, BadZipFile, *ORT_ERRORS):
            decoder = cls(Path(path), contents.digest, contents.manifest, contents.parts)
            # Samples from which all features can be computed.
            x = np.random.default_rng(0).normal(size=prod(decoder._shape))
            for _ in range(N_WARM_UP):
                decoder.decide(x)
        return decoder

    def decide(self, x: ArrayLike) -> RowDecision:
        """Decide on one row of a window.

        Parameters
        ----------
        x : array (n_times * n_features,), float32
            The row, after the steps.

        Raises
        ------
        ShapeError
            It has another number of features.
        NonFiniteError
            It holds NaN or infinity.
        """
        row = np.asarray(x, np.float32)
        n_times, n_features = self._shape
        if row.shape != (n_times * n_features,):
            raise ShapeError(
                f"x: expected {n_times} x {n_features} numbers, one per time and feature, in a row, got {row.shape}"
            )
        if not np.isfinite(row).all():
            worst = int(np.flatnonzero(~np.isfinite(row))[0])
            name = self.names_after_steps[worst % n_features]
            raise NonFiniteError(f"x: expected finite numbers, got {row[worst]} in {name!r}")
        self._row[0] = row if self._features is None else self._features.one(row.reshape(self._shape))
        outputs: Any = self._session.run(self._outputs, self._feed)
        (probabilities,), *first = outputs
        if self._calibration is not None:
            probabilities = self._calibration.probabilities(log_scores(probabilities))
        text = None if self._text is None else self._text.after(*first)
        return RowDecision(self.answers[int(least_cost(probabilities, self._costs))], probabilities, text)

    def predict(self, recording: Recording) -> list[Decision]:
        """Decide on every window of a recording: the same samples give the same decisions live, bit for bit.

        Raises
        ------
        RecordingError
            The recording has other features, units or another rate than the decoder was fitted on.
        """
        trials = self.trials(recording)
        return [self.decide_trial(trials, i) for i in range(len(trials))]

    def trials(self, recording: Recording) -> Trials:
        """Run the steps over a whole recording and cut it into windows; the errors are those of `predict`."""
        check_agrees(recording, self.feature_names, self.unit, self.rate_hz)
        return windows(self.window, run_steps(self.steps, recording))

    def decide_trial(self, trials: Trials, i: int) -> Decision:
        """Decide on one of the trials."""
        _, probabilities, text = self.decide(trials.X[i])
        return decision_on(trials, i, self.answers, probabilities, self._costs, text)

    def _of_features(self, name: str) -> NDArray[np.float32]:
        values = np.array(self.manifest[name], np.float32)
        if values.shape != (len(self.feature_names),):
            raise InputError(f"{name}: expected a number for each of {len(self.feature_names)} features, got {values}")
        return values


def saved_calibration(manifest: Mapping[str, Any], classes: Sequence[str]) -> ScoreCalibration | None:
    """The calibration in a bundle, if it has any; raise `InputError` where it is not one of these classes."""
    saved = manifest["calibration"]
    return None if saved is None else ScoreCalibration.from_dict(saved, len(classes))


def saved_features(manifest: Mapping[str, Any], parts: Mapping[str, bytes]) -> FittedFeatures | None:
    """The fitted features in a bundle, if it has any; raise `BundleError` where their part is missing."""
    return None if manifest["features"] is None else unpacked(part_of(parts, FEATURES))

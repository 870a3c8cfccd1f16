"""Trials that are already cut: MNE's epochs, or arrays in scikit-learn's way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array

from ..adapters.folds import FOLDS_WITHOUT_GROUPS
from ..errors import InputError, NonFiniteError, RecordingError, ShapeError
from .features.trials import require_finite
from .windows.window import Trials

BRAIN = ("mag", "grad", "eeg", "seeg", "ecog", "dbs", "csd", "fnirs_cw_amplitude", "hbo", "hbr")


@dataclass(frozen=True)
class GivenTrials:
    """Trials in time: `X` (n_trials, n_times, n_channels), float32, with one time for rows of features.

    `rate_hz` is NaN, and `channels` None, where not known.
    """

    X: NDArray[np.float32]
    rate_hz: float
    channels: tuple[str, ...] | None

    @property
    def rows(self) -> NDArray[np.float32]:
        """One row a trial, sample by sample, as windows give them."""
        return self.X.reshape(len(self.X), -1)

    def require_like(self, fitted: GivenTrials) -> None:
        """Raise ShapeError or RecordingError unless these trials agree with the fitted ones."""
        (n_times, n_channels), (n_times_fitted, n_channels_fitted) = self.X.shape[1:], fitted.X.shape[1:]
        if n_channels != n_channels_fitted:
            raise ShapeError(
                f"X has {n_channels} features, but TrialDecoder is expecting {n_channels_fitted} features as input: "
                "give the channels that it was fitted on, in their order"
            )
        if n_times != n_times_fitted:
            raise ShapeError(f"X: fitted on trials of {n_times_fitted} samples, got {n_times}; cut them alike")
        if self.channels and fitted.channels and self.channels != fitted.channels:
            raise RecordingError(
                f"X: fitted on the channels {', '.join(fitted.channels)}, got {', '.join(self.channels)}; give the "
                "same in the same order, see epochs.pick and epochs.reorder_channels"
            )
        if abs(self.rate_hz - fitted.rate_hz) > 1e-6 * fitted.rate_hz:  # False where one is NaN
            raise RecordingError(f"X: fitted on samples at {fitted.rate_hz:g} Hz, got {self.rate_hz:g} Hz; resample")

    def labelled(self, labels: NDArray, groups: Any) -> Trials:
        """The trials as a window would have cut them; groups, if given, serve as runs."""
        n_trials = len(self.X)
        if groups is None:
            # Neighbours are similar, so they stay together.
            n_runs = min(FOLDS_WITHOUT_GROUPS, n_trials)
            groups = np.arange(n_trials) * n_runs // n_trials
        if np.shape(groups) != (n_trials,):
            raise ShapeError(f"groups: expected one for each of {n_trials} trials, got {np.shape(groups)}")
        return Trials(
            X=self.rows,
            label=labels.astype(np.str_),
            run=np.asarray(groups),
            event=np.arange(n_trials),
            start_s=np.zeros(n_trials),
            stop_s=np.full(n_trials, self.X.shape[1] / self.rate_hz),
            stimulus=None,
            left_out=np.empty(0, np.int64),
            n_times=self.X.shape[1],
            times_hz=self.rate_hz,
        )


def given_trials(X: Any, rate_hz: float | None) -> GivenTrials:
    """Take epochs, or an array (n_trials, n_channels, n_times) or (n_trials, n_features) with its rate.

    Raises ShapeError or NonFiniteError for wrong numbers; RecordingError where epochs have bad channels, or no channel
    of the brain.
    """
    epochs = epochs_in(X)
    if epochs:
        names = _brain_channels(epochs[0])
        # By position: MNE takes a channel that is named "eeg" for all of that type.
        picks = [[part.ch_names.index(name) for name in names] for part in epochs]
        data = np.concatenate([np.asarray(part.get_data(picks=of)) for part, of in zip(epochs, picks, strict=True)])
        rate_hz, channels = epochs[0].info["sfreq"], tuple(names)
    else:
        options: Any = {"dtype": np.float32, "allow_nd": True, "ensure_all_finite": False, "input_name": "X"}
        data, channels = np.asarray(check_array(X, **options)), None
        if data.ndim > 3:
            raise ShapeError(f"X: expected (n_trials, n_channels, n_times) or (n_trials, n_features), got {data.shape}")
        data = data.reshape(*data.shape[:2], -1)
    in_time = np.ascontiguousarray(data.swapaxes(1, 2), np.float32)
    require_finite(in_time)
    return GivenTrials(in_time, np.nan if rate_hz is None else float(rate_hz), channels)


def labels_of(X: Any, y: Any) -> NDArray:
    """The given labels, or the names of the epochs' events; scikit-learn's ValueError where they are no classes."""
    if y is not None:
        labels = column_or_1d(y, warn=True)
        if labels.dtype.kind == "f" and not np.isfinite(labels).all():
            raise NonFiniteError(f"y holds {labels[~np.isfinite(labels)][0]}, expected a label for each trial")
        check_classification_targets(labels)
        return labels
    epochs = epochs_in(X)
    if not epochs:
        raise InputError(
            "y: TrialDecoder requires y to be passed, but the target y is None: only epochs bring their labels along"
        )
    names = [{number: name for name, number in part.event_id.items()} for part in epochs]
    return np.array([of[n] for of, part in zip(names, epochs, strict=True) for n in part.events[:, 2].tolist()])


def epochs_in(X: Any) -> list[Any]:
    """The epochs, if X are any; scikit-learn makes a list of single ones when it takes a fold out of epochs."""
    parts = X if isinstance(X, list) and X else [X]
    return parts if all(hasattr(part, "get_data") and hasattr(part, "event_id") for part in parts) else []


def _brain_channels(epochs: Any) -> list[str]:
    kinds = epochs.get_channel_types()
    names = [name for name, kind in zip(epochs.ch_names, kinds, strict=True) if kind in BRAIN]
    bad = [name for name in names if name in epochs.info["bads"]]
    if bad:
        raise RecordingError(
            f"X: channels are marked as bad: {', '.join(bad)}; drop them (epochs.drop_channels) or mend them "
            "(epochs.interpolate_bads)"
        )
    if not names:
        raise RecordingError(
            f"X: no channel records the brain, the types are {', '.join(sorted(set(kinds)))}; give epochs.get_data() "
            "to decode from others"
        )
    return names

"""The Kalman filter that decodes movement: position, velocity and acceleration as a hidden state that activity reports.

References
----------
Wu, Gao, Bienenstock, Donoghue & Black (2006), Bayesian population decoding of motor cortical activity using a Kalman
filter. Neural Computation 18, 80-118.
"""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Quantity = Literal["position", "velocity"]
SETTLED = 1e-12
"""How little, relative to its size, the state's covariance changes once it has settled."""


def states_of(targets: Floats, runs: NDArray, rate_hz: float, quantity: Quantity) -> Floats:
    """Position, velocity and acceleration (n_samples, 3 * n_dims) from one of the first two, run by run.

    Differences are from the sample before; a position that is summed up begins at 0 in each run.

    Examples
    --------
    >>> states_of(np.array([[0.0], [1.0], [3.0]]), np.array([1, 1, 1]), 1.0, "position").tolist()
    [[0.0, 1.0, 1.0], [1.0, 1.0, 1.0], [3.0, 2.0, 1.0]]
    """
    parts = []
    for run in dict.fromkeys(runs.tolist()):
        own = targets[runs == run]
        position, velocity = own, own
        if quantity == "velocity":
            position = np.cumsum(own, axis=0) / rate_hz
        else:
            velocity = _difference(own) * rate_hz
        parts.append(
            np.hstack([position, velocity, _difference(velocity, n_unknown=1 + (quantity == "position")) * rate_hz])
        )
    return np.concatenate(parts)


def _difference(values: Floats, n_unknown: int = 1) -> Floats:
    """To the sample before; the first ones, which have none, are like the first that has one."""
    if len(values) <= n_unknown:
        return np.zeros_like(values)
    differences = np.diff(values, axis=0, prepend=values[:1])
    differences[:n_unknown] = differences[n_unknown]
    return differences


class KalmanFilter:
    """A linear Gaussian state that moves by itself and is seen in activity; all of it fitted by least squares.

    ``state[t] = A state[t - 1] + w`` and ``activity[t] = H state[t] + q``, with covariances W and Q. A run begins with
    the mean and covariance of all training states: nothing is known of how a tested run begins.

    Attributes
    ----------
    A, W : (n_states, n_states)
    H : (n_features, n_states)
    Q : (n_features, n_features)
    state_mean, activity_mean : (n_states,), (n_features,)
    start : (n_states, n_states)
        The covariance that a run begins with.
    """

    A: Floats
    W: Floats
    H: Floats
    Q: Floats
    state_mean: Floats
    activity_mean: Floats
    start: Floats

    def fit(self, activity: Floats, states: Floats, runs: NDArray) -> Self:
        """Fit to activity (n_samples, n_features) and states (n_samples, n_states); no step goes across runs."""
        self.state_mean, self.activity_mean = states.mean(axis=0), activity.mean(axis=0)
        x, z = states - self.state_mean, activity - self.activity_mean
        within = np.flatnonzero(runs[1:] == runs[:-1])
        before, after = x[within], x[within + 1]
        self.A = _least_squares(before, after)
        self.W = _covariance(after - before @ self.A.T)
        self.H = _least_squares(x, z)
        self.Q = _covariance(z - x @ self.H.T)
        self.start = _covariance(x)
        return self

    def predict(self, activity: Floats, runs: NDArray) -> Floats:
        """The mean of the state (n_samples, n_states) given all activity of its run up to the sample."""
        # In terms of what activity says about the state, a step has the size of the state, not of the activity.
        weight = self.H.T @ np.linalg.pinv(self.Q, hermitian=True)
        information, seen = weight @ self.H, (activity - self.activity_mean) @ weight.T
        found = np.empty((len(activity), len(self.A)))
        for run in dict.fromkeys(runs.tolist()):
            rows = np.flatnonzero(runs == run)
            state, prior, settled = np.zeros(len(self.A)), self.start, False
            gain = step = np.zeros_like(self.A)
            for i, row in enumerate(rows.tolist()):
                if i:
                    state = self.A @ state
                if not settled:
                    last = gain
                    gain = np.linalg.solve(np.eye(len(prior)) + prior @ information, prior)
                    settled = i > 0 and np.abs(gain - last).max() <= SETTLED * np.abs(gain).max()
                    step = gain @ information
                    prior = self.A @ gain @ self.A.T + self.W
                state = state + gain @ seen[row] - step @ state
                found[row] = state
        return found + self.state_mean


def _least_squares(x: Floats, y: Floats) -> Floats:
    """The matrix (n_y, n_x) that best gives y from x."""
    return np.asarray(np.linalg.lstsq(x, y, rcond=None)[0].T, np.float64)


def _covariance(deviations: Floats) -> Floats:
    return deviations.T @ deviations / len(deviations)

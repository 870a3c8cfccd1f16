"""Whether a written graph decides as the decoder does, bit for bit: both take the same samples, cut in pieces."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray

from ....errors import InputError
from ....models.networks.one_thread import open_session
from ...steps import open_chain
from ...windows import EventWindow, WindowRow
from ..compiled import CompiledDecoder
from .nodes import NEXT_STATE, PROBABILITIES, SAMPLES, STATE, USABLE
from .windows import NewestWindow

N_WINDOWS = 24
LARGEST = 1e-6
"""Where a logarithm of another library moves a feature over the border between two float32."""


class Sameness(NamedTuple):
    """How a graph's decisions compare with those of the decoder on windows of random samples.

    `n_same` counts windows with the same probabilities bit for bit, before they are calibrated; `largest_difference` is
    that of any probability, `calibrated` whether the decoder calibrates them.
    """

    n_windows: int
    n_same: int
    largest_difference: float
    calibrated: bool = False

    def __str__(self) -> str:
        said = f"{self.n_same} of {self.n_windows} windows bit for bit as the decoder"
        if self.calibrated:
            said += " before calibration"
        if self.largest_difference:
            why = "exponential" if self.calibrated else "logarithms or products"
            said += f"; probabilities differ by up to {self.largest_difference:.1e}, by another library's {why}"
        return said


def compared(model: onnx.ModelProto, decoder: CompiledDecoder, window: NewestWindow) -> Sameness:
    """Compare a graph with its decoder; InputError where it decides otherwise."""
    session = open_session(model.SerializeToString())
    samples, rows = _windows(decoder, window)
    [state_in] = [one for one in session.get_inputs() if one.name == STATE]
    state: Any = np.zeros(state_in.shape)
    done, n_decided, n_same, largest = 0, 0, 0, 0.0
    rng = np.random.default_rng(1)
    for stop, row in rows:
        probabilities = usable = None
        while done < stop:  # in pieces, as they come
            n = min(stop - done, int(rng.integers(1, 2 * (stop - done) + 1)))
            fed = {SAMPLES: samples[done : done + n], STATE: state}
            probabilities, usable, state = session.run([PROBABILITIES, USABLE, NEXT_STATE], fed)
            done += n
        assert isinstance(probabilities, np.ndarray)
        assert isinstance(usable, np.ndarray)
        if bool(usable[0]) != (row.rejected is None):
            says, not_ = ("it can", "cannot") if usable[0] else ("it cannot", "can")
            raise InputError(f"of a window the graph says that {says} be decided on, but by the decoder it {not_}")
        if row.rejected is None:
            expected = decoder.decide(row.x).probabilities
            n_decided += 1
            n_same += np.array_equal(probabilities[0], expected)
            largest = max(largest, float(np.abs(probabilities[0] - expected).max()))
    if not largest <= LARGEST:
        raise InputError(f"the graph's probabilities are up to {largest:.2g} from the decoder's, so it is not written")
    return Sameness(n_decided, n_same, largest)


def samples_until(decoder: CompiledDecoder, n_after: int) -> int:
    """Return how many samples of the stream give so many after the steps."""
    chain = open_chain(decoder.steps, decoder.feature_names, decoder.rate_hz)
    sample = np.ones((1, len(decoder.feature_names)), np.float32)
    n = n_ready = 0
    while n_ready < n_after:
        n_ready += len(chain.push(sample))
        n += 1
    return n


def _windows(decoder: CompiledDecoder, newest: NewestWindow) -> tuple[NDArray[np.float32], list[tuple[int, WindowRow]]]:
    """Return random samples, and the rows of their windows, each with how many samples complete it."""
    chain = open_chain(decoder.steps, decoder.feature_names, decoder.rate_hz)
    rate_hz, window, every, n = chain.rate_out_hz, decoder.window, newest.n_every, newest.n_samples
    state = window.open(len(chain.names_out), rate_hz, history_s=1e6)
    if isinstance(window, EventWindow):
        every = newest.n_samples // 4 + 1
        first = window.span(0.0, 0.0, rate_hz)[0]
        for event in range(N_WINDOWS):
            state.announce(event, (max(0, -first) + event * every) / rate_hz, 0.0)
        n += abs(first)
    rng = np.random.default_rng(0)
    low, high = (of.astype(np.float64) for of in (decoder.feature_low, decoder.feature_high))
    samples, rows = [], []
    n_ready = 0
    while n_ready < n + (N_WINDOWS - 1) * every:
        sample = (low + (high - low) * rng.beta(4.0, 4.0, size=(1, len(low)))).astype(np.float32)
        samples.append(sample)
        ready = chain.push(sample)
        n_ready += len(ready)
        rows += [(len(samples), row) for row in state.push(ready)]
    return np.concatenate(samples), rows

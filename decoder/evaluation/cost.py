"""What an evaluation takes, before it runs: from the shapes of its fits, and how fast the network reads out here.

It counts what `evaluate` does: fits in each fold for every value to choose from, for calibration, controls and
classifiers of the field; and states that pass through the network. It is meant to be right within a factor of three.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...adapters.plan import FitPlan, plan_fit, seconds_of
from ..decoder import Decoder
from ..inner_folds import MOST_TRIALS
from ..readouts.entry import Entry, make_entry
from ..readouts.readout import Readout
from .choices import N_CACHED, folds_at_once, whitenings
from .controls import control_named
from .preparation import Preparation
from .rivals.plan import fits_of_rivals, plan_rivals
from .threads import one_thread_within

PER_FIT_S = 0.003
"""What a fit takes however small it is."""
PER_RIVAL_S = 0.02
"""The same of a classifier of the field with its pipeline, which tries several candidates."""
N_WARM = 4
AT_ONCE = 128
"""States that pass through the network together."""


@dataclass(frozen=True)
class Cost:
    """About how many seconds an evaluation takes once the network is open, and bytes beyond what is in memory then.

    `fits_s` is for adapters, whitening and classifiers of the field, `network_s` for what passes through the network.
    """

    n_fits: int
    n_states: int
    fits_s: float
    network_s: float
    memory_bytes: float

    @property
    def seconds(self) -> float:
        return self.fits_s + self.network_s


def cost_of(prepared: Preparation, decoder: Decoder, n_cores: int) -> Cost:
    """Estimate what the rest of an evaluation takes, now that the decoder's network is open.

    It measures how long the readout takes for a few states.
    """
    design, a, data, readout = prepared.design, prepared.arguments, prepared.data, decoder.settings.readout
    layer = decoder.settings.layer
    table = decoder.targets.activations(decoder.network, [layer])[layer]
    entry = make_entry(decoder.network, layer, decoder.targets, table, table.mean(axis=0))
    n_folds, n_inner = len(prepared.splits), a.inner_folds
    X = data.trials_to_fit(design.settings).X
    n_train = max(2, len(X) - len(X) // n_folds)
    fit = _plan(design.settings.adapter, n_train, X.shape[1], entry.mean.size, len(data.recording.runs) - 1)
    scored = {judge: _scored(a.choose, judge) for judge in ("nearest", "readout")}
    searches = 1
    if a.controls_redo == "search" and a.choose:
        searches += sum(_repeats(prepared, name) for name in a.controls if control_named(name).fits_the_brain)
    searched = sum(scored.values()) * n_inner * searches
    again = sum(_repeats(prepared, name) for name in a.controls if control_named(name).fits_the_brain)
    calibrates = n_inner * (1 + readout.is_fitted) if design.can_calibrate else 0
    n_fits = n_folds * (searched + 1 + calibrates + again + design.n_refits)
    n_whitenings, whitening = whitenings(data, design.settings, a.choose)
    operations = n_fits * fit.operations
    operations += (
        0.0 if whitening is None else n_folds * n_whitenings * (searches + bool(design.rivals)) * whitening.operations
    )
    rivals = plan_rivals(data, design.settings, design.rivals, a.choose, n_inner, n_train)
    n_rival_fits = n_folds * fits_of_rivals(design.rivals, a.choose, n_inner)
    operations += n_folds * rivals.operations
    fits_s = seconds_of(operations, n_cores) + n_fits * PER_FIT_S / n_cores + n_rival_fits * PER_RIVAL_S / n_cores

    n_trials = len(design.trials)
    n_spoken = n_trials * (2 + sum(_repeats(prepared, name) for name in a.controls) + len(prepared.readouts))
    n_spoken += n_trials * design.n_refits
    n_scored = n_folds * (scored["readout"] * searches * n_train + (min(MOST_TRIALS, n_train) if calibrates else 0))
    passes = _passes(readout, entry, min(n_trials, AT_ONCE))
    network_s = (n_scored * passes.score_s + n_spoken * (passes.score_s + passes.speak_s)) / n_cores
    at_once = min(n_cores, folds_at_once(data, design.settings, a.choose, n_folds))
    of_fold = fit.memory_bytes + (0.0 if whitening is None else whitening.memory_bytes * min(N_CACHED, n_whitenings))
    # Each fold keeps its map, and its trials where they are whitened.
    kept = 8.0 * n_folds * X.shape[1] * (n_train + (0 if whitening is None else len(X)))
    fits = max(at_once * of_fold, min(n_cores, n_folds) * rivals.memory_bytes)
    untrained = any(control_named(name).untrained for name in a.controls) * decoder.network.n_bytes
    # The measured pass is in memory already.
    memory = fits + kept + untrained + (n_cores - 1) * passes.memory_bytes
    return Cost(n_fits + n_rival_fits, n_spoken + n_scored, fits_s, network_s, memory)


def _plan(adapter: Any, n: int, n_features: int, n_units: int, n_runs: int) -> FitPlan:
    alphas = adapter.get_params().get("alphas")
    n_alphas = 17 if alphas is None else np.size(alphas)
    return plan_fit(n, n_features, n_units, n_alphas=n_alphas, n_folds=max(1, n_runs))


def _scored(choose: Any, judge: str) -> int:
    """How many settings are scored: each choice scores the one chosen before again, which is cached."""
    values = [len(one.values) for one in choose if one.judge == judge and len(one.values) > 1]
    return sum(values) - max(0, len(values) - 1)


def _repeats(prepared: Preparation, name: str) -> int:
    return prepared.arguments.n_shuffles if control_named(name).pairing is not None else 1


class _Passes(NamedTuple):
    """Seconds on one core for the scores of a state and for its free answer, and the memory of a pass of many."""

    score_s: float
    speak_s: float
    memory_bytes: float


def _passes(readout: Readout, entry: Entry, n_states: int) -> _Passes:
    """Measured on so many states, after a first few that warm up."""
    states, before = np.resize(entry.targets, (n_states, entry.targets.shape[1])), in_memory()
    with one_thread_within():
        score_s = 0.0 if readout.is_fitted else _seconds(readout.scores, entry, states)
        speak_s = _seconds(readout.texts, entry, states) if readout.speaks else 0.0
    return _Passes(score_s, speak_s, in_memory() - before)


def _seconds(call: Callable[[Entry, NDArray], Any], entry: Entry, states: NDArray) -> float:
    call(entry, states[:N_WARM])
    start = time.thread_time()
    call(entry, states)
    return (time.thread_time() - start) / len(states)


def in_memory() -> float:
    """Bytes that this process has in memory, at the most so far."""
    try:
        import resource
    except ImportError:  # not on Windows
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)

"""The steps for electrodes, alone and in chains: the same bits however samples and gaps are cut."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder.kinds import settings_from_dict
from hotwire.decoder.readers import read_arrays
from hotwire.decoder.steps import Step, open_chain, run_steps
from hotwire.decoder.steps.filter_bank import FilterBank
from hotwire.decoder.steps.iir import BandPass, HighPass, LowPass, Notch
from hotwire.decoder.steps.lag import Lag
from hotwire.decoder.steps.power import Power
from hotwire.decoder.steps.reference import Bipolar, Reference
from hotwire.decoder.steps.resample import Resample
from hotwire.decoder.steps.smoothing import Smooth

RATE_HZ = 200.0
ALONE: list[Step] = [
    BandPass(8.0, 30.0),
    HighPass(0.5, order=3, start="zero"),
    LowPass(40.0, order=1, on_gap="reset"),
    Notch(30.0, harmonics=3),
    Reference(),
    Reference(["E1"], exclude=["E0"]),
    Bipolar([["E0", "E1"]]),
    Resample(50.0),
    Resample(64.0),
    Resample(500.0),
    Power(0.05, output="log"),
    Power(0.4, on_gap="reset"),
    Power(time_constant_s=0.1, output="rms"),
    FilterBank([[8, 12], [12, 30], [30, 60]], order=2),
    FilterBank([[8, 30]], on_gap="reset"),
    Smooth("exponential", 0.05),
    Smooth("half-gaussian", 0.02),
    Smooth("half-gaussian", 0.05, on_gap="reset"),
]
CHAINS: list[list[Step]] = [
    *([step] for step in ALONE),
    [Notch(50.0), BandPass(8.0, 30.0), Reference(), Power(0.1, output="log"), Resample(20.0)],
    [Resample(80.0), Reference(exclude=["E1"]), FilterBank([[4, 8], [8, 30]]), Power(0.2), Lag(0.05)],
    [HighPass(0.5, on_gap="reset"), Bipolar([["E1", "E0"]]), LowPass(20.0, on_gap="reset"), Resample(60.0)],
    [Resample(400.0), Smooth("exponential", 0.02, on_gap="reset"), Resample(30.0)],
]

Piece = np.ndarray | int


def drive(steps: list[Step], pieces: list[Piece], n_features: int) -> np.ndarray:
    """What comes out, in its place; NaN for what never comes. The caller's buffer is overwritten after each piece."""
    chain = open_chain(steps, [f"E{i}" for i in range(n_features)], RATE_HZ)
    empty = np.empty((0, len(chain.names_out)), np.float32)
    out = [empty]
    for piece in pieces:
        if isinstance(piece, int):
            out.append(np.full((chain.skip(piece), len(chain.names_out)), np.nan, np.float32))
            continue
        buffer = piece.copy()
        out.append(chain.push(buffer).copy())
        buffer[:] = np.nan
    out.append(chain.finish())
    return np.concatenate(out)


def cut(pieces: list[Piece], data: st.DataObject) -> list[Piece]:
    smaller: list[Piece] = []
    for piece in pieces:
        n = piece if isinstance(piece, int) else len(piece)
        for first, stop in pairwise([0, *sorted(data.draw(st.lists(st.integers(0, n), max_size=8))), n]):
            smaller.append(stop - first if isinstance(piece, int) else piece[first:stop])
    return smaller


def samples(n_samples: int, n_features: int, seed: int) -> np.ndarray:
    return (0.1 + 1e-5 * np.random.default_rng(seed).normal(size=(n_samples, n_features))).astype(np.float32)


@pytest.mark.parametrize("steps", CHAINS, ids=str)
@settings(max_examples=8)
@given(n_features=st.sampled_from([2, 3, 64]), n_samples=st.integers(0, 300), data=st.data())
def test_chunks_change_nothing(steps: list[Step], n_features: int, n_samples: int, data: st.DataObject) -> None:
    X = samples(n_samples, n_features, data.draw(st.integers(0, 99)))
    whole = drive(steps, [X], n_features)
    assert whole.dtype == np.float32
    assert np.isfinite(whole).all()
    assert whole.tobytes() == drive(steps, cut([X], data), n_features).tobytes()
    in_ones: list[Piece] = [X[:100], *(X[i : i + 1] for i in range(100, n_samples))]
    assert whole.tobytes() == drive(steps, in_ones, n_features).tobytes()


@pytest.mark.parametrize("steps", CHAINS, ids=str)
@settings(max_examples=8)
@given(sizes=st.lists(st.tuples(st.integers(0, 150), st.integers(0, 50)), min_size=1, max_size=4), data=st.data())
def test_cutting_gaps_changes_nothing(steps: list[Step], sizes: list[tuple[int, int]], data: st.DataObject) -> None:
    pieces: list[Piece] = []
    for number, (n_push, n_skip) in enumerate(sizes):
        pieces += [samples(n_push, 3, number), n_skip]
    whole = drive(steps, pieces, 3)
    assert whole.tobytes() == drive(steps, cut(pieces, data), 3).tobytes()
    # No output is early or late: as many as without gaps, but for those that waited when the run ended in a gap.
    n_in = sum(map(sum, sizes))
    assert len(drive(steps, [*pieces, samples(600, 3, 0)], 3)) == len(drive(steps, [samples(n_in + 600, 3, 0)], 3))


@pytest.mark.parametrize("step", [step for step in ALONE if "on_gap" in step.to_dict()], ids=str)
def test_policies_for_gaps(step: Step) -> None:
    X = samples(120, 3, 0)
    kind = type(step)
    bridge, reset = (kind(**{**_plain(step), "on_gap": policy}) for policy in ("bridge", "reset"))
    whole, anew = drive([bridge], [X], 3), drive([bridge], [X[70:]], 3)
    bridged, begun = (drive([one], [X[:70], 9, X[70:]], 3) for one in (bridge, reset))
    assert bridged[:70].tobytes() + bridged[79:].tobytes() == whole.tobytes()
    assert begun[:70].tobytes() + begun[79:].tobytes() == whole[:70].tobytes() + anew.tobytes()
    assert whole[70:].tobytes() != anew.tobytes()


def _plain(step: Step) -> dict:
    settings = step.to_dict()
    del settings["type"]
    return settings


@pytest.mark.parametrize("step", ALONE, ids=str)
def test_settings_survive_json_and_may_be_lists(step: Step) -> None:
    settings = step.to_dict()
    as_lists = {name: _lists(value) for name, value in settings.items()}
    again = settings_from_dict("step", {type(step).__name__: type(step)}, as_lists)
    assert again == step
    assert hash(again) == hash(step)


def _lists(value):
    return [_lists(one) for one in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("steps", CHAINS, ids=str)
def test_causal_steps_never_look_ahead(steps: list[Step]) -> None:
    X = samples(900, 3, 0)
    changed = X.copy()
    changed[600:] += 1.0
    chain = open_chain(steps, ["E0", "E1", "E2"], RATE_HZ)
    n_sure = len(chain.push(X[:600]))
    assert n_sure > 0
    a, b = (drive(steps, [x], 3) for x in (X, changed))
    assert a[:n_sure].tobytes() == b[:n_sure].tobytes()
    assert a.tobytes() != b.tobytes()


def test_offline_is_every_run_from_a_fresh_state() -> None:
    X = samples(900, 3, 0)
    recording = read_arrays(X, RATE_HZ, run=["a"] * 500 + ["b"] * 400, feature_names=["E0", "E1", "E2"], unit="V")
    steps = CHAINS[len(ALONE)]
    out = run_steps(steps, recording)
    assert (out.rate_hz, out.unit, out.feature_names) == (20.0, "ln(V^2)", ("E0", "E1", "E2"))
    for run in ("a", "b"):
        alone = drive(steps, [X[recording.samples_of(run)]], 3)
        assert out.data[out.samples_of(run)].tobytes() == alone.tobytes()
    bank = run_steps(CHAINS[len(ALONE) + 1], recording)
    assert bank.feature_names[0] == "E0 4-8 Hz"
    assert (bank.n_features, bank.rate_hz, bank.unit) == (6, 80.0, "V^2")

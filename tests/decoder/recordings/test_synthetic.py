"""The synthetic brain: what it records is what it says it records."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import cumulative_trapezoid

from hotwire.adapters import RidgeAdapter
from hotwire.decoder import Decoder, Settings, WordTargets, evaluate
from hotwire.decoder.recordings import synthetic
from hotwire.decoder.recordings.events import Events
from hotwire.decoder.recordings.synthetic import Design, SyntheticBrain, block_design, response_to
from hotwire.decoder.windows import BlockAverage, windows
from hotwire.errors import InputError, RecordingError, ShapeError, UnknownNameError
from hotwire.models import Network

KEYS = ("cat", "face", "house", "shoe")


def activations(n_keys: int = 4, n_units: int = 30, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {key: rng.normal(size=n_units) + 5 for key in [*KEYS, *map(str, range(n_keys - 4))][:n_keys]}


def rested(rate_hz: float = 0.5, n_runs: int = 3, seed: int = 0) -> Design:
    return block_design(KEYS, n_runs, rate_hz=rate_hz, duration_s=12.0, rest_s=18.0, seed=seed)


def impulse(t: np.ndarray) -> np.ndarray:
    """Glover's double gamma, written out."""
    return (t / 5.4) ** 6 * np.exp(-(t - 5.4) / 0.9) - 0.35 * (t / 10.8) ** 12 * np.exp(-(t - 10.8) / 0.9)


def test_response_is_the_integral_of_the_double_gamma() -> None:
    t = np.linspace(0, 60, 60_001)
    integral = cumulative_trapezoid(impulse(t), t, initial=0.0)
    np.testing.assert_allclose(response_to(t), integral / integral[-1], atol=1e-6)


def test_response_to_a_moment_peaks_after_five_seconds() -> None:
    t = np.linspace(0, 30, 3001)
    peak_s = t[np.diff(response_to(t)).argmax()]
    assert peak_s == pytest.approx(t[impulse(t).argmax()], abs=0.02)
    assert 5.0 < peak_s < 5.5


def test_blocks_respond_as_a_convolution_would() -> None:
    brain = SyntheticBrain(n_features=6, rate_hz=0.5)
    design, shown = rested(), activations()
    dt = 0.01
    t = np.arange(0, 60, dt)
    kernel = impulse(t) / impulse(t).sum()
    patterns = brain.patterns(np.stack(list(shown.values())))
    for run in (1, 3):
        n_samples = design.run_lengths[run]
        fine = np.zeros((len(KEYS), int(n_samples * 2 / dt)))
        for event in np.flatnonzero(design.events.run == run):
            first = round(design.events.onset_s[event] / dt)
            fine[KEYS.index(design.events.label[event]), first : first + round(12.0 / dt)] = 1.0
        courses = np.stack([np.convolve(row, kernel)[: fine.shape[1] : round(2 / dt)] for row in fine], axis=1)
        clean = brain.clean(design, shown)[(run - 1) * n_samples : run * n_samples]
        np.testing.assert_allclose(clean, courses @ patterns, atol=0.01)


def test_without_blood_flow_a_block_is_its_pattern_and_rest_is_nothing() -> None:
    brain = SyntheticBrain(n_features=6, rate_hz=0.5, haemodynamics="none")
    design, shown = rested(n_runs=1), activations()
    patterns = brain.patterns(np.stack(list(shown.values())))
    expected = np.zeros((design.run_lengths[1], 6))
    for onset_s, label in zip(design.events.onset_s, design.events.label, strict=True):
        expected[int(onset_s / 2) : int(onset_s / 2) + 6] = patterns[KEYS.index(label)]
    np.testing.assert_array_equal(brain.clean(design, shown), expected)


def test_patterns_are_the_map_of_the_activations() -> None:
    table = np.stack(list(activations().values()))
    brain = SyntheticBrain(n_features=7, seed=3)
    np.testing.assert_allclose(brain.patterns(table), (table - table.mean(axis=0)) @ brain.map_of(table), atol=1e-12)


def test_a_wide_layer_is_mapped_block_by_block_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    table = np.random.default_rng(0).normal(size=(5, 1000)).astype(np.float32)
    brain = SyntheticBrain(n_features=7)
    whole = brain.patterns(table)
    monkeypatch.setattr(synthetic, "BLOCK_ELEMENTS", 700)
    np.testing.assert_allclose(brain.patterns(table), whole, rtol=1e-10)


@given(st.floats(0.01, 100))
def test_signal_and_noise_have_the_ratio_asked_for(ratio: float) -> None:
    brain = SyntheticBrain(n_features=20, signal_to_noise=ratio)
    patterns = brain.patterns(np.stack(list(activations().values())))
    signal = patterns.var(axis=0, ddof=1).mean()
    assert signal / brain.noise_sd**2 == pytest.approx(ratio)
    assert signal + brain.noise_sd**2 == pytest.approx(1.0)


def test_noise_has_its_size_its_memory_and_its_drift() -> None:
    shown = activations()
    design = block_design(KEYS, 40, rate_hz=1.0, duration_s=20.0, rest_s=5.0)
    n_samples = design.run_lengths[1]

    def noise(**settings: float) -> np.ndarray:
        brain = SyntheticBrain(n_features=30, rate_hz=1.0, signal_to_noise=3.0, **settings)  # type: ignore[arg-type]
        return (brain.record(design, shown).data - brain.clean(design, shown)).reshape(40, n_samples, 30)

    white, red, drifting = noise(), noise(noise_autocorrelation=0.6), noise(drift=2.0)
    assert white.var() == pytest.approx(0.25, rel=0.02)
    assert (white[:, 1:] * white[:, :-1]).mean() == pytest.approx(0.0, abs=0.005)
    assert red.var() == pytest.approx(0.25, rel=0.02)
    assert (red[:, 1:] * red[:, :-1]).mean() == pytest.approx(0.6 * 0.25, rel=0.04)
    assert red[:, 0].var() == pytest.approx(0.25, rel=0.1)
    assert drifting.var() == pytest.approx(0.25 * (1 + 2.0**2), rel=0.05)
    basis = np.linalg.qr(np.vander(np.arange(n_samples) / n_samples, 4))[0]
    left = drifting - basis @ (basis.T @ drifting)
    assert left.var() == pytest.approx(0.25, rel=0.06)


def test_the_same_seed_gives_the_same_recording_bit_for_bit() -> None:
    design, shown = rested(), activations()
    first, again, session, other = (
        SyntheticBrain(n_features=5, seed=seed).record(design, shown, session=number)
        for seed, number in ((1, 0), (1, 0), (1, 1), (2, 0))
    )
    np.testing.assert_array_equal(first.data, again.data)
    assert not np.isclose(first.data, session.data).any()
    assert not np.isclose(first.data, other.data).any()


def test_another_session_has_the_same_brain() -> None:
    design, shown = rested(), activations()
    brain = SyntheticBrain(n_features=5, signal_to_noise=np.inf, drift=1.0)
    np.testing.assert_array_equal(brain.record(design, shown).data, brain.record(design, shown, session=1).data)
    np.testing.assert_array_equal(brain.record(design, shown).data, brain.clean(design, shown).astype(np.float32))


def test_noise_alone_knows_nothing_of_what_was_shown() -> None:
    brain = SyntheticBrain(n_features=5, signal_to_noise=0.0)
    one, other = (brain.record(rested(), activations(seed=seed)).data for seed in (0, 1))
    np.testing.assert_array_equal(one, other)
    assert one.std() == pytest.approx(1.0, abs=0.1)


def test_a_fitted_adapter_converges_to_the_best_linear_decoder_of_the_true_map() -> None:
    n_units = 6
    rng = np.random.default_rng(5)
    shown = {str(i): rng.normal(size=n_units) for i in range(3000)}
    table = np.stack(list(shown.values()))
    brain = SyntheticBrain(n_features=20, rate_hz=1.0, signal_to_noise=0.5, haemodynamics="none")
    design = block_design(list(shown), 1, rate_hz=1.0, duration_s=1.0)
    X = brain.record(design, shown).data
    Y = np.stack([shown[key] for key in design.keys])
    encoding, spread = brain.map_of(table), np.cov(table.T)
    # Least squares from x = a @ encoding + noise back to a (a Wiener filter).
    best = spread @ encoding @ np.linalg.inv(encoding.T @ spread @ encoding + brain.noise_sd**2 * np.eye(20))

    def missed(n: int) -> float:
        fitted = RidgeAdapter(alphas=1e-6).fit(X[:n], Y[:n]).coef_
        return float(np.linalg.norm(fitted - best) / np.linalg.norm(best))

    errors = [missed(n) for n in (60, 300, 3000)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.15


@pytest.mark.parametrize(("ratio", "low", "high"), [(np.inf, 1.0, 1.0), (1.0, 0.9, 1.0), (0.0, 0.1, 0.4)])
def test_the_whole_pipeline_runs_on_it(network: Network, ratio: float, low: float, high: float) -> None:
    targets = WordTargets({key: key for key in KEYS})
    [table] = targets.activations(network, ["second"]).values()
    brain = SyntheticBrain(40, 0.5, ratio, noise_autocorrelation=0.3, drift=0.5)
    recording = brain.record(rested(n_runs=10), dict(zip(KEYS, table, strict=True)))
    decoder = Decoder(network, targets, Settings("second", window=BlockAverage(start_s=4.0, stop_s=16.0)))
    found = evaluate(decoder, recording, controls=(), n_permutations=100)
    assert found.ceiling.measures["candidate"].value == 1.0
    assert low <= found.decoder.measures["candidate"].value <= high


def test_decoding_is_best_once_the_blood_has_come() -> None:
    """A nearest mean of single samples knows most five seconds after short blocks begin, and nothing before."""
    brain = SyntheticBrain(60, 1.0, 20.0)
    design = block_design(KEYS, 12, rate_hz=1.0, duration_s=1.0, rest_s=24.0)
    recording = brain.record(design, activations())

    def margin(lag_s: float) -> float:
        trials = windows(BlockAverage(start_s=lag_s, stop_s=lag_s + 1), recording)
        X, late = trials.X - trials.X.mean(axis=0), trials.run > 6
        means = np.stack([X[late & (trials.label == key)].mean(axis=0) for key in KEYS])
        nearness = X[~late] @ means.T
        own = np.array([KEYS.index(label) for label in trials.label[~late]])
        return float(nearness[np.arange(len(own)), own].mean() - nearness.mean())

    margins = {lag: margin(lag) for lag in (-3, 0, 5, 18)}
    assert max(margins, key=lambda lag: margins[lag]) == 5
    assert abs(margins[-3]) < 0.2 * margins[5]


def test_block_design_shows_every_key_once_a_run() -> None:
    design = rested(n_runs=4)
    for run, length in design.run_lengths.items():
        events = design.events.take(design.events.run == run)
        assert sorted(events.label) == sorted(KEYS)
        assert (np.diff(events.onset_s) == 30.0).all()
        assert length == 18 / 2 + 4 * 30 / 2
    orders = {tuple(design.events.label[design.events.run == run]) for run in design.run_lengths}
    assert len(orders) > 1


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"n_features": 0}, "n_features"),
        ({"rate_hz": 0.0}, "rate_hz"),
        ({"signal_to_noise": -1.0}, "signal_to_noise"),
        ({"signal_to_noise": np.nan}, "signal_to_noise"),
        ({"haemodynamics": "gamma"}, "haemodynamics"),
        ({"noise_autocorrelation": 1.0}, "noise_autocorrelation"),
        ({"drift": -0.1}, "drift"),
    ],
)
def test_settings_that_cannot_be_are_named(settings: dict, named: str) -> None:
    with pytest.raises(InputError, match=named):
        SyntheticBrain(**settings)


def test_what_cannot_be_recorded_is_named() -> None:
    brain, design, shown = SyntheticBrain(3), rested(), activations()
    with pytest.raises(UnknownNameError, match="'shoe'"):
        brain.record(design, {key: shown[key] for key in KEYS[:3]})
    with pytest.raises(ShapeError, match="one length"):
        brain.record(design, {**shown, "shoe": np.ones(3)})
    with pytest.raises(InputError, match="differ"):
        brain.record(design, dict.fromkeys(KEYS, np.ones(3)))
    with pytest.raises(InputError, match="finite"):
        brain.record(design, {**shown, "shoe": np.full(30, np.nan)})
    moment = Events(np.array([1]), np.array([0.0]), np.array([0.0]), np.array(["cat"]))
    with pytest.raises(InputError, match="last"):
        brain.record(Design(moment, {1: 10}), shown)
    with pytest.raises(RecordingError, match="begins at"):
        brain.record(Design(design.events, dict.fromkeys(design.run_lengths, 5)), shown)
    with pytest.raises(InputError, match="different keys"):
        block_design(["cat", "cat"], 1, rate_hz=1.0, duration_s=1.0)
    with pytest.raises(InputError, match="duration_s"):
        block_design(["cat"], 1, rate_hz=1.0, duration_s=0.0)

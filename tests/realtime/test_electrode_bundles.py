"""Bundles with electrodes' steps, windows that hold samples, and features: live they decide as offline, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.adapters import RidgeAdapter
from hotwire.decoder import Decoder, Events, Recording, Settings, StimulusTargets, load, save
from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.features import CSP, Features, LogVariance, TangentSpace
from hotwire.decoder.steps import BandPass, FilterBank, Notch, Power, Reference, Resample, Step
from hotwire.decoder.windows import Epoch, SlidingEpoch, Window
from hotwire.errors import BundleError, InputError
from hotwire.models import OnnxNetwork
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.scripted import At, ScriptedSource, Silence, chunked
from hotwire.realtime.sources.source import StreamInfo
from hotwire.realtime.verify.verify import verify

from .bundles import LABELS, save_network

RATE_HZ = 100.0
NAMES = ("C3", "Cz", "C4", "Oz")
EPOCH = Epoch(0.2, 1.0, most=60.0)
CHAINS: dict[str, tuple[list[Step], Window, Features | None]] = {
    "covariances": ([Reference(), Notch(25.0), BandPass(8.0, 30.0)], EPOCH, TangentSpace()),
    "another rate": ([BandPass(1.0, 15.0), Resample(40.0)], Epoch(0.2, 1.0, bin_s=0.1, baseline_s=(-0.2, 0.0)), None),
    "more features": ([FilterBank(((8.0, 12.0), (12.0, 30.0)))], EPOCH, CSP(3)),
    "power, sliding": ([Power(0.2), Resample(50.0)], SlidingEpoch(0.6, 0.2), None),
    "samples, sliding": ([BandPass(8.0, 30.0)], SlidingEpoch(0.8, 0.1, most=60.0), LogVariance()),
}


def made_session(n_runs: int = 2, seed: int = 0) -> Recording:
    """Waves of 10 Hz whose strength on each channel goes by the label, four seconds for each of eight events a run."""
    rng = np.random.default_rng(seed)
    n = 3400
    data, run, onset_s, label = [], [], [], []
    for number in range(n_runs):
        samples = 5.0 * rng.normal(size=(n, len(NAMES))) + 40.0
        for event, which in enumerate(rng.permutation(2 * len(LABELS)) % len(LABELS)):
            at = 100 + 400 * event
            waves = np.sin(2 * np.pi * (10 * np.arange(200) / RATE_HZ + rng.random()))
            samples[at : at + 200, which] += 8.0 * waves
            run.append(number)
            onset_s.append(at / RATE_HZ + 0.003)
            label.append(LABELS[which])
        data.append(samples)
    stimulus = np.array([f"{one}.png" for one in label])
    events = Events(np.array(run), np.array(onset_s), np.full(len(run), 2.0), np.array(label), stimulus)
    return Recording(np.concatenate(data), RATE_HZ, NAMES, np.repeat(np.arange(n_runs), n), events, "uV")


def saved(path: Path, steps: list[Step], window: Window, features: Features | None) -> Path:
    rng = np.random.default_rng(4)
    network = OnnxNetwork(save_network(path.with_suffix(".onnx"), rng), labels=LABELS)
    pictures = {f"{one}.png": rng.normal(size=6).astype(np.float32) for one in LABELS}
    fit_window = Epoch(0.2, 0.2 + window.length_s) if isinstance(window, SlidingEpoch) else None
    settings = Settings(
        "active",
        steps=steps,
        window=window,
        fit_window=fit_window,
        features=features,
        adapter=RidgeAdapter(alphas=10.0, gain="total"),
    )
    save(Decoder(network, StimulusTargets(pictures, network), settings).fit(made_session(4, seed=1)), path)
    return path


@pytest.mark.parametrize("chain", CHAINS)
def test_live_decides_as_offline(chain: str, tmp_path: Path) -> None:
    certificate = verify(saved(tmp_path / "d.hotwire", *CHAINS[chain]), made_session(), cuttings=8, lsl="never")
    assert certificate.passed, certificate.report["differences"]
    assert certificate.report["n_decisions"] >= 16
    gaps = certificate.report["gaps"]
    assert min(gaps[name] for name in ("n_untouched", "n_with_missing", "n_abstained", "lost", "nonfinite")) > 0


@pytest.mark.slow
def test_over_lsl_too(lsl: Any, tmp_path: Path) -> None:
    found = verify(saved(tmp_path / "d.hotwire", *CHAINS["covariances"]), made_session(1), cuttings=1, lsl="also")
    assert found.passed, found.report["differences"]


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    path = saved(tmp_path / "d.hotwire", *CHAINS["covariances"])
    session = made_session(2, seed=5)
    decided = CompiledDecoder.load(path).predict(session)
    again = load(path)
    np.testing.assert_allclose(
        [list(one.probabilities.values()) for one in again.predict(session)],
        [list(one.probabilities.values()) for one in decided],
        atol=1e-5,
    )
    save(again, tmp_path / "again.hotwire")
    assert CompiledDecoder.load(tmp_path / "again.hotwire").predict(session) == decided


def test_damaged_features_are_found(tmp_path: Path) -> None:
    path = saved(tmp_path / "d.hotwire", *CHAINS["covariances"])
    content = path.read_bytes()
    at = content.index(b"features.npz") + 200
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    with pytest.raises(BundleError):
        CompiledDecoder.load(path)


def test_live_abstains_from_what_it_rejects(tmp_path: Path) -> None:
    path = saved(tmp_path / "d.hotwire", *CHAINS["samples, sliding"])
    rows = made_session(1).data.copy()
    rows[1000:1010, 2] += 500.0
    rows[2000, 1] = np.nan
    rows[3000:3015, 1] = np.nan
    source = ScriptedSource(
        StreamInfo("eeg", "EEG", "e1", NAMES, ("uV",) * 4, RATE_HZ),
        [*chunked(rows, RATE_HZ, 20), At(40.0, Silence())],
        clock := VirtualClock(),
    )
    decisions = []
    with Engine(CompiledDecoder.load(path), source, LiveSettings(max_bad=0.2, min_present=0.9), clock=clock) as engine:
        while not engine.ended:
            decisions += engine.turn(1.0)
    why = {round(one.stop_s, 1): one.abstained for one in decisions}
    assert why[9.9] is None
    assert (why[10.1] or "").startswith("C4: ")
    assert "peak to peak, expected at most 60" in (why[10.1] or "")
    present = {round(one.stop_s, 1): one.present for one in decisions}
    assert (why[20.1], present[20.1]) == (None, 79 / 80)
    assert why[30.3] == "65 of the window's 80 samples came, 90% needed"
    assert (why[25.0], present[25.0]) == (None, 1.0)


def test_windows_and_features_have_to_go_together() -> None:
    with pytest.raises(InputError, match="CSP needs a window that holds samples, Epoch or SlidingEpoch"):
        Settings("active", features=CSP(2))
    with pytest.raises(InputError, match="whiten"):
        Settings("active", window=EPOCH, whiten="samples")
    with pytest.raises(InputError, match="expected a decoder whose window averages"):
        Settings("active", window=EPOCH).require_averages("map")

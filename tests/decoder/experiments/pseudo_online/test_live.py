"""What is decided on pseudo-online is what a saved decoder decides on live: the same windows, the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.adapters import RidgeAdapter
from hotwire.decoder import Decoder, Events, Recording, Settings, StimulusTargets, save
from hotwire.decoder.evaluation.fold_data import FoldData
from hotwire.decoder.experiments.pseudo_online.deciding import FoldDecoder, Player
from hotwire.decoder.experiments.pseudo_online.stream import delays_s, sliding_window, stream_windows
from hotwire.decoder.features import CSP, Features
from hotwire.decoder.steps import BandPass, Lag, Resample, RunningBaseline, Step, run_steps
from hotwire.decoder.windows import BlockAverage, Epoch
from hotwire.decoder.windows.event_windows import EventWindow
from hotwire.models import OnnxNetwork
from hotwire.models.files import sha256_of
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.recording_source import RecordingSource
from hotwire.realtime.sources.scripted import ScriptedSource, chunked
from hotwire.realtime.verify.parity import NotingDecoder, decided_live

from ....realtime.bundles import LABELS, save_network

RATE_HZ = 50.0
NAMES = ("C3", "Cz", "C4", "Oz")
CHAINS: dict[str, tuple[list[Step], EventWindow, Features | None]] = {
    "averages": ([RunningBaseline(5.0)], BlockAverage(0.0, 1.0), None),
    "samples": ([BandPass(4.0, 15.0)], Epoch(0.2, 1.2, most=60.0), CSP(3)),
    "another rate, late": ([Resample(25.0), Lag(0.2)], Epoch(0.0, 1.0, bin_s=0.2), None),
}


def made_session(n_runs: int, seed: int) -> Recording:
    """Waves of 10 Hz on the channel that the label says, two seconds in every four; one blow that must be rejected."""
    rng = np.random.default_rng(seed)
    data, run, onset_s, label = [], [], [], []
    for number in range(n_runs):
        samples = 5.0 * rng.normal(size=(1700, len(NAMES)))
        samples[900] += 500.0
        for event, which in enumerate(rng.permutation(2 * len(LABELS)) % len(LABELS)):
            at = 50 + 200 * event
            samples[at : at + 100, which] += 8.0 * np.sin(2 * np.pi * (10 * np.arange(100) / RATE_HZ + rng.random()))
            run.append(number)
            onset_s.append(at / RATE_HZ + 0.003)
            label.append(LABELS[which])
        data.append(samples)
    stimulus = np.array([f"{one}.png" for one in label])
    events = Events(np.array(run), np.array(onset_s), np.full(len(run), 2.0), np.array(label), stimulus)
    return Recording(np.concatenate(data), RATE_HZ, NAMES, np.repeat(np.arange(n_runs), 1700), events, "uV")


@pytest.fixture(scope="module", params=CHAINS)
def chain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Decoder, Settings, Path]:
    """A decoder whose window slides, fitted on that of events; the settings it comes from; and its bundle."""
    steps, window, features = CHAINS[request.param]
    folder = tmp_path_factory.mktemp("bundle")
    rng = np.random.default_rng(4)
    network = OnnxNetwork(save_network(folder / "network.onnx", rng), labels=LABELS)
    pictures = {f"{one}.png": rng.normal(size=6).astype(np.float32) for one in LABELS}
    settings = Settings(
        "active", steps, window, features=features, adapter=RidgeAdapter(alphas=10.0, gain="total")
    )  # fmt: skip
    rate_hz = RATE_HZ
    for step in steps:
        rate_hz = step.rate_out_hz(rate_hz)
    live = Settings(
        "active", steps, sliding_window(window, 0.2, rate_hz), features=features, fit_window=window,
        adapter=settings.adapter,
    )  # fmt: skip
    decoder = Decoder(network, StimulusTargets(pictures, network), live).fit(made_session(4, seed=1))
    save(decoder, folder / "d.hotwire")
    return decoder, settings, folder / "d.hotwire"


@pytest.mark.parametrize("seed", [None, 3])
def test_windows_and_rows_are_those_of_the_live_path(chain: tuple[Decoder, Settings, Path], seed: int | None) -> None:
    decoder, settings, path = chain
    recording = made_session(1, seed=2)
    clock = VirtualClock()
    source = RecordingSource(recording, clock, speed=1.0, seed=seed)
    live, _ = decided_live(NotingDecoder.load(path), source, clock, "0", 30.0)
    waiting_s = delays_s(settings, recording).waiting
    rows = list(stream_windows(run_steps(settings.steps, recording), decoder.settings.window, 0, waiting_s))
    assert len(rows) > 100
    assert [(one.first / RATE_HZ, one.stop / RATE_HZ) for one in live] == [one[1:3] for one in rows]
    digests = ["" if one.row.rejected else sha256_of(one.row.x.tobytes()) for one in rows]
    assert [one.features for one in live] == digests
    assert ("" in digests) == (CHAINS["samples"][1] is settings.window)


def test_the_engine_says_the_same_when_it_was_there(chain: tuple[Decoder, Settings, Path]) -> None:
    decoder, settings, path = chain
    recording = made_session(1, seed=2)
    compiled = NotingDecoder.load(path)
    data = FoldData(decoder.network, decoder.targets, recording, ["active"])
    player = Player(data, "sliding", 0.2)
    found = player.decisions(FoldDecoder(settings, decoder.linear_, (0,), decoder.calibration_), 0)

    clock = VirtualClock()
    info = RecordingSource(recording, clock).info
    heard = ScriptedSource(info, chunked(recording.data, RATE_HZ), clock)
    live_settings = LiveSettings(backlog="every", max_bad=1.0, stale_s=1e9, lost_s=1e9)
    live: list[Any] = []
    at_s: list[float] = []
    with Engine(compiled, heard, live_settings, clock=clock) as engine:
        while not engine.ended:
            new = engine.turn(1.0)
            live += new
            at_s += [clock.now()] * len(new)
    answers = [decoder.targets.answers[i] for i in np.nan_to_num(found.probabilities).argmax(axis=1)]
    abstained = np.isnan(found.probabilities[:, 0])
    assert [one.abstained is not None for one in live] == abstained.tolist()
    assert [one.answer for one in live if not one.abstained] == [
        answer for answer, no in zip(answers, abstained, strict=True) if not no
    ]
    probabilities = np.array([list(one.probabilities.values()) for one in live if not one.abstained])
    assert np.abs(probabilities - found.probabilities[~abstained]).max() < 1e-4
    # A decision is there when its newest sample is; those that only the end of the run brings may come later.
    assert np.allclose(at_s[:-2], found.available_s[: len(at_s) - 2], atol=1e-6)

"""The same potentials in volts and in microvolts: MNE-Python has volts, arrays often microvolts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest

from hotwire.decoder import Decoder, Events, Recording, Settings, WordTargets
from hotwire.decoder.features.csp import CSP
from hotwire.decoder.features.log_variance import LogVariance
from hotwire.decoder.features.tangent_space import TangentSpace
from hotwire.decoder.readers import read_mne, write_npz
from hotwire.decoder.readers.arrays.npz import read_npz
from hotwire.decoder.steps import BandPass
from hotwire.decoder.windows import BlockAverage, Epoch
from hotwire.models import Network

WORDS = WordTargets({"cat": "cat", "face": "face"})
RATE_HZ = 100.0
SETTINGS: dict[str, dict[str, Any]] = {
    "samples": {"window": Epoch(0.0, 0.8, bin_s=0.05)},
    "averages, whitened": {"window": BlockAverage(0.0, 0.8), "whiten": "samples"},
    "csp": {"window": Epoch(0.0, 0.8), "features": CSP()},
    "tangent space": {"window": Epoch(0.0, 0.8), "features": TangentSpace()},
    "log variance": {"window": Epoch(0.0, 0.8), "features": LogVariance()},
}


@pytest.fixture(scope="module")
def in_volts(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Four runs of MNE-Python's: after "cat" two channels rise, after "face" two others swing, tens of microvolts."""
    rng, runs = np.random.default_rng(0), []
    for run in range(4):
        data = 10e-6 * rng.normal(size=(4, 4000))
        onset = 1.0 + 2.0 * np.arange(18)
        label = rng.permutation(["cat", "face"] * 9)
        for at, name in zip((onset * RATE_HZ).astype(int), label, strict=True):
            wave = np.sin(2 * np.pi * 8 * np.arange(80) / RATE_HZ)
            data[:2, at : at + 80] += 12e-6 if name == "cat" else 0.0
            data[2:, at : at + 80] += 20e-6 * wave if name == "face" else 0.0
        raw = mne.io.RawArray(data, mne.create_info(["C3", "Cz", "C4", "Pz"], RATE_HZ, "eeg"), verbose="error")
        raw.set_annotations(mne.Annotations(onset, 0.8, label))
        path = tmp_path_factory.mktemp("volts") / f"{run}_raw.fif"
        raw.save(path, verbose="error")
        runs.append(read_mne(path))
    whole = np.concatenate([one.data for one in runs])
    names = np.repeat(np.arange(4), [one.n_samples for one in runs])
    tables = [replace(one.events, run=np.full(len(one.events), i)) for i, one in enumerate(runs)]
    return replace(runs[0], data=whole, run=names, events=Events.joined(tables))


@pytest.mark.parametrize("name", SETTINGS)
def test_decisions_are_the_same_in_microvolts(network: Network, in_volts: Recording, tmp_path: Path, name: str) -> None:
    """Each class is the same, and each probability to a thousandth: float32 rounds other digits."""
    assert set(in_volts.unit) == {"V"}
    write_npz(replace(in_volts, data=in_volts.data * np.float32(1e6), unit="uV"), tmp_path / "microvolts.npz")
    decided = []
    for recording in (in_volts, read_npz(tmp_path / "microvolts.npz")):
        settings = Settings("first", steps=[BandPass(0.5, 20.0, order=2)], **SETTINGS[name])
        decoder = Decoder(network, WORDS, settings).fit(recording.select(runs=[0, 1, 2]))
        decided.append(decoder.predict(recording.select(runs=[3])))
    volts, micro = decided
    assert [one.answer for one in volts] == [one.answer for one in micro]
    for one, other in zip(volts, micro, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-3)
    labels = in_volts.select(runs=[3]).events.label
    right = np.mean([one.answer == labels[i] for i, one in enumerate(volts)])
    assert right > 0.8

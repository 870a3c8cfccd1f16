"""Steps, windows, features and readouts of another package: named in its entry points, they are like hotwire's own."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder import Decoder, Settings, StimulusTargets, load, save
from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.features import FEATURES, features_from_dict
from hotwire.decoder.features.catalogue import packed, unpacked
from hotwire.decoder.kinds import Kinds
from hotwire.decoder.readouts.catalogue import readout_from_dict
from hotwire.decoder.steps import STEPS, Step, step_from_dict
from hotwire.decoder.study.study import open_study
from hotwire.decoder.windows import BlockAverage, window_from_dict
from hotwire.errors import BundleError, InputError, UnknownNameError
from hotwire.models import OnnxNetwork

from ..realtime.bundles import LABELS, made_recording, save_network

PACKAGE = """
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hotwire.decoder.features import Features, FittedFeatures
from hotwire.decoder.readouts.readout import Readout
from hotwire.decoder.steps import Step, StepState
from hotwire.decoder.windows import BlockAverage


@dataclass(frozen=True)
class Doubled(Step):
    times: int = 1

    def open(self, n_features, rate_hz):
        return State(n_features, 2**self.times)


class State(StepState):
    def __init__(self, n_features, factor):
        super().__init__(n_features)
        self._factor = factor

    def _push(self, chunk):
        return chunk * np.float32(self._factor)


@dataclass(frozen=True)
class LateBlock(BlockAverage):
    start_s: float = 0.1


@dataclass(frozen=True)
class FirstUnits(Readout):
    def scores(self, entry, states):
        return states[:, : len(entry.answers)]


class FittedSpan(FittedFeatures):
    kind = "Span"

    def __init__(self, size):
        self.size, self.n_out = size, len(size)

    def one(self, x):
        return np.ptp(x, axis=0) / self.size

    def to_arrays(self):
        return {"size": self.size}

    @classmethod
    def from_arrays(cls, arrays):
        return cls(arrays["size"])


@dataclass(frozen=True)
class Span(Features):
    fitted: ClassVar = FittedSpan

    def fit(self, X, classes, rate_hz):
        return FittedSpan(np.ptp(X, axis=1).mean(axis=0))
"""

ENTRY_POINTS = """
[hotwire.steps]
Doubled = outside_package:Doubled
Misnamed = outside_package:Doubled
NoStep = outside_package:Span
[hotwire.windows]
LateBlock = outside_package:LateBlock
[hotwire.features]
Span = outside_package:Span
[hotwire.readouts]
FirstUnits = outside_package:FirstUnits
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package next to hotwire, as pip installs one."""
    info = tmp_path / "outside_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "outside_package.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "outside_package", raising=False)


def test_they_are_among_the_names() -> None:
    assert {"Doubled", "Lag"} < set(STEPS)
    step = step_from_dict({"type": "Doubled", "times": 2})
    assert step_from_dict(step.to_dict()) == step
    assert window_from_dict({"type": "LateBlock"}).to_dict()["start_s"] == 0.1
    with pytest.raises(UnknownNameError, match=r"step 'Double'; did you mean 'Doubled'\?"):
        step_from_dict({"type": "Double"})


@pytest.mark.parametrize("name", ["Misnamed", "NoStep"])
def test_what_is_no_step_of_that_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"entry point '{name}' of hotwire.steps: expected a Step of that name"):
        step_from_dict({"type": name})


def test_hotwires_own_cannot_be_replaced() -> None:
    own = type("Doubled", (Step,), {})
    assert Kinds("hotwire.steps", Step, (own,))["Doubled"] is own


def test_a_study_file_names_them(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(
        """
        [recording]
        kind = "npz"
        path = "recording.npz"
        [network]
        name = "smollm2-135m-instruct"
        [targets]
        words = { cat = "cat", face = "face" }
        [decoder]
        layer = 8
        steps = [{ type = "Doubled" }]
        window = { type = "LateBlock" }
        readout = { type = "FirstUnits" }
        """
    )
    settings = open_study(tmp_path / "study.toml").sections.decoder.settings()
    assert settings.steps == (step_from_dict({"type": "Doubled"}),)
    assert settings.window == window_from_dict({"type": "LateBlock"})
    assert settings.readout == readout_from_dict({"type": "FirstUnits"})


def test_a_bundle_holds_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    network = OnnxNetwork(save_network(tmp_path / "network.onnx", rng), labels=LABELS)
    pictures = {f"{label}.png": rng.normal(size=6).astype(np.float32) for label in LABELS}
    settings = Settings("active", steps=[step_from_dict({"type": "Doubled"})], window=BlockAverage())
    settings = replace(settings, readout=readout_from_dict({"type": "FirstUnits"}))
    decoder = Decoder(network, StimulusTargets(pictures, network), settings).fit(made_recording(4))
    save(decoder, tmp_path / "one.hotwire")
    new = made_recording(1, seed=5)
    with pytest.raises(BundleError, match="it cannot run live: readout: FirstUnits cannot be exported"):
        CompiledDecoder.load(tmp_path / "one.hotwire")
    again = load(tmp_path / "one.hotwire")
    assert [step.to_dict() for step in again.settings.steps] == [{"type": "Doubled", "times": 1}]
    assert [str(one) for one in again.predict(new)] == [str(one) for one in decoder.predict(new)]


def test_fitted_features_are_read_again() -> None:
    X = np.random.default_rng(0).normal(size=(6, 20, 3))
    fitted = features_from_dict({"type": "Span"}).fit(X, np.arange(6) % 2, 100.0)
    np.testing.assert_array_equal(unpacked(packed(fitted)).transform(X), fitted.transform(X))
    assert "Span" in FEATURES

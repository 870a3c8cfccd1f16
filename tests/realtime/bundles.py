"""A small recording, and real bundles for it, saved once for all tests of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hotwire.adapters import RidgeAdapter
from hotwire.decoder import Decoder, Events, Recording, Settings, StimulusTargets, save
from hotwire.decoder.steps import RunningBaseline
from hotwire.decoder.windows import BlockAverage, RunningAverage, Window
from hotwire.models import OnnxNetwork

LABELS = ("cat", "face", "house", "shoe")
RATE_HZ = 10.0
NAMES = tuple(f"ch{i}" for i in range(8))
RUNNING = RunningAverage(max_samples=3)
BLOCKS = BlockAverage()


def made_recording(
    n_runs: int = 2, seed: int = 0, names: Sequence[str] = NAMES, unit: str = "uV", n_blocks: int = 1
) -> Recording:
    """Blocks of six samples, `n_blocks` of each label a run, with two of rest before and four behind."""
    rng = np.random.default_rng(seed)
    patterns = np.random.default_rng(7).normal(size=(len(LABELS), 8))
    data, runs, onset_s, labels = [], [], [], []
    for run in range(n_runs):
        samples = 0.3 * rng.normal(size=(8 * len(LABELS) * n_blocks + 4, 8))
        for block, label in enumerate(rng.permutation(np.repeat(np.arange(len(LABELS)), n_blocks))):
            samples[8 * block + 2 : 8 * block + 8] += patterns[label]
            runs.append(run)
            onset_s.append((8 * block + 2) / RATE_HZ)
            labels.append(LABELS[label])
        data.append(samples)
    events = Events(
        np.array(runs),
        np.array(onset_s),
        np.full(len(runs), 0.6),
        np.array(labels),
        np.array([f"{label}.png" for label in labels]),
    )
    return Recording(
        data=np.concatenate(data).astype(np.float32),
        rate_hz=RATE_HZ,
        feature_names=tuple(names),
        run=np.repeat(np.arange(n_runs), len(data[0])),
        events=events,
        unit=unit,
    )


def save_bundle(path: Path, window: Window, alpha: float = 1.0, **recording: Any) -> Path:
    """A decoder of pictures, fitted on a recording of six runs."""
    rng = np.random.default_rng(4)
    network = OnnxNetwork(save_network(path.with_suffix(".onnx"), rng), labels=LABELS)
    pictures = {f"{label}.png": rng.normal(size=6).astype(np.float32) for label in LABELS}
    settings = Settings(
        "active", steps=[RunningBaseline()], window=window, adapter=RidgeAdapter(alphas=alpha, gain="total")
    )
    decoder = Decoder(network, StimulusTargets(pictures, network), settings)
    save(decoder.fit(made_recording(6, seed=1, **recording)), path)
    return path


def save_network(path: Path, rng: np.random.Generator) -> Path:
    """Two matrices with a rectifier between."""
    weights = [
        numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
        for name, shape in (("w", (6, 10)), ("v", (10, len(LABELS))))
    ]
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["hidden"]),
            helper.make_node("Relu", ["hidden"], ["active"]),
            helper.make_node("MatMul", ["active", "v"], ["y"]),
        ],
        "made by hand",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 6))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", len(LABELS)))],
        weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path

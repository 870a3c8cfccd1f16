"""A small recording of electrodes, and decoders that were fitted on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hotwire.adapters import RidgeAdapter
from hotwire.decoder import Decoder, Events, Recording, Settings, StimulusTargets, save
from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.features import Features
from hotwire.decoder.steps import Step
from hotwire.decoder.windows import BlockAverage, Epoch, SlidingAverage, SlidingEpoch, Window
from hotwire.models import OnnxNetwork

LABELS, NAMES, RATE_HZ = ("cat", "face"), ("C3", "Cz", "C4", "Oz"), 100.0


def made_session(n_runs: int = 2, seed: int = 0) -> Recording:
    """Waves of 10 Hz on one channel or another, six events of two seconds a run, on an offset."""
    rng = np.random.default_rng(seed)
    n, data, run, onset_s, label = 1500, [], [], [], []
    for number in range(n_runs):
        samples = 3.0 * rng.normal(size=(n, len(NAMES))) + 40.0
        for event, which in enumerate(rng.permutation(6) % 2):
            at = 50 + 230 * event
            samples[at : at + 200, 2 * which] += 8.0 * np.sin(0.2 * np.pi * np.arange(200) + rng.random())
            run.append(number)
            onset_s.append(at / RATE_HZ + 0.003)
            label.append(LABELS[which])
        data.append(samples)
    stimulus = np.array([f"{one}.png" for one in label])
    events = Events(np.array(run), np.array(onset_s), np.full(len(run), 2.0), np.array(label), stimulus)
    return Recording(np.concatenate(data), RATE_HZ, NAMES, np.repeat(np.arange(n_runs), n), events, "uV")


def network_in(folder: Path) -> OnnxNetwork:
    rng = np.random.default_rng(4)
    weights = [
        numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
        for name, shape in (("w", (6, 10)), ("v", (10, len(LABELS))))
    ]
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("MatMul", ["active", "v"], ["y"]),
    ]
    entry, output = (helper.make_tensor_value_info(one, TensorProto.FLOAT, ("n", k)) for one, k in (("x", 6), ("y", 2)))
    graph = helper.make_graph(nodes, "made by hand", [entry], [output], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "n.onnx")
    return OnnxNetwork(folder / "n.onnx", labels=LABELS)


def saved(
    folder: Path, steps: list[Step], window: Window, features: Features | None = None, **changes: Any
) -> CompiledDecoder:
    network, rng = network_in(folder), np.random.default_rng(4)
    pictures = {f"{one}.png": rng.normal(size=6).astype(np.float32) for one in LABELS}
    chosen: dict[str, Any] = {"probabilities": "network", "adapter": RidgeAdapter(alphas=10.0, gain="total")}
    if isinstance(window, SlidingEpoch):
        chosen["fit_window"] = Epoch(0.3, 0.3 + window.length_s, baseline_s=window.baseline_s and (0.3, 0.4))
    elif isinstance(window, SlidingAverage):
        chosen["fit_window"] = BlockAverage(0.2, 0.2 + window.length_s)
    settings = Settings("active", steps=steps, window=window, features=features, **chosen | changes)
    save(
        Decoder(network, StimulusTargets(pictures, network), settings).fit(made_session(4, seed=1)),
        folder / "d.hotwire",
    )
    return CompiledDecoder.load(folder / "d.hotwire")
